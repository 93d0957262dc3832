import numpy as np
import pytest
import xarray as xr
from linnet_analysis import PlotError
from linnet_analysis.reduce import default_method, fraction_source, reduce, reduce_state

NAN = np.nan
FLAGS = {"flag_values": np.array([0, 1, 2], "i1"), "flag_meanings": "diverged converged_monotone converged_catapult"}
STATUS = {"flag_values": np.array([0, 1, 2], "i1"), "flag_meanings": "pending done excluded"}


def array(rows, **attrs):
    return xr.DataArray(np.array(rows, dtype=float), dims=("a", "seed"), name="v", attrs=attrs)


@pytest.mark.parametrize("method, expected", [
    ("mean", [2, 4, NAN]), ("median", [2, 4, NAN]), ("min", [1, 3, NAN]), ("max", [3, 5, NAN]),
    ("first", [1, NAN, NAN]),
])
def test_numbers_ignore_what_is_not_done(method, expected):
    values = array([[1, 2, 3], [NAN, 3, 5], [NAN, NAN, NAN]])
    np.testing.assert_array_equal(reduce(values, "seed", method), expected)


def test_infinity_counts_in_a_median():
    assert reduce(array([[1, np.inf, np.inf]]), "seed", "median").item() == np.inf


def test_the_most_frequent_label_wins_and_of_two_the_smaller_value():
    labels = array([[2, 2, 0], [1, 0, NAN], [NAN, NAN, NAN], [0, 1, 1]], **FLAGS)
    np.testing.assert_array_equal(reduce(labels, "seed", "mode"), [2, 0, NAN, 1])


def test_a_fraction_counts_finished_points_only():
    labels = array([[0, 0, 1, 2], [0, NAN, NAN, 1], [NAN, NAN, NAN, NAN]], **FLAGS)
    np.testing.assert_array_equal(reduce(labels, "seed", "fraction:diverged"), [0.5, 0.5, NAN])


def test_a_fraction_of_converged_takes_every_kind_of_it():
    labels = array([[0, 0, 1, 2], [0, 0, 0, 1]], **FLAGS)
    np.testing.assert_array_equal(reduce(labels, "seed", "fraction:converged"), [0.5, 0.25])


def test_a_fraction_of_several_labels_adds_them():
    labels = array([[0, 1, 2, 2]], **FLAGS)
    assert reduce(labels, "seed", "fraction:diverged,converged_monotone").item() == 0.5


def test_a_bit_of_several_flags_has_a_fraction():
    tags = array([[1, 3, 2, NAN]], flag_masks=np.array([1, 2], "i4"), flag_meanings="lazy balanced")
    assert fraction_source(tags, "balanced").mean().item() == pytest.approx(2 / 3)


def test_a_cell_is_done_where_any_seed_is_and_pending_before_excluded():
    status = xr.DataArray(np.array([[1, 0, 2], [0, 2, 2], [2, 2, 2]], "i1"), dims=("a", "seed"), attrs=STATUS)
    np.testing.assert_array_equal(reduce_state(status, "seed"), [1, 0, 2])


def test_a_failed_point_shows_where_no_other_is_done_or_pending():
    status = array([[3, 1], [0, 3], [3, 2], [2, 2]], flag_values=np.array([0, 1, 2, 3], "i1"),
                   flag_meanings="pending done excluded failed")
    np.testing.assert_array_equal(reduce_state(status, "seed"), [1, 0, 3, 2])


@pytest.mark.parametrize("method, message", [
    ("meen", "did you mean mean"), ("mean", "no meaning"), ("fraction:divergd", "did you mean diverged"),
])
def test_a_reduction_without_meaning_is_refused(method, message):
    with pytest.raises(PlotError, match=message):
        reduce(array([[0, 1]], **FLAGS), "seed", method)


def test_a_fraction_of_numbers_is_refused():
    with pytest.raises(PlotError, match="has no labels"):
        reduce(array([[0, 1]]), "seed", "fraction:diverged")


@pytest.mark.parametrize("rows, attrs, expected", [
    ([[0, 1]], FLAGS, "mode"), ([[3, 2], [NAN, 0]], {}, "mode"), ([[0.5, 1]], {}, "median"), ([[NAN]], {}, "median"),
    ([list(range(20))], {}, "median"),
])
def test_labels_and_ranks_are_reduced_by_majority_and_other_numbers_by_the_median(rows, attrs, expected):
    assert default_method(array(rows, **attrs)) == expected
