/* Critical points with known loss, spectrum and nature, and escapes from saddles: the numbers of
 * the notes on Zhu, Soudry, Eldar, Wakin 2018, from an independent solver. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "landscape.h"
#include "landscape_cases.h"
#include "linnet/certificate.h"
#include "linnet/linalg.h"

static void open_case(struct place *place, const struct landscape_case *c) {
    char text[4096];
    snprintf(text, sizeof text,
             "linnet: 1\n"
             "problem: %s\n"
             "model: {kind: deep, width: %s, %sinit: {kind: weights, layers: %s}}\n",
             c->problem, c->width, c->penalty, c->layers);
    place_open(place, text);
}

/* Digits after the point are all that is known; a whole or short number is exact, to 1e-9. */
static void check(const char *name, const char *what, double number, const char *digits,
                  double relative) {
    const char *point = strchr(digits, '.');
    double wanted = strtod(digits, NULL), tolerance = relative * fmax(1, fabs(wanted));
    if (point && strlen(point) > 8)
        tolerance = fmax(tolerance, 0.51 * pow(10, -(double)(strlen(point) - 1)));
    if (!(fabs(number - wanted) <= tolerance))
        fail_msg("%s: %s is %.15g, not %s", name, what, number, digits);
}

static void every_case_has_its_loss_spectrum_inertia_and_verdict(void **state) {
    (void)state;
    for (int i = 0; i < N_LANDSCAPE_CASES; i++) {
        const struct landscape_case *c = &landscape_cases[i];
        struct place place;
        struct ln_certificate got;
        open_case(&place, c);
        ln_certify(&place.net, &ln_certificate_exact, &got);
        check(c->name, "the loss", place.problem->loss_floor + got.excess, c->loss, 1e-12);
        check(c->name, "lambda_min", got.lambda_min, c->lambda_min, 1e-9);
        check(c->name, "lambda_max", got.lambda_max, c->lambda_max, 1e-9);
        if (got.n_negative != c->negative || got.n_zero != c->zero || got.n_positive != c->positive)
            fail_msg("%s: inertia %d/%d/%d", c->name, got.n_negative, got.n_zero, got.n_positive);
        if (c->bound)
            check(c->name, "the bound", got.curvature_bound, c->bound, 1e-9);
        else
            assert_true(isnan(got.curvature_bound));
        if (got.nature != c->nature)
            fail_msg("%s: %s, because %s", c->name, ln_nature_names[got.nature],
                     ln_statement_texts[got.statement]);
        place_clear(&place);
    }
}

static void apply(void *ctx, double *y, const double *x) {
    const struct ln_net *net = ctx;
    net->shape->model->hessian_vector(net, x, y);
}

static void lanczos_finds_the_ends_of_every_case(void **state) {
    (void)state;
    for (int i = 0; i < N_LANDSCAPE_CASES; i++) {
        const struct landscape_case *c = &landscape_cases[i];
        struct place place;
        open_case(&place, c);
        for (int end = -1; end <= 1; end += 2) {
            double lambda, residual;
            assert_true(ln_lanczos_extreme(&lambda, &residual, apply, &place.net,
                                           place.shape.n_weights, end));
            check(c->name, "an end by Lanczos", lambda, end < 0 ? c->lambda_min : c->lambda_max,
                  1e-7);
            assert_true(residual <= 1e-9 * fmax(1, fabs(strtod(c->lambda_max, NULL))));
        }
        place_clear(&place);
    }
}

static void weights_that_are_not_critical_are_told_with_their_gradient(void **state) {
    (void)state;
    struct place place;
    struct ln_certificate got;
    open_case(&place, &landscape_e4);
    ln_certify(&place.net, &ln_certificate_exact, &got);
    assert_true(got.statement == LN_BY_GRADIENT);
    assert_true(got.nature == LN_IS_NOT_CRITICAL);
    assert_near(got.max_gradient, 0.125, 1e-15);
    place_clear(&place);
}

static const struct landscape_case *find_case(const char *name) {
    for (int i = 0; i < N_LANDSCAPE_CASES; i++)
        if (strcmp(landscape_cases[i].name, name) == 0)
            return &landscape_cases[i];
    fail_msg("no case %s", name);
    return NULL;
}

/* "-1 0 0 0.5": the whole spectrum, ascending. */
static void check_spectrum(const char *name, const char *numbers) {
    struct place place;
    open_case(&place, find_case(name));
    double *w = place_spectrum(&place.net);
    char word[40];
    int used, n = 0;
    for (; sscanf(numbers, "%39s%n", word, &used) == 1; numbers += used)
        check(name, "an eigenvalue", w[n++], word, 1e-9);
    assert_int_equal(n, place.shape.n_weights);
    free(w);
    place_clear(&place);
}

static void whole_spectra_are_those_listed(void **state) {
    (void)state;
    check_spectrum("A2", "-1 0 0 0 0 1 2 3 4 4 5 6");
    check_spectrum("A3", "-2 -1 0 0 0 1 1 2 2 4 5 6");
    check_spectrum("A8", "0 1 2 3 4 4 5 5 6 8 10 12");
    check_spectrum("A9", "-2 -1 0 1 1 2 2 4 5 6 6 12");
    check_spectrum("B2", "-1.0702055896 0 0 0 0 1.0702055896 2.4807793020 3.8496739822 "
                         "6.9758897697 18.2415638978");
    check_spectrum("B3", "-3.8163803803 0 1.2913312983 2.3762353681 7.9131631731");
    check_spectrum("D2", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1.4422495703 2.8844991406 "
                         "5.7689982812 7.2112478515 12.9802461328");
}

/* A3 pushed by 1e-6 along its steepest direction: every step multiplies the deviation by 1 + eta 2.
 */
static void a_deviation_from_a3_grows_by_1_02_a_step_and_ends_at_the_minimum(void **state) {
    (void)state;
    static const char text[] =
        "linnet: 1\n"
        "problem: " Y3 "\n"
        "model: {kind: deep, width: 2, init: {kind: weights, layers: [\n"
        "  [[1.7320508075688772, 0, 0], [0, 7.0710678118654752e-7, 0]],\n"
        "  [[1.7320508075688772, 0], [0, 7.0710678118654752e-7], [0, 0]]]}}\n"
        "train: {step_size: 0.01, max_steps: 2000, stop: {loss: 0}}\n"
        "record: {times: {list: [0, 100]}, final: [certificate, index_set, curvature_bound],\n"
        "  series: [loss, weights], theory: [escape_rate, escape_time, escape_steps]}\n";
    struct golden run;
    golden_run_text(&run, text);
    double first = golden_at(&run, 0, "weights_series", 100, 4),
           second = golden_at(&run, 0, "weights_series", 100, 9);
    assert_shows(hypot(first, second), "7.2446461e-6");
    assert_near(hypot(first, second), 1e-6 * pow(1.02, 100), 1e-15);
    assert_shows(golden_number(&run, 0, "final_loss", 0), "0.500000000");
    assert_true(golden_number(&run, 0, "certificate", 0) == LN_IS_GLOBAL_MINIMUM);
    assert_true(golden_number(&run, 0, "index_set", 0) == 3);
    assert_near(golden_number(&run, 0, "theory_escape_rate", 0), 2, 1e-9);
    assert_near(golden_number(&run, 0, "theory_escape_time", 0), 1 / log(1.02), 1e-9);
    golden_clear(&run);
}

/* Steps until the product of N weights alpha passes 0.9 of sigma = 3: E = 1/2 (0.3)^2. */
static void scalar_chains_leave_the_origin_in_the_steps_of_the_table(void **state) {
    (void)state;
    static const int steps[3][4] = {
        {109, 132, 156, 179}, {167, 334, 669, 1336}, {426, 1677, 6678, 26679}};
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\n"
                    "problem: {kind: target, spectrum: 3}\n"
                    "model: {kind: deep, width: 1, init: {kind: identity}}\n"
                    "train: {step_size: 0.01, max_steps: 30000, stop: {loss: 0.045, hold: 1}}\n"
                    "record: {times: {linear: 2}, final: [loss], theory: [chain_escape]}\n"
                    "axes: {depth: [2, 3, 4], init_scale: [0.2, 0.1, 0.05, 0.025]}\n");
    for (int cell = 0; cell < 12; cell++) {
        int wanted = steps[cell / 4][cell % 4];
        assert_int_equal(golden_number(&run, cell, "converged_step", 0), wanted);
        /* the flow is a little ahead of its Euler steps */
        assert_near(golden_number(&run, cell, "theory_chain_escape", 0), wanted, 5 + 0.01 * wanted);
    }
    golden_clear(&run);
}

/* Both reach the least loss; only the penalised run ends balanced, and so with the sharpness that
 * is predicted. */
static void a_penalty_balances_a_run_and_leaves_the_least_loss(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: " XB "\n"
                          "model: {kind: deep, width: 2, penalty_metric: identity,\n"
                          "  init: {kind: gaussian, scale: 0.7}}\n"
                          "train: {step_size: 0.02, max_steps: 20000, stop: {loss: 1e-20}}\n"
                          "record: {final: [loss, balancedness, sharpness],\n"
                          "  theory: [minimum_sharpness, step_limit, levels]}\n"
                          "axes: {penalty: [0, 1, 0.3]}\n");
    for (int cell = 0; cell < 3; cell++) {
        double sharpness = golden_number(&run, cell, "sharpness", 0),
               predicted = golden_number(&run, cell, "theory_minimum_sharpness", 0),
               gap = golden_number(&run, cell, "balancedness", 0);
        assert_shows(golden_number(&run, cell, "final_loss", 0), "0.7222222222");
        assert_string_equal(golden_label(&run, cell), "converged_monotone");
        assert_shows(golden_number(&run, cell, "theory_levels", 1), "0.301425613");
        if (cell == 0) {
            assert_true(gap > 0.1 && fabs(sharpness - predicted) > 0.01);
            continue;
        }
        assert_near(gap, 0, 1e-8);
        assert_near(sharpness, predicted, 1e-6);
        assert_near(golden_number(&run, cell, "theory_step_limit", 0), 2 / predicted, 1e-12);
    }
    golden_clear(&run);
}

static void predictions_for_the_plain_loss_are_silent_about_a_penalised_one(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, spectrum: [2, 1]}\n"
                          "model: {kind: deep, init: {kind: identity, scale: 0.1}}\n"
                          "record: {final: [loss], theory: [mode_fit_time, levels]}\n"
                          "axes: {penalty: [0, 1]}\n");
    for (int cell = 0; cell < 2; cell++) {
        assert_true(isnan(golden_number(&run, cell, "theory_mode_fit_time", 0)) == (cell > 0));
        assert_near(golden_number(&run, cell, "theory_levels", 1), 0.5, 1e-15);
    }
    golden_clear(&run);
}

/* The sweep people run: a perturbed strict saddle is left in the steps of the quadratic model. */
static void the_escapes_of_the_sweep_take_the_predicted_steps(void **state) {
    (void)state;
    static const double s[] = {0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, 1.1, 1.6};
    struct golden run;
    golden_run_file(&run, "../../sweeps/zhu_escape.yaml");
    assert_int_equal(ln_sweep_n_cells(run.sweep), 11 * 4 * 3 * 8);
    for (int cell = 0; cell < 11 * 4 * 3 * 8; cell++) {
        int size = cell / 24 % 4; /* of the perturbation: 1e-2, 1e-4, 1e-6, 1e-8 */
        double steps = golden_number(&run, cell, "converged_step", 0);
        double predicted = golden_number(&run, cell, "theory_escape_steps", 0);
        assert_true(steps >= predicted && steps <= 1 + 1.2 * predicted);
        if (size == 0)
            continue; /* a hundredth is a large step away from the saddle */
        assert_near(steps, predicted, 1.5 + 0.01 * predicted);
        assert_near(golden_number(&run, cell, "theory_escape_rate", 0), s[cell / 96], 5e-5);
    }
    golden_clear(&run);
}

/* From the origin over the saddle with one mode to the minimum. */
static void a_run_is_told_to_be_near_what_it_passes(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, spectrum: [2, 1], basis: random}\n"
                          "model: {kind: deep, depth: 2, init: {kind: gaussian, scale: 1e-9}}\n"
                          "train: {step_size: 0.01, max_steps: 10000, stop: {loss: 1e-8}}\n"
                          "record: {times: {list: [0, 1020, 1200]},\n"
                          "  final: [certificate, index_set], series: [certificate, index_set]}\n");
    assert_true(golden_at(&run, 0, "certificate_series", 0, 0) == LN_IS_NEAR_SADDLE);
    assert_true(golden_at(&run, 0, "index_set_series", 0, 0) == 0);
    assert_true(golden_at(&run, 0, "certificate_series", 1020, 0) == LN_IS_NOT_CRITICAL);
    assert_true(golden_at(&run, 0, "certificate_series", 1200, 0) == LN_IS_NEAR_SADDLE);
    assert_true(golden_at(&run, 0, "index_set_series", 1200, 0) == 1);
    assert_true(golden_number(&run, 0, "certificate", 0) == LN_IS_NEAR_MINIMUM);
    assert_true(golden_number(&run, 0, "index_set", 0) == 3);
    golden_clear(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_has_its_loss_spectrum_inertia_and_verdict),
        cmocka_unit_test(lanczos_finds_the_ends_of_every_case),
        cmocka_unit_test(weights_that_are_not_critical_are_told_with_their_gradient),
        cmocka_unit_test(whole_spectra_are_those_listed),
        cmocka_unit_test(a_deviation_from_a3_grows_by_1_02_a_step_and_ends_at_the_minimum),
        cmocka_unit_test(scalar_chains_leave_the_origin_in_the_steps_of_the_table),
        cmocka_unit_test(a_penalty_balances_a_run_and_leaves_the_least_loss),
        cmocka_unit_test(predictions_for_the_plain_loss_are_silent_about_a_penalised_one),
        cmocka_unit_test(the_escapes_of_the_sweep_take_the_predicted_steps),
        cmocka_unit_test(a_run_is_told_to_be_near_what_it_passes),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("zhu", tests, NULL, NULL);
}
