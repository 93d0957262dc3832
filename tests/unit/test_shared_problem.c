/* Diagonal networks in lanes: those that share a problem, and the steps taken in runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/model_diagonal.h"
#include "near.h"
#include "train_job.h"

static const struct {
    const char *form;
    int depth;
} forms[] = {{"squares", 2}, {"uv", 2}, {"power", 3}, {"power", 6}};
enum { N_FORMS = sizeof forms / sizeof forms[0], CROWD = 20 };

static void choose_problem(struct net *net, int d, int n) {
    point_clear(&net->point);
    point_set_seeds(&net->point, 5);
    if (n > 0) {
        point_choose(&net->point, LN_PROBLEM, &ln_problems, "teacher");
        point_set_int(&net->point, LN_PROBLEM, "samples", n);
        point_set_int(&net->point, LN_PROBLEM, "inputs", d);
    } else { /* a population target */
        point_choose(&net->point, LN_PROBLEM, &ln_problems, "low_rank");
        point_set_int(&net->point, LN_PROBLEM, "cols", d);
        point_set_int(&net->point, LN_PROBLEM, "rows", 1);
    }
    point_set_real(&net->point, LN_PROBLEM, "noise", 0.1);
}

static void choose_model(struct net *net, int form, double scale) {
    point_choose(&net->point, LN_MODEL, &ln_models, "diagonal");
    point_set_word(&net->point, LN_MODEL, "form", forms[form].form);
    point_set_int(&net->point, LN_MODEL, "depth", forms[form].depth);
    point_choose(&net->point, LN_INIT, &ln_inits, "diagonal");
    point_set_real(&net->point, LN_INIT, "scale", scale);
}

/* Networks of one problem that converge, diverge and reach the horizon at all sorts of steps. */
static void make_crowd(struct net *nets, int form, int d, int n) {
    for (int i = 0; i < CROWD; i++) {
        struct net *net = &nets[i];
        choose_problem(net, d, n);
        choose_model(net, form, 0.3 + 0.02 * i);
        net_complete(net);
        job_train_by_gd(net, 0.004 * pow(1.35, i), 200 + 37 * i);
        point_set_real(&net->point, LN_LIMITS, "stop.loss", pow(10, -1 - i % 4));
        point_set_int(&net->point, LN_LIMITS, "stop.hold", 1 + 11 * (i % 3));
        point_set_real(&net->point, LN_TRAIN, "decay", i % 5 == 4 ? 0.1 : 0);
        if (i > 0) {
            ln_problem_free(net->problem);
            net->problem = nets[0].problem;
        }
    }
}

static void clear_crowd(struct net *nets, struct outcome *outcomes) {
    for (int i = CROWD; i-- > 0;) {
        if (outcomes)
            outcome_clear(&outcomes[i]);
        if (i > 0)
            nets[i].problem = NULL;
        net_clear(&nets[i]);
    }
}

static const int64_t steps[] = {0, 1, 2, 50, 51, 300, 420};
enum { N_STEPS = sizeof steps / sizeof steps[0] };

static void run_crowd(const struct net *nets, struct outcome *outcomes, const int *order,
                      bool single) {
    struct job job = {.nets = nets, .n_tasks = CROWD, .outcomes = outcomes, .fail_at = -1};
    struct ln_err err = {0};
    memset(outcomes, 0, CROWD * sizeof *outcomes);
    job.order = order;
    job.single = single;
    assert_int_equal(job_run(&job, steps, N_STEPS, &err), LN_OK);
    assert_int_equal(job.n_finished, CROWD);
}

static void assert_same_outcome(const struct outcome *a, const struct outcome *b, int n_state) {
    size_t bytes = (size_t)n_state * sizeof(double);
    assert_int_equal(a->label, b->label);
    assert_int_equal(a->run.step, b->run.step);
    assert_int_equal(a->run.n_rises, b->run.n_rises);
    assert_int_equal(a->run.best_step, b->run.best_step);
    assert_int_equal(a->run.converged_step, b->run.converged_step);
    assert_int_equal(a->run.diverged_step, b->run.diverged_step);
    assert_memory_equal(&a->run.excess, &b->run.excess, sizeof a->run.excess);
    assert_memory_equal(&a->run.worst, &b->run.worst, sizeof a->run.worst);
    assert_memory_equal(a->run.plateau_leave, b->run.plateau_leave, sizeof a->run.plateau_leave);
    assert_memory_equal(a->run.loss_window, b->run.loss_window, sizeof a->run.loss_window);
    assert_memory_equal(a->run.state_window, b->run.state_window, sizeof a->run.state_window);
    assert_memory_equal(a->weights, b->weights, bytes);
    assert_int_equal(a->n_records, b->n_records);
    for (int i = 0; i < a->n_records; i++) {
        assert_memory_equal(&a->record_excess[i], &b->record_excess[i], sizeof(double));
        assert_memory_equal(a->record_weights[i], b->record_weights[i], bytes);
    }
}

/* Own moments, a shared M, shared inputs, and no M at all. */
static const int problems[][2] = {{7, 12}, {30, 45}, {33, 20}, {29, 0}};
enum { N_PROBLEMS = sizeof problems / sizeof problems[0] };

static void a_run_of_steps_is_judged_as_its_single_steps(void **state) {
    (void)state;
    static struct net nets[CROWD];
    static struct outcome in_runs[CROWD], in_steps[CROWD];
    unsigned labels = 0;
    for (int k = 0; k < N_FORMS * N_PROBLEMS; k++) {
        make_crowd(nets, k % N_FORMS, problems[k / N_FORMS][0], problems[k / N_FORMS][1]);
        assert_true(nets[0].shape.runs);
        run_crowd(nets, in_runs, NULL, false);
        run_crowd(nets, in_steps, NULL, true);
        for (int i = 0; i < CROWD; i++) {
            assert_same_outcome(&in_runs[i], &in_steps[i], nets[i].shape.n_state);
            labels |= 1u << in_runs[i].label;
            outcome_clear(&in_steps[i]);
        }
        clear_crowd(nets, in_runs);
    }
    assert_true(labels >> LN_DIVERGED & 1u);
    assert_true(labels >> LN_SLOW & 1u);
    assert_true(labels >> LN_CONVERGED_MONOTONE & 1u);
    assert_true(labels >> LN_CONVERGED_OSCILLATING & 1u);
}

/* Each alone, which makes it a line, and the crowd in the opposite order. */
static void company_and_order_do_not_matter(void **state) {
    (void)state;
    static struct net nets[CROWD];
    static struct outcome together[CROWD], reversed[CROWD];
    int order[CROWD];
    for (int i = 0; i < CROWD; i++)
        order[i] = CROWD - 1 - i;
    for (int k = 0; k < N_FORMS * N_PROBLEMS; k++) {
        make_crowd(nets, k % N_FORMS, problems[k / N_FORMS][0], problems[k / N_FORMS][1]);
        run_crowd(nets, together, NULL, false);
        run_crowd(nets, reversed, order, false);
        for (int i = 0; i < CROWD; i++) {
            struct outcome alone = job_run_one(&nets[i], steps, N_STEPS);
            assert_same_outcome(&together[i], &alone, nets[i].shape.n_state);
            assert_same_outcome(&together[i], &reversed[i], nets[i].shape.n_state);
            outcome_clear(&alone);
            outcome_clear(&reversed[i]);
        }
        clear_crowd(nets, together);
    }
}

/* State of lane 3 after ten steps of forward and descend. */
static void walk(const struct net *net, struct ln_shape *shape, double *weights, double *excess) {
    _Alignas(64) double eta[LN_LANES] = {[3] = 0.03};
    struct ln_net view = net_view(net);
    view.shape = shape;
    struct ln_batch *batch = ln_batch_create(shape);
    ln_batch_load(batch, 3, &view);
    for (int k = 0; k < 10; k++) {
        shape->model->forward(batch);
        shape->model->descend(batch, eta);
    }
    shape->model->forward(batch);
    *excess = batch->excess[3];
    ln_batch_weights(batch, 3, weights);
    ln_batch_free(batch);
}

/* A shared M that is exactly symmetric gives the bits of one's own; inputs differ by rounding. */
static void sharing_a_problem_changes_no_bit_but_by_its_inputs(void **state) {
    (void)state;
    static const int sizes[][2] = {{3, 8}, {9, 40}, {24, 60}, {10, 6}, {24, 7}};
    for (int k = 0; k < 5 * N_FORMS; k++) {
        struct net net;
        int d = sizes[k / N_FORMS][0], n = sizes[k / N_FORMS][1];
        double own[200], shared[200], e_own, e_shared;
        choose_problem(&net, d, n);
        choose_model(&net, k % N_FORMS, 0.4);
        net_complete(&net);
        for (int i = 0; i < d; i++)
            for (int j = 0; j < i; j++)
                net.problem->moment[i * d + j] = net.problem->moment[j * d + i];
        struct ln_shape shape = net.shape;
        assert_false(shape.shares_problem);
        walk(&net, &shape, own, &e_own);
        shape.shares_problem = true;
        walk(&net, &shape, shared, &e_shared);
        if (n >= d) {
            assert_memory_equal(own, shared, (size_t)shape.n_state * sizeof(double));
            assert_memory_equal(&e_own, &e_shared, sizeof(double));
        } else {
            assert_near(near_distance(own, shared, shape.n_state), 0, 1e-12);
            assert_near(e_own, e_shared, 1e-12 * (1 + e_own));
        }
        net_clear(&net);
    }
}

/* More inputs than samples, if only a few: an interpolator is reached, and its loss is known far
 * below 1e-16, though M would be the faster from d < 2 n on. */
static void a_loss_that_does_not_see_all_weights_keeps_its_precision(void **state) {
    (void)state;
    static const int samples[] = {12, 25};
    for (int k = 0; k < 2; k++) {
        struct net net;
        choose_problem(&net, 40, samples[k]);
        choose_model(&net, 0, 0.5);
        net_complete(&net);
        job_train_by_gd(&net, 0.05, 200000);
        point_set_real(&net.point, LN_LIMITS, "stop.loss", 1e-25);
        struct outcome outcome = job_run_one(&net, NULL, 0);
        assert_int_equal(outcome.label, LN_CONVERGED_MONOTONE);
        assert_true(outcome.run.excess < 1e-25 && outcome.run.excess > 0);
        outcome_clear(&outcome);
        net_clear(&net);
    }
}

/* An empty batch takes up the problem of the first network that comes. */
static void an_empty_batch_takes_up_another_problem(void **state) {
    (void)state;
    struct net nets[2];
    double first, gradient[80];
    for (int k = 0; k < 2; k++) {
        choose_problem(&nets[k], 40, k ? 60 : 12);
        choose_model(&nets[k], 0, 0.5);
        net_complete(&nets[k]);
    }
    struct ln_net a = net_view(&nets[0]), b = net_view(&nets[1]);
    struct ln_batch *batch = ln_batch_create(&nets[0].shape);
    ln_batch_load(batch, 2, &a);
    nets[0].shape.model->forward(batch);
    first = batch->excess[2];
    ln_batch_clear(batch, 2);
    ln_batch_load(batch, 6, &b);
    nets[0].shape.model->forward(batch);
    assert_near(batch->excess[6], ln_net_gradient(&b, gradient), 1e-12);
    assert_true(fabs(batch->excess[6] - first) > 1e-3);
    ln_batch_free(batch);
    net_clear(&nets[0]);
    net_clear(&nets[1]);
}

static void large_networks_share_their_problem_and_small_ones_do_not(void **state) {
    (void)state;
    static const int sizes[][2] = {{24, 30}, {25, 30}, {1000, 30}, {24, 0}, {1000, 0}};
    static const bool shares[] = {false, true, true, false, false};
    for (int k = 0; k < 5; k++) {
        struct net net;
        struct ln_err err = {0};
        choose_problem(&net, sizes[k][0], sizes[k][1]);
        choose_model(&net, 0, 0.4);
        assert_int_equal(ln_shape_of(&net.point, &net.shape, &err), LN_OK);
        assert_int_equal(net.shape.lanes, LN_LANES);
        assert_int_equal(net.shape.shares_problem, shares[k]);
    }
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_of_steps_is_judged_as_its_single_steps),
        cmocka_unit_test(company_and_order_do_not_matter),
        cmocka_unit_test(sharing_a_problem_changes_no_bit_but_by_its_inputs),
        cmocka_unit_test(a_loss_that_does_not_see_all_weights_keeps_its_precision),
        cmocka_unit_test(an_empty_batch_takes_up_another_problem),
        cmocka_unit_test(large_networks_share_their_problem_and_small_ones_do_not),
    };
    return cmocka_run_group_tests_name("shared_problem", tests, start, NULL);
}
