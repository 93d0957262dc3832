"""Theory over measurement: which predictions a figure draws, and what its legend calls them.

A prediction is a variable theory_NAME of the results file; it is asked for as NAME, or as NAME=TEXT
where the legend should say TEXT.
"""

from dataclasses import dataclass

from . import reduce as reducing
from .errors import PlotError, unknown
from .results import axes

PREFIX = "theory_"
LIMIT, USED = "theory_step_limit", "step_size_used"
PARAMETER = "train.step_size"


@dataclass(frozen=True)
class Statement:
    """One prediction: the variable that holds it and its words in the legend."""
    name: str
    text: str


def split(wanted):
    """"NAME=TEXT" -> (NAME, TEXT); TEXT is None where there is none."""
    name, equals, text = wanted.partition("=")
    return name.strip(), (text if equals else None)


def resolve(name, known):
    """The variable meant by a name, with or without theory_."""
    for one in (PREFIX + name, name):
        if one in known:
            return one
    predictions = [one[len(PREFIX):] for one in known if one.startswith(PREFIX)]
    raise unknown("prediction", name, predictions or known)


def statement(ds, wanted):
    name, text = split(wanted)
    name = resolve(name, list(ds.data_vars))
    return Statement(name, text if text is not None else _describe(ds[name]))


def statements(ds, wanted):
    return [statement(ds, one) for one in wanted or []]


def _describe(variable):
    """Long name and the paper's statement; of several papers the first."""
    words = variable.attrs.get("long_name") or str(variable.name)
    source = variable.attrs.get("references", "").split(";")[0].strip()
    return f"{words} ({source})" if source else words


def step_axis(ds, dims):
    """The one of the dimensions along which the step size varies, or None."""
    if USED not in ds:
        return None
    found = [dim for dim in dims if dim in ds.coords and ds[dim].attrs.get("parameter", "") == PARAMETER]
    return found[0] if found else None


def along(ds, axis, name, reduced=()):
    """A prediction in units of an axis, over the other dimensions that are not reduced.

    The step size axis may be in units of 2/lambda_max: the step really used tells the factor.
    """
    values = ds[name]
    inner = [dim for dim in values.dims if dim not in axes(ds)]
    if inner:
        raise PlotError(f"{name} holds several numbers a point; --select {inner[0]}=... takes one")
    if axis == step_axis(ds, [axis]):
        values = (values * ds[axis] / ds[USED]).rename(name)
    for dim in dict.fromkeys((axis, *reduced)):
        if dim in values.dims:
            values = reducing.reduce(values, dim, "median")
    return values
