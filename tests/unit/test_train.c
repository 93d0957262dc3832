#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "make_net.h"
#include "near.h"
#include "train_job.h"

/* A scalar network with target 1 and all weights at the start. */
static void begin_scalar(struct net *net, int depth, double start, double step_size,
                         int64_t max_steps) {
    static const double one[] = {1};
    net_begin(net, one, 1, 1, depth);
    point_set_real(&net->point, LN_INIT, "scale", start);
    job_train_by_gd(net, step_size, max_steps);
}

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

/* One step of W_2 W_1 -> Phi, all 2 x 2, written out; w holds W_1 and then W_2. */
static void plain_step(double *w, const double *phi, double eta) {
    double error[4], g[8] = {0};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            error[2 * i + j] = w[4 + 2 * i] * w[j] + w[4 + 2 * i + 1] * w[2 + j] - phi[2 * i + j];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 2; k++) {
                g[2 * i + j] += w[4 + 2 * k + i] * error[2 * k + j]; /* W_2^T D */
                g[4 + 2 * i + j] += error[2 * i + k] * w[2 * j + k]; /* D W_1^T */
            }
    for (int i = 0; i < 8; i++)
        w[i] -= eta * g[i];
}

static void both_layers_move_at_once_as_in_a_plain_loop(void **state) {
    (void)state;
    static const int widths[] = {2, 2, 2};
    struct net net;
    net_make(&net, widths, 2, false, 3);
    job_train_by_gd(&net, 0.1, 2);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    double w[8];
    memcpy(w, net.weights, sizeof w);
    plain_step(w, net.problem->target, 0.1);
    plain_step(w, net.problem->target, 0.1);
    assert_int_equal(outcome.run.step, 2);
    assert_near(near_distance(outcome.weights, w, 8), 0, 1e-14);
    assert_near(outcome.run.excess, net_excess(&net, w), 1e-14);
    outcome_clear(&outcome);
    net_clear(&net);
}

/* D_j = W_{j+1}^T W_{j+1} - W_j W_j^T of any block of weights, so of the gradient too. */
static double *gap(const struct ln_shape *shape, const double *weights, int j) {
    int n = shape->widths[j];
    double *above = numbers(n * n), *below = numbers(n * n);
    const double *next = weights + shape->offset[j], *here = weights + shape->offset[j - 1];
    ln_matmul(above, next, true, next, false, n, n, shape->widths[j + 1]);
    ln_matmul(below, here, false, here, true, n, n, shape->widths[j - 1]);
    for (int i = 0; i < n * n; i++)
        above[i] -= below[i];
    free(below);
    return above;
}

static void check_drift(const struct net *net, const double *before, const double *after,
                        double eta) {
    double *gradient = numbers(net->shape.n_weights);
    net_gradient(net, before, gradient);
    for (int j = 1; j < net->shape.n_layers; j++) {
        double *old = gap(&net->shape, before, j), *new = gap(&net->shape, after, j);
        double *drift = gap(&net->shape, gradient, j);
        for (int i = 0; i < net->shape.widths[j] * net->shape.widths[j]; i++)
            assert_near(new[i] - old[i], eta * eta * drift[i], 1e-13);
        free(drift);
        free(new);
        free(old);
    }
    free(gradient);
}

/* Source: Nguegnang et al. 2021, the change of the balancedness in one step. */
static void balancedness_drifts_by_eta_squared_times_that_of_the_gradient(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2, 3, 2};
    static const int64_t steps[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    for (int has_moment = 0; has_moment < 2; has_moment++) {
        struct net net;
        net_make(&net, widths, 4, has_moment, 6);
        job_train_by_gd(&net, 0.02, 8);
        struct outcome outcome = job_run_one(&net, steps, 9);
        assert_int_equal(outcome.n_records, 9);
        for (int k = 0; k < 8; k++)
            check_drift(&net, outcome.record_weights[k], outcome.record_weights[k + 1], 0.02);
        outcome_clear(&outcome);
        net_clear(&net);
    }
}

/* One layer, eta = 1/2: the error halves, E_k = 4^-k / 2, at most 1e-3 from k = 5 on. */
static void converged_step_is_the_first_of_the_steps_held(void **state) {
    (void)state;
    for (int hold = 1; hold <= 7; hold += 3) {
        struct net net;
        begin_scalar(&net, 1, 0, 0.5, 1000);
        point_set_real(&net.point, LN_LIMITS, "stop.loss", 1e-3);
        point_set_int(&net.point, LN_LIMITS, "stop.hold", hold);
        net_complete(&net);
        struct outcome outcome = job_run_one(&net, NULL, 0);
        assert_int_equal(outcome.run.converged_step, 5);
        assert_int_equal(outcome.run.step, 5 + hold - 1);
        assert_int_equal(outcome.run.diverged_step, -1);
        assert_true(outcome.run.excess == 0.5 * pow(0.25, 5 + hold - 1));
        outcome_clear(&outcome);
        net_clear(&net);
    }
}

static void an_orbit_that_crosses_the_tolerance_by_chance_has_not_converged(void **state) {
    (void)state;
    struct net net;
    begin_scalar(&net, 2, 0.3, 1.75, 2000);
    point_set_real(&net.point, LN_LIMITS, "stop.loss", 0.01);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_true(outcome.run.best < 0.01);
    assert_int_equal(outcome.run.converged_step, -1);
    assert_int_equal(outcome.run.step, 2000);
    outcome_clear(&outcome);
    net_clear(&net);
}

static void a_tolerance_of_zero_never_converges(void **state) {
    (void)state;
    struct net net;
    begin_scalar(&net, 1, 1, 0.5, 300);
    point_set_real(&net.point, LN_LIMITS, "stop.loss", 0);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_true(outcome.run.excess == 0);
    assert_int_equal(outcome.run.step, 300);
    assert_int_equal(outcome.run.converged_step, -1);
    outcome_clear(&outcome);
    net_clear(&net);
}

/* Rank one of a target of rank two: the best level is sigma_2^2 / 2, and counts as converged. */
static void convergence_is_measured_from_the_best_level_of_the_widths(void **state) {
    (void)state;
    static const double phi[] = {2, 0, 0, 1};
    struct net net;
    net_begin(&net, phi, 2, 2, 2);
    point_set_ints(&net.point, LN_MODEL, "width", (int64_t[]){1}, 1);
    job_train_by_gd(&net, 0.1, 10000);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_near(outcome.run.level, 0.5, 1e-15);
    assert_near(outcome.run.excess, 0.5, 1e-9);
    assert_true(outcome.run.converged_step > 0);
    outcome_clear(&outcome);
    net_clear(&net);
}

/* One layer, eta = 3: the error doubles, E_k = 4^k / 2, above 1e6 from k = 11 on. */
static void diverged_step_is_the_first_beyond_the_threshold(void **state) {
    (void)state;
    struct net net;
    begin_scalar(&net, 1, 0, 3, 1000);
    point_set_real(&net.point, LN_LIMITS, "stop.diverged", 1e6);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_int_equal(outcome.run.diverged_step, 11);
    assert_int_equal(outcome.run.step, 11);
    assert_int_equal(outcome.label, LN_DIVERGED);
    outcome_clear(&outcome);
    net_clear(&net);
}

/* Step k is eta / (k + 1)^g. */
static void the_schedule_divides_by_a_power_of_the_step_number(void **state) {
    (void)state;
    struct net net;
    double error = 1;
    begin_scalar(&net, 1, 0, 0.5, 6);
    point_set_real(&net.point, LN_TRAIN, "decay", 0.75);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    for (int k = 0; k < 6; k++)
        error *= 1 - 0.5 / pow(k + 1, 0.75);
    assert_near(outcome.weights[0], 1 - error, 1e-15);
    outcome_clear(&outcome);
    net_clear(&net);
}

static double step_size_in_unit(const char *unit, double *start_sharpness) {
    static const double four[] = {4};
    struct net net;
    net_begin(&net, four, 1, 1, 2);
    point_set_real(&net.point, LN_INIT, "scale", 0.5);
    job_train_by_gd(&net, 0.5, 1);
    point_set_word(&net.point, LN_TRAIN, "step_unit", unit);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    double step_size = outcome.run.step_size;
    struct ln_net view = net_view(&net);
    *start_sharpness = ln_hessian_extreme(&view, +1, NULL);
    outcome_clear(&outcome);
    net_clear(&net);
    return step_size;
}

static void step_sizes_are_absolute_or_in_units_of_the_edge_of_stability(void **state) {
    (void)state;
    double top;
    assert_true(step_size_in_unit("absolute", &top) == 0.5);
    assert_near(step_size_in_unit("minimum", &top), 0.5 * 2 / (2 * 4.0), 1e-15);
    assert_near(step_size_in_unit("start", &top), 0.5 * 2 / top, 1e-15);
    assert_near(top, 3.75, 1e-14); /* s^2 + |2 s^2 - sigma| at s = 1/2 */
}

static void a_flat_start_has_no_step_unit_and_is_labelled_invalid(void **state) {
    (void)state;
    struct net net;
    begin_scalar(&net, 3, 0, 0.5, 10);
    point_set_word(&net.point, LN_TRAIN, "step_unit", "start");
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_int_equal(outcome.run.step, 0);
    assert_true(outcome.run.is_invalid);
    assert_int_equal(outcome.label, LN_INVALID);
    outcome_clear(&outcome);
    net_clear(&net);
}

/* Runs of very different length: lanes are refilled at different times in every order. */
static void make_mixed(struct net *nets, int n) {
    static const int widths[] = {2, 3, 2};
    for (int i = 0; i < n; i++) {
        net_make(&nets[i], widths, 2, true, 40 + (uint64_t)i);
        job_train_by_gd(&nets[i], 0.01 * (1 + i % 7), i % 5 == 4 ? 1 : 20 + 37 * (i % 11));
        point_set_real(&nets[i].point, LN_TRAIN, "decay", i % 3 ? 0 : 0.1);
        if (i % 6 == 5) /* blows up: infinities and NaN next door */
            point_set_real(&nets[i].point, LN_TRAIN, "step_size", 50);
    }
}

static void check_same(const struct outcome *a, const struct outcome *b, int n_weights) {
    assert_memory_equal(&a->run.excess, &b->run.excess, sizeof(double));
    assert_memory_equal(&a->run.worst, &b->run.worst, sizeof(double));
    assert_memory_equal(a->weights, b->weights, (size_t)n_weights * sizeof(double));
    assert_memory_equal(a->run.loss_window, b->run.loss_window, sizeof a->run.loss_window);
    assert_memory_equal(a->run.state_window, b->run.state_window, sizeof a->run.state_window);
    assert_int_equal(a->run.step, b->run.step);
    assert_int_equal(a->run.diverged_step, b->run.diverged_step);
    assert_int_equal(a->run.n_rises, b->run.n_rises);
    assert_int_equal(a->label, b->label);
    assert_int_equal(a->n_records, b->n_records);
    assert_memory_equal(a->record_excess, b->record_excess, sizeof a->record_excess);
}

static void what_a_point_does_depends_neither_on_order_nor_on_neighbours(void **state) {
    (void)state;
    enum { N = 30 };
    static const int64_t records[] = {0, 1, 2, 10, 100, 300};
    struct net *nets = calloc(N, sizeof *nets);
    struct outcome *given = calloc(N, sizeof *given), *mixed = calloc(N, sizeof *mixed);
    struct ln_err err = {0};
    int order[N];
    make_mixed(nets, N);
    for (int i = 0; i < N; i++)
        order[i] = (N - 1 - i) * 7 % N; /* 7 and 30 have no common factor */
    struct job job = {.nets = nets, .n_tasks = N, .outcomes = given, .fail_at = -1};
    struct job other = {
        .nets = nets, .n_tasks = N, .outcomes = mixed, .order = order, .fail_at = -1};
    assert_int_equal(job_run(&job, records, 6, &err), LN_OK);
    assert_int_equal(job_run(&other, records, 6, &err), LN_OK);
    assert_int_equal(job.n_finished, N);
    for (int i = 0; i < N; i++) {
        struct outcome alone = job_run_one(&nets[i], records, 6);
        check_same(&alone, &given[i], nets[i].shape.n_weights);
        check_same(&alone, &mixed[i], nets[i].shape.n_weights);
        outcome_clear(&alone);
        outcome_clear(&mixed[i]);
        outcome_clear(&given[i]);
        net_clear(&nets[i]);
    }
    free(mixed);
    free(given);
    free(nets);
}

static void records_are_taken_at_exactly_their_steps_up_to_the_end(void **state) {
    (void)state;
    static const int64_t records[] = {0, 1, 5, 64, 70, 71, 1000};
    struct net net;
    begin_scalar(&net, 1, 0, 0.01, 70);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, records, 7);
    assert_int_equal(outcome.n_records, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(outcome.record_step[i], records[i]);
        assert_near(outcome.record_excess[i], 0.5 * pow(0.99, 2.0 * (double)records[i]), 1e-14);
    }
    outcome_clear(&outcome);
    net_clear(&net);
}

static void records_go_on_undisturbed_far_from_the_horizon_and_into_its_window(void **state) {
    (void)state;
    static const int64_t records[] = {0, 3, 400, 872, 873, 874, 999, 1000};
    struct net net;
    begin_scalar(&net, 1, 0, 1e-4, 1000);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, records, 8);
    assert_int_equal(outcome.n_records, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(outcome.record_step[i], records[i]);
    outcome_clear(&outcome);
    net_clear(&net);
}

static void plateaus_are_entered_and_left_in_order(void **state) {
    (void)state;
    static const double phi[] = {3, 0, 0, 1};
    struct net net;
    net_begin(&net, phi, 2, 2, 3);
    point_set_real(&net.point, LN_INIT, "scale", 0.02);
    job_train_by_gd(&net, 0.02, 100000);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    const struct ln_run *run = &outcome.run;
    assert_true(run->converged_step > 0);
    assert_int_equal(run->n_plateaus, 2);
    assert_int_equal(run->plateau_enter[0], 0);
    assert_true(run->plateau_leave[0] > 100);
    assert_true(run->plateau_enter[1] > run->plateau_leave[0]);
    assert_true(run->plateau_leave[1] > run->plateau_enter[1] + 100);
    for (int r = 2; r < LN_MAX_PLATEAUS; r++)
        assert_true(run->plateau_enter[r] == -1 && run->plateau_leave[r] == -1);
    outcome_clear(&outcome);
    net_clear(&net);
}

static void a_plateau_still_held_at_the_horizon_was_entered_and_not_left(void **state) {
    (void)state;
    struct net net;
    begin_scalar(&net, 3, 1e-3, 0.01, 500);
    net_complete(&net);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_int_equal(outcome.run.plateau_enter[0], 0);
    assert_int_equal(outcome.run.plateau_leave[0], -1);
    outcome_clear(&outcome);
    net_clear(&net);
}

static void begin_endless(struct net *net) {
    begin_scalar(net, 2, 0.5, 1e-9, 1000000000000);
    net_complete(net);
}

static void a_poll_that_asks_to_stop_ends_the_training_as_stopped(void **state) {
    (void)state;
    struct net net;
    struct outcome outcome = {0};
    struct job job = {
        .nets = &net, .n_tasks = 1, .outcomes = &outcome, .fail_at = -1, .stops = true};
    struct ln_err err = {0};
    begin_endless(&net);
    assert_int_equal(job_run(&job, NULL, 0, &err), LN_STOPPED);
    assert_int_equal(err.status, LN_STOPPED);
    assert_int_equal(job.n_polls, 1);
    assert_int_equal(job.n_finished, 0);
    net_clear(&net);
}

static void an_error_of_finish_ends_the_training_with_its_message(void **state) {
    (void)state;
    struct net nets[2];
    struct outcome outcomes[2] = {0};
    struct job job = {.nets = nets, .n_tasks = 2, .outcomes = outcomes, .fail_at = 1};
    struct ln_err err = {0};
    for (int i = 0; i < 2; i++) {
        begin_scalar(&nets[i], 1, 0, 0.5, 10 + i);
        net_complete(&nets[i]);
    }
    assert_int_equal(job_run(&job, NULL, 0, &err), LN_FATAL);
    assert_string_equal(err.text, "the disk is full");
    assert_int_equal(job.n_finished, 1);
    for (int i = 0; i < 2; i++) {
        outcome_clear(&outcomes[i]);
        net_clear(&nets[i]);
    }
}

static void an_idle_lane_is_offered_work_again_while_others_are_busy(void **state) {
    (void)state;
    struct net nets[2];
    struct outcome outcomes[2] = {0};
    struct job job = {
        .nets = nets, .n_tasks = 2, .outcomes = outcomes, .fail_at = -1, .waits = true};
    struct ln_err err = {0};
    begin_scalar(&nets[0], 2, 0.5, 1e-9, 300000);
    begin_scalar(&nets[1], 2, 0.5, 0.1, 10);
    net_complete(&nets[0]);
    net_complete(&nets[1]);
    assert_int_equal(job_run(&job, NULL, 0, &err), LN_OK);
    assert_int_equal(job.n_finished, 2);
    assert_int_equal(outcomes[0].run.step, 300000);
    assert_int_equal(outcomes[1].run.step, 10);
    assert_int_equal(outcomes[1].place, 0); /* long before the first task ended */
    for (int i = 0; i < 2; i++) {
        outcome_clear(&outcomes[i]);
        net_clear(&nets[i]);
    }
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_layers_move_at_once_as_in_a_plain_loop),
        cmocka_unit_test(balancedness_drifts_by_eta_squared_times_that_of_the_gradient),
        cmocka_unit_test(converged_step_is_the_first_of_the_steps_held),
        cmocka_unit_test(an_orbit_that_crosses_the_tolerance_by_chance_has_not_converged),
        cmocka_unit_test(a_tolerance_of_zero_never_converges),
        cmocka_unit_test(convergence_is_measured_from_the_best_level_of_the_widths),
        cmocka_unit_test(diverged_step_is_the_first_beyond_the_threshold),
        cmocka_unit_test(the_schedule_divides_by_a_power_of_the_step_number),
        cmocka_unit_test(step_sizes_are_absolute_or_in_units_of_the_edge_of_stability),
        cmocka_unit_test(a_flat_start_has_no_step_unit_and_is_labelled_invalid),
        cmocka_unit_test(what_a_point_does_depends_neither_on_order_nor_on_neighbours),
        cmocka_unit_test(records_are_taken_at_exactly_their_steps_up_to_the_end),
        cmocka_unit_test(records_go_on_undisturbed_far_from_the_horizon_and_into_its_window),
        cmocka_unit_test(plateaus_are_entered_and_left_in_order),
        cmocka_unit_test(a_plateau_still_held_at_the_horizon_was_entered_and_not_left),
        cmocka_unit_test(a_poll_that_asks_to_stop_ends_the_training_as_stopped),
        cmocka_unit_test(an_error_of_finish_ends_the_training_with_its_message),
        cmocka_unit_test(an_idle_lane_is_offered_work_again_while_others_are_busy),
    };
    return cmocka_run_group_tests_name("train", tests, start, NULL);
}
