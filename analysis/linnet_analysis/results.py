"""Results files as xarray datasets.

A file under way holds zeros in the rows that are not finished, so nothing may be read without its
status. open_results does that once: what it returns holds numbers of finished rows and NaN elsewhere.
Names and values of flags always come from the attributes of the file.
"""

import os

import numpy as np
import xarray as xr

from .errors import PlotError, unknown

HELPERS = ("row_checksum", "metadata_checksum")
FORMAT = 1


def open_results(path, variables=None):
    """Opens a results file and masks every row that is not finished.

    variables: names to load, all by default; coordinates and status always come along.
    Integers become floats where they must hold NaN: -1 in the file means missing.
    """
    with _open_checked(path) as ds:
        if variables is not None:
            for name in variables:
                check_variable(ds, name)
            ds = ds[[*dict.fromkeys(["status", *variables])]]
        try:
            ds = ds.load()
        except OSError as error:
            raise PlotError(f"{path}: cannot be read: {error}") from None
    done = ds["status"] == flag_values(ds["status"])["done"]
    rows = [name for name in ds.data_vars if _is_row(ds, name) and name != "status"]
    return ds.assign({name: _masked(ds[name], done) for name in rows})


def list_variables(path):
    """{name: dimensions} of the row variables, without reading any values."""
    with _open_checked(path) as ds:
        return {name: ds[name].dims for name in row_variables(ds)}


def list_coordinates(path):
    """Names of what stands along a single dimension: axes, members of zip groups, recorded steps."""
    with _open_checked(path) as ds:
        return [*dict.fromkeys([*ds.dims, *ds.coords])]


def axes(ds):
    """Names of the dimensions of the grid, in the order of the file."""
    return ds["status"].dims


def flag_values(variable):
    """{meaning: value} of a variable whose values exclude each other, else {}."""
    return _flags(variable, "flag_values")


def flag_masks(variable):
    """{meaning: bit} of a variable that holds several flags at once, else {}."""
    return _flags(variable, "flag_masks")


def row_variables(ds):
    """Names of the variables with one value (or one array) for every cell of the grid."""
    return [name for name in ds.data_vars if _is_row(ds, name)]


def check_variable(ds, name):
    if name not in ds.data_vars:
        raise unknown("variable", name, row_variables(ds))


def find_dim(ds, name):
    """The dimension meant by a name: its own, or that of a coordinate along it."""
    if name in ds.dims:
        return name
    if name in ds.coords and ds[name].ndim == 1:
        return ds[name].dims[0]
    lines = [c for c in ds.coords if ds[c].ndim == 1]
    raise unknown("axis", name, dict.fromkeys([*axes(ds), *lines, *ds.dims]))


def coordinate(ds, name):
    """The values along a dimension: the coordinate of that name, or the only ones it has, or 0, 1, 2..."""
    dim = find_dim(ds, name)
    if name in ds.coords:
        return ds[name]
    along = [c for c in ds.coords if ds[c].dims == (dim,)]
    if along:
        return ds[along[0]]
    return xr.DataArray(np.arange(ds.sizes[dim]), dims=dim, name=dim)


def is_seed(name):
    """Axes that repeat the same experiment: they are averaged, never drawn, unless asked for."""
    return name == "seed" or name.endswith("_seed")


def _open_checked(path):
    raw = _open(path)
    if "status" not in raw or "done" not in flag_values(raw["status"]):
        raw.close()
        raise PlotError(f"{path}: not a linnet results file (it has no variable status with flags)")
    written = int(raw.attrs.get("linnet_format", FORMAT))
    if written > FORMAT:
        raw.close()
        raise PlotError(f"{path}: is of format {written}, this linnet-plot reads up to {FORMAT}; take a newer one")
    return raw.set_coords(_coordinates(raw)).drop_vars(HELPERS, errors="ignore")


def _open(path):
    if not os.path.exists(path):
        raise PlotError(f"{path}: no such file")
    if os.path.isdir(path):
        raise PlotError(f"{path}: is a directory, not a results file")
    try:
        return xr.open_dataset(path, engine="h5netcdf", mask_and_scale=False, decode_times=False)
    except PermissionError:
        raise PlotError(f"{path}: permission denied") from None
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PlotError(f"{path}: not a linnet results file ({reason})") from None


def _flags(variable, kind):
    if kind not in variable.attrs or "flag_meanings" not in variable.attrs:
        return {}
    values = np.atleast_1d(variable.attrs[kind])
    return dict(zip(variable.attrs["flag_meanings"].split(), (int(v) for v in values)))


def _coordinates(raw):
    """Variables along one dimension that describe it: those of a zip group, and record_step."""
    grid = raw["status"].dims
    listed = raw["status"].attrs.get("coordinates", "").split()
    return [name for name, variable in raw.data_vars.items()
            if variable.ndim == 1 and name != "status"
            and (variable.dims[0] not in grid or name in listed or "scale" in variable.attrs)]


def _is_row(ds, name):
    grid = axes(ds)
    return ds[name].dims[:len(grid)] == grid


def _masked(variable, done):
    attrs = variable.attrs
    if np.issubdtype(variable.dtype, np.integer):
        done = done & (variable != -1)
    variable = variable.where(done)
    variable.attrs = attrs
    return variable
