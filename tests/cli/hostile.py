"""Results files as an enemy would write them: hostile.py GOOD.h5 makes one file a trick beside it.

Every file is one that HDF5 itself can read, so what happens next is our own doing.
"""

import shutil
import sys

import h5py
import numpy as np

good = sys.argv[1]


def put(file, name, values, shape=None):
    """Replaces a variable by one stored the way linnet stores it: contiguous, allocated at once."""
    attributes = dict(file[name].attrs) if name in file else {}
    if name in file:
        del file[name]
    values = np.asarray(values)
    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_layout(h5py.h5d.CONTIGUOUS)
    how.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    space = h5py.h5s.create_simple(shape or values.shape)
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(values.dtype), space, how)
    file[name][...] = values
    for key in ("long_name", "units", "comment", "flag_values", "flag_masks", "flag_meanings"):
        if key in attributes:
            file[name].attrs[key] = attributes[key]


def text(file, name, value):
    del file.attrs[name]
    file.attrs.create(name, value, dtype=f"S{len(value)}")


def a_label_of_many_values(file):
    put(file, "label", np.ones(file["label"].shape + (512,), "i1"))


def a_record_before_the_start(file):
    put(file, "record_step", -1000.0 * np.arange(file["record_step"].size))


def records_that_are_no_numbers(file):
    steps = np.full(file["record_step"].size, np.nan)
    steps[0] = 1e300
    put(file, "record_step", steps)


def a_mask_of_64_bits(file):
    file["tags"].attrs["flag_meanings"] = np.bytes_(" ".join(f"bit{i}" for i in range(64)))


def more_cells_in_the_text_than_in_the_file(file):
    text(file, "sweep_text", file.attrs["sweep_text"].replace(b"count: 2}", b"count: 9}"))


def weights_of_no_extent(file):
    put(file, "weights", np.ones(file["status"].shape))


def weights_too_few(file):
    put(file, "weights", np.ones(file["status"].shape + (2,)))


def a_title_that_paints_the_screen(file):
    text(file, "title", b"\x1b[31mred\x1b[2J\x07 \xc2\x9b31m \xe2\x80\xaetxt\xff")


def flags_that_paint_the_screen(file):
    file["label"].attrs["flag_meanings"] = np.bytes_(b" ".join([b'\x1b[31m","x": "'] * 20))


def a_variable_in_another_file(file):
    del file["label"]
    file["label"] = h5py.ExternalLink("pipe.h5", "label")


def a_variable_that_links_to_itself(file):
    del file["label"]
    file["label"] = h5py.SoftLink("/label")


def raw_data_in_another_file(file):
    attributes = file["label"].shape
    del file["label"]
    file.create_dataset("label", attributes, "i1", external=[("pipe.h5", 0, h5py.h5f.UNLIMITED)])


def a_variable_made_of_other_files(file):
    shape = file["label"].shape
    del file["label"]
    layout = h5py.VirtualLayout(shape, "i1")
    layout[...] = h5py.VirtualSource("pipe.h5", "label", shape=shape)
    file.create_virtual_dataset("label", layout)


def a_row_variable_named_five_hundred_times(file):
    text(file, "row_variables", b" ".join([b"label"] * 500))


def a_grid_of_a_million_axes(file):
    text(file, "grid", b"a " * 30000)


def no_row_variables(file):
    text(file, "row_variables", b" ")


def a_checksum_of_floats(file):
    put(file, "row_checksum", np.ones(file["status"].shape, "f8"))


def a_status_that_is_none(file):
    put(file, "status", np.full(file["status"].shape, -7, "i1"))


def a_text_that_is_a_number(file):
    del file.attrs["sweep_text"]
    file.attrs["sweep_text"] = 5


def a_text_of_many_texts(file):
    del file.attrs["grid"]
    file.attrs["grid"] = np.array([b"a", b"b"])


def a_format_that_is_an_array(file):
    del file.attrs["linnet_format"]
    file.attrs["linnet_format"] = np.ones((3, 3), "i4")


def a_sweep_of_a_quarter_gigabyte(file):
    del file.attrs["sweep_text"]
    file.create_dataset("sweep_text", (1 << 28) - 1, "S1", chunks=(1 << 16,))


def a_million_overrides(file):
    lines = np.frombuffer((b"a" * 100000 + b"\n") * 200, "S1")
    file.create_dataset("sweep_overrides", data=lines)


TRICKS = [value for value in list(globals().values()) if getattr(value, "__module__", "") == "__main__"
          and callable(value) and value not in (put, text)]

for trick in TRICKS:
    path = f"{trick.__name__}.h5"
    shutil.copy(good, path)
    with h5py.File(path, "r+") as file:
        trick(file)
    print(path)
