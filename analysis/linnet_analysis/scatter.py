"""Scatter: one number of every point against another, with what theory says of it as a line."""

import numpy as np
import xarray as xr

from . import reduce as reducing
from . import select as selecting
from . import style
from . import theory as theories
from .errors import PlotError
from .layout import Look
from .marks import Chart, Group, Line, draw
from .results import axes, check_variable, coordinate, find_dim

MAX_GROUPS = 200


def scatter(ds, x, y, **options):
    """Draws; the arguments are those of prepare. Returns the matplotlib figure."""
    return draw(prepare(ds, x, y, **options))


def prepare(ds, x, y, colour=None, label=None, select=None, reduce=None, theory=(), diagonal=None, look=None):
    """Points of two numbers, each an axis or a variable with one value a point.

    reduce: {axis: method}: one point, with a bar from least to largest y, for all along the axis.
    A log axis of negative numbers shows their modulus. colour: axis or variable whose values have a colour each.
    label: only points with that label. theory: predictions of y, drawn as lines over x; NAME or NAME=TEXT.
    diagonal: words for the line y = x, which is drawn where they are given.
    """
    look = look or Look()
    ds, fixed = selecting.apply(ds, select)
    done = np.ones(ds["status"].shape, bool)
    if label:
        done = (reducing.fraction_source(ds["label"], label) == 1).values
    at, to = (_numbers(ds, name).where(done) for name in (x, y))
    shade = None if colour is None else _numbers(ds, colour)
    statements = theories.statements(ds, theory)
    predicted = [_numbers(ds, one.name).where(done) for one in statements]
    low, high = (_gather(to, {find_dim(ds, axis): how for axis in reduce or {}}) for how in ("min", "max"))
    reduce = {find_dim(ds, axis): method for axis, method in (reduce or {}).items()}
    at, to, *predicted = (_gather(values, reduce) for values in (at, to, *predicted))
    shade = None if shade is None else _gather(shade, reduce)
    done = np.isfinite(to.values)
    log_x, log_y = (_is_log(v, done, s) for v, s in ((at, look.xscale), (to, look.yscale)))
    (at, xlabel), (to, ylabel) = _modulus(at, log_x), _modulus(to, log_y)
    (low, _), (high, _) = _modulus(low, log_y), _modulus(high, log_y)
    predicted = [_modulus(values, log_y)[0] for values in predicted]
    groups, lines = [], []
    for value, mine in _split(shade, done):
        known = mine & np.isfinite(at.values) & np.isfinite(to.values)
        if not known.any():
            continue
        name = "" if value is None else f"{style.words(str(shade.name))} {style.number(value)}"
        lines += [_line(order, len(groups), at.values, values.values, mine) for order, values in enumerate(predicted)]
        bars = [np.fmin(low.values, high.values)[known], np.fmax(low.values, high.values)[known]] if reduce else []
        groups.append(Group(name, value, at.values[known], to.values[known], *bars))
    if not groups:
        raise PlotError(f"no finished point has both {x} and {y}")
    return Chart(None, xlabel, ylabel, groups, _merged(lines, len(groups)), statements, "measured",
                 _title(ds, fixed, reduce), colour=shade, is_log_x=log_x, is_log_y=log_y, diagonal=diagonal, look=look)


def _numbers(ds, name):
    """The values of an axis or a variable, spread over the grid."""
    if name in ds.coords and ds[name].ndim <= 1:
        values = coordinate(ds, name) if ds[name].ndim else ds[name]
    else:
        known = f"{theories.PREFIX}{name}"
        name = known if name not in ds.data_vars and known in ds.data_vars else name
        check_variable(ds, name)
        values = ds[name]
    inner = [dim for dim in values.dims if dim not in axes(ds)]
    if inner:
        raise PlotError(f"{name} holds several numbers a point; --select {inner[0]}=... takes one")
    if values.dtype.kind not in "iuf":
        raise PlotError(f"{name} holds words, not numbers")
    spread = values.astype(float).broadcast_like(ds["status"]).transpose(*axes(ds))
    spread = xr.DataArray(spread.values, dims=axes(ds), attrs=values.attrs, name=name)
    return spread


def _gather(values, reduced):
    for dim, method in reduced.items():
        values = reducing.reduce(values, dim, method)
    return values


def _is_log(values, done, asked):
    """Logarithmic where asked for, or where numbers of one sign span two decades."""
    if asked is not None:
        return asked == "log"
    seen = np.abs(values.values[done & np.isfinite(values.values) & (values.values != 0)])
    signs = np.unique(np.sign(values.values[done & np.isfinite(values.values)]))
    return bool(seen.size and signs.size == 1 and seen.max() >= 30 * seen.min())


def _modulus(values, log):
    text = style.describe(values)
    finite = values.values[np.isfinite(values.values)]
    if log and finite.size and (finite <= 0).all():
        return -values, f"|{text}|"
    return values, text


def _split(shade, done):
    """[(value or None, mask)] of the groups."""
    if shade is None:
        return [(None, done)]
    levels = np.unique(shade.values[done & np.isfinite(shade.values)])
    if levels.size > MAX_GROUPS:
        raise PlotError(f"{shade.name} has {levels.size} values; a colour axis has at most {MAX_GROUPS}")
    return [(level, done & (shade.values == level)) for level in levels]


def _line(order, group, x, y, mine):
    """The prediction over rising x; of several points at one x the mean."""
    known = mine & np.isfinite(x) & np.isfinite(y)
    over, place = np.unique(x[known], return_inverse=True)
    sums = np.bincount(place, y[known], over.size)
    return Line(order, group, over, sums / np.maximum(np.bincount(place, minlength=over.size), 1))


def _merged(lines, n_groups):
    """A statement that says the same to all groups is one line."""
    merged = []
    for order in dict.fromkeys(line.order for line in lines):
        mine = [line for line in lines if line.order == order]
        same = n_groups > 1 and all(np.array_equal(line.x, mine[0].x) and np.allclose(line.y, mine[0].y, rtol=1e-9)
                                    for line in mine)
        merged += [Line(order, None, mine[0].x, mine[0].y)] if same else mine
    return merged


def _title(ds, fixed, reduced):
    parts = [f"{style.words(name)} = {style.number(value)}" for name, value in fixed.items()]
    parts += [f"{method} of {ds.sizes[dim]} {style.words(dim)}s" for dim, method in reduced.items()]
    return "\n".join(part for part in (str(ds.attrs.get("title", "")), ", ".join(parts)) if part)
