import numpy as np
import pytest
from linnet_analysis import PlotError, boundary, open_results
from linnet_analysis.boundary import prepare
from synthetic import LABELS, Writer, code

STEP = np.array([0.1, 0.2, 0.4, 0.8])
GOOD, BAD = code("converged_monotone"), code("diverged")


def write(tmp_path, labels, **axes):
    """Labels [depth, step, ...]; the threshold of theory is 0.3 for depth 2 and 0.15 for depth 3."""
    path = str(tmp_path / "steps.h5")
    labels = np.asarray(labels)
    shape = labels.shape
    with Writer(path, title="steps") as file:
        file.axis("depth", np.array([2, 3]))
        file.axis("step_size", STEP, scale="log", units="s")
        file.file["step_size"].attrs["parameter"] = "train.step_size"
        for name, values in axes.items():
            file.axis(name, values)
        file.status(np.ones(shape))
        file.flags("label", labels, LABELS)
        tail = (1,) * (labels.ndim - 2)
        file.row("step_size_used", np.broadcast_to(2 * STEP.reshape((1, 4) + tail), shape).copy())
        limit = np.array([0.6, 0.3]).reshape((2, 1) + tail)
        file.row("theory_limit", np.broadcast_to(limit, shape).copy(), long_name="limit", references="A paper")
    return open_results(path)


PLAIN = [[GOOD, GOOD, BAD, BAD], [GOOD, BAD, GOOD, BAD]]


def words(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


@pytest.mark.parametrize("side, label, values, bars", [
    ("largest", "converged", [0.2, 0.4], [0.4, 0.8]),
    ("unbroken", "converged", [0.2, 0.1], [0.4, 0.2]),
    ("smallest", "diverged", [0.4, 0.2], [0.2, 0.1]),
])
def test_the_boundary_lies_between_the_last_value_with_the_label_and_the_next(tmp_path, side, label, values, bars):
    (group,) = prepare(write(tmp_path, PLAIN), "step_size", side=side, label=label).groups
    np.testing.assert_array_equal(group.x, [2, 3])
    np.testing.assert_array_equal(group.y, values)
    np.testing.assert_array_equal(np.where(side == "smallest", group.low, group.high), bars)


def test_where_all_have_the_label_the_bar_ends_at_the_last_value(tmp_path):
    (group,) = prepare(write(tmp_path, [[GOOD] * 4, [BAD] * 4]), "step_size").groups
    assert (group.x.tolist(), group.y.tolist(), group.high.tolist()) == ([2], [0.8], [0.8])


def test_seeds_are_gathered_to_their_median_with_a_bar_over_all(tmp_path):
    labels = np.full((2, 4, 3), BAD)
    labels[0, :1, 0] = labels[0, :2, 1] = labels[0, :3, 2] = GOOD
    labels[1, :1] = GOOD
    chart = prepare(write(tmp_path, labels, seed=np.arange(3)), "step_size")
    (group,) = chart.groups
    assert (group.y.tolist(), group.low.tolist(), group.high.tolist()) == ([0.2, 0.1], [0.1, 0.1], [0.8, 0.2])
    assert "median of 3 seeds" in chart.title


def test_thresholds_of_theory_are_lines_in_units_of_the_axis(tmp_path):
    figure = boundary(write(tmp_path, PLAIN), "step_size", theory=["limit"])
    spot = figure.axes[0]
    line = [line for line in spot.lines if line.is_dashed()][0]
    np.testing.assert_array_equal(line.get_xdata(), [2, 3])
    np.testing.assert_allclose(line.get_ydata(), [0.3, 0.15])
    assert words(figure) == ["measured: largest step size\n(converged)", "limit (A paper)"]
    assert (spot.get_xlabel(), spot.get_ylabel(), spot.get_yscale()) == ("depth", "step size [s]", "log")


def test_every_value_of_the_colour_axis_has_points_of_its_own_and_one_line_where_theory_agrees(tmp_path):
    labels = np.stack([PLAIN, np.full((2, 4), GOOD)], axis=-1)
    chart = prepare(write(tmp_path, labels, init_scale=np.array([0.5, 1.0])), "step_size", x="depth",
                    colour="init_scale", theory=["limit"])
    assert [group.name for group in chart.groups] == ["init scale 0.5", "init scale 1"]
    np.testing.assert_array_equal(chart.groups[1].y, [0.8, 0.8])
    assert [line.group for line in chart.lines] == [None]


@pytest.mark.parametrize("options, message", [
    ({"along": "step"}, "did you mean step_size"),
    ({"along": "step_size", "x": "step_size"}, "another part in the figure"),
    ({"along": "step_size", "label": "slow"}, "no point is slow"),
    ({"along": "step_size", "side": "left"}, "no side called left"),
    ({"along": "step_size", "select": {"depth": "2"}}, "needs a second axis"),
    ({"along": "step_size", "theory": ["limits"]}, "did you mean limit"),
])
def test_a_mistake_is_answered_with_what_would_be_right(tmp_path, options, message):
    with pytest.raises(PlotError, match=message):
        prepare(write(tmp_path, PLAIN), **options)
