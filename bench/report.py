"""The page: tables of medians with their spread, the targets beside them."""

import os

import machine
import steps
from page import against, number, table, tally, with_spread

# Width -> target, of the whole engine on one core.
FRACTION = {2: .25, 3: .40, 5: .50, 10: .60, 20: .55, 32: .65, 50: .60, 100: .65}
RATIO = {
    "autograd": {2: 5000, 3: 2500, 5: 700, 10: 130, 20: 17, 32: 7, 50: 2.5, 100: 1.5},
    "loop": {2: 1500, 3: 900, 5: 220, 10: 40, 20: 7, 32: 2.7, 50: 1.5, 100: 1.2},
    "stack": {2: 60, 3: 35, 5: 16, 10: 5, 20: 2.8, 32: 1.8, 50: 1.4, 100: 1.3},
    "bmm": {2: 28, 3: 25, 5: 20, 10: 30, 20: 5.5, 32: 2.6, 50: 1.6, 100: 1.2},
}


def fractions(whole):
    depths = sorted({case.depth for case in whole.cases})
    rows = []
    for d in sorted({case.d for case in whole.cases}):
        cells = {case.depth: case for case in whole.cases if case.d == d}
        found = [against(cells[depth].fraction, FRACTION.get(d), f"of the FMA peak, d = {d}, N = {depth}") if depth in cells else "" for depth in depths]
        rate = " / ".join(f"{cells[depth].rate.median:.2g}" for depth in depths if depth in cells)
        lanes = max(case.lanes for case in cells.values())
        rows.append([d, lanes, FRACTION.get(d, ""), *found, rate])
    return table(["d", "lanes", "target", *(f"N = {depth}" for depth in depths), "steps of a point per s"], rows)


def ratios(whole, name, title):
    targets = RATIO.get(name, {})
    depths = sorted({case.depth for case in whole.cases})
    rows = []
    for d in sorted({case.d for case in whole.cases}):
        cells = {case.depth: case for case in whole.cases if case.d == d}
        found = []
        for depth in depths:
            case = cells.get(depth)
            figure = case.ratios.get(name) if case else None
            if not figure:
                found.append(case.faults.get(name, "") if case else "")
            else:
                found.append(against(figure, targets.get(d), f"times {title}, d = {d}, N = {depth}"))
        rows.append([d, targets.get(d, ""), *found])
    return table(["d", "target", *(f"N = {depth}" for depth in depths)], rows)


def peaks_table(peaks):
    best = next(iter(peaks.values())).median
    rows = [[isa, with_spread(figure.scaled(1e-9)), number(figure.median / best)] for isa, figure in peaks.items()]
    return table(["instruction set", "GF/s", "of the first"], rows)


def opponents(whole):
    parts = []
    for name, title, _, _ in steps.OPPONENTS:
        parts.append(f"### Times {title}\n")
        parts.append(ratios(whole, name, title) if name in whole.opponents else f"Not measured: {whole.faults[name]}\n")
    return parts


HEAD = """# Benchmarks

![The engine against the FMA peak, and against other means](benchmarks.png)

Made by `bench/run.sh --out docs/benchmarks.md`. Every figure is a ratio of two samples taken one after the other in
one run, in CPU time of one thread: median over the rounds (least - largest). Beside each sample the FMA peak and a
dgemm of 64 x 64 are measured; samples with less than 90 % of the usual are left out, or, where most are such, marked ~.
"""

FRACTIONS = """## The whole engine against the FMA peak

The engine as `linnet run` uses it: problem, start weights, loss and stopping rules at every step, 64 records, label.
A step counts as 6 (N - 1) d^3 + (2 N + 1) d^2 flops. The peak is that of the instruction set in use, beside the sample.
"""

OPPONENTS = """## The same work by other means

Same target, start weights, step size; after 20 steps all losses agree to 1e-10 before anything is timed. One thread
each. The loops train one point after the other, the batched ones as many as fit the second-level cache (up to 1024).
None but autograd computes the loss at every step, none has stopping rules or records: linnet does all of it. A figure
is the steps per second of linnet over theirs; below 1 linnet is behind.
"""


def behind(whole):
    """Where an opponent is as fast as linnet, or nearly."""
    found = [f"{title}, d = {case.d}, N = {case.depth}: {number(case.ratios[name].median)}"
             for name, title, _, _ in steps.OPPONENTS for case in whole.cases
             if name in case.ratios and case.ratios[name].median < 1.1]
    return "\n".join(f"- {text}" for text in found) if found else "Nowhere: the least figure below is above 1.1."


def summary(whole):
    missed = "\n".join(f"- {text}" for text in tally.missed)
    compared = f"\nWhere linnet is not ahead of another means by a tenth:\n\n{behind(whole)}\n" if whole.opponents else ""
    return f"## In short\n\n{tally.met} targets met, {len(tally.missed)} missed.\n\n{missed}\n{compared}"


def notes():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "notes.md")
    with open(path, encoding="utf-8") as file:
        return file.read()


def page(bench, whole, parts, load):
    body = ["## FMA peak of one core\n", peaks_table(bench.peaks)]
    if whole.cases:
        body += [FRACTIONS, fractions(whole)]
    if whole.opponents:
        body += [OPPONENTS, *opponents(whole)]
    body += [part.page() for part in parts]
    return "\n".join([HEAD, table(["", ""], machine.facts(bench, whole.versions, load)), summary(whole), *body, notes()])
