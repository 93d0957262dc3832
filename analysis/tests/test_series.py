import numpy as np
import pytest
from conftest import RECORD
from linnet_analysis import PlotError, curves, open_results, style
from synthetic import Writer


def lines(figure):
    return [line for spot in figure.axes for line in spot.lines]


def words(figure):
    legends = [spot.get_legend() for spot in figure.axes if spot.get_legend()] + figure.legends
    return [text.get_text() for legend in legends for text in legend.get_texts()]


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
    names = [text.split("\n")[0] for text in words(figure)]
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
    assert words(figure) == ["mode 1", "mode 2"]


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


def test_pictures_of_one_row_have_one_height_that_holds_all_of_them(tmp_path):
    path = str(tmp_path / "modes.h5")
    values = np.array([[1, 1e5, 1e10], [1, 0.5, 0.1], [1e-8, 1e-8, 1e-7]])
    with Writer(path) as file:
        file.axis("depth", np.array([2, 3, 4]))
        file.dimension("record", np.arange(3))
        file.dimension("mode", np.array([1]))
        file.status(np.ones(3))
        file.flags("label", [0, 1, 2], ["diverged", "converged_monotone", "stuck_origin"])
        file.row("singular_values_series", values[..., None], extra=["record", "mode"])
    figure = curves(open_results(path))
    low, high = figure.axes[0].get_ylim()
    assert low < 1e-8 and 1 < high < 1e4
    assert all(spot.get_ylim() == (low, high) for spot in figure.axes)
    assert all(len(line) <= 30 for spot in figure.axes for line in spot.get_title().split("\n"))


TIMES = np.array([0.0, 1, 2, 3, 4])
JUMPS = np.array([1.5, 3.5, np.nan])


def predicted(tmp_path):
    """Depth 2 decays like exp(-2 t) after a fast start; depth 3 climbs a staircase. Step k is time k/2."""
    path = str(tmp_path / "predicted.h5")
    with Writer(path, title="flow") as file:
        file.axis("depth", np.array([2, 3]))
        file.dimension("record", np.arange(5))
        file.coordinate("record_step", "record", 2 * np.arange(5), long_name="step")
        file.dimension("input", np.array([1, 2]))
        file.dimension("jump", np.array([1, 2, 3]))
        file.status(np.ones(2))
        file.flags("label", [0, 0], ["converged_monotone"])
        file.row("step_size_used", np.array([0.5, 0.5]))
        excess = np.exp(-2 * TIMES) * np.array([4, 1, 1, 1, 1])
        file.row("excess_series", np.stack([excess, [3, 3, 2, 2, 1]]), extra=["record"], long_name="excess loss")
        file.row("coefficients_series", np.arange(20.0).reshape(2, 5, 2), extra=["record", "input"])
        file.row("theory_flow_bound", np.stack([4 * np.exp(-TIMES)] * 2), extra=["record"], long_name="bound",
                 references="A paper, Theorem 20")
        file.row("theory_level", np.array([0.25, 1.0]))
        file.row("theory_rate", np.array([2.0, 2.0]))
        file.row("theory_jump_times", np.stack([JUMPS, JUMPS]), extra=["jump"])
        file.row("theory_saddle_losses", np.array([[2, 1, np.nan]] * 2), extra=["jump"])
        file.row("theory_saddles", np.arange(12.0).reshape(2, 3, 2), extra=["jump", "input"])
    return open_results(path)


def dashed(spot):
    return [line for line in spot.lines if line.is_dashed()]


def test_a_predicted_series_is_dashed_over_the_measured_one_and_named_with_its_statement(tmp_path):
    figure = curves(predicted(tmp_path), "excess_series", points=[0], theory=["flow_bound"])
    (line,) = dashed(figure.axes[0])
    np.testing.assert_allclose(line.get_ydata(), 4 * np.exp(-TIMES))
    assert words(figure) == ["measured", "bound (A paper, Theorem 20)"]


def test_time_is_the_step_times_the_step_size(tmp_path):
    figure = curves(predicted(tmp_path), "excess_series", points=[0], time=True)
    np.testing.assert_allclose(lines(figure)[0].get_xdata(), TIMES)
    assert figure.axes[0].get_xlabel() == "time"


def test_a_rate_is_drawn_through_the_end_of_the_curve(tmp_path):
    figure = curves(predicted(tmp_path), "excess_series", points=[0], rates=["rate=slope"])
    (line,) = dashed(figure.axes[0])
    np.testing.assert_allclose(line.get_ydata(), np.exp(-2 * TIMES))
    np.testing.assert_allclose(line.get_xdata(), TIMES)
    assert words(figure)[-1] == "slope"


def test_a_number_of_a_point_is_a_level(tmp_path):
    figure = curves(predicted(tmp_path), "excess_series", select={"depth": "2,3"}, theory=["level"])
    assert [line.get_ydata()[0] for line in dashed(figure.axes[0])] == [0.25, 1.0]


def test_panels_stand_side_by_side_with_what_belongs_to_them(tmp_path):
    figure = curves(predicted(tmp_path), "excess_series", select={"depth": "2,3"}, panel="depth", theory=["level"])
    assert [spot.get_title() for spot in figure.axes] == ["depth = 2", "depth = 3"]
    assert [dashed(spot)[0].get_ydata()[0] for spot in figure.axes] == [0.25, 1.0]
    assert words(figure) == ["measured", "theory level"]


def test_staircases_stand_over_the_series_of_their_dimensions_from_the_start_to_the_end(tmp_path):
    figure = curves(predicted(tmp_path), ["excess_series", "coefficients_series"], points=[1],
                    steps=["jump_times,saddle_losses,saddles=limit"])
    upper, lower = figure.axes
    (loss,) = dashed(upper)
    np.testing.assert_allclose(loss.get_xdata(), [0, 1.5, 1.5, 3.5, 3.5, 4])
    np.testing.assert_allclose(loss.get_ydata(), [3, 3, 2, 2, 1, 1])
    assert [line.get_ydata().tolist() for line in dashed(lower)] == [[10, 10, 6, 6, 8, 8], [11, 11, 7, 7, 9, 9]]
    assert words(figure) == ["excess loss", "input 1", "input 2", "limit"]
    assert (upper.get_xlabel(), lower.get_xlabel()) == ("", "time")


@pytest.mark.parametrize("options, message", [
    ({"steps": ["jump_times"]}, "write times and values"),
    ({"rates": ["jump_times"]}, "a rate is one"),
    ({"theory": ["flow_bounds"]}, "did you mean flow_bound"),
    ({"panel": "dept"}, "did you mean depth"),
    ({"variable": ["coefficients_series"], "panel": "record"}, "no axis of the grid called record"),
])
def test_a_prediction_that_cannot_be_drawn_is_refused(tmp_path, options, message):
    with pytest.raises(PlotError, match=message):
        curves(predicted(tmp_path), **{"variable": "excess_series", "points": [0], **options})


def test_modes_that_never_move_are_grey_and_share_an_entry(tmp_path):
    path = str(tmp_path / "many.h5")
    values = np.zeros((1, 3, 6))
    values[0, :, 1], values[0, :, 4] = [0, 1, 2], [0, -1, -3]
    with Writer(path) as file:
        file.axis("depth", np.array([2]))
        file.dimension("record", np.arange(3))
        file.dimension("input", np.arange(1, 7))
        file.status(np.ones(1))
        file.row("coefficients_series", values, extra=["record", "input"])
    figure = curves(open_results(path), points=[0])
    assert words(figure) == ["input 2", "input 5", "the others"]
    assert len({line.get_color() for line in figure.axes[0].lines}) == 3
