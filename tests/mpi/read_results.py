"""Opens the file that `test_store make` writes with both netCDF engines of xarray and checks what they see, and
computes the checksum of a row as docs/results-file.md says."""

import ctypes
import sys
import warnings

import h5py
import numpy as np

warnings.simplefilter("ignore")  # "numpy.ndarray size changed" of Debian's netCDF4
import xarray  # noqa: E402


def check(ds):
    assert dict(ds.sizes) == {"depth": 3, "init_scale": 4, "init_kind": 2, "shape": 2, "record": 5, "mode": 2}
    assert list(ds.data_vars) == ["metadata_checksum", "label", "tags", "steps", "final_loss", "singular_values", "loss_series",
                                  "singular_values_series", "row_checksum", "status"]

    # Coordinates: numbers, words, the members of a zip group, those of extra dimensions.
    assert ds.depth.dtype == np.int64 and list(ds.depth.values) == [2, 3, 4]
    assert list(ds.init_scale.values) == [0.001, 0.01, 0.1, 1.0]
    assert ds.init_scale.attrs["scale"] == "log" and ds.depth.attrs["scale"] == "linear"
    assert ds.depth.attrs["parameter"] == "model.depth" and ds.depth.attrs["comment"] == "Number of factors."
    assert list(ds.init_kind.values) == ["gaussian", "identité"]
    assert list(ds.width.values) == [5, 10] and list(ds.spectrum.values) == ["[2, 1]", "[3, 2, 1]"]
    assert list(ds.record_step.values) == [0, 1, 10, 100, 1000] and ds.record_step.dims == ("record",)

    assert ds.steps.attrs["references"] == "A paper, Theorem 1" and "references" not in ds.label.attrs

    # Flags and their types.
    assert ds.label.dtype == np.int8 and ds.label.attrs["flag_meanings"] == "converged diverged slow"
    assert list(ds.label.attrs["flag_values"]) == [0, 1, 2]
    assert list(ds.tags.attrs["flag_masks"]) == [1, 2] and ds.tags.attrs["flag_masks"].dtype == np.int32
    assert ds.status.attrs["flag_meanings"] == "pending done excluded failed"

    # Every second cell was written, every fifth from 3 on is excluded.
    cells = np.arange(48)
    excluded = cells % 5 == 3
    done = (cells % 2 == 0) & ~excluded
    assert (ds.status.values.ravel() == np.where(excluded, 2, np.where(done, 1, 0))).all()

    # Values, masked by status; cell 7 would be NaN.
    masked = ds.where(ds.status == 1)
    expected = np.where(done, 16.0 * cells, np.nan)
    assert np.array_equal(masked.final_loss.values.ravel(), expected, equal_nan=True)
    series = masked.singular_values_series.values.reshape(48, 10)
    assert np.array_equal(series, expected[:, None] + 0.25 * np.arange(10), equal_nan=True)
    assert np.array_equal(masked.steps.values.ravel(), np.where(done, 100.0 * cells, np.nan), equal_nan=True)
    assert float(ds.final_loss.sel(depth=3, init_scale=0.1, init_kind="gaussian", shape=0)) == 16.0 * 24

    assert ds.attrs["Conventions"] == "CF-1.8" and ds.attrs["linnet_format"] == 1
    assert ds.attrs["sweep_text"] == "linnet: 1\nname: made # a comment\n"


def xxh64(data):
    library = ctypes.CDLL("libxxhash.so.0")
    library.XXH64.restype = ctypes.c_uint64
    library.XXH64.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
    return library.XXH64(data, len(data), 0)


def check_row(path, cell):
    with h5py.File(path) as f:
        at = np.unravel_index(cell, f["status"].shape)
        parts = [np.int64(cell).tobytes()]
        parts += [f[name][at].tobytes() for name in f.attrs["row_variables"].decode().split()]
        digest = xxh64(b"".join(parts) + b"\x01")
        assert (digest or 1) == int(f["row_checksum"][at])


check_row(sys.argv[1], 16)
for engine in "h5netcdf", "netcdf4":
    with xarray.open_dataset(sys.argv[1], engine=engine) as dataset:
        check(dataset)
