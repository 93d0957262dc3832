"""Boundaries: how far along one axis a label reaches, over another axis, with the thresholds of theory."""

import numpy as np

from . import reduce as reducing
from . import select as selecting
from . import style
from . import theory as theories
from .errors import PlotError
from .layout import Look
from .marks import Chart, Group, Line, draw
from .results import coordinate, find_dim, is_seed

SIDES = {"largest": "largest", "smallest": "smallest", "unbroken": "largest unbroken"}


def boundary(ds, along, **options):
    """Draws; the arguments are those of prepare. Returns the matplotlib figure."""
    return draw(prepare(ds, along, **options))


def prepare(ds, along, x=None, label="converged", side="largest", colour=None, select=None, theory=(), look=None):
    """The largest value of the axis `along` at which a point has the label, over x.

    side: "largest" or "smallest" value, or "unbroken": the largest up to which every smaller one has the label.
    A bar reaches to the next value of the axis: the threshold lies in between. Seeds and other axes are gathered:
    the median, with a bar over all. colour: axis of which every value has points of its own.
    theory: thresholds drawn as lines; NAME or NAME=TEXT.
    """
    if side not in SIDES:
        raise PlotError(f"no side called {side}; there is {', '.join(SIDES)}")
    if "label" not in ds:
        raise PlotError("the file holds no labels")
    look = look or Look()
    ds, fixed = selecting.apply(ds, select)
    dims = [dim for dim in ds["label"].dims if ds.sizes[dim] > 1]
    along = _axis(ds, dims, along)
    colour = _axis(ds, dims, colour) if colour else None
    rest = [dim for dim in dims if dim not in (along, colour)]
    x = _axis(ds, rest, x) if x else next((dim for dim in sorted(rest, key=is_seed)), None)
    if x is None:
        raise PlotError("a boundary needs a second axis, over which it is drawn")
    hits = reducing.fraction_source(ds["label"], label)
    at = coordinate(ds, along)
    edge, beyond = _edges(hits, along, at, side)
    over = coordinate(ds, x)
    groups = _groups(ds, edge, beyond, x, colour)
    if not any(np.isfinite(group.y).any() for group in groups):
        raise PlotError(f"no point is {label.replace('_', ' ')}; --label names another outcome")
    statements = theories.statements(ds, theory)
    lines = [line for order, one in enumerate(statements) for line in _lines(ds, order, one, along, x, colour, dims)]
    words = style.words(label).replace(",", " or ")
    measured = f"measured: {SIDES[side]} {style.words(str(at.name))} ({words})"
    chart = Chart(over, style.describe(over), style.describe(at), groups, lines, statements, measured,
                  _title(ds, fixed, x, colour, rest), look=look,
                  colour=None if colour is None else coordinate(ds, colour))
    chart.is_log_x = style.is_log(over) if look.xscale is None else look.xscale == "log"
    chart.is_log_y = style.is_log(at) if look.yscale is None else look.yscale == "log"
    return chart


def _axis(ds, dims, name):
    dim = find_dim(ds, name)
    if dim not in dims:
        raise PlotError(f"axis {name} has a single value here, or another part in the figure")
    if style.is_ordinal(coordinate(ds, dim)):
        raise PlotError(f"axis {name} has no rising numbers; it cannot carry a boundary")
    return dim


def _edges(hits, along, at, side):
    """The last value with the label, and the first without it beyond; NaN where there is none."""
    order = np.argsort(at.values, kind="stable")
    values = at.values[order].astype(float)
    hit = hits.isel({along: order}).transpose(..., along)
    has = hit.values == 1
    if side == "smallest":
        has, values = has[..., ::-1], values[::-1]
    if side == "unbroken":
        has = np.logical_and.accumulate(has, axis=-1)
    last = has.shape[-1] - 1 - np.argmax(has[..., ::-1], axis=-1)
    padded = np.append(values, np.nan)
    found = has.any(axis=-1)
    keep = hit.isel({along: 0}, drop=True)
    return (keep.copy(data=np.where(found, padded[last], np.nan)),
            keep.copy(data=np.where(found, padded[last + 1], np.nan)))


def _groups(ds, edge, beyond, x, colour):
    groups = []
    values = [None] if colour is None else coordinate(ds, colour).values
    for i, value in enumerate(values):
        one, next_one = (a if colour is None else a.isel({colour: i}) for a in (edge, beyond))
        flat, far = (a.transpose(x, ...).values.reshape(a.sizes[x], -1) for a in (one, next_one))
        known = np.isfinite(flat).any(axis=1)
        both = np.concatenate([flat, far], axis=1)[known]
        name = "" if value is None else f"{style.words(coordinate(ds, colour).name)} {style.number(value)}"
        groups.append(Group(name, value, coordinate(ds, x).values[known], _median(flat[known]),
                            np.nanmin(both, axis=1), np.nanmax(both, axis=1)))
    return groups


def _median(rows):
    """The lower median: a value of the axis."""
    return np.array([np.sort(row[np.isfinite(row)])[(np.isfinite(row).sum() - 1) // 2] for row in rows])


def _lines(ds, order, statement, along, x, colour, dims):
    """One line for all groups where they agree, else one for each."""
    level = theories.along(ds, along, statement.name, [d for d in dims if d not in (x, colour)])
    level = level.squeeze([dim for dim in level.dims if dim not in (x, colour)], drop=True)
    over = coordinate(ds, x).values
    rising = np.argsort(over, kind="stable")
    if colour is None or colour not in level.dims:
        rows, groups = [level.values], [None]
    else:
        rows = list(level.transpose(colour, x).values)
        same = all(np.allclose(row, rows[0], rtol=1e-9, equal_nan=True) for row in rows)
        rows, groups = (rows[:1], [None]) if same else (rows, range(len(rows)))
    return [Line(order, group, over[rising], np.broadcast_to(row, over.shape)[rising])
            for group, row in zip(groups, rows)]


def _title(ds, fixed, x, colour, rest):
    gathered = [f"median of {ds.sizes[dim]} {style.words(dim)}s" for dim in rest if dim not in (x, colour)]
    parts = [f"{style.words(name)} = {style.number(value)}" for name, value in fixed.items()] + gathered
    return "\n".join(part for part in (str(ds.attrs.get("title", "")), ", ".join(parts)) if part)
