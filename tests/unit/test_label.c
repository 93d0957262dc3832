#include <stdlib.h>

#include "linnet/linalg.h"
#include "make_net.h"
#include "near.h"
#include "train_job.h"

/* Every label by the smallest problem that has it. With N = 2, target 1 and equal weights x the
 * orbit is x -> x (1 + eta - eta x^2): stable at 1 for eta < 1, then cycles, then chaos. */
static struct outcome scalar(int depth, double start, double step_size, int64_t max_steps) {
    static const double one[] = {1};
    struct net net;
    net_begin(&net, one, 1, 1, depth);
    point_set_real(&net.point, LN_INIT, "scale", start);
    job_train_by_gd(&net, step_size, max_steps);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    outcome_clear(&outcome);
    net_clear(&net);
    return outcome;
}

static void a_start_whose_loss_is_not_finite_is_invalid(void **state) {
    (void)state;
    struct outcome outcome = scalar(2, 1e200, 0.1, 100);
    assert_int_equal(outcome.label, LN_INVALID);
    assert_int_equal(outcome.run.step, 0);
}

static void a_start_beyond_the_threshold_but_finite_has_diverged(void **state) {
    (void)state;
    struct outcome outcome = scalar(2, 1e30, 0.1, 100);
    assert_int_equal(outcome.label, LN_DIVERGED);
    assert_int_equal(outcome.run.diverged_step, 0);
}

static void a_step_beyond_the_basin_diverges(void **state) {
    (void)state;
    struct outcome outcome = scalar(2, 0.5, 9, 1000);
    assert_int_equal(outcome.label, LN_DIVERGED);
    assert_true(outcome.run.diverged_step > 0);
}

static void a_loss_that_never_rises_converges_monotone(void **state) {
    (void)state;
    assert_int_equal(scalar(1, 0, 0.5, 1000).label, LN_CONVERGED_MONOTONE);
    assert_int_equal(scalar(1, 0, 1.9, 1000).label, LN_CONVERGED_MONOTONE);
}

static void a_loss_that_rises_below_its_start_converges_oscillating(void **state) {
    (void)state;
    struct outcome outcome = scalar(2, 0.2, 0.97, 1000);
    assert_int_equal(outcome.label, LN_CONVERGED_OSCILLATING);
    assert_true(outcome.run.n_rises > 0);
    assert_true(outcome.run.worst == outcome.run.initial);
}

static void a_loss_that_passes_its_start_and_comes_back_is_a_catapult(void **state) {
    (void)state;
    struct outcome outcome = scalar(2, 1.3, 0.9, 1000);
    assert_int_equal(outcome.label, LN_CONVERGED_CATAPULT);
    assert_true(outcome.run.worst > outcome.run.initial);
}

static void just_above_the_edge_of_stability_there_is_a_cycle_of_two(void **state) {
    (void)state;
    struct outcome outcome = scalar(2, 0.5, 1.1, 5000);
    assert_int_equal(outcome.label, LN_PERIOD_P);
    assert_int_equal(outcome.period, 2);
}

/* Iterating the map itself has periods 4 and 8 at these steps. */
static void further_above_the_cycle_doubles(void **state) {
    (void)state;
    struct outcome four = scalar(2, 0.5, 1.26, 20000), eight = scalar(2, 0.5, 1.293, 20000);
    assert_int_equal(four.label, LN_PERIOD_P);
    assert_int_equal(four.period, 4);
    assert_int_equal(eight.period, 8);
}

static void an_orbit_without_period_is_chaotic_and_bounded(void **state) {
    (void)state;
    struct outcome outcome = scalar(2, 0.3, 1.75, 5000);
    assert_int_equal(outcome.label, LN_CHAOTIC_BOUNDED);
    assert_int_equal(outcome.period, 0);
    assert_true(outcome.run.worst < 10);
}

/* Convergence with alternating sides is on its way to rest, not a cycle. */
static void an_oscillation_that_dies_out_is_not_a_cycle(void **state) {
    (void)state;
    assert_int_equal(scalar(1, 0, 1.99, 300).label, LN_SLOW);
}

static void a_tiny_start_of_a_deep_network_is_stuck_at_the_origin(void **state) {
    (void)state;
    struct outcome outcome = scalar(3, 1e-3, 0.01, 1000);
    assert_int_equal(outcome.label, LN_STUCK_ORIGIN);
    assert_int_equal(outcome.modes, 0);
}

/* Source: Bartlett et al. 2018: from the identity an even depth keeps eigenvalues nonnegative. */
static void a_negative_eigenvalue_holds_the_identity_start_at_a_plateau(void **state) {
    (void)state;
    static const double phi[] = {1, 0, 0, -1};
    struct net net;
    net_begin(&net, phi, 2, 2, 2);
    job_train_by_gd(&net, 0.1, 2000);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_int_equal(outcome.label, LN_PLATEAU_R);
    assert_int_equal(outcome.modes, 1);
    assert_near(outcome.run.excess, 0.5, 1e-9);
    outcome_clear(&outcome);
    net_clear(&net);
}

static void a_run_that_is_still_on_its_way_is_slow(void **state) {
    (void)state;
    struct outcome outcome = scalar(1, 0.5, 1e-4, 1000);
    assert_int_equal(outcome.label, LN_SLOW);
    assert_int_equal(outcome.modes, -1);
    assert_int_equal(scalar(1, 0.5, 1e-4, 3).label, LN_SLOW); /* shorter than the window */
}

static void every_label_has_a_name_of_its_own(void **state) {
    (void)state;
    for (int i = 0; i < LN_N_LABELS; i++) {
        assert_non_null(ln_label_names[i]);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(ln_label_names[i], ln_label_names[j]);
    }
    assert_string_equal(ln_label_names[LN_PLATEAU_R], "plateau_r");
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_whose_loss_is_not_finite_is_invalid),
        cmocka_unit_test(a_start_beyond_the_threshold_but_finite_has_diverged),
        cmocka_unit_test(a_step_beyond_the_basin_diverges),
        cmocka_unit_test(a_loss_that_never_rises_converges_monotone),
        cmocka_unit_test(a_loss_that_rises_below_its_start_converges_oscillating),
        cmocka_unit_test(a_loss_that_passes_its_start_and_comes_back_is_a_catapult),
        cmocka_unit_test(just_above_the_edge_of_stability_there_is_a_cycle_of_two),
        cmocka_unit_test(further_above_the_cycle_doubles),
        cmocka_unit_test(an_orbit_without_period_is_chaotic_and_bounded),
        cmocka_unit_test(an_oscillation_that_dies_out_is_not_a_cycle),
        cmocka_unit_test(a_tiny_start_of_a_deep_network_is_stuck_at_the_origin),
        cmocka_unit_test(a_negative_eigenvalue_holds_the_identity_start_at_a_plateau),
        cmocka_unit_test(a_run_that_is_still_on_its_way_is_slow),
        cmocka_unit_test(every_label_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests_name("label", tests, start, NULL);
}
