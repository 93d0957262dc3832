"""Theory over measurement: the step size at which the minimum loses its stability, as a line."""

from . import reduce as reducing

LIMIT, USED = "theory_step_limit", "step_size_used"
NEEDED = (LIMIT, USED)
PARAMETER = "train.step_size"


def step_axis(ds, dims):
    """The one of the dimensions along which the step size varies, or None."""
    if LIMIT not in ds or USED not in ds:
        return None
    found = [dim for dim in dims if dim in ds.coords and ds[dim].attrs.get("parameter", "") == PARAMETER]
    return found[0] if found else None


def step_limit(ds, axis, reduced):
    """The limit in units of the axis, over all dimensions but `axis` and the reduced ones.

    The axis may be in units of 2/lambda_max: the step really used tells the factor.
    """
    limit = (ds[axis] * ds[LIMIT] / ds[USED]).rename(LIMIT)
    for dim in (axis, *reduced):
        if dim in limit.dims:
            limit = reducing.reduce(limit, dim, "median")
    return limit
