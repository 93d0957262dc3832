/* Runs of steps between two looks against the same steps one by one. */
#include <string.h>

#include "linnet/linalg.h"
#include "make_net.h"
#include "near.h"
#include "train_job.h"

enum { CROWD = 24 };

/* Networks of one shape that converge, diverge, oscillate and reach the horizon at all sorts of
 * steps. */
static void make_crowd(struct net *nets, bool decays) {
    static const int widths[] = {3, 3, 3, 3}; /* square: one order of the products */
    for (int i = 0; i < CROWD; i++) {
        struct net *net = &nets[i];
        net_make(net, widths, 3, true, 40 + (uint64_t)i);
        job_train_by_gd(net, 0.02 * pow(1.25, i), 300 + 41 * i);
        point_set_real(&net->point, LN_LIMITS, "stop.loss", pow(10, -1 - i % 5));
        point_set_int(&net->point, LN_LIMITS, "stop.hold", 1 + 11 * (i % 3));
        point_set_real(&net->point, LN_TRAIN, "decay", decays && i % 2 ? 0.1 : 0);
    }
}

static void assert_same_run(const struct ln_run *a, const struct ln_run *b) {
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->n_rises, b->n_rises);
    assert_int_equal(a->best_step, b->best_step);
    assert_int_equal(a->converged_step, b->converged_step);
    assert_int_equal(a->diverged_step, b->diverged_step);
    assert_int_equal(a->streak, b->streak);
    assert_memory_equal(&a->excess, &b->excess, sizeof a->excess);
    assert_memory_equal(&a->best, &b->best, sizeof a->best);
    assert_memory_equal(&a->worst, &b->worst, sizeof a->worst);
    assert_memory_equal(a->plateau_enter, b->plateau_enter, sizeof a->plateau_enter);
    assert_memory_equal(a->plateau_leave, b->plateau_leave, sizeof a->plateau_leave);
    assert_memory_equal(a->loss_window, b->loss_window, sizeof a->loss_window);
    assert_memory_equal(a->state_window, b->state_window, sizeof a->state_window);
}

/* Runs the crowd and puts what came out of it into outcomes. */
static struct ln_train_use run_crowd(const struct net *nets, struct outcome *outcomes,
                                     bool single) {
    static const int64_t steps[] = {0, 1, 2, 50, 51, 300, 420, 1000};
    struct job job = {.nets = nets, .n_tasks = CROWD, .outcomes = outcomes, .fail_at = -1};
    struct ln_err err = {0};
    job.single = single;
    assert_int_equal(job_run(&job, steps, 8, &err), LN_OK);
    assert_int_equal(job.n_finished, CROWD);
    return job.use;
}

/* In runs nothing is looked at between two events; what is seen must not depend on it, to the bit.
 */
static void a_run_of_steps_is_judged_as_its_single_steps(void **state) {
    (void)state;
    for (int decays = 0; decays < 2; decays++) {
        static struct net nets[CROWD];
        static struct outcome in_runs[CROWD], in_steps[CROWD];
        unsigned labels = 0;
        memset(in_runs, 0, sizeof in_runs);
        memset(in_steps, 0, sizeof in_steps);
        make_crowd(nets, decays);
        run_crowd(nets, in_runs, false);
        run_crowd(nets, in_steps, true);
        for (int i = 0; i < CROWD; i++) {
            assert_same_run(&in_runs[i].run, &in_steps[i].run);
            assert_int_equal(in_runs[i].label, in_steps[i].label);
            assert_int_equal(in_runs[i].n_records, in_steps[i].n_records);
            assert_memory_equal(in_runs[i].weights, in_steps[i].weights,
                                (size_t)nets[i].shape.n_weights * sizeof(double));
            labels |= 1u << in_runs[i].label;
            outcome_clear(&in_runs[i]);
            outcome_clear(&in_steps[i]);
            net_clear(&nets[i]);
        }
        assert_true(labels >> LN_DIVERGED & 1u && labels >> LN_CONVERGED_MONOTONE & 1u &&
                    labels >> LN_SLOW & 1u);
    }
}

/* Every step of a point is counted once, and the lanes moved at least as often. */
static void the_use_of_the_lanes_adds_up(void **state) {
    (void)state;
    static struct net nets[CROWD];
    static struct outcome outcomes[CROWD];
    double steps = 0;
    make_crowd(nets, false);
    struct ln_train_use use = run_crowd(nets, outcomes, false);
    for (int i = 0; i < CROWD; i++) {
        steps += (double)outcomes[i].run.step;
        outcome_clear(&outcomes[i]);
        net_clear(&nets[i]);
    }
    assert_true(use.busy_steps == steps);
    assert_true(use.lane_steps >= steps && use.lane_steps < 4 * steps);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_of_steps_is_judged_as_its_single_steps),
        cmocka_unit_test(the_use_of_the_lanes_adds_up),
    };
    return cmocka_run_group_tests_name("runs", tests, start, NULL);
}
