/* Every observable and every prediction that speaks of a point asked for at once, and what they say
 * where they do not apply. */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/theory.h"

/* The first point of a sweep. */
struct place {
    struct ln_sweep *sweep;
    struct ln_point point;
    struct ln_shape shape;
    struct ln_problem *problem;
};

static void place_open(struct place *place, const char *text) {
    struct ln_err err = {0};
    if (ln_sweep_parse("text.yaml", text, strlen(text), NULL, 0, NULL, &place->sweep, &err))
        fail_msg("%s", err.text);
    assert_true(ln_sweep_point(place->sweep, 0, &place->point));
    assert_int_equal(ln_shape_of(&place->point, &place->shape, &err), LN_OK);
    assert_int_equal(ln_problem_create(&place->point, &place->problem, &err), LN_OK);
}

static void place_close(struct place *place) {
    ln_problem_free(place->problem);
    ln_sweep_free(place->sweep);
}

/* Appends the names of a catalogue, without the predictions that refuse the point. */
static void append_names(char *text, size_t room, const struct ln_catalogue *catalogue,
                         const struct place *place) {
    const char *comma = "";
    for (int i = 0; i < catalogue->n_entries; i++) {
        const struct ln_prediction *prediction =
            catalogue == &ln_predictions ? (const struct ln_prediction *)catalogue->entries[i]
                                         : NULL;
        struct ln_err err;
        if (prediction && prediction->check &&
            prediction->check(&place->point, &place->shape, place->problem, &err) != LN_OK)
            continue;
        size_t used = strlen(text);
        snprintf(text + used, room - used, "%s%s", comma, catalogue->entries[i]->name);
        comma = ", ";
    }
}

/* Runs a sweep without `record:` with all of them, at the end and in time. */
static void run_all(struct golden *run, const char *sweep) {
    static struct place place;
    static char text[1 << 14];
    place_open(&place, sweep);
    snprintf(text, sizeof text, "%srecord: {times: {log: 4}, series: [", sweep);
    append_names(text, sizeof text, &ln_observables, &place);
    strcat(text, "], final: [");
    append_names(text, sizeof text, &ln_observables, &place);
    strcat(text, "], theory: [");
    append_names(text, sizeof text, &ln_predictions, &place);
    strcat(text, "]}\n");
    place_close(&place);
    golden_run_text(run, text);
}

#define DATA                                                                                       \
    "linnet: 1\n"                                                                                  \
    "problem: {kind: data, x: [[1, 0, 2], [-1, 1, 1]], y: [[1, 2, -1]]}\n"
#define TARGET                                                                                     \
    "linnet: 1\n"                                                                                  \
    "problem: {kind: target, spectrum: [2, 1, -0.5], basis: symmetric}\n"

static void deep_networks_answer_to_everything(void **state) {
    (void)state;
    struct golden run;
    run_all(&run, DATA "model: {kind: deep, width: 2, init: {kind: gaussian, scale: 0.5}}\n"
                       "train: {algorithm: gd, step_size: 0.01, max_steps: 100}\n"
                       "axes: {depth: [1, 2, 3]}\n");
    for (int cell = 0; cell < 3; cell++) {
        assert_true(isfinite(golden_number(&run, cell, "lambda_min", 0)));
        assert_true(isfinite(golden_number(&run, cell, "theory_step_limit", 0)));
        assert_true(isnan(golden_number(&run, cell, "dual", 0)));
    }
    golden_clear(&run);
}

static void models_without_a_hessian_have_no_residual_of_it(void **state) {
    (void)state;
    struct golden run;
    run_all(&run,
            TARGET "model: {kind: one_neuron, depth: 3, init: {kind: rank_one, left_angle: 0.2}}\n"
                   "train: {algorithm: flow, time_step: 0.05, max_steps: 100}\n");
    assert_true(isnan(golden_number(&run, 0, "lambda_min", 0)));
    assert_true(isnan(golden_number(&run, 0, "lambda_min_residual", 0)));
    assert_true(isnan(golden_number(&run, 0, "sharpness_residual", 0)));
    assert_true(golden_number(&run, 0, "certificate", 0) == -1);
    assert_true(isfinite(golden_number(&run, 0, "theory_one_neuron_excess", 3)));
    golden_clear(&run);
}

static void
diagonal_networks_have_no_kernel_of_layers_and_the_flow_no_steps_to_escape(void **state) {
    (void)state;
    struct golden run;
    run_all(&run, DATA "model: {kind: diagonal, form: uv, init: {kind: diagonal, scale: 1e-3}}\n"
                       "train: {algorithm: flow, time_step: 0.05, max_steps: 100}\n");
    assert_true(isnan(golden_number(&run, 0, "kernel_change", 0)));
    assert_true(golden_number(&run, 0, "theory_escape_rate", 0) > 0);
    assert_true(isnan(golden_number(&run, 0, "theory_escape_time", 0)));
    assert_true(isnan(golden_number(&run, 0, "theory_escape_steps", 0)));
    assert_true(golden_number(&run, 0, "theory_n_saddles", 0) >= 1);
    golden_clear(&run);
}

/* The modes of a regularised run do not follow the gradient flow of the loss. */
static void a_pull_towards_the_identity_leaves_no_times_of_the_flow(void **state) {
    (void)state;
    struct golden plain, pulled;
    run_all(&plain, TARGET "model: {kind: deep, depth: 2, init: {kind: identity}}\n"
                           "train: {algorithm: step_and_project, step_size: 0.01, max_steps: 9}\n");
    run_all(&pulled, TARGET "model: {kind: deep, depth: 2, init: {kind: identity}}\n"
                            "train: {algorithm: step_and_project, regulariser: penalty, kappa: 0.1,"
                            " step_size: 0.01, max_steps: 9}\n");
    assert_true(golden_number(&plain, 0, "theory_mode_fit_time", 0) > 0);
    assert_true(golden_number(&plain, 0, "theory_escape_time", 0) > 0);
    assert_true(golden_number(&plain, 0, "theory_divergence_step", 0) > 0);
    assert_true(isnan(golden_number(&pulled, 0, "theory_mode_fit_time", 0)));
    assert_true(isnan(golden_number(&pulled, 0, "theory_escape_time", 0)));
    assert_true(isnan(golden_number(&pulled, 0, "theory_divergence_step", 0)));
    assert_true(golden_number(&pulled, 0, "theory_failure_floor", 0) == 0.125);
    golden_clear(&pulled);
    golden_clear(&plain);
}

/* ds/dt = sigma - s: a single layer leaves zero by itself, every mode in the same time. */
static void one_layer_learns_from_zero_in_the_predicted_time(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, spectrum: [2, 1]}\n"
                          "model: {kind: deep, depth: 1, init: {kind: zero_asymmetric}}\n"
                          "train: {algorithm: flow, time_step: 6.907755278982137, max_steps: 1}\n"
                          "record: {final: [mode_overlap], theory: [mode_fit_time]}\n");
    for (int mode = 0; mode < 2; mode++) {
        assert_shows(golden_number(&run, 0, "theory_mode_fit_time", mode), "6.907755278982");
        assert_shows(golden_number(&run, 0, "mode_overlap", mode), "0.999000000");
    }
    golden_clear(&run);
}

/* Columns of a start are kept for the points that begin alike: they are those of a point alone. */
static void points_that_begin_alike_have_the_start_columns_of_a_point_alone(void **state) {
    (void)state;
    enum { SCALES = 3, STEPS = 4 };
    struct golden all;
    golden_run_text(&all, "linnet: 1\n"
                          "problem: {kind: target, spectrum: [2, 1], basis: random}\n"
                          "model: {kind: deep, depth: 3, init: {kind: gaussian}}\n"
                          "train: {algorithm: gd, max_steps: 30}\n"
                          "axes: {step_size: [0.01, 0.02, 0.3, 9], init_scale: [1, 2, 3]}\n");
    for (int scale = 0; scale < SCALES; scale++) {
        struct golden alone;
        char text[512];
        snprintf(text, sizeof text,
                 "linnet: 1\n"
                 "problem: {kind: target, spectrum: [2, 1], basis: random}\n"
                 "model: {kind: deep, depth: 3, init: {kind: gaussian, scale: %d}}\n"
                 "train: {algorithm: gd, max_steps: 30, step_size: 0.01}\n",
                 scale + 1);
        golden_run_text(&alone, text);
        for (int step = 0; step < STEPS; step++) {
            int64_t cell = (int64_t)step * SCALES + scale;
            assert_near(golden_number(&all, cell, "sharpness_start", 0),
                        golden_number(&alone, 0, "sharpness_start", 0), 0);
            assert_near(golden_number(&all, cell, "balancedness_start", 0),
                        golden_number(&alone, 0, "balancedness_start", 0), 0);
        }
        golden_clear(&alone);
    }
    golden_clear(&all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_networks_answer_to_everything),
        cmocka_unit_test(models_without_a_hessian_have_no_residual_of_it),
        cmocka_unit_test(
            diagonal_networks_have_no_kernel_of_layers_and_the_flow_no_steps_to_escape),
        cmocka_unit_test(a_pull_towards_the_identity_leaves_no_times_of_the_flow),
        cmocka_unit_test(one_layer_learns_from_zero_in_the_predicted_time),
        cmocka_unit_test(points_that_begin_alike_have_the_start_columns_of_a_point_alone),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
