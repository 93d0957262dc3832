import numpy as np
import pytest
from linnet_analysis import PlotError, open_results, scatter
from linnet_analysis.scatter import prepare
from synthetic import LABELS, Writer, code

KICK = np.array([1e-6, 1e-3])
CURVATURE = np.array([-0.01, -0.1, -1.0])


@pytest.fixture
def escapes(tmp_path):
    path = str(tmp_path / "escapes.h5")
    predicted = np.log(1 / KICK[:, None]) / -CURVATURE
    with Writer(path, title="escape") as file:
        file.axis("kick", KICK, scale="log")
        file.axis("target", np.arange(3))
        file.dimension("mode", np.array([1, 2]))
        file.status(np.array([[1, 1, 1], [1, 1, 0]]))
        file.flags("label", np.full((2, 3), code("converged_monotone")), LABELS)
        file.row("lambda_min_start", np.tile(CURVATURE, (2, 1)), long_name="least eigenvalue")
        file.row("escape_step", 1.02 * predicted, long_name="escape")
        file.row("theory_escape_step", predicted, long_name="predicted", references="A paper, section 8")
        file.row("theory_same", np.tile([3.0, 2, 1], (2, 1)))
        file.row("pair", np.ones((2, 3, 2)), extra=["mode"])
    return open_results(path)


def test_every_finished_point_is_drawn_and_a_negative_log_axis_shows_the_modulus(escapes):
    chart = prepare(escapes, "lambda_min_start", "escape_step")
    (group,) = chart.groups
    assert group.x.size == 5 and sorted(set(group.x)) == [0.01, 0.1, 1]
    assert chart.xlabel == "|least eigenvalue|" and chart.is_log_x and chart.is_log_y


def test_theory_is_a_line_over_rising_x_for_every_colour(escapes):
    chart = prepare(escapes, "lambda_min_start", "escape_step", colour="kick", theory=["escape_step"])
    assert [group.name for group in chart.groups] == ["kick 1e-06", "kick 0.001"]
    assert [(line.group, line.x.tolist()) for line in chart.lines] == [(0, [0.01, 0.1, 1]), (1, [0.01, 0.1])]
    np.testing.assert_allclose(chart.lines[0].y, np.log(1e6) / np.array([0.01, 0.1, 1]))
    figure = scatter(escapes, "lambda_min_start", "escape_step", colour="kick", theory=["escape_step"])
    texts = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert texts == ["kick 1e-06", "kick 0.001", "predicted (A paper, section 8)"]
    assert len([line for line in figure.axes[0].lines if line.is_dashed()]) == 2


def test_a_statement_that_is_the_same_for_all_is_one_line(tmp_path, escapes):
    full = escapes.isel(target=slice(0, 2))
    chart = prepare(full, "lambda_min_start", "escape_step", colour="kick", theory=["same"])
    assert [line.group for line in chart.lines] == [None]


def test_a_reduced_axis_is_one_point_with_a_bar_over_all(escapes):
    chart = prepare(escapes, "lambda_min_start", "escape_step", reduce={"kick": "median"}, theory=["escape_step"])
    (group,) = chart.groups
    steps = 1.02 * np.log(1 / KICK)
    np.testing.assert_allclose(group.x, [0.01, 0.1, 1])
    np.testing.assert_allclose(group.y, [steps.mean() / 0.01, steps.mean() / 0.1, steps[0]])
    np.testing.assert_allclose(group.low, [steps[1] / 0.01, steps[1] / 0.1, steps[0]])
    np.testing.assert_allclose(group.high, [steps[0] / 0.01, steps[0] / 0.1, steps[0]])
    np.testing.assert_allclose(chart.lines[0].y, group.y / 1.02)
    assert "median of 2 kicks" in chart.title


def test_a_prediction_may_stand_on_an_axis_beside_the_diagonal(escapes):
    figure = scatter(escapes, "escape_step", "theory_escape_step", diagonal="equal")
    line = figure.axes[0].lines[-1]
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())


def test_only_points_with_the_label_asked_for_are_drawn(escapes):
    with pytest.raises(PlotError, match="no finished point has both"):
        prepare(escapes, "kick", "escape_step", label="diverged")


@pytest.mark.parametrize("x, message", [
    ("lambda_min", "did you mean lambda_min_start"), ("pair", "--select mode="), ("label", None), ("mode", "several"),
])
def test_what_is_not_one_number_a_point_is_refused(escapes, x, message):
    if message is None:
        assert prepare(escapes, x, "escape_step").groups[0].x.size == 5
        return
    with pytest.raises(PlotError, match=message):
        prepare(escapes, x, "escape_step")
