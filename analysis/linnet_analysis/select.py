"""Selections: which part of the grid a figure shows."""

import numpy as np

from .errors import PlotError
from .results import coordinate, find_dim
from .style import number


def parse(text):
    """"depth=3" -> ("depth", "3"). Right of = may stand a value, a list 2,3,4, a range 2:4, an index @0."""
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise PlotError(f"--select {text}: write it as axis=value, for example depth=3")
    return name, value


def apply(ds, selections):
    """Selects; returns the dataset and {name: value} of the dimensions that are gone."""
    fixed = {}
    for name, wanted in dict(selections or {}).items():
        dim = find_dim(ds, name)
        values = coordinate(ds, name)
        index = indices(values, name, wanted)
        if np.ndim(index) == 0:
            fixed[name] = values.values[index]
        ds = ds.isel({dim: index})
    return ds, fixed


def squeeze(ds, dims):
    """Drops dimensions of one value; returns the dataset and their values."""
    fixed = {dim: coordinate(ds, dim).values[0] for dim in dims if ds.sizes[dim] == 1}
    return ds.isel({dim: 0 for dim in fixed}), fixed


def indices(values, name, wanted):
    """Index (one value) or indices (list, range) of what is wanted along a coordinate."""
    if not isinstance(wanted, str):
        return _nearest(values, name, str(wanted)) if np.ndim(wanted) == 0 else \
            [_nearest(values, name, str(one)) for one in wanted]
    if ":" in wanted:
        return _range(values, name, wanted)
    if "," in wanted:
        return [_nearest(values, name, one) for one in wanted.split(",")]
    return _nearest(values, name, wanted)


def _nearest(values, name, text):
    if text.startswith("@"):
        return _index(values, name, text)
    if values.dtype.kind not in "iuf":
        words = [str(word) for word in values.values]
        if text in words:
            return words.index(text)
        raise _absent(values, name, text)
    wanted = _float(name, text)
    found = int(np.nanargmin(np.abs(values.values - wanted)))
    if not np.isclose(values.values[found], wanted, rtol=0.02, atol=1e-300):
        raise _absent(values, name, text)
    return found


def _index(values, name, text):
    try:
        index = int(text[1:])
    except ValueError:
        raise PlotError(f"{name}={text}: @ must be followed by an index") from None
    if not -values.size <= index < values.size:
        raise PlotError(f"{name}={text}: {name} has {values.size} values, @0 to @{values.size - 1}")
    return index % values.size


def _range(values, name, text):
    if values.dtype.kind not in "iuf":
        raise PlotError(f"{name}={text}: {name} holds words, a range has no meaning")
    low, _, high = text.partition(":")
    low = _float(name, low) if low else -np.inf
    high = _float(name, high) if high else np.inf
    slack = 1e-9 * np.abs(values.values)
    inside = np.flatnonzero((values.values >= low - slack) & (values.values <= high + slack))
    if not inside.size:
        raise _absent(values, name, text)
    return inside


def _float(name, text):
    try:
        return float(text)
    except ValueError:
        raise PlotError(f"{name}={text}: {text} is not a number") from None


def _absent(values, name, text):
    have = [number(value) for value in values.values]
    if len(have) > 12:
        have = [*have[:5], "...", *have[-2:]]
    return PlotError(f"{name} has no value {text}; it has {', '.join(have)}")
