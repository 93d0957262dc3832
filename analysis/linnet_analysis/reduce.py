"""Reductions: what becomes of the axes that are not drawn."""

import numpy as np
import xarray as xr

from .errors import PlotError, unknown
from .results import flag_masks, flag_values

NUMERIC = {"mean": np.nanmean, "median": np.nanmedian, "min": np.nanmin, "max": np.nanmax}
METHODS = ["mode", *NUMERIC, "first", "fraction:LABEL"]


def default_method(variable):
    """The most frequent label or small integer (a rank), the median of other numbers."""
    if flag_values(variable):
        return "mode"
    values = variable.values[np.isfinite(variable.values)]
    levels = np.unique(values)
    return "mode" if 0 < levels.size <= 12 and np.all(levels == np.round(levels)) else "median"


def reduce(variable, dim, method):
    """One value for all of dim; NaN where nothing is finished. Attributes are kept."""
    if method.startswith("fraction:"):
        return reduce(fraction_source(variable, method.partition(":")[2]), dim, "mean")
    if method not in ("mode", "first", *NUMERIC):
        raise unknown("reduction", method, METHODS)
    if flag_values(variable) and method in NUMERIC:
        raise PlotError(f"{method} of {variable.name} has no meaning: its values are flags; "
                        "take mode, first or fraction:LABEL")
    axis = variable.get_axis_num(dim)
    values = np.moveaxis(variable.values.astype(float), axis, -1)
    dims = [d for d in variable.dims if d != dim]
    keep = {c: variable.coords[c] for c in variable.coords if dim not in variable.coords[c].dims}
    return xr.DataArray(_reduced(values, method), dims=dims, coords=keep, attrs=variable.attrs,
                        name=variable.name)


def fraction_source(variable, wanted):
    """1 where a label is (or begins with) one of the wanted ones, 0 where another, NaN where none."""
    flags, masks = flag_values(variable), flag_masks(variable)
    if not flags and not masks:
        raise PlotError(f"{variable.name} has no labels; fractions are taken of label")
    hit = xr.zeros_like(variable, dtype=bool)
    for name in wanted.split(","):
        found = [n for n in flags or masks if n == name or n.startswith(name + "_")]
        if not found:
            raise unknown("label", name, flags or masks)
        for one in found:
            hit = hit | (variable == flags[one] if flags else
                         variable.fillna(0).astype(int) & masks[one] != 0)
    share = hit.where(variable.notnull()).astype(float)
    share.attrs = {"long_name": f"share of points: {wanted.replace('_', ' ').replace(',', ' or ')}",
                   "units": "1", "is_fraction": 1}
    return share.rename(variable.name)


def reduce_state(status, dim):
    """State of a cell that stands for several points: done where any is, else pending, failed, excluded."""
    flags = flag_values(status)
    reduced = xr.full_like(status.isel({dim: 0}, drop=True), flags["excluded"])
    for name in ("failed", "pending", "done"):
        if name in flags:
            reduced = xr.where((status == flags[name]).any(dim), flags[name], reduced)
    reduced.attrs = status.attrs
    return reduced


def _reduced(values, method):
    some = ~np.isnan(values).all(axis=-1)
    if method == "first":
        return values[..., 0]
    if method == "mode":
        return _mode(values)
    quiet = np.where(some[..., None], values, 0.0)  # numpy warns of rows of nothing but NaN
    return np.where(some, NUMERIC[method](quiet, axis=-1), np.nan)


def _mode(values):
    """The most frequent value; of equally frequent ones the smallest, so the choice is no accident."""
    levels = np.unique(values[~np.isnan(values)])
    if not levels.size:
        return np.full(values.shape[:-1], np.nan)
    counts = np.stack([(values == level).sum(axis=-1) for level in levels])
    return np.where(counts.max(axis=0) > 0, levels[counts.argmax(axis=0)], np.nan)
