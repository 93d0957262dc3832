"""What all figures share: their frame, ticks that suit an axis, a heading, a legend in its own place."""

import textwrap
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from . import style


@dataclass
class Look:
    """Wishes of the caller that overrule what a figure would choose itself; None: its choice.

    size: inches. xscale, yscale: "log" or "linear". xlim, ylim: (low, high), either may be None.
    """
    title: str = None
    size: tuple = None
    xlabel: str = None
    ylabel: str = None
    xscale: str = None
    yscale: str = None
    xlim: tuple = None
    ylim: tuple = None


def wrap(text, width=30):
    return textwrap.fill(text, width, break_long_words=False)


def ticks(axis, set_scale, coordinate, log):
    """Ticks of an axis of the grid: every value where they are few, words one by one."""
    values = coordinate.values
    if style.is_ordinal(coordinate):
        step = -(-values.size // 16)
        axis.set_ticks(np.arange(0, values.size, step), [style.number(v) for v in values[::step]])
        return
    set_scale("log" if log else "linear")
    if log and values.max() / values.min() >= 30:
        axis.set_major_locator(LogLocator(numticks=7))
        axis.set_minor_formatter(NullFormatter())
    elif values.size <= 12:
        axis.set_ticks(values, [style.number(v) for v in values])
        axis.set_ticks([], minor=True)


def frame(spot, look):
    """Grid lines, two spines, and the limits that were asked for."""
    spot.grid(True, color="#E3E3E3", linewidth=0.6)
    spot.spines[["top", "right"]].set_visible(False)
    limits(spot, look)


def limits(spot, look):
    if look.xlim:
        spot.set_xlim(*look.xlim)
    if look.ylim:
        spot.set_ylim(*look.ylim)


def heading(figure, text):
    if text:
        figure.suptitle(text, fontsize=11.5, linespacing=1.4)


def legend(figure, entries, free=(), title=None):
    """The legend stands in a free place of the grid, else in a margin of its own at the right."""
    if not entries:
        return
    look = {"handles": entries, "frameon": False, "handlelength": 1.3, "handleheight": 1.3,
            "labelspacing": 0.55, "borderaxespad": 0.0, "title": title, "alignment": "left"}
    if any(not hasattr(entry, "get_facecolor") for entry in entries):
        look["handlelength"] = 2.2
    if len(free) and len(entries) <= 12:
        free[0].legend(loc="center left", bbox_to_anchor=(0.02, 0.5), **look)
        return
    placed = figure.legend(loc="center right", bbox_to_anchor=(0.99, 0.5), **look)
    placed.set_in_layout(False)
    box = placed.get_window_extent(figure.canvas.get_renderer())
    share = box.width / figure.bbox.width + 0.02
    figure.get_layout_engine().set(rect=(0, 0, 1 - share, 1))
