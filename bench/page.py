"""Figures in Markdown."""

import dataclasses
import textwrap


@dataclasses.dataclass
class Tally:
    """What came of the targets, as the tables are made: how many were met, and what the others are."""

    met: int = 0
    missed: list = dataclasses.field(default_factory=list)


tally = Tally()


def number(x):
    return f"{x:.3g}" if abs(x) < 99.5 else f"{x:.0f}" if abs(x) < 1e5 else f"{x:.1e}"


def with_spread(figure):
    """Median (least - largest); ~ where most samples were taken while the machine was slow."""
    return f"{'~' if figure.is_noisy else ''}{number(figure.median)} ({number(figure.low)}-{number(figure.high)})"


def against(figure, target, what="", at_most=False):
    """The figure, and whether its median meets the target (None: there is none)."""
    if target is None:
        return with_spread(figure)
    is_met = figure.median <= target if at_most else figure.median >= target
    if is_met:
        tally.met += 1
    else:
        tally.missed.append(f"{what}: {number(figure.median)}, not {number(target)}")
    return f"{with_spread(figure)} {'met' if is_met else '**missed**'}"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in lines) + "\n"


def section(title, text, head, rows):
    return f"## {title}\n\n{textwrap.fill(text, 118)}\n\n{table(head, rows)}"
