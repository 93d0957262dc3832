/* Stochastic gradient descent: the gradient of the loss on a few samples in place of all,
 *
 *   error = c (n / |B|) sum_{i in B} (P x_i - y_i) x_i^T,
 *
 * whose mean over batches is (P - Phi) M. Only the error at the end changes: any model that
 * descends can be trained. Which samples make batch k is a function of (seed, k) alone. Source:
 * Even, Pesme, Gunasekar, Flammarion 2023, stochastic steps (fresh batches); shuffled epochs are
 * common practice. */
#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/random.h"
#include "step.h"

static const struct ln_param params[] = {
    LN_STEP_PARAMS,
    {.name = "batch_size",
     .type = LN_INT,
     .fallback = "1",
     .low = 1,
     .high = 1e7,
     .doc = "Samples of a step, all different; at most those of the problem."},
    {.name = "order",
     .type = LN_CHOICE,
     .fallback = "fresh",
     .choices = "fresh epochs",
     .doc = "fresh: every batch drawn from all samples; epochs: all samples once, in a new random "
            "order each time (what is left over makes a smaller batch)."},
};

struct state {
    struct ln_step step;
    uint64_t base, seed;
    int size; /* of a batch; 0: an idle lane */
    bool is_epochs;
    int64_t shuffled; /* the draw that `order` holds, -1: none */
    int *order;       /* [n_samples] a permutation, of which fresh batches need the beginning */
    int *swaps;       /* [n_samples] with which position i was exchanged, to undo it */
    int n_swaps;
};

static int check(const struct ln_point *point, const struct ln_shape *shape,
                 const struct ln_problem *problem, struct ln_err *err) {
    int64_t size = ln_conf_int(&point->conf[LN_TRAIN], "batch_size");
    if (problem->n_samples == 0)
        return ln_err_key(err, "train.algorithm",
                          "sgd draws samples, and the problem is a population target; take gd, or "
                          "a problem of samples (data, teacher)");
    if (size > problem->n_samples)
        return ln_err_key(err, "train.batch_size",
                          "a batch of %lld does not fit %d samples; give at most %d",
                          (long long)size, problem->n_samples, problem->n_samples);
    return ln_step_check(point, shape, problem, err);
}

static bool start(const struct ln_task *task, void *memory, double *step_size) {
    const struct ln_conf *conf = &task->point->conf[LN_TRAIN];
    struct state *state = memory;
    bool can_start = ln_step_begin(&state->step, task);
    state->base = task->point->base_seed;
    state->seed = task->point->seed[LN_STREAM_OTHER];
    state->size = (int)ln_conf_int(conf, "batch_size");
    state->is_epochs = ln_conf_is(conf, "order", "epochs");
    state->shuffled = -1;
    int n = task->net.problem->n_samples;
    state->order = ln_linalg_alloc(n, sizeof *state->order);
    state->swaps = ln_linalg_alloc(n, sizeof *state->swaps);
    for (int i = 0; i < n; i++)
        state->order[i] = i;
    *step_size = state->step.size;
    return can_start;
}

static void end(void *memory) {
    struct state *state = memory;
    free(state->order);
    free(state->swaps);
}

/* A whole number below n, each equally likely: draws beyond the last multiple of n are thrown away.
 */
static int below(struct ln_random *random, int n) {
    uint64_t most = UINT64_MAX - UINT64_MAX % (uint64_t)n, bits;
    do
        bits = ln_random_bits(random);
    while (bits >= most);
    return (int)(bits % (uint64_t)n);
}

static void exchange(int *order, int i, int k) {
    int swap = order[i];
    order[i] = order[k];
    order[k] = swap;
}

/* Puts `count` samples drawn without replacement at the beginning: Fisher-Yates, from the sorted
 * order, so that a draw does not depend on those before. */
static void shuffle(struct state *state, int64_t draw, int n, int count) {
    struct ln_random random;
    if (state->shuffled == draw)
        return;
    ln_random_init(&random, state->base, state->seed, LN_STREAM_OTHER);
    random.counter[1] = (uint64_t)draw;
    while (state->n_swaps > 0) {
        state->n_swaps--;
        exchange(state->order, state->n_swaps, state->swaps[state->n_swaps]);
    }
    for (int i = 0; i < count; i++) {
        state->swaps[i] = i + below(&random, n - i);
        exchange(state->order, i, state->swaps[i]);
    }
    state->n_swaps = count;
    state->shuffled = draw;
}

/* The samples of step k: *count indices. */
static const int *batch_of(struct state *state, int64_t k, int n, int *count) {
    int64_t batches = (n + state->size - 1) / state->size;
    int first = state->is_epochs ? (int)(k % batches) * state->size : 0;
    shuffle(state, state->is_epochs ? k / batches : k, n, state->is_epochs ? n : state->size);
    *count = first + state->size <= n ? state->size : n - first;
    return state->order + first;
}

/* error [d_out x d_in] of one lane from the samples of its batch. */
static void replace_error(struct ln_batch *batch, int lane, const struct ln_problem *problem,
                          const int *samples, int count) {
    const struct ln_shape *shape = batch->shape;
    int d_in = problem->d_in, d_out = problem->d_out, n = problem->n_samples, lanes = shape->lanes;
    const double *p = batch->product + lane;
    double *error = batch->error + lane, factor = problem->c * n / count;
    for (int i = 0; i < d_out; i++) {
        for (int j = 0; j < d_in; j++)
            error[(i * d_in + j) * lanes] = 0;
        for (int s = 0; s < count; s++) {
            const double *x = problem->x + samples[s];
            double residual = -problem->y[i * n + samples[s]];
            for (int j = 0; j < d_in; j++)
                residual += p[(i * d_in + j) * lanes] * x[(size_t)j * n];
            for (int j = 0; j < d_in; j++)
                error[(i * d_in + j) * lanes] += factor * residual * x[(size_t)j * n];
        }
    }
}

static void advance(struct ln_batch *batch, void *memory, const struct ln_run *runs,
                    int64_t *taken) {
    (void)taken; /* one step, as set */
    _Alignas(64) double eta[LN_LANES];
    struct state *states = memory;
    for (int lane = 0; lane < batch->shape->lanes; lane++) {
        int count;
        eta[lane] = ln_step_at(&states[lane].step, runs[lane].step);
        if (states[lane].size == 0)
            continue;
        const int *samples =
            batch_of(&states[lane], runs[lane].step, runs[lane].problem->n_samples, &count);
        replace_error(batch, lane, runs[lane].problem, samples, count);
    }
    batch->shape->model->descend(batch, eta);
}

const struct ln_algorithm ln_algorithm_sgd = {
    .entry = {.name = "sgd",
              .doc =
                  "Stochastic gradient descent on mini-batches of the samples, all layers updated "
                  "simultaneously.",
              .source = "Even, Pesme, Gunasekar, Flammarion 2023, stochastic steps",
              LN_PARAMS(params)},
    .state_bytes = sizeof(struct state),
    .check = check,
    .start = start,
    .advance = advance,
    .end = end,
    .predicted_steps = ln_step_count,
};
