"""What a results file holds, as a table for the terminal."""

import numpy as np

from . import style
from .results import axes, coordinate, flag_masks, flag_values, row_variables


def describe_file(ds, path):
    """Lines of text: state, axes, labels, variables."""
    lines = [path]
    for name in ("title", "source", "linnet_format", "cpu_kind"):
        if name in ds.attrs:
            lines.append(f"{style.words(name)}: {ds.attrs[name]}")
    lines += ["", *_states(ds["status"]), "", "axes"]
    lines += _table([_axis_row(ds, name) for dim in axes(ds) for name in _names_along(ds, dim)])
    if "label" in ds:
        lines += ["", "labels of finished points", *_labels(ds)]
    lines += ["", "variables"]
    lines += _table([_variable_row(ds, name) for name in row_variables(ds)])
    return lines


def _states(status):
    counts = [(name, int((status == value).sum())) for name, value in flag_values(status).items()]
    return [f"{status.size} points: " + ", ".join(f"{count} {name}" for name, count in counts if count)]


def _names_along(ds, dim):
    names = [name for name in ds.coords if ds[name].dims == (dim,)]
    return names or [dim]


def _axis_row(ds, name):
    values = coordinate(ds, name)
    shown = [style.number(v) for v in values.values]
    if len(shown) > 8:
        shown = [*shown[:3], "...", shown[-1]]
    scale = "log" if style.is_log(values) else "words" if style.is_ordinal(values) else "linear"
    return [f"  {name}", str(values.size), scale, values.attrs.get("units", ""), ", ".join(shown)]


def _labels(ds):
    labels = ds["label"].values
    known = int((~np.isnan(labels)).sum()) or 1
    counts = [(int((labels == value).sum()), name) for name, value in flag_values(ds["label"]).items()]
    return _table([[f"  {name}", str(count), f"{100 * count / known:.1f} %"] for count, name in
                   sorted(counts, reverse=True) if count])


def _variable_row(ds, name):
    variable = ds[name]
    extra = [f"{dim}:{ds.sizes[dim]}" for dim in variable.dims if dim not in axes(ds)]
    kind = "label" if flag_values(variable) else "flags" if flag_masks(variable) else "number"
    return [f"  {name}", f"[{', '.join(extra)}]" if extra else "", kind, variable.attrs.get("units", ""),
            variable.attrs.get("long_name", "")]


def _table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
