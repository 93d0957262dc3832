import numpy as np
import pytest
from conftest import RECORD
from linnet_analysis import PlotError, curves, open_results, style
from synthetic import Writer


def lines(figure):
    return [line for spot in figure.axes for line in spot.lines]


def test_a_point_is_drawn_against_the_recorded_steps(complete):
    (line,) = lines(curves(open_results(complete), points=[0]))
    np.testing.assert_array_equal(line.get_xdata(), RECORD)
    np.testing.assert_allclose(line.get_ydata(), 1 / (1 + RECORD))


def test_axes_are_logarithmic_and_named(complete):
    spot = curves(open_results(complete), points=[0]).axes[0]
    assert (spot.get_xscale(), spot.get_yscale()) == ("symlog", "log")
    assert (spot.get_xlabel(), spot.get_ylabel()) == ("step", "loss")


def test_without_options_every_label_has_a_curve_in_its_colour(complete):
    figure = curves(open_results(complete))
    names = [text.get_text().split("\n")[0] for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["diverged", "converged monotone", "slow"]
    assert lines(figure)[0].get_color() == style.LABEL_COLOURS["diverged"]


def test_a_selection_draws_every_finished_point_it_leaves(partial):
    selection = {"depth": "2", "init_scale": "0.001", "step_size": "0.01"}
    assert len(lines(curves(open_results(partial), select=selection))) == 2


def test_many_curves_are_coloured_along_the_axis_that_varies(complete):
    figure = curves(open_results(complete), select={"depth": "3", "seed": "0"})
    assert len(lines(figure)) == 20
    assert figure.axes[1].get_ylabel() == "step size [1/loss]"
    assert len({line.get_color() for line in lines(figure)}) == 5


def test_modes_get_a_line_each_and_points_a_picture_each(complete):
    figure = curves(open_results(complete), "singular_values_series", points=[0, 7])
    assert [len(spot.lines) for spot in figure.axes] == [2, 2]
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), 1 + 1 / (1 + RECORD))
    assert [t.get_text() for t in figure.axes[1].get_legend().get_texts()] == ["mode 1", "mode 2"]


@pytest.mark.parametrize("options, message", [
    ({"points": [999]}, "no point 999; the grid has points 0 to 179"),
    ({"points": [150]}, "point 150 is pending"),
    ({"variable": "final_loss"}, "final_loss is not a series; there is loss_series"),
    ({"select": {"depth": "5"}}, "no finished point"),
    ({"select": {"dept": "5"}}, "did you mean depth"),
])
def test_a_mistake_is_answered_with_what_would_be_right(partial, options, message):
    with pytest.raises(PlotError, match=message):
        curves(open_results(partial), **options)


def test_a_curve_that_diverges_does_not_hide_the_others(tmp_path):
    path = str(tmp_path / "diverging.h5")
    with Writer(path) as file:
        file.axis("step_size", np.array([0.1, 0.2]))
        file.dimension("record", np.arange(5))
        file.status(np.ones(2))
        file.flags("label", [0, 1], ["converged_monotone", "diverged"])
        file.row("loss_series", np.array([[1, 0.5, 1e-2, 1e-3, 1e-4], [1, 1e3, 1e100, 1e300, np.nan]]),
                 extra=["record"])
    figure = curves(open_results(path))
    low, high = figure.axes[0].get_ylim()
    assert 1e-6 < low < 1e-4 and 1 < high < 1e3
    np.testing.assert_array_equal(np.isnan(lines(figure)[1].get_ydata()), [False, False, False, True, True])
