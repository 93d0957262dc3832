"""Curves: what was recorded during training, for a few points, with what theory says of it.

Two steps: prepare chooses the points and turns the file into plain arrays, lines.draw draws them.
"""

from dataclasses import dataclass, field

import numpy as np

from . import select as selecting
from . import style
from . import theory as theories
from .errors import PlotError, unknown
from .layout import Look, wrap
from .results import axes, check_variable, coordinate, find_dim, flag_values

MAX_CURVES = 400
MAX_PANELS = 12
MAX_NAMED = 10
SERIES, LEVEL, RATE, STEPS = "series", "level", "rate", "steps"


@dataclass
class Track:
    """What one statement says of one curve: arrays over time, or over the times of jumps.

    values: [time] or [time, mode]; of a LEVEL [] or [mode]; of a RATE one number a unit of time.
    """
    kind: str
    order: int
    values: np.ndarray
    at: np.ndarray = None


@dataclass
class Curve:
    """One point of the grid: values [time] or [time, mode]."""
    cell: int
    at: dict
    label: str
    time: np.ndarray
    values: np.ndarray
    tracks: list = field(default_factory=list)


@dataclass
class Picture:
    """One small picture: a variable (for its attributes), its modes or None, the curves in it."""
    variable: object
    modes: object
    title: str
    curves: list


@dataclass
class Sheet:
    """All that is needed to draw: rows of pictures, one row for every variable."""
    ds: object
    rows: list
    statements: list
    varying: list
    panel: str
    is_time: bool
    log: bool
    look: Look


@dataclass
class Wanted:
    """The predictions a figure is asked for, in the order of their dashes."""
    theory: list
    rates: list
    steps: list

    @property
    def statements(self):
        return self.theory + self.rates + [statement for statement, _, _ in self.steps]


def curves(ds, variable=None, points=None, select=None, log=None, **options):
    """Draws; the arguments are those of prepare. Returns the matplotlib figure."""
    from .lines import draw
    return draw(prepare(ds, variable, points, select, log, **options))


def prepare(ds, variable=None, points=None, select=None, log=None, panel=None, time=False, theory=(), rates=(),
            steps=(), look=None):
    """Arrays of a figure of curves.

    variable: a series or a list of them, one row of pictures each. points: numbers of cells; select: {axis: value};
    without either: one point for every label that occurs. panel: axis along which pictures stand side by side.
    time: against step times step size instead of the step.
    theory: predictions drawn as dashed lines: of every recorded step, or a level; NAME or NAME=TEXT.
    rates: predictions r drawn as exp(-r t) through the end of the curve.
    steps: "TIMES,VALUES,..." or "...=TEXT": staircases that take VALUES from TIMES on. Both imply time.
    """
    names = [variable or _default_series(ds)] if variable is None or isinstance(variable, str) else list(variable)
    for name in names:
        check_variable(ds, name)
    series = [_series(ds, name) for name in names]
    wanted = Wanted(theories.statements(ds, theory), theories.statements(ds, rates),
                    [_staircase(ds, one) for one in steps])
    is_time = bool(time or rates or steps)
    cells = _choose(ds, points, select)
    places = [_place(ds, cell) for cell in cells]
    varying = [name for name in places[0] if len({style.number(at[name]) for at in places}) > 1]
    groups = _groups(ds, cells, places, panel, any(modes is not None for _, _, modes in series), names[0])
    rows = [[_picture(ds, one, title, group, wanted, is_time, varying) for title, group in groups]
            for one in series]
    return Sheet(ds, rows, wanted.statements, varying, panel, is_time, log, look or Look())


def _default_series(ds):
    for name in ("loss_series", *ds.data_vars):
        if name in ds and any("record" in dim for dim in ds[name].dims):
            return name
    raise PlotError("the file holds no series; ask for some with record: {series: [loss]} in the sweep")


def _series(ds, variable):
    """The variable, the coordinate of its steps and that of its other dimension, if it has one."""
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


def _staircase(ds, wanted):
    """(Statement, variable of the times, variables of the values) of "TIMES,VALUES,...[=TEXT]"."""
    names, text = theories.split(wanted)
    times, *values = [theories.resolve(name.strip(), list(ds.data_vars)) for name in names.split(",")]
    if not values:
        raise PlotError(f"--steps {wanted}: write times and values, for example jump_times,saddle_losses")
    first = theories.statement(ds, values[0] if text is None else f"{values[0]}={text}")
    return first, times, values


def _choose(ds, points, select):
    """The cells to draw."""
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
    return [int(cell) for cell in wanted]


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


def _place(ds, cell):
    """{axis: value} of a cell."""
    at = {}
    for dim, i in zip(axes(ds), np.unravel_index(cell, ds["status"].shape)):
        values = coordinate(ds, dim)
        at[str(values.name)] = values.values[i]
    return at


def _groups(ds, cells, places, panel, has_modes, variable):
    """[(value of the panel axis or None, [(cell, place)])]: what goes into one picture."""
    pairs = list(zip(cells, places))
    if panel is not None:
        name = str(coordinate(ds, find_dim(ds, panel)).name)
        if name not in places[0]:
            raise unknown("axis of the grid", panel, axes(ds))
        values = list(dict.fromkeys(place[name] for place in places))
        groups = [(f"{style.words(name)} = {style.number(value)}", [p for p in pairs if p[1][name] == value])
                  for value in values]
        if has_modes and len(groups) < len(cells):
            raise PlotError(f"{variable} has a line for every mode; --select one point for every {panel}")
    else:
        groups = [(None, [pair]) for pair in pairs] if has_modes else [(None, pairs)]
    if len(groups) > MAX_PANELS:
        what = panel or f"points of {variable}"
        raise PlotError(f"{len(groups)} {what} are too many pictures; --select fewer (at most {MAX_PANELS})")
    return groups


def _picture(ds, series, title, group, wanted, is_time, varying):
    da, steps, modes = series
    drawn = [_curve(ds, da, steps, modes, cell, at, wanted, is_time) for cell, at in group]
    if title is None and modes is not None:
        text = wrap(", ".join(f"{style.words(v)} {style.number(drawn[0].at[v])}" for v in varying), 30)
        title = "\n".join(part for part in (style.words(drawn[0].label), text) if part)
    return Picture(da, modes, title or "", drawn)


def _curve(ds, da, steps, modes, cell, at, wanted, is_time):
    index = np.unravel_index(cell, ds["status"].shape)
    label = ""
    if "label" in ds:
        names = {value: name for name, value in flag_values(ds["label"]).items()}
        label = names.get(int(np.nan_to_num(ds["label"].values[index], nan=-1)), "")
    time = steps.values.astype(float)
    if is_time:
        if theories.USED not in ds:
            raise PlotError(f"the file holds no {theories.USED}; curves can only be drawn against the step")
        time = time * float(ds[theories.USED].values[index])
    curve = Curve(cell, at, label, time, np.asarray(da.values[index], dtype=float))
    inner = [steps.dims[0], *(modes.dims if modes is not None else ())]
    curve.tracks = _tracks(ds, index, inner, wanted)
    return curve


def _tracks(ds, index, inner, wanted):
    """The predictions that have the dimensions of a curve: [record, mode] series, [mode] levels."""
    found = []
    for order, statement in enumerate(wanted.theory):
        dims = _inner(ds, statement.name)
        kind = SERIES if dims == inner else LEVEL if dims in ([], inner[1:], ["plateau"]) else None
        if kind:
            found.append(Track(kind, order, _row(ds, statement.name, index)))
    for order, statement in enumerate(wanted.rates, len(wanted.theory)):
        if _inner(ds, statement.name):
            raise PlotError(f"{statement.name} holds several numbers a point; a rate is one")
        found.append(Track(RATE, order, _row(ds, statement.name, index)))
    for order, (_, times, values) in enumerate(wanted.steps, len(wanted.theory) + len(wanted.rates)):
        for name in values:
            if _inner(ds, name) == _inner(ds, times) + inner[1:]:
                at, jumps = _row(ds, times, index), _row(ds, name, index)
                known = np.isfinite(at)
                found.append(Track(STEPS, order, jumps[known], at[known]))
    return found


def _inner(ds, name):
    return [dim for dim in ds[name].dims if dim not in axes(ds)]


def _row(ds, name, index):
    return np.asarray(ds[name].values[index], dtype=float)
