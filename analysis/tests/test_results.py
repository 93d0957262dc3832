import h5py
import numpy as np
import pytest
from conftest import RECORD, SHAPE, losses
from linnet_analysis import PlotError, open_results
from linnet_analysis.results import axes, coordinate, find_dim, flag_masks, flag_values
from synthetic import LABELS, Writer


def test_rows_that_are_not_done_are_masked_in_every_variable(partial):
    ds = open_results(partial)
    for name in ("label", "steps", "final_loss", "loss_series", "singular_values_series"):
        values = ds[name].values
        assert np.isnan(values[2]).all(), name
        assert np.isnan(values[:, 3]).all(), name
        assert np.isnan(values[0, 0, 0, 0]).all(), name
        assert not np.isnan(values[0, 0, 0, 1]).any(), name


def test_rows_that_are_done_keep_their_numbers(complete):
    ds = open_results(complete)
    np.testing.assert_array_equal(ds["final_loss"].values, losses())
    np.testing.assert_array_equal(ds["steps"].values.ravel(), 100 + np.arange(np.prod(SHAPE)))


def test_a_missing_integer_is_masked(complete):
    converged = open_results(complete)["converged_step"].values
    assert set(np.unique(converged[~np.isnan(converged)])) == {7}
    assert np.isnan(converged).any()


def test_status_stays_whole_and_helpers_are_left_out(partial):
    ds = open_results(partial)
    assert ds["status"].dtype == np.int8
    assert (ds["status"] == 2).sum() == 3 * 5 * 3
    assert "row_checksum" not in ds


def test_axes_come_in_the_order_of_the_file(complete):
    assert axes(open_results(complete)) == ("depth", "init_scale", "step_size", "seed")


def test_flags_are_read_from_the_file_and_not_assumed(tmp_path):
    path = tmp_path / "flags.h5"
    with Writer(path) as file:
        file.axis("step_size", np.array([0.1, 0.2, 0.4]))
        file.flags("status", [7, 5, 7], ["excluded", "done", "pending"], flag_values=[3, 7, 5])
        file.flags("label", [40, 0, 20], ["fine", "bad"], flag_values=[20, 40])
    ds = open_results(path)
    assert flag_values(ds["label"]) == {"fine": 20, "bad": 40}
    np.testing.assert_array_equal(ds["label"].values, [40, np.nan, 20])


def test_flag_meanings_match_the_labels(complete):
    ds = open_results(complete)
    assert list(flag_values(ds["label"])) == LABELS
    assert flag_masks(ds["tags"]) == {"small": 1, "lazy": 2}
    assert not flag_values(ds["final_loss"])


def test_only_the_variables_asked_for_are_loaded(complete):
    ds = open_results(complete, ["final_loss"])
    assert set(ds.data_vars) == {"status", "final_loss"}


def test_the_recorded_steps_are_a_coordinate(complete):
    ds = open_results(complete)
    assert find_dim(ds, "record_step") == "record"
    np.testing.assert_array_equal(coordinate(ds, "record_step").values, RECORD)


def test_an_axis_of_words_is_read(tmp_path):
    path = tmp_path / "words.h5"
    with Writer(path) as file:
        file.axis("kind", ["identity", "gaussian"])
        file.axis("step_size", np.array([0.1, 0.2]))
        file.status(np.ones((2, 2)))
    assert [str(word) for word in open_results(path)["kind"].values] == ["identity", "gaussian"]


def test_the_second_coordinate_of_a_zip_group_is_a_coordinate(tmp_path):
    path = tmp_path / "zip.h5"
    with Writer(path) as file:
        file.axis("width", np.array([3, 5, 9]))
        file.coordinate("max_steps", "width", np.array([10, 20, 30]), scale="linear")
        file.status(np.ones(3))
        file.row("final_loss", np.array([1.0, 2.0, 3.0]))
    ds = open_results(path)
    assert find_dim(ds, "max_steps") == "width"
    assert "final_loss" in ds.data_vars


@pytest.mark.parametrize("name, content, message", [
    ("absent.h5", None, "no such file"),
    ("text.h5", b"linnet: 1\n", "not a linnet results file"),
    ("empty.h5", b"", "not a linnet results file"),
    ("junk.h5", bytes(range(256)) * 40, "not a linnet results file"),
])
def test_a_file_that_is_no_results_file_is_refused(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PlotError, match=message):
        open_results(str(path))


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(PlotError, match="is a directory"):
        open_results(str(tmp_path))


def test_a_foreign_hdf5_file_is_refused(tmp_path):
    path = str(tmp_path / "foreign.h5")
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3)
    with pytest.raises(PlotError, match="not a linnet results file"):
        open_results(path)


def test_a_file_of_a_newer_format_is_refused(complete):
    with h5py.File(complete, "a") as file:
        file.attrs["linnet_format"] = 2
    with pytest.raises(PlotError, match="is of format 2"):
        open_results(complete)


def test_a_truncated_file_is_refused(complete):
    with open(complete, "r+b") as file:
        file.truncate(3000)
    with pytest.raises(PlotError, match="not a linnet results file"):
        open_results(complete)


def test_an_unknown_variable_is_answered_with_the_nearest(complete):
    with pytest.raises(PlotError, match="did you mean final_loss"):
        open_results(complete, ["finalloss"])
