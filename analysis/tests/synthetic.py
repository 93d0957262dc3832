"""Writes results files like those of linnet, with values known to the tests."""

import h5py
import numpy as np

STATUS = ["pending", "done", "excluded"]
LABELS = ["invalid", "diverged", "converged_monotone", "converged_catapult", "converged_oscillating",
          "period_p", "chaotic_bounded", "stuck_origin", "plateau_r", "slow"]
DONE = 1


def code(label):
    return LABELS.index(label)


class Writer:
    """A grid of axes and row variables over it; attributes and dimension scales as linnet writes them."""

    def __init__(self, path, **attributes):
        self.file = h5py.File(path, "w", track_order=True)
        self.file.attrs.update(attributes)
        self.grid = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def axis(self, name, values, scale="linear", units="1", long_name=None):
        values = np.asarray(values)
        if values.dtype.kind == "U":
            self._words(name, values)
        else:
            self.dimension(name, values, scale=scale, units=units, long_name=long_name or name.replace("_", " "))
        self.grid.append(name)

    def dimension(self, name, values, **attributes):
        dataset = self.file.create_dataset(name, data=values, track_order=True)
        dataset.make_scale(name)
        dataset.attrs.update(attributes)

    def pure(self, name, size):
        dataset = self.file.create_dataset(name, (size,), "f4")
        dataset.make_scale(f"This is a netCDF dimension but not a netCDF variable.{size:10d}")

    def coordinate(self, name, dim, values, **attributes):
        dataset = self.file.create_dataset(name, data=values)
        dataset.dims[0].attach_scale(self.file[dim])
        dataset.attrs.update(attributes)

    def row(self, name, values, extra=(), **attributes):
        dataset = self.file.create_dataset(name, data=values)
        for i, dim in enumerate([*self.grid, *extra]):
            dataset.dims[i].attach_scale(self.file[dim])
        dataset.attrs.update({"long_name": name.replace("_", " "), "units": "1", **attributes})

    def flags(self, name, values, meanings, flag_values=None):
        flag_values = np.arange(len(meanings)) if flag_values is None else flag_values
        self.row(name, np.asarray(values, "i1"), flag_values=np.asarray(flag_values, "i1"),
                 flag_meanings=" ".join(meanings))

    def status(self, values):
        self.flags("status", values, STATUS)

    def _words(self, name, values):
        """Fixed-length characters over a pure dimension, under the prefix netCDF-4 has for this."""
        width = max(len(word) for word in values)
        self.pure(name, len(values))
        self.pure(f"{name}_length", width)
        stored = f"_nc4_non_coord_{name}"
        self.file[stored] = np.array([list(word.ljust(width, "\0")) for word in values], "S1")
        for i, dim in enumerate((name, f"{name}_length")):
            self.file[stored].dims[i].attach_scale(self.file[dim])
        self.file[stored].attrs["_Encoding"] = "utf-8"
