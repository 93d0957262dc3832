"""Phase diagrams: a label or a number over two axes, the others selected, reduced or side by side.

Three steps, each of which can be tested alone: choose the axes, prepare the panels (plain arrays),
draw them.
"""

import re
from dataclasses import dataclass, field

import numpy as np

from . import reduce as reducing
from . import select as selecting
from . import style
from . import theory as theories
from .draw import draw
from .errors import PlotError
from .layout import Look
from .results import axes, check_variable, coordinate, find_dim, flag_masks, flag_values, is_seed

MAX_PANELS = 12
DEPTHS = ("depth",)
AGREE = 0.01  # relative difference up to which a measurement is said to be what theory says

# Numbers that still mean something when the point diverged: counts of steps, the start, theory.
OUTLIVES = re.compile(r"(^|_)(steps?|start|initial|theory)(_|$)")


@dataclass
class Choice:
    """Where every dimension of the variable goes."""
    x: str
    y: str = None
    panels: list = field(default_factory=list)
    reduced: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)


@dataclass
class Panel:
    """One small picture: arrays [y, x]."""
    title: str
    values: np.ndarray
    done: np.ndarray
    pending: np.ndarray
    lost: np.ndarray
    failed: np.ndarray
    lines: list = field(default_factory=list)
    marked: object = None
    contours: list = field(default_factory=list)


@dataclass
class Phase:
    """All that is needed to draw."""
    variable: object
    x: object
    y: object
    panels: list
    title: str
    subtitle: str
    flags: dict
    notes: list
    grid: tuple = None
    log: bool = None
    is_log_x: bool = False
    is_log_y: bool = False
    look: Look = field(default_factory=Look)
    line_axis: str = None
    statements: list = field(default_factory=list)
    mark: str = None
    contours: list = field(default_factory=list)


def phase_diagram(ds, variable=None, **options):
    """Draws; options are those of prepare, plus those of a figure's look. Returns the matplotlib figure."""
    return draw(prepare(ds, variable, **options))


def prepare(ds, variable=None, x=None, y=None, panel=None, panel2=None, select=None, reduce=None,
            label=None, log=None, theory=None, mark=None, contours=(), look=None):
    """Arrays of a phase diagram.

    variable: label by default. x, y, panel, panel2: names of axes. select: {axis: value, list or "low:high"}.
    reduce: {axis: method}. label: draw the share of points with that label instead of the variable.
    log: colours of numbers logarithmic (None: when they span two decades).
    theory: predictions drawn as lines over the step size, where that is an axis, else over y; NAME or NAME=TEXT.
    None: the local limit of the step size, where the file has it and an axis is the step size.
    mark: "VARIABLE=NAME" or "VARIABLE=NAME=TEXT": dots where the variable agrees with the prediction to 1 %.
    contours: "NAME=LEVEL" or "NAME=LEVEL=TEXT": lines along which a variable or prediction has a value.
    """
    look = look or Look()
    variable = variable or ("label" if "label" in ds else "status")
    check_variable(ds, variable)
    ds, fixed = selecting.apply(ds, select)
    ds, single = selecting.squeeze(ds, ds[variable].dims)
    da = ds[variable]
    named = {"x": x, "y": y, "panel": panel, "panel2": panel2}
    gone = {*fixed, *single}
    named = {role: _drawable(ds, da, name, gone) for role, name in named.items() if name}
    reduced = {_drawable(ds, da, name, gone): method for name, method in (reduce or {}).items()}
    ds, picked, notes = _pick_extra(ds, da.dims, [*named.values(), *reduced])
    choice = choose(ds, ds[variable], named, reduced)
    ds, left = _pick_left(ds, ds[variable], choice)
    fixed.update({name: value for name, value in {**single, **picked, **left}.items() if not is_seed(name)})
    marked, mark_text = _agreement(ds, mark, choice) if mark else (None, None)
    heights = [_height(ds, one, choice) for one in contours]
    da, status, lost = _reduce_all(ds, variable, choice, label)
    if flag_masks(da):
        raise PlotError(f"{variable} holds several flags at once; ask for one with --label: "
                        + ", ".join(flag_masks(da)))
    x, y = (_axis(ds, name, fallback) for name, fallback in ((choice.x, x), (choice.y, y)))
    phase = Phase(da, x, y, [], look.title if look.title is not None else _title(ds, da),
                  _subtitle(fixed, choice, ds), flag_values(da), notes + choice.notes, log=log, look=look,
                  mark=mark_text)
    phase.is_log_x = style.is_log(x) if look.xscale is None else look.xscale == "log"
    phase.is_log_y = y is not None and (style.is_log(y) if look.yscale is None else look.yscale == "log")
    phase.contours = [(level, text) for _, level, text in heights]
    if heights and (y is None or style.is_ordinal(x) or style.is_ordinal(y)):
        raise PlotError("contours need two axes of numbers")
    _fill_panels(phase, ds, choice, da, status, lost, marked, [values for values, _, _ in heights])
    _add_lines(phase, ds, choice, theory)
    return phase


def choose(ds, da, named, reduced):
    """x and y are the longest axes that are neither seeds nor depths; depths go side by side."""
    choice = Choice(named.get("x"), named.get("y"), reduced=dict(reduced))
    choice.panels = [named[role] for role in ("panel", "panel2") if role in named]
    used = [d for d in (choice.x, choice.y, *choice.panels, *reduced) if d]
    if len(set(used)) < len(used):
        raise PlotError("one axis is asked for twice: " + ", ".join(used))
    free = [dim for dim in da.dims if dim not in used]
    seeds = [dim for dim in free if is_seed(dim)]
    rest = sorted((dim for dim in free if dim not in seeds),
                  key=lambda dim: (dim in DEPTHS, -ds.sizes[dim]))
    wanted = [role for role in ("x", "y") if getattr(choice, role) is None]
    taken = rest[:len(wanted)]
    for role, dim in zip(wanted, sorted(taken, key=da.dims.index)):
        setattr(choice, role, dim)
    rest = [dim for dim in rest if dim not in taken]
    if choice.x is None and seeds:
        choice.x = seeds.pop()
    if choice.x is None:
        raise PlotError(f"{da.name} has a single value here; a phase diagram needs an axis with two or more")
    rest.sort(key=lambda dim: (dim not in DEPTHS, da.dims.index(dim)))
    while rest and len(choice.panels) < (1 if choice.panels or ds.sizes[rest[0]] > 6 else 2):
        choice.panels.append(rest.pop(0))
    choice.reduced.update({dim: None for dim in seeds})
    return choice


def _drawable(ds, da, name, gone):
    dim = None if name in gone else find_dim(ds, name)
    if dim not in da.dims:
        raise PlotError(f"axis {name} has a single value here; there is nothing to draw along it")
    return dim


def _pick_extra(ds, dims, used):
    """The first mode, the last recorded time, unless the caller wants them otherwise."""
    picked, notes = {}, []
    for dim in dims:
        if dim in axes(ds) or dim in used or dim not in ds.dims:
            continue
        index = -1 if "record" in dim else 0
        named = [name for name in ds.coords if ds[name].dims == (dim,) and name != dim]
        values = coordinate(ds, named[0] if named else dim)
        picked[values.name] = values.values[index]
        notes.append(f"{values.name} = {style.number(picked[values.name])} shown; "
                     f"--select {values.name}=... takes another")
        ds = ds.isel({dim: index})
    return ds, picked, notes


def _pick_left(ds, da, choice):
    """Axes with no place in the figure are held at their first value, panels thinned to MAX_PANELS."""
    fixed = {}
    for dim in da.dims:
        if dim in (choice.x, choice.y, *choice.panels, *choice.reduced):
            continue
        values = coordinate(ds, dim)
        fixed[values.name] = values.values[0]
        choice.notes.append(f"{values.name} = {style.number(values.values[0])} shown, of {values.size} values; "
                            f"--select {values.name}=..., --panel or --reduce show others")
        ds = ds.isel({dim: 0})
    if len(choice.panels) == 1 and ds.sizes[choice.panels[0]] > MAX_PANELS:
        dim = choice.panels[0]
        index = np.unique(np.linspace(0, ds.sizes[dim] - 1, 9).round().astype(int))
        choice.notes.append(f"{index.size} of {ds.sizes[dim]} values of {dim} shown; --select takes others")
        ds = ds.isel({dim: index})
    if np.prod([ds.sizes[dim] for dim in choice.panels]) > 36:
        raise PlotError(f"{' x '.join(choice.panels)} are more than 36 panels; --select some of them")
    return ds, fixed


def _reduce_all(ds, variable, choice, label):
    """Values, status and "most points diverged" with the reduced axes gone."""
    da, status = ds[variable], ds["status"]
    lost = None
    if "label" in ds and not flag_values(da) and not label and not OUTLIVES.search(variable) \
            and "diverged" in flag_values(ds["label"]):
        lost = ds["label"]
    if label:
        da = reducing.fraction_source(da, label)
    for dim, method in choice.reduced.items():
        choice.reduced[dim] = method = method or ("mean" if label else reducing.default_method(da))
        da = reducing.reduce(da, dim, method)
        if dim in status.dims:
            status = reducing.reduce_state(status, dim)
            lost = lost if lost is None else reducing.reduce(lost, dim, "mode")
    if lost is not None:
        lost = lost == flag_values(lost)["diverged"]
    return da, status, lost


def _axis(ds, dim, name):
    if dim is None:
        return None
    values = coordinate(ds, name if name in ds.coords else dim)
    return values if style.is_ordinal(values) else values.sortby(values)


def _agreement(ds, mark, choice):
    """1 where a variable and a prediction agree within AGREE, 0 where not; and what the legend says of it."""
    variable, equals, wanted = mark.partition("=")
    if not equals:
        raise PlotError(f"--mark {mark}: write it as VARIABLE=PREDICTION, for example final_loss=failure_floor")
    check_variable(ds, variable)
    statement = theories.statement(ds, wanted)
    near = abs(ds[variable] - ds[statement.name]) <= AGREE * abs(ds[statement.name])
    near = near.where(ds[variable].notnull()).astype(float).rename(variable)
    for dim in choice.reduced:
        near = reducing.reduce(near, dim, "mode")
    named = theories.split(wanted)[1]
    return near, named or f"{style.describe(ds[variable])} within {AGREE:.0%} of {statement.text}"


def _height(ds, contour, choice):
    """Values, level and words of a contour."""
    name, equals, rest = contour.partition("=")
    level, _, text = rest.partition("=")
    try:
        level = float(level)
    except ValueError:
        raise PlotError(f"--contour {contour}: write it as NAME=LEVEL, for example alpha_sup=0.5") from None
    values = ds[theories.resolve(name, list(ds.data_vars))]
    for dim in choice.reduced:
        values = reducing.reduce(values, dim, "median") if dim in values.dims else values
    return values, level, text or f"{style.describe(values)} = {style.number(level)}"


def _fill_panels(phase, ds, choice, da, status, lost, marked, heights):
    flags = flag_values(ds["status"])
    order = [dim for dim in (choice.y, choice.x) if dim]
    sizes = [ds.sizes[dim] for dim in choice.panels]
    phase.grid = tuple(sizes) if len(sizes) == 2 else None
    for place in np.ndindex(*sizes):
        at = dict(zip(choice.panels, place))

        def plane(array):
            here = array.isel({d: i for d, i in at.items() if d in array.dims})
            here = here.broadcast_like(da.isel(at)) if set(here.dims) != set(order) else here
            values = here.transpose(*order).values.reshape(ds.sizes[choice.y] if choice.y else 1, -1)
            return values[np.ix_(_order(ds, choice.y, phase.y), _order(ds, choice.x, phase.x))]

        title = "   ".join(f"{coordinate(ds, d).name} = {style.number(coordinate(ds, d).values[i])}"
                           for d, i in at.items())
        state = plane(status)
        no_loss = np.zeros(state.shape, bool)
        phase.panels.append(Panel(style.words(title), plane(da).astype(float), state == flags["done"],
                                  state == flags["pending"], no_loss if lost is None else plane(lost),
                                  failed=state == flags["failed"] if "failed" in flags else no_loss,
                                  marked=None if marked is None else plane(marked) == 1,
                                  contours=[plane(values) for values in heights]))


def _add_lines(phase, ds, choice, wanted):
    """The predictions of every panel, over the axis that is not the one they are values of."""
    axis = theories.step_axis(ds, [dim for dim in (choice.x, choice.y) if dim])
    if wanted is None:
        wanted = [theories.LIMIT] if theories.LIMIT in ds and axis else []
    axis = axis or choice.y or choice.x
    shown = {values.name: values for values in (phase.x, phase.y) if values is not None}
    if axis not in shown or any(style.is_ordinal(values) for name, values in shown.items() if name == axis):
        if wanted and wanted != [theories.LIMIT]:
            raise PlotError(f"predictions cannot be drawn over {axis}, whose values are no rising numbers")
        return
    if not wanted:
        return
    phase.line_axis, phase.statements = axis, theories.statements(ds, wanted)
    other = choice.y if axis == choice.x else choice.x
    for statement in phase.statements:
        level = theories.along(ds, axis, statement.name, choice.reduced)
        if other is not None:
            level = level.isel({other: _order(ds, other, phase.y if axis == choice.x else phase.x)})
        for place, panel in zip(np.ndindex(*(ds.sizes[dim] for dim in choice.panels)), phase.panels):
            panel.lines.append(level.isel(dict(zip(choice.panels, place))).values)


def _order(ds, dim, shown):
    """Indices that bring an axis into the order in which it is drawn."""
    if dim is None:
        return [0]
    if style.is_ordinal(shown):
        return np.arange(ds.sizes[dim])
    return np.argsort(ds[shown.name].values if shown.name in ds.coords else np.arange(ds.sizes[dim]),
                      kind="stable")


def _title(ds, da):
    name = ds.attrs.get("title", "")
    return ": ".join(part for part in (str(name), style.describe(da)) if part)


def _subtitle(fixed, choice, ds):
    parts = [f"{style.words(str(name))} = {style.number(value)}" for name, value in fixed.items()]
    names = {"mode": "most frequent", "fraction": "share"}
    for dim, method in choice.reduced.items():
        kind = method.partition(":")[0]
        parts.append(f"{names.get(kind, kind)} of {ds.sizes[dim]} {style.words(dim)}s")
    return ", ".join(parts)
