#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "make_net.h"
#include "near.h"
#include "train_job.h"

/* A scalar network of two layers with target 1: s = w^2 obeys ds/dt = 2 s (1 - s). */
static void begin_scalar(struct net *net, double start, double time_step, int64_t max_steps) {
    static const double one[] = {1};
    net_begin(net, one, 1, 1, 2);
    point_set_real(&net->point, LN_INIT, "scale", start);
    job_train_by_flow(net, time_step, max_steps);
}

static double excess_at(double t, double start) {
    double s = start * start, rest = (1 - s) / (s * exp(2 * t) + 1 - s);
    return 0.5 * rest * rest;
}

static void a_record_is_the_state_at_its_step_times_the_time_step(void **state) {
    (void)state;
    static const int64_t steps[] = {0, 1, 2, 7, 40, 100};
    struct net net;
    begin_scalar(&net, 0.3, 0.05, 100);
    point_set_real(&net.point, LN_LIMITS, "stop.loss", 0);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, steps, 6);
    assert_int_equal(outcome.n_records, 6);
    for (int i = 0; i < 6; i++) {
        double right = excess_at(0.05 * (double)steps[i], 0.3);
        assert_int_equal(outcome.record_step[i], steps[i]);
        assert_near(outcome.record_excess[i], right, 1e-12);
    }
    assert_true(outcome.run.step_size == 0.05);
    outcome_clear(&outcome);
    net_clear(&net);
}

/* E falls below 1e-6 at t = 1/2 ln((1/sqrt(2e-6) - 1)(1 - s)/s). */
static void convergence_is_the_first_step_at_or_after_the_crossing(void **state) {
    (void)state;
    double s = 0.09, crossing = 0.5 * log((1 / sqrt(2e-6) - 1) * (1 - s) / s);
    for (int hold = 1; hold <= 41; hold += 20) {
        static const int64_t steps[] = {0, 500};
        struct net net;
        begin_scalar(&net, 0.3, 0.01, 1000);
        point_set_real(&net.point, LN_LIMITS, "stop.loss", 1e-6);
        point_set_int(&net.point, LN_LIMITS, "stop.hold", hold);
        net_complete(&net);
        struct outcome outcome = job_run_one(&net, steps, 2);
        assert_int_equal(outcome.run.converged_step, (int64_t)ceil(crossing / 0.01));
        assert_int_equal(outcome.run.step, outcome.run.converged_step + hold - 1);
        assert_near(outcome.run.excess, excess_at(0.01 * (double)outcome.run.step, 0.3), 1e-16);
        assert_int_equal(outcome.label, LN_CONVERGED_MONOTONE);
        assert_int_equal(outcome.run.n_rises, 0);
        outcome_clear(&outcome);
        net_clear(&net);
    }
}

static void a_start_below_the_tolerance_is_held_from_step_zero(void **state) {
    (void)state;
    static const int64_t steps[] = {0, 5};
    struct net net;
    begin_scalar(&net, 1 - 1e-9, 0.5, 1000);
    point_set_int(&net.point, LN_LIMITS, "stop.hold", 10);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, steps, 2);
    assert_int_equal(outcome.run.converged_step, 0);
    assert_int_equal(outcome.run.step, 9);
    assert_int_equal(outcome.n_records, 2);
    outcome_clear(&outcome);
    net_clear(&net);
}

static void the_plateau_is_entered_and_left_at_the_first_step_past_its_band(void **state) {
    (void)state;
    static const double target[] = {4, 0, 0, 1};
    double s = 1e-4; /* both modes start there; mode i is 1 + (sigma/s - 1) e^(-2 sigma t) */
    struct net net;
    net_begin(&net, target, 2, 2, 2);
    point_set_real(&net.point, LN_INIT, "scale", 1e-2);
    job_train_by_flow(&net, 0.01, 2000);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    int64_t enter = -1, leave = -1;
    for (int64_t k = 0; k < 2000 && leave < 0; k++) {
        double t = 0.01 * (double)k;
        double a = 4 - 4 / (1 + (4 / s - 1) * exp(-8 * t)),
               b = 1 - 1 / (1 + (1 / s - 1) * exp(-2 * t)), excess = 0.5 * (a * a + b * b);
        enter = enter < 0 && excess <= 0.5 + 0.01 * 0.5 ? k : enter;
        leave = excess <= 0.5 - 0.01 * 0.5 ? k : leave;
    }
    assert_true(enter > 0 && leave > enter);
    assert_int_equal(outcome.run.plateau_enter[1], enter);
    assert_int_equal(outcome.run.plateau_leave[1], leave);
    outcome_clear(&outcome);
    net_clear(&net);
}

static void a_run_in_many_pieces_gives_the_same_bits_again(void **state) {
    (void)state;
    static const int widths[] = {30, 30, 30};
    struct net net;
    net_make(&net, widths, 2, false, 4);
    job_train_by_flow(&net, 0.5, 4);
    point_set_real(&net.point, LN_LIMITS, "stop.loss", 0);
    struct outcome first = job_run_one(&net, NULL, 0), second = job_run_one(&net, NULL, 0);
    size_t size = (size_t)net.shape.n_weights * sizeof(double);
    assert_int_equal(first.run.step, 4);
    assert_memory_equal(first.weights, second.weights, size);
    outcome_clear(&first);
    outcome_clear(&second);
    net_clear(&net);
}

/* W_{j+1}^T W_{j+1} - W_j W_j^T of the first two layers, all 3 x 3. */
static void gap(const double *w, double *out) {
    double below[9];
    ln_matmul(out, w + 9, true, w + 9, false, 3, 3, 3);
    ln_matmul(below, w, false, w, true, 3, 3, 3);
    for (int i = 0; i < 9; i++)
        out[i] -= below[i];
}

static void balancedness_is_conserved(void **state) {
    (void)state;
    static const int widths[] = {3, 3, 3};
    for (int has_moment = 0; has_moment < 2; has_moment++) {
        struct net net;
        net_make(&net, widths, 2, has_moment, 5);
        job_train_by_flow(&net, 0.25, 16);
        double before[9], after[9];
        struct outcome outcome = job_run_one(&net, NULL, 0);
        gap(net.weights, before);
        gap(outcome.weights, after);
        assert_near(near_distance(before, after, 9), 0, 1e-11);
        assert_true(outcome.run.excess < 0.9 * outcome.run.initial);
        outcome_clear(&outcome);
        net_clear(&net);
    }
}

static void a_state_that_is_no_number_is_labelled(void **state) {
    (void)state;
    struct net net;
    begin_scalar(&net, 1e160, 0.01, 100); /* the velocity overflows */
    point_set_real(&net.point, LN_LIMITS, "stop.diverged", INFINITY);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_int_equal(outcome.label, LN_INVALID);
    outcome_clear(&outcome);
    net_clear(&net);
}

static void a_point_that_takes_too_many_steps_is_given_up(void **state) {
    (void)state;
    struct net net;
    begin_scalar(&net, 1e-3, 1, 1000);
    point_set_int(&net.point, LN_TRAIN, "most_steps", 5);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_int_equal(outcome.label, LN_DIVERGED);
    assert_true(isnan(outcome.run.excess));
    assert_true(outcome.run.diverged_step > 0 && outcome.run.diverged_step < 1000);
    outcome_clear(&outcome);
    net_clear(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_the_state_at_its_step_times_the_time_step),
        cmocka_unit_test(convergence_is_the_first_step_at_or_after_the_crossing),
        cmocka_unit_test(a_start_below_the_tolerance_is_held_from_step_zero),
        cmocka_unit_test(the_plateau_is_entered_and_left_at_the_first_step_past_its_band),
        cmocka_unit_test(a_run_in_many_pieces_gives_the_same_bits_again),
        cmocka_unit_test(balancedness_is_conserved),
        cmocka_unit_test(a_state_that_is_no_number_is_labelled),
        cmocka_unit_test(a_point_that_takes_too_many_steps_is_given_up),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
