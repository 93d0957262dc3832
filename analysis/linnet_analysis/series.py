"""Curves: what was recorded during training, for a few points."""

import textwrap
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize

from . import select as selecting
from . import style
from .errors import PlotError, unknown
from .results import axes, check_variable, coordinate, flag_values, is_seed

LINES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8B1A1A"]
MAX_NAMED = 10
MAX_CURVES = 400
MAX_PANELS = 12


@dataclass
class Curve:
    """One point of the grid: values [record] or [record, mode]."""
    cell: int
    at: dict
    label: str
    values: np.ndarray


def curves(ds, variable=None, points=None, select=None, log=None, title=None):
    """Draws a series against the step, for the cells `points`, or for all that `select` leaves.

    Without either: one point for every label that occurs. Returns the matplotlib figure.
    """
    variable = variable or _default_series(ds)
    check_variable(ds, variable)
    da, time, modes = _series(ds, variable)
    chosen = _choose(ds, da, points, select)
    with matplotlib.rc_context(style.RC):
        if modes is None:
            figure = _one_panel(ds, da, time, chosen)
        else:
            figure = _mode_panels(ds, da, time, modes, chosen)
        for spot in figure.axes:
            if spot.lines:
                _scales(spot, time, log)
        _limit_height(figure, chosen)
        heading = title if title is not None else _heading(ds, da, chosen)
        if heading:
            figure.suptitle(heading, fontsize=11.5, linespacing=1.4)
    return figure


def _default_series(ds):
    for name in ("loss_series", *ds.data_vars):
        if name in ds and any("record" in dim for dim in ds[name].dims):
            return name
    raise PlotError("the file holds no series; ask for some with record: {series: [loss]} in the sweep")


def _series(ds, variable):
    """The variable, its time and the coordinate of its other dimension, if it has one."""
    da = ds[variable]
    extra = [dim for dim in da.dims if dim not in axes(ds)]
    time = [dim for dim in extra if "record" in dim]
    if not time:
        series = [n for n in ds.data_vars if any("record" in dim for dim in ds[n].dims)]
        raise PlotError(f"{variable} is not a series; " + (f"there is {', '.join(series)}" if series else
                                                            "the file holds none"))
    others = [dim for dim in extra if dim != time[0]]
    steps = [name for name in ds.coords if ds[name].dims == (time[0],) and name != time[0]]
    return da, coordinate(ds, steps[0] if steps else time[0]), coordinate(ds, others[0]) if others else None


def _choose(ds, da, points, select):
    """The cells to draw, as curves."""
    flags = flag_values(ds["status"])
    status = ds["status"].values
    cells = np.arange(status.size).reshape(status.shape)
    done = status == flags["done"]
    if points is not None:
        wanted = _checked(points, status, flags)
    elif select:
        wanted = _selected(ds, cells, done, select)
    else:
        wanted = _one_per_label(ds, cells, done)
    if not len(wanted):
        raise PlotError("no finished point to draw")
    if len(wanted) > MAX_CURVES:
        raise PlotError(f"{len(wanted)} points are too many curves; --select fewer (at most {MAX_CURVES})")
    return [_curve(ds, da, int(cell)) for cell in wanted]


def _checked(points, status, flags):
    names = {value: name for name, value in flags.items()}
    for cell in points:
        if not 0 <= cell < status.size:
            raise PlotError(f"no point {cell}; the grid has points 0 to {status.size - 1}")
        state = names.get(int(status.flat[cell]), "unknown")
        if state != "done":
            raise PlotError(f"point {cell} is {state}; it has no curve")
    return points


def _selected(ds, cells, done, select):
    index = [np.arange(size) for size in cells.shape]
    for name, wanted in select.items():
        values = coordinate(ds, name)
        if values.dims[0] not in axes(ds):
            raise unknown("axis of the grid", name, axes(ds))
        index[axes(ds).index(values.dims[0])] = np.atleast_1d(selecting.indices(values, name, wanted))
    block = np.ix_(*index)
    return cells[block][done[block]]


def _one_per_label(ds, cells, done):
    """A typical point of every label: the one in the middle of its cells."""
    if "label" not in ds:
        return cells[done][:MAX_NAMED]
    found = []
    for value in flag_values(ds["label"]).values():
        mine = cells[(ds["label"].values == value) & done]
        if mine.size:
            found.append(mine[mine.size // 2])
    return found


def _curve(ds, da, cell):
    index = np.unravel_index(cell, ds["status"].shape)
    at = {}
    for dim, i in zip(axes(ds), index):
        values = coordinate(ds, dim)
        at[str(values.name)] = values.values[i]
    label = ""
    if "label" in ds:
        names = {value: name for name, value in flag_values(ds["label"]).items()}
        label = names.get(int(np.nan_to_num(ds["label"].values[index], nan=-1)), "")
    return Curve(cell, at, label, np.asarray(da.values[index], dtype=float))


def _varying(chosen):
    return [name for name in chosen[0].at if len({style.number(c.at[name]) for c in chosen}) > 1]


def _one_panel(ds, da, time, chosen):
    """All curves in one picture: named if few, coloured by the axis that varies if many."""
    figure = style.new_figure((8.5, 4.8))
    spot = figure.subplots()
    varying = _varying(chosen)
    numeric = [n for n in varying if not style.is_ordinal(coordinate(ds, n)) and not is_seed(n)]
    if len(chosen) > MAX_NAMED and numeric:
        _coloured(figure, spot, ds, time, chosen, numeric)
    else:
        _named(spot, time, chosen, varying)
    spot.set_ylabel(style.describe(da))
    spot.set_xlabel(_time_label(time))
    return figure


def _named(spot, time, chosen, varying):
    many = len(chosen) > MAX_NAMED
    colours = _curve_colours(chosen)
    for curve, colour in zip(chosen, colours):
        text = ", ".join(f"{style.words(n)} {style.number(curve.at[n])}" for n in varying)
        text = "\n   ".join(part for part in (style.words(curve.label), text) if part)
        spot.plot(time.values, _drawable(curve.values), color=colour, linewidth=1.6,
                  label=None if many else text or f"point {curve.cell}")
    if not many:
        spot.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)


def _curve_colours(chosen):
    """Colours of the labels where every curve has another one, else a plain cycle."""
    labels = [curve.label for curve in chosen]
    if len(set(labels)) == len(labels) > 1 and all(labels):
        table = style.colours(labels)
        return [table[label] if label != "slow" else "#A08F6A" for label in labels]
    return [LINES[i % len(LINES)] for i in range(len(chosen))]


def _coloured(figure, spot, ds, time, chosen, numeric):
    name = max(numeric, key=lambda n: len({curve.at[n] for curve in chosen}))
    values = [curve.at[name] for curve in chosen]
    log = style.is_log(coordinate(ds, name))
    norm = (LogNorm if log else Normalize)(min(values), max(values))
    cmap = matplotlib.colormaps["viridis"]
    for curve in chosen:
        spot.plot(time.values, _drawable(curve.values), color=cmap(norm(curve.at[name])), linewidth=1.1)
    figure.colorbar(ScalarMappable(norm, cmap), ax=spot, pad=0.015,
                    label=style.describe(coordinate(ds, name)))


def _mode_panels(ds, da, time, modes, chosen):
    """A small picture for every point, a line for every mode."""
    if len(chosen) > MAX_PANELS:
        raise PlotError(f"{len(chosen)} points of {da.name} are too many; --select fewer (at most {MAX_PANELS})")
    n = len(chosen)
    columns = min(n, 3) if n != 4 else 2
    rows = -(-n // columns)
    figure = style.new_figure((5.0 + 1.6 * columns, 1.2 + 2.7 * rows))
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    varying = _varying(chosen)
    for spot, curve in zip(grid.flat, chosen):
        for i, mode in enumerate(modes.values):
            spot.plot(time.values, _drawable(curve.values[:, i]), color=LINES[i % len(LINES)], linewidth=1.5,
                      label=f"{style.words(str(modes.name))} {style.number(mode)}")
        text = textwrap.fill(", ".join(f"{style.words(v)} {style.number(curve.at[v])}" for v in varying), 34)
        spot.set_title("\n".join(p for p in (style.words(curve.label), text) if p), fontsize=9)
    for spot in grid.flat[n:]:
        spot.set_axis_off()
    for index in range(n):
        if index + columns >= n:
            grid.flat[index].xaxis.set_tick_params(labelbottom=True)
    figure.supxlabel(_time_label(time), fontsize=10.5)
    figure.supylabel(style.describe(da), fontsize=10.5)
    grid[0, -1].legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=9)
    return figure


def _drawable(values):
    """What overflows leaves the picture; beyond 1e200 the axes themselves would overflow."""
    return np.where(np.abs(values) < 1e200, values, np.nan)


def _scales(spot, time, log):
    """Steps on a log axis with room for step 0; values on a log axis when they span two decades."""
    if time.values.size > 2 and time.values.max() > 100:
        spot.set_xscale("symlog", linthresh=1, linscale=0.3)
        spot.set_xlim(0, time.values.max())
    data = np.concatenate([line.get_ydata() for line in spot.lines])
    data = data[np.isfinite(data) & (data > 0)]
    if log or log is None and data.size and data.max() > 100 * data.min():
        spot.set_yscale("log", nonpositive="mask")
    spot.grid(True, color="#E3E3E3", linewidth=0.6)
    spot.spines[["top", "right"]].set_visible(False)


def _limit_height(figure, chosen):
    """Curves that diverge leave the picture at the top, so that the others can be read."""
    calm = [curve.values[np.isfinite(curve.values)] for curve in chosen if curve.label != "diverged"]
    calm = np.concatenate([values for values in calm if values.size] or [np.empty(0)])
    for spot in figure.axes:
        if not spot.lines or not calm.size or spot.get_yscale() != "log" or calm.max() <= 0:
            continue
        low, high = calm[calm > 0].min(), calm.max()
        if spot.get_ylim()[1] > 1e3 * high:
            spread = max(high / low, 10.0)
            spot.set_ylim(low / spread ** 0.05, high * min(spread ** 0.15, 1e3))


def _time_label(time):
    return "step" if "step" in str(time.name) else style.words(str(time.name))


def _heading(ds, da, chosen):
    name = ds.attrs.get("title", "")
    title = ": ".join(part for part in (str(name), style.describe(da)) if part)
    fixed = [n for n in chosen[0].at if n not in _varying(chosen)]
    text = ", ".join(f"{style.words(n)} = {style.number(chosen[0].at[n])}" for n in fixed
                     if ds.sizes[coordinate(ds, n).dims[0]] > 1)
    return f"{title}\n{text}" if text else title
