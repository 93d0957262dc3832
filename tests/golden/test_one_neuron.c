/* The theory of one-neuron flows (Eftekhari 2020) against the flows themselves: the closed form,
 * the set N_alpha, rates, limits, invariants. Numbers are those of the notes on it; where
 * the notes lost digits (excess losses at t = 8), of an integration with 40 digits. */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/plan.h"

#define PLANE "problem: {kind: target, matrix: [[2, 0, 0], [0, 1, 0]]}\n"
#define START "left: [0.9, 0.4], right: [0.8, 0.5, 0.3]"
#define FLOW "train: {algorithm: flow, rtol: 1e-14, atol: 1e-22, stop: {loss: 0}, "

/* Axes depth 2, 3, 4, 6 and scale 0.5, 40: cell 2 i + k. */
static void run_rates(struct golden *run) {
    golden_run_text(run,
                    "linnet: 1\n" PLANE "model: {kind: one_neuron, init: {kind: rank_one, " START
                    "}}\n" FLOW "time_step: 0.25, max_steps: 32}\n"
                    "record: {times: {list: [0, 1, 2, 4, 16, 32]}, series: [one_neuron_excess], "
                    "theory: [alignment, alpha_sup, leading_part, kappa, faraway_slope, "
                    "late_slope, accuracy_time, limit_mode, one_neuron_step_limit, "
                    "one_neuron_excess, one_neuron_bound]}\n"
                    "axes: {depth: [2, 3, 4, 6], init_scale: [0.5, 40]}\n");
}

/* The table of rates: kappa, ell at t = 0, 1/2, 1, 4, 8, slope between 4 and 8, late slope. */
static const struct {
    const char *kappa, *ell[5], *slope, *late;
} rates[] = {
    {"0.36923562",
     {"1.2839633", "0.4007366139", "0.08871348666", "1.878913112e-4", "6.3027048686e-8"},
     "2.0000137",
     "2"},
    {"0.89754811",
     {"734.717064", "0.2514203179", "0.07669529548", "1.878911981e-4", "6.3027048686e-8"},
     "2.0000136",
     "2"},
    {"0.29306251",
     {"1.2839633", "0.2687068886", "0.06245528229", "3.233185431e-5", "1.3558621488e-9"},
     "2.5198427",
     "2.519842"},
    {"0.95785356",
     {"734.717064", "0.1448730691", "0.04109670549", "2.136844859e-5", "8.961036675e-10"},
     "2.5198425",
     "2.519842"},
    {"0.26108901",
     {"1.2839633", "0.2106437072", "0.04974924456", "1.027374576e-5", "1.2538557884e-10"},
     "2.8284272",
     "2.828427"},
    {"0.98950913",
     {"734.717064", "0.1255171092", "0.03063210407", "6.324711395e-6", "7.718972763e-11"},
     "2.8284271",
     "2.828427"},
    {"0.23260387",
     {"1.2839633", "0.1731664734", "0.03582737899", "2.621080482e-6", "8.003579280e-12"},
     "3.1748021",
     "3.174802"},
    {"1.02221088",
     {"734.717064", "0.1106503103", "0.02276679232", "1.664493402e-6", "5.082600330e-12"},
     "3.1748021",
     "3.174802"},
};

static void rates_of_every_depth_are_those_of_the_table(void **state) {
    (void)state;
    static const int64_t steps[] = {0, 2, 4, 16, 32};
    struct golden run;
    run_rates(&run);
    for (int cell = 0; cell < 8; cell++) {
        assert_shows(golden_number(&run, cell, "theory_kappa", 0), rates[cell].kappa);
        assert_shows(golden_number(&run, cell, "theory_late_slope", 0), rates[cell].late);
        for (int i = 0; i < 5; i++)
            assert_shows(golden_at(&run, cell, "theory_one_neuron_excess", steps[i], 0),
                         rates[cell].ell[i]);
        double slope = log(golden_at(&run, cell, "theory_one_neuron_excess", 16, 0) /
                           golden_at(&run, cell, "theory_one_neuron_excess", 32, 0)) /
                       4;
        assert_shows(slope, rates[cell].slope);
        assert_near(golden_number(&run, cell, "theory_alignment", 0), 0.7384712488640, 5e-14);
        assert_near(golden_number(&run, cell, "theory_limit_mode", 0), 1, 0);
    }
    golden_clear(&run);
}

static void the_flow_follows_the_closed_form(void **state) {
    (void)state;
    static const int64_t steps[] = {0, 1, 2, 4, 16, 32};
    struct golden run;
    run_rates(&run);
    for (int cell = 0; cell < 8; cell++)
        for (int i = 0; i < 6; i++) {
            double theory = golden_at(&run, cell, "theory_one_neuron_excess", steps[i], 0);
            double measured = golden_at(&run, cell, "one_neuron_excess_series", steps[i], 0);
            assert_near(measured / theory, 1, 1e-9);
            assert_true(measured <= golden_at(&run, cell, "theory_one_neuron_bound", steps[i], 0) *
                                        (1 + 1e-12));
        }
    golden_clear(&run);
}

/* Slope of ln ell over [0, 1/4] from the far start; q and the other numbers of the start. */
static void depth_helps_far_away(void **state) {
    (void)state;
    static const char *const slopes[] = {"26.52", "31.23", "31.87", "32.09"};
    struct golden run;
    run_rates(&run);
    for (int i = 0; i < 4; i++) {
        int64_t cell = 2 * i + 1;
        double depth = i < 3 ? i + 2 : 6;
        assert_shows(4 * log(golden_at(&run, cell, "one_neuron_excess_series", 0, 0) /
                             golden_at(&run, cell, "one_neuron_excess_series", 1, 0)),
                     slopes[i]);
        assert_near(golden_number(&run, cell, "theory_faraway_slope", 0) /
                        (2 * depth * pow(40, 2 - 2 / depth)),
                    1, 1e-14);
        assert_near(golden_number(&run, cell, "theory_one_neuron_step_limit", 0),
                    2 / (depth * pow(2, 2 - 2 / depth)), 1e-15);
        assert_near(golden_number(&run, cell, "theory_accuracy_time", 0),
                    log(734.717063992398 / 1e-6) / golden_number(&run, cell, "theory_kappa", 0),
                    1e-9);
    }
    assert_shows(pow(golden_number(&run, 0, "theory_leading_part", 0), 2), "0.7412638171524");
    golden_clear(&run);
}

static void kappa_follows_alpha(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n" PLANE
                          "model: {kind: one_neuron, depth: 3, init: {kind: rank_one, scale: "
                          "0.5, " START "}}\n" FLOW "max_steps: 1}\n"
                          "theory: {alpha: 0.6}\n"
                          "record: {theory: [kappa, alpha_sup]}\n"
                          "axes: {theory.alpha: [0.6, 0.73, 0.74]}\n");
    assert_shows(golden_number(&run, 0, "theory_kappa", 0), "0.238110157795");
    assert_true(golden_number(&run, 1, "theory_kappa", 0) >
                golden_number(&run, 0, "theory_kappa", 0));
    assert_true(isnan(golden_number(&run, 2, "theory_kappa", 0))); /* not in that set */
    assert_shows(golden_number(&run, 0, "theory_alpha_sup", 0), "0.7384712488640");
    golden_clear(&run);
}

/* With s_0 small the scale decides: (s_0 + s_2)/s_1. */
static void membership_asks_for_scale_and_alignment(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n" PLANE
                          "model: {kind: one_neuron, depth: 3, init: {kind: rank_one, " START
                          "}}\n" FLOW "max_steps: 1}\n"
                          "record: {theory: [alpha_sup]}\n"
                          "axes: {init_scale: [0.2, 1]}\n");
    assert_near(golden_number(&run, 0, "theory_alpha_sup", 0), 0.6, 1e-15);
    assert_near(golden_number(&run, 1, "theory_alpha_sup", 0), 0.738471248864, 1e-12);
    golden_clear(&run);
}

/* f = min(s_0, alpha s_1 - (1 - alpha) s_2) out of kappa = 2 (1 - gamma) alpha f^{2-2/N}. */
static double least_scale(const struct golden *run, int64_t cell, double depth) {
    return pow(golden_number(run, cell, "theory_kappa", 0) /
                   (2 * (1 - golden_number(run, cell, "theory_spectral_gap", 0)) *
                    golden_number(run, cell, "theory_alignment", 0)),
               1 / (2 - 2 / depth));
}

/* 2 x 2 Gaussian targets and starts: in about one of four N_alpha is not empty. */
static void the_bound_holds_from_every_start_in_the_set(void **state) {
    (void)state;
    enum { SEEDS = 60, DEPTHS = 4 };
    struct golden run;
    int n_members = 0;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: low_rank, rank: 2, rows: 2, cols: 2}\n"
                          "model: {kind: one_neuron, init: {kind: rank_one}}\n"
                          "train: {algorithm: flow, rtol: 1e-13, atol: 1e-20, stop: {loss: 0}, "
                          "time_step: 0.25, max_steps: 16}\n"
                          "record: {times: {every: 1}, series: [one_neuron_excess, alignment, "
                          "singular_values], theory: [alpha_sup, alignment, spectral_gap, kappa, "
                          "one_neuron_bound, one_neuron_excess, one_neuron_scale]}\n"
                          "axes: {depth: [2, 3, 4, 5], init_scale: [0.3, 3], seed: {count: 60}}\n");
    for (int64_t cell = 0; cell < (int64_t)DEPTHS * 2 * SEEDS; cell++) {
        bool is_member = !isnan(golden_number(&run, cell, "theory_kappa", 0));
        double floor = least_scale(&run, cell, (double)(cell / (2 * SEEDS)) + 2) * (1 - 1e-12);
        n_members += is_member;
        for (int64_t k = 1; k <= 16; k++) {
            double ell = golden_at(&run, cell, "one_neuron_excess_series", k, 0),
                   before = golden_at(&run, cell, "alignment_series", k - 1, 0),
                   now = golden_at(&run, cell, "alignment_series", k, 0);
            double theory = golden_at(&run, cell, "theory_one_neuron_excess", k, 0);
            assert_near(ell, theory, 1e-8 * theory + 1e-20);
            assert_true(ell <=
                        golden_at(&run, cell, "one_neuron_excess_series", k - 1, 0) * (1 + 1e-12));
            assert_true(before < 0 || now >= before - 1e-13);
            assert_near(golden_at(&run, cell, "singular_values_series", k, 0),
                        golden_at(&run, cell, "theory_one_neuron_scale", k, 0), 1e-10);
            if (is_member) {
                assert_true(ell <= golden_at(&run, cell, "theory_one_neuron_bound", k, 0));
                assert_true(golden_at(&run, cell, "singular_values_series", k, 0) >= floor);
            }
        }
    }
    assert_true(n_members >= 60);
    golden_clear(&run);
}

/* The layers' own flow, hidden widths beside the one neuron. */
static void layers_flow_as_the_closed_form(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\n" PLANE
                    "model: {kind: deep, width: [1, 2], init: {kind: rank_one, scale: 0.5, " START
                    "}}\n" FLOW "time_step: 0.5, max_steps: 8}\n"
                    "record: {times: {every: 1}, series: [singular_values, balancedness, "
                    "one_neuron_excess], theory: [one_neuron_scale, one_neuron_excess]}\n");
    for (int64_t k = 0; k <= 8; k++) {
        assert_near(golden_at(&run, 0, "singular_values_series", k, 0),
                    golden_at(&run, 0, "theory_one_neuron_scale", k, 0), 1e-12);
        assert_near(golden_at(&run, 0, "one_neuron_excess_series", k, 0) /
                        golden_at(&run, 0, "theory_one_neuron_excess", k, 0),
                    1, 1e-9);
        assert_near(golden_at(&run, 0, "balancedness_series", k, 0), 0, 1e-13);
    }
    golden_clear(&run);
}

/* X X^T = 5 I: time runs five times as fast, the loss is five times as large. */
static void a_multiple_of_the_identity_rescales_time(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\n"
                    "problem: {kind: data, x: [[2, 1], [-1, 2]], y: [[4, 2], [-1, 2]]}\n"
                    "model: {kind: one_neuron, depth: 3, init: {kind: rank_one, scale: 0.5, left: "
                    "[0.9, 0.4], right: [0.8, 0.5]}}\n" FLOW "time_step: 0.1, max_steps: 8}\n"
                    "record: {times: {every: 1}, series: [one_neuron_excess], "
                    "theory: [one_neuron_excess, one_neuron_bound, late_slope]}\n");
    for (int64_t k = 0; k <= 8; k++) {
        double theory = golden_at(&run, 0, "theory_one_neuron_excess", k, 0);
        assert_near(golden_at(&run, 0, "one_neuron_excess_series", k, 0) / theory, 1, 1e-9);
        assert_true(theory <= golden_at(&run, 0, "theory_one_neuron_bound", k, 0) * (1 + 1e-12));
    }
    assert_near(golden_number(&run, 0, "theory_late_slope", 0), 5 * pow(2, 4.0 / 3), 1e-12);
    golden_clear(&run);
}

/* B3, B4, B8 and a start orthogonal to both sides of the first mode. */
static void the_sign_pattern_of_the_start_decides_the_limit(void **state) {
    (void)state;
    static const char *const left[] = {"[0.6, 0.8]", "[0.9, 0.4]", "[1, 0]", "[0, 1]", "[0, 1]"};
    static const char *const right[] = {"[-0.6, 0.64, 0.48]", "[-0.5, 0.8, 0.3]", "[-1, 0, 0]",
                                        "[0, 1, 0]", "[0, 0, 1]"};
    static const int limit[] = {2, 1, 0, 2, 2};
    for (int i = 0; i < 5; i++) {
        char text[1024];
        struct golden run;
        snprintf(text, sizeof text,
                 "linnet: 1\n" PLANE "model: {kind: one_neuron, depth: 3, init: {kind: rank_one, "
                 "left: %s, right: %s}}\n" FLOW "time_step: 1, max_steps: 8}\n"
                 "record: {theory: [limit_mode, late_slope, one_neuron_scale]}\n",
                 left[i], right[i]);
        golden_run_text(&run, text);
        assert_near(golden_number(&run, 0, "theory_limit_mode", 0), limit[i], 0);
        assert_true(isnan(golden_number(&run, 0, "theory_late_slope", 0)) == (limit[i] != 1));
        assert_near(golden_number(&run, 0, "singular_values", 0), limit[i] ? 3 - limit[i] : 0,
                    0.02);
        golden_clear(&run);
    }
}

/* The closed form keeps a start at a saddle exactly; the run leaves it by its rounding. */
static void the_closed_form_stays_where_rounding_leaves(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\n" PLANE
                    "model: {kind: one_neuron, depth: 3, init: {kind: rank_one, scale: 0.7, left: "
                    "[0.6, 0.8], right: [-0.6, 0.64, 0.48]}}\n"
                    "train: {algorithm: flow, time_step: 4, max_steps: 25, stop: {loss: 0}}\n"
                    "record: {times: {every: 1}, series: [singular_values], "
                    "theory: [one_neuron_scale, one_neuron_excess]}\n");
    assert_shows(golden_at(&run, 0, "theory_one_neuron_scale", 1, 0), "0.9996338247601");
    assert_shows(golden_at(&run, 0, "theory_one_neuron_scale", 2, 0), "0.9999998884255");
    assert_near(golden_at(&run, 0, "theory_one_neuron_scale", 25, 0), 1, 1e-14);
    assert_near(golden_at(&run, 0, "theory_one_neuron_excess", 25, 0), 1.5, 1e-14);
    assert_near(golden_at(&run, 0, "singular_values_series", 25, 0), 2, 1e-6);
    golden_clear(&run);
}

/* ||s u v^T - 2 e_1 e_1^T||_F^2 of the weights s, u, v. */
static double distance2(const double *w) {
    double sum = 0;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++) {
            double gap = w[0] * w[1 + i] * w[3 + k] - (i + k == 0 ? 2 : 0);
            sum += gap * gap;
        }
    return sum;
}

/* (1 - gamma)/2 ||W - Z_1||_F^2 <= ell, and (a_i + b_i)(a_i - b_i) / ((a_1 + b_1)(a_1 - b_1)) is
 * constant, at every depth the same. */
static void products_of_sum_and_difference_keep_their_ratio(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\n" PLANE "model: {kind: one_neuron, init: {kind: rank_one, " START
                    "}}\n" FLOW "time_step: 0.25, max_steps: 6}\n"
                    "record: {times: {every: 1}, series: [weights, one_neuron_excess]}\n"
                    "axes: {depth: [2, 3, 5]}\n");
    for (int64_t cell = 0; cell < 3; cell++) {
        double first = 0;
        for (int64_t k = 0; k <= 6; k++) {
            double w[6];
            for (int i = 0; i < 6; i++)
                w[i] = golden_at(&run, cell, "weights_series", k, i);
            double ratio = (w[2] * w[2] - w[4] * w[4]) / (w[1] * w[1] - w[3] * w[3]);
            first = k == 0 ? ratio : first;
            assert_near(ratio, first, 1e-10 * fabs(first));
            assert_true(0.25 * distance2(w) <=
                        golden_at(&run, cell, "one_neuron_excess_series", k, 0));
            assert_near(hypot(w[1], w[2]), 1, 1e-13);
            assert_near(hypot(hypot(w[3], w[4]), w[5]), 1, 1e-13);
        }
    }
    golden_clear(&run);
}

/* B7: far from lazy, yet in N_alpha. ||Z_1 - W_0||_F^2 = s_1^2 + s_0^2 - 2 s_0 s_1 a_1 b_1. */
static void a_far_start_is_not_lazy(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\n" PLANE
                    "model: {kind: one_neuron, depth: 4, init: {kind: rank_one, scale: 40, " START
                    "}}\n" FLOW "time_step: 0.5, max_steps: 32}\n"
                    "record: {final: [kernel_change, product_travel, alignment]}\n");
    assert_near(1 - golden_number(&run, 0, "kernel_change", 0), pow(0.05, 1.5), 1e-8);
    assert_shows(pow(0.05, 1.5), "0.0112");
    assert_near(golden_number(&run, 0, "product_travel", 0),
                sqrt(2 * 2 + 40 * 40 - 2 * 2 * 40 * 0.7384712488640) / 40, 1e-9);
    assert_near(golden_number(&run, 0, "alignment", 0), 1, 1e-12);
    golden_clear(&run);
}

/* The plan refuses the text; its message holds the words. */
static void check_refused(const char *text, const char *words) {
    struct ln_err err = {0};
    struct ln_sweep *sweep = NULL;
    struct ln_plan *plan = NULL;
    int status = ln_sweep_parse("text.yaml", text, strlen(text), NULL, 0, NULL, &sweep, &err);
    if (status == LN_OK)
        status = ln_plan_create(sweep, NULL, &plan, &err);
    assert_int_equal(status, LN_INPUT);
    if (!strstr(err.text, words))
        fail_msg("'%s' does not say '%s'", err.text, words);
    ln_sweep_free(sweep);
}

static void what_the_theorems_do_not_cover_is_refused_with_the_reason(void **state) {
    (void)state;
    check_refused("linnet: 1\n" PLANE "model: {kind: deep, depth: 3, init: {kind: rank_one}}\n"
                  "record: {theory: [kappa]}\n",
                  "no layer has one neuron");
    check_refused("linnet: 1\nproblem: {kind: data, "
                  "x: [[1, 0, 2], [-1, 1, 1]], y: [[1, 2, -1]]}\n"
                  "model: {kind: deep, depth: 3, init: {kind: rank_one}}\n"
                  "record: {theory: [one_neuron_excess]}\n",
                  "not a multiple of the identity");
    check_refused("linnet: 1\n" PLANE "model: {kind: deep, width: 1, init: {kind: rank_one}}\n"
                  "theory: {alpha: 0.5}\nrecord: {theory: [kappa]}\n",
                  "gamma = sigma_2/sigma_1 = 0.5");
    check_refused("linnet: 1\nproblem: {kind: target, spectrum: [1, 1]}\n"
                  "model: {kind: deep, width: 1, init: {kind: rank_one}}\n"
                  "record: {theory: [kappa]}\n",
                  "singular values of the target are equal");
    check_refused("linnet: 1\nproblem: {kind: target, matrix: [[2]]}\n"
                  "model: {kind: deep, depth: 1, init: {kind: rank_one}}\n"
                  "record: {theory: [limit_mode]}\n",
                  "depth of at least 2");
    check_refused("linnet: 1\n" PLANE "model: {kind: one_neuron, init: {kind: rank_one}}\n",
                  "moves by its flow only");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_of_every_depth_are_those_of_the_table),
        cmocka_unit_test(the_flow_follows_the_closed_form),
        cmocka_unit_test(depth_helps_far_away),
        cmocka_unit_test(kappa_follows_alpha),
        cmocka_unit_test(membership_asks_for_scale_and_alignment),
        cmocka_unit_test(the_bound_holds_from_every_start_in_the_set),
        cmocka_unit_test(layers_flow_as_the_closed_form),
        cmocka_unit_test(a_multiple_of_the_identity_rescales_time),
        cmocka_unit_test(the_sign_pattern_of_the_start_decides_the_limit),
        cmocka_unit_test(the_closed_form_stays_where_rounding_leaves),
        cmocka_unit_test(products_of_sum_and_difference_keep_their_ratio),
        cmocka_unit_test(a_far_start_is_not_lazy),
        cmocka_unit_test(what_the_theorems_do_not_cover_is_refused_with_the_reason),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
