#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "make_net.h"
#include "near.h"
#include "train_job.h"

enum { N_SAMPLES = 7 };
static const int widths[] = {3, 4, 2};

static void choose(struct net *net, int batch_size, const char *order, int64_t max_steps) {
    point_choose(&net->point, LN_TRAIN, &ln_algorithms, "sgd");
    point_set_real(&net->point, LN_TRAIN, "step_size", 0.05);
    point_set_int(&net->point, LN_TRAIN, "batch_size", batch_size);
    point_set_word(&net->point, LN_TRAIN, "order", order);
    point_table(&net->point, LN_LIMITS, ln_limits, ln_n_limits);
    point_set_int(&net->point, LN_LIMITS, "max_steps", max_steps);
}

/* A teacher with 7 samples and two random layers. */
static void begin(struct net *net, int batch_size, const char *order, int64_t max_steps) {
    net_make(net, widths, 2, true, 4);
    net_clear(net);
    choose(net, batch_size, order, max_steps);
    net_complete(net);
}

static void give(void *weights, const struct ln_batch *batch) {
    ln_batch_weights(batch, 0, weights);
}

struct trip {
    const struct net *net;
    double weights[16][20]; /* at every step */
    bool is_given;
};

static bool next(void *ctx, int lane, struct ln_task *task) {
    struct trip *trip = ctx;
    if (lane != 0 || trip->is_given)
        return false;
    trip->is_given = true;
    *task = (struct ln_task){.point = &trip->net->point, .net = net_view(trip->net)};
    return true;
}

static void record(void *ctx, int lane, int index, const struct ln_batch *batch,
                   const struct ln_run *run) {
    (void)lane;
    (void)run;
    give(((struct trip *)ctx)->weights[index], batch);
}

static int finish(void *ctx, int lane, const struct ln_batch *batch, const struct ln_run *run,
                  struct ln_err *err) {
    (void)ctx;
    (void)lane;
    (void)batch;
    (void)run;
    (void)err;
    return LN_OK;
}

static bool poll(void *ctx) {
    (void)ctx;
    return false;
}

static void run(struct trip *trip, const struct net *net, const char *algorithm) {
    static const int64_t steps[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    struct ln_train_hooks hooks = {
        .ctx = trip, .next = next, .record = record, .finish = finish, .poll = poll};
    struct ln_err err = {0};
    memset(trip, 0, sizeof *trip);
    trip->net = net;
    assert_int_equal(
        ln_train(&net->shape,
                 (const struct ln_algorithm *)ln_catalogue_find(&ln_algorithms, algorithm), steps,
                 15, &hooks, &err),
        LN_OK);
}

static void a_batch_of_all_samples_is_gradient_descent(void **state) {
    (void)state;
    struct net net;
    struct trip whole, plain;
    begin(&net, N_SAMPLES, "fresh", 14);
    run(&whole, &net, "sgd");
    job_train_by_gd(&net, 0.05, 14);
    run(&plain, &net, "gd");
    assert_near(near_distance(whole.weights[14], plain.weights[14], 20), 0, 1e-13);
    net_clear(&net);
}

/* Shapes whose cheapest order is not from right to left, or whose inputs or outputs are one number:
 * sgd goes by halves what gd runs. In lanes they have all bits alike but those of the error. */
static void
a_batch_of_all_samples_is_gradient_descent_on_any_shape_in_lanes_and_alone(void **state) {
    (void)state;
    static const int shapes[][5] = {{7, 5, 3, 1}, {1, 4, 9}, {30, 2, 30}, {9, 6, 4, 2, 1}};
    static const int n_layers[] = {3, 2, 2, 4};
    for (int i = 0; i < 8; i++) {
        struct net net;
        struct outcome by[2];
        net_make(&net, shapes[i / 2], n_layers[i / 2], true, 4);
        int n_samples = net.problem->n_samples;
        for (int gd = 0; gd < 2; gd++) {
            net_clear(&net);
            choose(&net, n_samples, "fresh", 5);
            if (gd)
                job_train_by_gd(&net, 0.01, 5);
            else
                point_set_real(&net.point, LN_TRAIN, "step_size", 0.01);
            net_complete(&net);
            net.shape.lanes = i % 2 ? 1 : LN_LANES;
            by[gd] = job_run_one(&net, NULL, 0);
            assert_int_equal(by[gd].run.step, 5);
        }
        double size = ln_norm(by[1].weights, (size_t)net.shape.n_weights);
        assert_near(near_distance(by[0].weights, by[1].weights, net.shape.n_weights), 0,
                    1e-14 * (1 + size));
        assert_true(near_distance(by[0].weights, net.weights, net.shape.n_weights) > 1e-3 * size);
        outcome_clear(&by[0]);
        outcome_clear(&by[1]);
        net_clear(&net);
    }
}

/* The step from w that sample i alone makes, by the loss of that sample. */
static void step_of_sample(const struct net *net, const double *w, int i, double *out) {
    const struct ln_problem *p = net->problem;
    double h[4] = {0}, r[2], back[4] = {0};
    for (int k = 0; k < 4; k++)
        for (int j = 0; j < 3; j++)
            h[k] += w[3 * k + j] * p->x[j * N_SAMPLES + i];
    for (int o = 0; o < 2; o++) {
        r[o] = -p->y[o * N_SAMPLES + i];
        for (int k = 0; k < 4; k++)
            r[o] += w[12 + 4 * o + k] * h[k];
        r[o] *= p->c * N_SAMPLES;
        for (int k = 0; k < 4; k++)
            back[k] += r[o] * w[12 + 4 * o + k];
    }
    for (int k = 0; k < 4; k++) {
        for (int j = 0; j < 3; j++)
            out[3 * k + j] = w[3 * k + j] - 0.05 * back[k] * p->x[j * N_SAMPLES + i];
        for (int o = 0; o < 2; o++)
            out[12 + 4 * o + k] = w[12 + 4 * o + k] - 0.05 * r[o] * h[k];
    }
}

/* Which sample the step from `before` to `after` was; -1: none. */
static int sample_of(const struct net *net, const double *before, const double *after) {
    double step[20];
    int found = -1;
    for (int i = 0; i < N_SAMPLES; i++) {
        step_of_sample(net, before, i, step);
        if (near_distance(step, after, 20) < 1e-13)
            found = i;
    }
    return found;
}

static void every_step_is_that_of_one_sample_and_an_epoch_has_each_once(void **state) {
    (void)state;
    struct net net;
    struct trip trip;
    int orders[2][N_SAMPLES], same = 0;
    begin(&net, 1, "epochs", 14);
    run(&trip, &net, "sgd");
    for (int epoch = 0; epoch < 2; epoch++) {
        unsigned seen = 0;
        for (int k = 0; k < N_SAMPLES; k++) {
            int step = epoch * N_SAMPLES + k;
            orders[epoch][k] = sample_of(&net, trip.weights[step], trip.weights[step + 1]);
            assert_true(orders[epoch][k] >= 0);
            seen |= 1u << orders[epoch][k];
        }
        assert_int_equal(seen, (1u << N_SAMPLES) - 1);
    }
    for (int k = 0; k < N_SAMPLES; k++)
        same += orders[0][k] == orders[1][k];
    assert_true(same < N_SAMPLES);
    net_clear(&net);
}

/* 14 fresh draws are a permutation twice over with probability 4e-5. */
static void fresh_batches_repeat_samples_and_depend_on_seed_and_step_alone(void **state) {
    (void)state;
    struct net net;
    struct trip first, again, other;
    unsigned seen = 0;
    begin(&net, 1, "fresh", 14);
    run(&first, &net, "sgd");
    run(&again, &net, "sgd");
    assert_memory_equal(first.weights, again.weights, sizeof first.weights);
    for (int k = 0; k < N_SAMPLES; k++)
        seen |= 1u << sample_of(&net, first.weights[k], first.weights[k + 1]);
    assert_int_not_equal(seen, (1u << N_SAMPLES) - 1);
    net.point.seed[LN_STREAM_OTHER] = 9;
    run(&other, &net, "sgd");
    assert_true(near_distance(first.weights[14], other.weights[14], 20) > 1e-3);
    net_clear(&net);
}

/* Left over in an epoch of batches of 3: one sample, whose step is its own. */
static void what_is_left_of_an_epoch_makes_a_smaller_batch(void **state) {
    (void)state;
    struct net net;
    struct trip trip;
    begin(&net, 3, "epochs", 14);
    run(&trip, &net, "sgd");
    assert_int_equal(sample_of(&net, trip.weights[0], trip.weights[1]), -1);
    assert_int_equal(sample_of(&net, trip.weights[1], trip.weights[2]), -1);
    assert_true(sample_of(&net, trip.weights[2], trip.weights[3]) >= 0);
    assert_true(sample_of(&net, trip.weights[5], trip.weights[6]) >= 0);
    net_clear(&net);
}

static void expect_refusal(const struct net *net, const char *key) {
    struct ln_err err = {0};
    const struct ln_algorithm *sgd =
        (const struct ln_algorithm *)ln_catalogue_find(&ln_algorithms, "sgd");
    assert_int_equal(sgd->check(&net->point, &net->shape, net->problem, &err), LN_INPUT);
    assert_string_equal(err.where, key);
}

static void targets_without_samples_and_batches_too_large_are_refused(void **state) {
    (void)state;
    struct net net;
    begin(&net, N_SAMPLES + 1, "fresh", 1);
    expect_refusal(&net, "train.batch_size");
    net_clear(&net);
    net_make(&net, widths, 2, false, 4);
    point_choose(&net.point, LN_TRAIN, &ln_algorithms, "sgd");
    expect_refusal(&net, "train.algorithm");
    net_clear(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_of_all_samples_is_gradient_descent),
        cmocka_unit_test(
            a_batch_of_all_samples_is_gradient_descent_on_any_shape_in_lanes_and_alone),
        cmocka_unit_test(every_step_is_that_of_one_sample_and_an_epoch_has_each_once),
        cmocka_unit_test(fresh_batches_repeat_samples_and_depend_on_seed_and_step_alone),
        cmocka_unit_test(what_is_left_of_an_epoch_makes_a_smaller_batch),
        cmocka_unit_test(targets_without_samples_and_batches_too_large_are_refused),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("sgd", tests, NULL, NULL);
}
