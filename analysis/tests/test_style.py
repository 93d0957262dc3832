import itertools

import numpy as np
import pytest
import xarray as xr
from linnet_analysis import PlotError, style
from matplotlib.colors import to_rgb
from synthetic import LABELS


def axis(values, **attrs):
    return xr.DataArray(np.asarray(values), dims="x", name="x", attrs=attrs)


def test_edges_of_a_log_axis_are_geometric_means():
    np.testing.assert_allclose(style.edges([0.01, 0.1, 1], log=True), 10.0 ** np.array([-2.5, -1.5, -0.5, 0.5]))


def test_edges_of_an_uneven_axis_lie_half_way():
    np.testing.assert_allclose(style.edges([2, 3, 5]), [1.5, 2.5, 4, 6])


@pytest.mark.parametrize("log, expected", [(False, [1.5, 2.5]), (True, [2 / 10 ** 0.25, 2 * 10 ** 0.25])])
def test_a_single_value_has_two_edges(log, expected):
    np.testing.assert_allclose(style.edges([2.0], log), expected)


@pytest.mark.parametrize("values, attrs, expected", [
    ([1, 2, 3], {"scale": "log"}, True),
    ([1, 10, 100, 1000], {"scale": "linear"}, False),
    ([1, 10, 100, 1000], {}, True),
    ([1, 2, 3, 4], {}, False),
    ([0, 1, 10], {"scale": "log"}, False),
    (["a", "b"], {"scale": "log"}, False),
])
def test_an_axis_is_logarithmic_when_the_file_says_so_or_its_values_are(values, attrs, expected):
    assert style.is_log(axis(values, **attrs)) == expected


def test_words_and_repeated_numbers_are_drawn_one_by_one():
    assert style.is_ordinal(axis(["a", "b"]))
    assert style.is_ordinal(axis([1.0, 1.0, 2.0]))
    assert style.is_ordinal(axis([1.0, np.nan]))
    assert not style.is_ordinal(axis([3.0, 1.0, 2.0]))


@pytest.mark.parametrize("value, text", [(3, "3"), (0.1, "0.1"), (1e-7, "1e-07"), (20000, "20000"), (2.0, "2"),
                                         (0.123456, "0.123"), (1e9, "1e+09"), (b"ab", "ab"), ("word", "word")])
def test_numbers_are_written_short(value, text):
    assert style.number(value) == text


def test_every_label_has_a_colour_of_its_own_and_unknown_ones_get_a_spare():
    assert len(set(style.colours(LABELS).values())) == len(LABELS)
    spare = style.colours(["diverged", "new", "newer"])
    assert spare["diverged"] == style.LABEL_COLOURS["diverged"]
    assert spare["new"] != spare["newer"]


# Viénot, Brettel and Mollon 1999: linear RGB as a person without red or green receptors sees it.
BLIND = {"protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
         "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]}


def lab(colour, matrix):
    linear = np.array(matrix) @ np.power(to_rgb(colour), 2.2)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(np.clip(xyz / [0.9505, 1, 1.089], 1e-6, None))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("matrix", [np.eye(3), BLIND["protan"], BLIND["deutan"]], ids=["normal", "protan", "deutan"])
def test_colours_of_labels_can_be_told_apart_by_the_colour_blind(matrix):
    colours = style.colours(LABELS)
    for one, other in itertools.combinations(LABELS, 2):
        distance = np.linalg.norm(lab(colours[one], matrix) - lab(colours[other], matrix))
        assert distance > 12, (one, other, distance)


def test_a_figure_of_another_kind_is_refused(tmp_path):
    with pytest.raises(PlotError, match=".png, .pdf or .svg"):
        style.save(style.new_figure((1, 1)), str(tmp_path / "x.bmp"))
