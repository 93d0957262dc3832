"""Draws points with bars and lines of theory: what boundary.prepare and scatter.prepare have prepared."""

from dataclasses import dataclass, field

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize, to_rgb
from matplotlib.lines import Line2D

from . import layout, style
from .layout import Look

MARKERS = "osD^vP<>"
MEASURED = "#222222"


@dataclass
class Group:
    """The points of one value of the colour axis: arrays of one length; low and high may be missing."""
    name: str
    value: object
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray = None
    high: np.ndarray = None


@dataclass
class Line:
    """What a statement says to the points of a group (None: to all), over rising x."""
    order: int
    group: int
    x: np.ndarray
    y: np.ndarray


@dataclass
class Chart:
    """All that is needed to draw. x is the coordinate where it is an axis of the grid, else None."""
    x: object
    xlabel: str
    ylabel: str
    groups: list
    lines: list
    statements: list
    measured: str
    title: str
    colour: object = None
    is_log_x: bool = False
    is_log_y: bool = False
    diagonal: str = None
    notes: list = field(default_factory=list)
    look: Look = field(default_factory=Look)


def draw(chart):
    """The figure of a chart."""
    with matplotlib.rc_context(style.RC):
        figure = style.new_figure(chart.look.size or (8.0, 4.6))
        spot = figure.subplots()
        colours, entries = _colours(figure, spot, chart)
        for i, group in enumerate(chart.groups):
            _draw_group(spot, group, colours[i], MARKERS[i % len(MARKERS)] if len(chart.groups) <= 8 else "o")
        _scales(spot, chart)
        for line in chart.lines:
            spot.plot(line.x, line.y, **_look(chart, line.order, None if line.group is None else colours[line.group]))
        if chart.diagonal:
            _draw_diagonal(spot)
        layout.frame(spot, chart.look)
        spot.set_xlabel(chart.look.xlabel or chart.xlabel)
        spot.set_ylabel(chart.look.ylabel or chart.ylabel)
        layout.heading(figure, chart.look.title if chart.look.title is not None else chart.title)
        layout.legend(figure, entries + _theory_entries(chart))
    return figure


def _colours(figure, spot, chart):
    """One colour a group, and the entries of the legend; a colour bar where there are many groups."""
    n = len(chart.groups)
    if n == 1:
        return [MEASURED], [_entry(MEASURED, "o", layout.wrap(chart.measured))]
    if n <= 8:
        colours = [style.LINES[i % len(style.LINES)] for i in range(n)]
        return colours, [_entry(colour, MARKERS[i], group.name)
                         for i, (colour, group) in enumerate(zip(colours, chart.groups))]
    values = [group.value for group in chart.groups]
    norm = (LogNorm if style.is_log(chart.colour) else Normalize)(min(values), max(values))
    cmap = matplotlib.colormaps["viridis"]
    figure.colorbar(ScalarMappable(norm, cmap), ax=spot, pad=0.015, label=style.describe(chart.colour))
    return [cmap(norm(value)) for value in values], []


def _entry(colour, marker, text):
    return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=5.5, label=text)


def _draw_group(spot, group, colour, marker):
    bars = None
    if group.low is not None:
        bars = np.clip(np.array([group.y - group.low, group.high - group.y]), 0, None)
        bars = np.where(np.isfinite(bars), bars, 0.0)
    spot.errorbar(group.x, group.y, yerr=bars, linestyle="none", marker=marker, color=colour, markersize=5.5,
                  capsize=3, elinewidth=1.2, zorder=4)


def _look(chart, order, colour):
    """Where there is one group a statement has a colour of its own, else the group's, darker; always its dashes."""
    single = len(chart.groups) == 1
    if colour is None or single:
        colour = style.LINES[order % 6] if single else "black"
    else:
        colour = tuple(0.8 * part for part in to_rgb(colour))
    return {"color": colour, "linewidth": 1.6, "dashes": style.DASHES[order % len(style.DASHES)]}


def _theory_entries(chart):
    shared = {line.order for line in chart.lines if line.group is None}
    entries = []
    for order, statement in enumerate(chart.statements):
        look = _look(chart, order, None if order in shared or len(chart.groups) == 1 else "#444444")
        entries.append(Line2D([], [], label=layout.wrap(statement.text), **look))
    if chart.diagonal:
        entries.append(Line2D([], [], label=layout.wrap(chart.diagonal), **DIAGONAL))
    return entries


DIAGONAL = {"color": "#666666", "linewidth": 1.2}


def _draw_diagonal(spot):
    low = max(spot.get_xlim()[0], spot.get_ylim()[0])
    high = min(spot.get_xlim()[1], spot.get_ylim()[1])
    spot.plot([low, high], [low, high], scalex=False, scaley=False, zorder=1, **DIAGONAL)


def _scales(spot, chart):
    if chart.x is not None:
        layout.ticks(spot.xaxis, spot.set_xscale, chart.x, chart.is_log_x)
        spot.margins(x=0.06)
    else:
        spot.set_xscale("log" if chart.is_log_x else "linear")
    spot.set_yscale("log" if chart.is_log_y else "linear")
