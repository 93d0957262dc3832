"""docs/benchmarks.png: the engine against the FMA peak, and against the others, over the width."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

import report  # noqa: E402
import steps  # noqa: E402

# Okabe and Ito: told apart by everybody.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def fractions(axes, whole):
    for colour, depth in zip(COLOURS, sorted({case.depth for case in whole.cases})):
        cases = [case for case in whole.cases if case.depth == depth]
        axes.plot([case.d for case in cases], [case.fraction.median for case in cases], "o-", color=colour,
                  label=f"N = {depth}")
    widths = sorted({case.d for case in whole.cases} & set(report.FRACTION))
    axes.plot(widths, [report.FRACTION[d] for d in widths], "_", color="0.4", markersize=14, label="target")
    axes.set(xscale="log", ylim=(0, 1), xlabel="width d", ylabel="fraction of the FMA peak")
    axes.legend(frameon=False, fontsize=8)


def ratios(axes, whole):
    depth = 3 if any(case.depth == 3 for case in whole.cases) else whole.cases[0].depth
    for colour, (name, title, _, _) in zip(COLOURS, steps.OPPONENTS):
        cases = [case for case in whole.cases if case.depth == depth and name in case.ratios]
        if cases:
            axes.plot([case.d for case in cases], [case.ratios[name].median for case in cases], "o-", color=colour,
                      label=title)
    axes.axhline(1, color="0.4", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="width d", ylabel=f"steps per second over theirs, N = {depth}")
    axes.legend(frameon=False, fontsize=8)


def draw(path, whole):
    if not whole.cases:
        return
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    fractions(left, whole)
    ratios(right, whole)
    for axes in (left, right):
        axes.set_xticks(steps.WIDTHS, [str(d) for d in steps.WIDTHS])
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
