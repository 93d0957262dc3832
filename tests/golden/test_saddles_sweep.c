/* Predictions for diagonal networks as a sweep stores them, beside the run they predict. */
#include <math.h>
#include <stdio.h>

#include "golden.h"
#include "linnet/linalg.h"

#define FLIP "linnet: 1\nproblem: {kind: data, x: [[0, -1], [2, 2]], y: [[-1, 3]], loss: mean}\n"
#define THEORY                                                                                     \
    "record: {series: [loss, coefficients], times: {every: 1}, theory: [jump_times, "              \
    "jump_times_first_order, saddles, saddle_losses, n_saddles, min_l1_norm]}\n"

static void assert_row(const struct golden *golden, int64_t cell, const char *column,
                       const double *wanted, int count, double factor) {
    for (int i = 0; i < count; i++)
        assert_near(golden_number(golden, cell, column, i), wanted[i] * factor,
                    1e-12 * fabs(factor));
}

static const double flip_times[] = {.5, .75, 2.75}, flip_losses[] = {2, .25, 0},
                    flip_saddles[] = {0, .5, -3, 0, -4, -.5};

static void the_exact_flow_stays_where_its_predictions_say(void **state) {
    (void)state;
    struct golden golden;
    golden_run_text(&golden, FLIP "model: {kind: diagonal, form: dual, init: {kind: diagonal, "
                                  "log_scale: 230.2585}}\n"
                                  "train: {algorithm: flow, time_step: 0.025, max_steps: 200, "
                                  "stop: {loss: 0}}\n" THEORY);
    assert_row(&golden, 0, "theory_jump_times", flip_times, 3, 1);
    assert_true(isnan(golden_number(&golden, 0, "theory_jump_times", 3)));
    assert_row(&golden, 0, "theory_saddle_losses", flip_losses, 3, 1);
    assert_row(&golden, 0, "theory_saddles", flip_saddles, 6, 1);
    assert_near(golden_number(&golden, 0, "theory_n_saddles", 0), 3, 0);
    assert_near(golden_number(&golden, 0, "theory_min_l1_norm", 0), 4.5, 1e-12);
    /* C = 0, .8959, 1.304 over Lam */
    static const double constants[] = {0, .8959, 1.304};
    static const int64_t middles[] = {25, 70, 190}; /* steps in the middle of the plateaus */
    for (int k = 0; k < 3; k++) {
        assert_near(golden_number(&golden, 0, "theory_jump_times_first_order", k),
                    flip_times[k] + constants[k] / 230.2585, 5e-4 / 230);
        for (int i = 0; i < 2; i++)
            assert_near(golden_at(&golden, 0, "coefficients_series", middles[k], i),
                        flip_saddles[2 * k + i], 1e-10);
        assert_near(golden_at(&golden, 0, "loss_series", middles[k], 0), flip_losses[k], 1e-10);
    }
    golden_clear(&golden);
}

/* Raw time of one accelerated unit: Lam for squares and uv, 1/(D (D-2) alpha^(D-2)) for powers. */
static void times_are_in_the_unit_of_the_parametrisation(void **state) {
    (void)state;
    const double units[] = {log(100), log(100), 100 / 3., 1e4 / 8};
    struct golden golden;
    golden_run_text(&golden,
                    FLIP "model: {kind: diagonal, init: {kind: diagonal, scale: 0.01}}\n"
                         "train: {step_size: 0.01, max_steps: 1}\n"
                         "record: {theory: [jump_times, jump_times_first_order, saddles]}\n"
                         "axes: {net: {zip: {model.form: [squares, uv, power, power], model.depth: "
                         "[2, 2, 3, 4]}}}\n"
                         "where: model.depth == 2\n");
    for (int cell = 0; cell < 2; cell++) {
        assert_row(&golden, cell, "theory_jump_times", flip_times, 3, units[cell]);
        assert_near(golden_number(&golden, cell, "theory_jump_times_first_order", 1),
                    .75 * units[cell] + .8959, 5e-5);
    }
    golden_clear(&golden);
    golden_run_text(&golden,
                    FLIP "model: {kind: diagonal, form: power, init: {kind: diagonal, scale: "
                         "0.01}}\n"
                         "train: {step_size: 0.01, max_steps: 1}\n"
                         "record: {theory: [jump_times, saddles]}\n"
                         "axes: {model.depth: [3, 4]}\n");
    for (int cell = 0; cell < 2; cell++) {
        assert_row(&golden, cell, "theory_jump_times", flip_times, 3, units[2 + cell]);
        assert_row(&golden, cell, "theory_saddles", flip_saddles, 6, 1);
    }
    golden_clear(&golden);
}

/* After the warm start (4/5, 0, 0, 0) the penalty leaves b_1 > 0 free: linprog ends at (4/3, -2/3,
 * 0, 0) with 2/3, not at the point of least l1 norm. A dual 0.07 from its wall leaves alpha^(0.14).
 */
static void exponents_and_a_warm_start_of_the_sweep_are_heeded(void **state) {
    (void)state;
    static const double times[] = {.4875, .75, 1.8}, end[] = {4 / 3., -2 / 3., 0, 0};
    struct golden golden;
    golden_run_text(&golden,
                    "linnet: 1\nproblem: {kind: data, x: [[-2, -2, 2], [0, -1, -1], [0, 3, -2], "
                    "[-1, 1, 0], [1, 1, 1]], y: [[2, -1, -3]], loss: mean}\n"
                    "model: {kind: diagonal, form: dual, init: {kind: diagonal, log_scale: 100, "
                    "exponents: [1.3, 1, 0.8, 1.1, 0.9]}}\n"
                    "train: {algorithm: flow, time_step: 0.1, max_steps: 1}\n" THEORY);
    assert_row(&golden, 0, "theory_jump_times", times, 3, 1);
    assert_near(golden_number(&golden, 0, "theory_min_l1_norm", 0),
                1.3 * 2 / 3 + 5 / 3. + 1.1 * 2 / 3, 1e-12);
    golden_clear(&golden);
    golden_run_text(
        &golden,
        "linnet: 1\nproblem: {kind: data, x: [[1, 0.5], [0.5, 1], [0.7, 0.1], [0, "
        "0.7]], y: [[1, 0]], loss: mean}\n"
        "model: {kind: diagonal, form: dual, init: {kind: diagonal, log_scale: 100, "
        "product: [0.8, 0, 0, 0]}}\n"
        "train: {algorithm: flow, time_step: 1, max_steps: 100, stop: {loss: 0}}\n" THEORY);
    int last = (int)golden_number(&golden, 0, "theory_n_saddles", 0) - 1;
    assert_true(isnan(golden_number(&golden, 0, "theory_min_l1_norm", 0)));
    for (int i = 0; i < 4; i++) {
        assert_near(golden_number(&golden, 0, "theory_saddles", 4 * last + i), end[i], 1e-12);
        assert_near(golden_at(&golden, 0, "coefficients_series", 100, i), end[i], 2e-6);
    }
    golden_clear(&golden);
}

/* X = flip2x2 has one minimiser, (-4, -1/2). What descent leaves of the conserved w+ w- matters to
 * the powers, whose scale cannot be as small. */
static void the_step_limit_is_two_over_the_sharpness_at_the_end_of_a_run(void **state) {
    (void)state;
    struct golden golden;
    golden_run_text(
        &golden,
        FLIP "model: {kind: diagonal, init: {kind: diagonal, scale: 0.1}}\n"
             "train: {step_size: 0.01, max_steps: 200000, stop: {loss: 1e-24}}\n"
             "record: {final: [sharpness], theory: [diagonal_step_limit]}\n"
             "axes: {net: {zip: {model.form: [squares, uv, power, power], model.depth: [2, 2, 3, "
             "4], model.init.scale: [0.001, 0.001, 0.1, 0.1]}}}\n");
    for (int cell = 0; cell < 4; cell++) {
        double limit = golden_number(&golden, cell, "theory_diagonal_step_limit", 0);
        assert_near(2 / golden_number(&golden, cell, "sharpness", 0), limit,
                    (cell < 2 ? 1e-9 : 1e-4) * limit);
    }
    golden_clear(&golden);
}

/* From beside the minimiser: a step 2 % below the limit converges, 2 % above it does not. */
static void gradient_descent_is_stable_up_to_the_limit_and_not_beyond(void **state) {
    (void)state;
    struct golden golden;
    const char *text =
        FLIP "model: {kind: diagonal, init: {kind: diagonal, scale: 0.1, product: [-4.00001, "
             "-0.5]}}\n"
             "train: {step_size: 0.1, max_steps: 20000, stop: {loss: 1e-22}}\n"
             "record: {theory: [diagonal_step_limit]}\n";
    golden_run_text(&golden, text);
    double limit = golden_number(&golden, 0, "theory_diagonal_step_limit", 0);
    golden_clear(&golden);
    char with_axis[1024];
    snprintf(with_axis, sizeof with_axis, "%saxes: {step_size: [%.17g, %.17g]}\n", text,
             0.98 * limit, 1.02 * limit);
    golden_run_text(&golden, with_axis);
    assert_true(golden_number(&golden, 0, "converged_step", 0) > 0);
    assert_near(golden_number(&golden, 1, "converged_step", 0), -1, 0);
    golden_clear(&golden);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exact_flow_stays_where_its_predictions_say),
        cmocka_unit_test(times_are_in_the_unit_of_the_parametrisation),
        cmocka_unit_test(exponents_and_a_warm_start_of_the_sweep_are_heeded),
        cmocka_unit_test(the_step_limit_is_two_over_the_sharpness_at_the_end_of_a_run),
        cmocka_unit_test(gradient_descent_is_stable_up_to_the_limit_and_not_beyond),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
