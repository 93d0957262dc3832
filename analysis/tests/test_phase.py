import numpy as np
import pytest
from conftest import SCALE, STEP
from linnet_analysis import Look, PlotError, open_results, phase_diagram, style
from linnet_analysis.phase import prepare
from matplotlib.colors import BoundaryNorm, LogNorm, to_rgba
from synthetic import DONE, Writer, code


def meshes(figure):
    """For every picture: arrays of its meshes, masked cells as NaN."""
    return [[np.ma.filled(mesh.get_array().astype(float), np.nan) for mesh in spot.collections
             if type(mesh).__name__ == "QuadMesh"] for spot in figure.axes if spot.get_title()]


def texts(figure):
    legends = [spot.get_legend() for spot in figure.axes if spot.get_legend()] + figure.legends
    return [text.get_text() for legend in legends for text in legend.get_texts()]


def small(tmp_path, values, name="final_loss", label=None, status=None, **attrs):
    """One picture of 2 x 3 cells."""
    path = str(tmp_path / "small.h5")
    with Writer(path) as file:
        file.axis("init_scale", np.array([0.1, 1.0]), scale="log")
        file.axis("step_size", np.array([0.01, 0.1, 1.0]), scale="log")
        file.status(np.full((2, 3), DONE) if status is None else status)
        if label is not None:
            file.flags("label", label, ["invalid", "diverged", "slow"])
        file.row(name, np.asarray(values), **attrs)
    return open_results(path)


def test_without_options_labels_stand_over_the_two_longest_axes_beside_each_other_by_depth(complete):
    phase = prepare(open_results(complete))
    assert (phase.variable.name, phase.x.name, phase.y.name) == ("label", "init_scale", "step_size")
    assert [panel.title for panel in phase.panels] == ["depth = 2", "depth = 3", "depth = 5"]
    assert "most frequent of 3 seeds" in phase.subtitle
    assert phase.is_log_x and phase.is_log_y
    expected = np.full((5, 4), float(code("converged_monotone")))
    expected[3:] = code("diverged")
    for panel in phase.panels:
        np.testing.assert_array_equal(panel.values, expected)


def test_the_mesh_drawn_holds_the_labels_at_log_edges(complete):
    figure = phase_diagram(open_results(complete))
    drawn = meshes(figure)
    assert len(drawn) == 3
    expected = np.full((5, 4), float(code("converged_monotone")))
    expected[3:] = code("diverged")
    np.testing.assert_array_equal(drawn[0][0].reshape(5, 4), expected)
    corners = figure.axes[0].collections[0].get_coordinates()
    np.testing.assert_allclose(corners[0, :, 0], style.edges(SCALE, log=True))
    np.testing.assert_allclose(corners[:, 0, 1], style.edges(STEP, log=True))


def test_colours_on_the_canvas_are_those_of_the_labels(complete):
    figure = phase_diagram(open_results(complete))
    mesh = figure.axes[0].collections[0]
    face = mesh.cmap(mesh.norm(np.array([code("diverged"), code("converged_monotone")])))
    np.testing.assert_allclose(face[0], to_rgba(style.LABEL_COLOURS["diverged"]))
    np.testing.assert_allclose(face[1], to_rgba(style.LABEL_COLOURS["converged_monotone"]))


def test_the_legend_names_only_labels_that_occur_with_their_share(complete):
    assert texts(phase_diagram(open_results(complete))) == ["diverged  40 %", "converged monotone  60 %"]


def test_cells_not_run_are_hatched_and_cells_left_out_stay_white(partial):
    figure = phase_diagram(open_results(partial))
    assert texts(figure)[-2:] == ["not run yet", "left out"]
    third = figure.axes[2]
    hatched = [c for c in third.collections if c.get_hatch()]
    assert len(hatched) == 1
    assert np.ma.count(hatched[0].get_array()) == 5 * 3
    first = figure.axes[0]
    assert not [c for c in first.collections if c.get_hatch()]
    assert np.isnan(meshes(figure)[0][0].reshape(5, 4)[:, 3]).all()


def test_a_cell_with_one_seed_missing_is_drawn_from_the_others(partial):
    phase = prepare(open_results(partial))
    assert phase.panels[0].done[0, 0]
    assert phase.panels[0].values[0, 0] == code("converged_monotone")


def test_axes_can_be_exchanged_selected_and_put_side_by_side(complete):
    phase = prepare(open_results(complete), "final_loss", x="step_size", y="depth", panel="seed",
                    select={"init_scale": "0.01"})
    ds = open_results(complete)
    assert (phase.x.name, phase.y.name) == ("step_size", "depth")
    assert [panel.title for panel in phase.panels] == ["seed = 0", "seed = 1", "seed = 2"]
    np.testing.assert_array_equal(phase.panels[1].values, ds["final_loss"].values[:, 1, :, 1])
    assert "init scale = 0.01" in phase.subtitle


def test_two_panel_axes_make_a_grid(complete):
    phase = prepare(open_results(complete), panel="depth", panel2="seed")
    assert phase.grid == (3, 3)
    assert phase.panels[5].title == "depth = 3   seed = 2"


def test_a_reduction_is_applied_to_the_axis_it_names(complete):
    ds = open_results(complete)
    phase = prepare(ds, "steps", reduce={"seed": "max", "depth": "min"})
    np.testing.assert_array_equal(phase.panels[0].values, ds["steps"].values.max(axis=3).min(axis=0).T)
    assert phase.subtitle == "min of 3 depths, max of 3 seeds" or phase.subtitle == "max of 3 seeds, min of 3 depths"


def test_the_share_of_a_label_is_drawn_from_0_to_1(complete):
    figure = phase_diagram(open_results(complete), label="slow,converged")
    drawn = meshes(figure)[0][0].reshape(5, 4)
    np.testing.assert_allclose(drawn[:3], 1)
    np.testing.assert_allclose(drawn[3:], 1 / 3)
    mesh = figure.axes[0].collections[0]
    assert (mesh.norm.vmin, mesh.norm.vmax) == (0, 1)


def test_a_share_of_a_bit_of_several_flags(complete):
    phase = prepare(open_results(complete), "tags", label="lazy")
    np.testing.assert_allclose(phase.panels[1].values[:, 0], [1, 1, 1, 0, 0])


def test_numbers_over_decades_get_a_log_scale_and_what_diverged_its_own_colour(tmp_path):
    ds = small(tmp_path, [[1e-6, 1e-2, np.inf], [1e-4, 1, 1e30]], label=[[2, 2, 1], [2, 2, 1]])
    figure = phase_diagram(ds, "final_loss")
    spot = figure.axes[0]
    numbers, lost = [np.ma.filled(m.get_array(), np.nan).reshape(3, 2) for m in spot.collections[:2]]
    assert isinstance(spot.collections[0].norm, LogNorm)
    assert (spot.collections[0].norm.vmin, spot.collections[0].norm.vmax) == (1e-6, 1)
    np.testing.assert_array_equal(np.isnan(numbers), [[False] * 2, [False] * 2, [True] * 2])
    np.testing.assert_array_equal(~np.isnan(lost), [[False] * 2, [False] * 2, [True] * 2])
    assert texts(figure) == ["diverged"]


@pytest.mark.parametrize("name, spared", [("sharpness", 2), ("diverged_step", 0), ("initial_loss", 0),
                                          ("sharpness_start", 0), ("theory_step_limit", 0), ("steps", 0)])
def test_numbers_that_outlive_divergence_are_drawn_for_what_diverged_too(tmp_path, name, spared):
    phase = prepare(small(tmp_path, [[1, 2, 3], [4, 5, 6]], name=name, label=[[2, 2, 1], [2, 2, 1]]), name)
    assert phase.panels[0].lost.sum() == spared


def test_linear_can_be_asked_for(tmp_path):
    ds = small(tmp_path, [[1e-6, 1e-2, 1], [1e-4, 1, 10]])
    figure = phase_diagram(ds, "final_loss", log=False)
    assert not isinstance(figure.axes[0].collections[0].norm, LogNorm)


def test_a_value_that_is_no_number_is_said_to_be_none(tmp_path):
    figure = phase_diagram(small(tmp_path, [[1.0, 2.5, np.nan], [1.5, 2, 3]]), "final_loss")
    assert texts(figure) == ["no value"]


def test_few_integers_get_one_colour_each(tmp_path):
    figure = phase_diagram(small(tmp_path, [[0, 1, 2], [0, 2, 3]], name="rank"), "rank")
    norm = figure.axes[0].collections[0].norm
    assert isinstance(norm, BoundaryNorm)
    np.testing.assert_array_equal(norm.boundaries, [-0.5, 0.5, 1.5, 2.5, 3.5])


def test_axes_and_colourbar_carry_long_names_and_units(complete):
    figure = phase_diagram(open_results(complete), "final_loss")
    assert figure.axes[0].get_ylabel() == "step size [1/loss]"
    assert figure.axes[1].get_xlabel() == "initialisation scale"
    assert "final loss" in [spot.get_ylabel() for spot in figure.axes]


def test_few_extreme_numbers_do_not_stretch_the_scale(tmp_path):
    path = str(tmp_path / "wide.h5")
    values = np.logspace(-3, 0, 400).reshape(20, 20)
    values[0, 0], values[19, 19] = 1e-30, 1e30
    with Writer(path) as file:
        file.axis("init_scale", np.arange(1.0, 21))
        file.axis("step_size", np.arange(1.0, 21))
        file.status(np.ones((20, 20)))
        file.row("final_loss", values)
    figure = phase_diagram(open_results(path), "final_loss")
    norm = figure.axes[0].collections[0].norm
    assert 1e-3 <= norm.vmin < 2e-3 and 0.5 < norm.vmax <= 1
    assert figure.axes[1]._colorbar.extend == "both"


def limits(tmp_path, factor):
    """A sweep of depth and step size (in units of `factor`) whose limit is 2 / depth in absolute terms."""
    path = str(tmp_path / "limit.h5")
    depth, step = np.array([2.0, 4.0]), np.array([0.1, 0.3, 0.9])
    with Writer(path) as file:
        file.axis("depth", depth)
        file.axis("step_size", step)
        file.file["step_size"].attrs["parameter"] = "train.step_size"
        file.status(np.ones((2, 3)))
        file.row("theory_step_limit", np.repeat(2 / depth, 3).reshape(2, 3), long_name="local step size limit",
                 references="Paper A, Theorem 1; Paper B")
        file.row("theory_bound", np.repeat(1 / depth, 3).reshape(2, 3))
        file.row("theory_floor", np.full((2, 3), 0.5))
        file.row("final_loss", np.array([[0.5, 0.503, 0.51], [0.4, np.nan, 0.499]]))
        file.row("step_size_used", factor * np.tile(step, (2, 1)))
        file.flags("label", np.zeros((2, 3)), ["slow"])
    return open_results(path)


@pytest.mark.parametrize("factor", [1, 4])
def test_the_step_size_limit_of_theory_is_a_line_in_units_of_the_axis(tmp_path, factor):
    ds = limits(tmp_path, factor)
    phase = prepare(ds, x="depth", y="step_size")
    np.testing.assert_allclose(phase.panels[0].lines[0], [1 / factor, 0.5 / factor])
    figure = phase_diagram(ds, x="depth", y="step_size")
    np.testing.assert_allclose(figure.axes[0].lines[-1].get_ydata(), np.array([1, 1, 0.5, 0.5]) / factor)
    assert texts(figure) == ["slow  100 %", "local step size limit (Paper\nA, Theorem 1)"]


def test_the_step_size_limit_stands_upright_where_the_step_size_goes_to_the_right(tmp_path):
    figure = phase_diagram(limits(tmp_path, 1), x="step_size", y="depth")
    np.testing.assert_allclose(figure.axes[0].lines[-1].get_xdata(), [1, 1, 0.5, 0.5])


def test_the_step_size_limit_can_be_left_out(tmp_path):
    assert not phase_diagram(limits(tmp_path, 1), x="depth", y="step_size", theory=[]).axes[0].lines


def test_every_prediction_asked_for_is_a_line_with_dashes_and_words_of_its_own(tmp_path):
    ds = limits(tmp_path, 1)
    figure = phase_diagram(ds, x="depth", y="step_size", theory=["step_limit", "theory_bound=half of it"])
    drawn = figure.axes[0].lines[1::2]
    np.testing.assert_allclose(drawn[0].get_ydata(), [1, 1, 0.5, 0.5])
    np.testing.assert_allclose(drawn[1].get_ydata(), [0.5, 0.5, 0.25, 0.25])
    assert drawn[0]._dash_pattern != drawn[1]._dash_pattern
    assert texts(figure)[-1] == "half of it"


def test_predictions_of_no_step_size_are_lines_over_the_axis_upwards(tmp_path):
    path = str(tmp_path / "plain.h5")
    with Writer(path) as file:
        file.axis("depth", np.array([2.0, 3.0]))
        file.axis("init_scale", np.array([0.1, 0.2, 0.3]))
        file.status(np.ones((2, 3)))
        file.flags("label", np.zeros((2, 3)), ["slow"])
        file.row("theory_scale", np.repeat([0.15, 0.25], 3).reshape(2, 3))
    figure = phase_diagram(open_results(path), x="depth", y="init_scale", theory=["scale"])
    np.testing.assert_allclose(figure.axes[0].lines[-1].get_ydata(), [0.15, 0.15, 0.25, 0.25])


def test_cells_where_measurement_and_theory_agree_to_a_percent_are_marked(tmp_path):
    ds = limits(tmp_path, 1)
    phase = prepare(ds, x="depth", y="step_size", mark="final_loss=floor")
    np.testing.assert_array_equal(phase.panels[0].marked, [[True, False], [True, False], [False, True]])
    figure = phase_diagram(ds, x="depth", y="step_size", theory=[], mark="final_loss=floor=on the floor")
    (dotted,) = [c for c in figure.axes[0].collections if c.get_hatch()]
    assert np.ma.count(dotted.get_array()) == 3
    assert texts(figure)[-1] == "on the floor"


def test_a_contour_runs_where_a_variable_has_the_value(tmp_path):
    path = str(tmp_path / "slope.h5")
    values = np.add.outer(np.arange(4.0), np.zeros(5))
    with Writer(path) as file:
        file.axis("init_scale", np.arange(4.0))
        file.axis("angle", np.arange(5.0))
        file.status(np.ones((4, 5)))
        file.flags("label", np.zeros((4, 5)), ["slow"])
        file.row("theory_sup", values, long_name="sup")
    figure = phase_diagram(open_results(path), x="angle", y="init_scale", contours=["sup=1.5", "theory_sup=2=two"])
    drawn = [path.vertices for c in figure.axes[0].collections[1:] for path in c.get_paths()]
    assert len(drawn) == 4 and all(np.allclose(line[:, 1], height) for line, height in
                                   zip(drawn, (1.5, 1.5, 2, 2)))
    assert texts(figure) == ["slow  100 %", "sup = 1.5", "two"]


@pytest.mark.parametrize("options, message", [
    ({"contours": ["floor"]}, "write it as NAME=LEVEL"),
    ({"contours": ["flor=1"]}, "did you mean floor"),
    ({"theory": ["step_limits"]}, "no prediction called step_limits; did you mean step_limit?"),
    ({"mark": "final_loss"}, "write it as VARIABLE=PREDICTION"),
    ({"mark": "loss=floor"}, "no variable called loss"),
    ({"mark": "final_loss=flor"}, "did you mean floor"),
])
def test_a_prediction_that_is_not_there_is_answered_with_the_nearest(tmp_path, options, message):
    with pytest.raises(PlotError, match=message):
        prepare(limits(tmp_path, 1), x="depth", y="step_size", **options)


def test_a_prediction_of_several_numbers_a_point_is_no_line(tmp_path):
    path = str(tmp_path / "modes.h5")
    with Writer(path) as file:
        file.axis("depth", np.array([2.0, 3.0]))
        file.axis("init_scale", np.array([0.1, 0.2]))
        file.dimension("mode", np.array([1, 2]))
        file.status(np.ones((2, 2)))
        file.row("steps", np.ones((2, 2)))
        file.row("theory_times", np.ones((2, 2, 2)), extra=["mode"])
    ds = open_results(path)
    with pytest.raises(PlotError, match="several numbers a point; --select mode="):
        prepare(ds, "steps", theory=["times"])
    assert prepare(ds, "steps", theory=["times"], select={"mode": "2"}).panels[0].lines[0].tolist() == [1, 1]


def test_a_look_overrules_labels_limits_and_size(complete):
    look = Look(title="T", size=(4, 3), xlabel="across", ylabel="up", xscale="linear", ylim=(0.02, None))
    figure = phase_diagram(open_results(complete), select={"depth": "2"}, look=look)
    spot = figure.axes[0]
    assert (spot.get_xlabel(), spot.get_ylabel(), spot.get_xscale()) == ("across", "up", "linear")
    assert figure.get_size_inches().tolist() == [4, 3] and spot.get_ylim()[0] == 0.02
    assert figure._suptitle.get_text().startswith("T\n")


def test_values_in_falling_order_are_drawn_rising(tmp_path):
    path = str(tmp_path / "falling.h5")
    with Writer(path) as file:
        file.axis("step_size", np.array([1.0, 0.5, 0.1]))
        file.axis("init_scale", np.array([1.0, 2.0]))
        file.status(np.ones((3, 2)))
        file.row("steps", np.array([[1, 2], [3, 4], [5, 6]]))
    phase = prepare(open_results(path), "steps", x="step_size", y="init_scale")
    np.testing.assert_array_equal(phase.x.values, [0.1, 0.5, 1.0])
    np.testing.assert_array_equal(phase.panels[0].values, [[5, 3, 1], [6, 4, 2]])


def test_words_are_drawn_one_by_one(tmp_path):
    path = str(tmp_path / "words.h5")
    with Writer(path) as file:
        file.axis("kind", ["identity", "gaussian"])
        file.axis("step_size", np.array([0.1, 0.2, 0.4]))
        file.status(np.ones((2, 3)))
        file.row("steps", np.arange(6).reshape(2, 3))
    figure = phase_diagram(open_results(path), "steps", x="kind")
    spot = figure.axes[0]
    assert [tick.get_text() for tick in spot.get_xticklabels()] == ["identity", "gaussian"]
    np.testing.assert_allclose(spot.collections[0].get_coordinates()[0, :, 0], [-0.5, 0.5, 1.5])


def test_a_sweep_of_one_axis_is_a_strip(tmp_path):
    path = str(tmp_path / "one.h5")
    with Writer(path) as file:
        file.axis("step_size", np.array([0.1, 0.2, 0.4]))
        file.status(np.ones(3))
        file.flags("label", [0, 1, 1], ["slow", "diverged"])
    figure = phase_diagram(open_results(path))
    np.testing.assert_array_equal(figure.axes[0].collections[0].get_array().ravel(), [0, 1, 1])


def test_modes_and_records_not_asked_for_are_picked_and_noted(complete):
    phase = prepare(open_results(complete), "singular_values_series")
    assert phase.panels[0].values[0, 0] == pytest.approx(1 + 1 / 1001)
    assert len(phase.notes) == 2
    chosen = prepare(open_results(complete), "singular_values_series", select={"record_step": "10", "mode": "2"})
    assert chosen.panels[0].values[0, 0] == pytest.approx(1 / 11)


@pytest.mark.parametrize("options, message", [
    ({"x": "stepsize"}, "no axis called stepsize; did you mean step_size"),
    ({"variable": "finalloss"}, "did you mean final_loss"),
    ({"x": "depth", "y": "depth"}, "asked for twice"),
    ({"select": {"depth": "4"}}, "depth has no value 4; it has 2, 3, 5"),
    ({"select": {"depth": "x"}}, "x is not a number"),
    ({"select": {"depth": "@9"}}, "@0 to @2"),
    ({"select": {"depth": "7:9"}}, "depth has no value"),
    ({"select": {"depth": "3"}, "panel": "depth"}, "single value"),
    ({"reduce": {"seed": "averge"}}, "no reduction called averge"),
    ({"variable": "tags"}, "several flags at once"),
    ({"label": "divergd"}, "did you mean diverged"),
    ({"select": {"depth": "2", "init_scale": "1", "step_size": "1", "seed": "0"}}, "single value"),
])
def test_a_mistake_is_answered_with_what_would_be_right(complete, options, message):
    with pytest.raises(PlotError, match=message):
        prepare(open_results(complete), **options)
