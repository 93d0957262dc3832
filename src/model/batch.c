#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/shared.h"

static bool is_shared(const struct ln_shape *shape) {
    return shape->shares_problem && shape->lanes > 1;
}

/* Delta and error. With layers the room of the chain has them. */
static void make_compared(struct ln_batch *batch) {
    const struct ln_shape *shape = batch->shape;
    size_t size = (size_t)shape->widths[shape->n_layers] * shape->widths[0];
    if (shape->model->has_layers)
        return;
    if (is_shared(shape))
        size = (size_t)ln_shared_pad((int)size);
    size *= (size_t)shape->lanes;
    batch->error = batch->compared =
        ln_linalg_alloc(shape->has_moment ? 2 * size : size, sizeof(double));
    batch->delta = shape->has_moment ? batch->error + size : batch->error;
}

struct ln_batch *ln_batch_create(const struct ln_shape *shape) {
    struct ln_batch *batch = ln_linalg_alloc(1, sizeof *batch);
    size_t lanes = (size_t)shape->lanes, d_in = (size_t)shape->widths[0];
    batch->shape = shape;
    batch->weights = ln_linalg_alloc((size_t)shape->n_state * lanes, sizeof(double));
    batch->constants = ln_linalg_alloc((size_t)shape->n_constants * lanes, sizeof(double));
    batch->scratch = ln_linalg_alloc((size_t)shape->n_scratch * lanes, sizeof(double));
    batch->target =
        ln_linalg_alloc((size_t)shape->widths[shape->n_layers] * d_in * lanes, sizeof(double));
    if (shape->has_moment && !is_shared(shape))
        batch->moment = ln_linalg_alloc(d_in * d_in * lanes, sizeof(double));
    batch->excess = ln_linalg_alloc(lanes, sizeof(double));
    make_compared(batch);
    return batch;
}

void ln_batch_free(struct ln_batch *batch) {
    if (!batch)
        return;
    free(batch->weights);
    free(batch->constants);
    free(batch->scratch);
    free(batch->target);
    free(batch->moment);
    ln_shared_free(batch->shared);
    free(batch->line);
    free(batch->excess);
    free(batch->compared);
    ln_chain_room_free(batch->room);
    ln_chain_release(batch->chain);
    free(batch);
}

void ln_batch_settle(const struct ln_batch *batch) {
    if (batch->room)
        ln_chain_room_settle(batch->room);
}

static void touch(struct ln_batch *batch) {
    ln_batch_settle(batch);
    batch->is_current = false;
    if (batch->room)
        ln_chain_room_touch(batch->room);
}

/* Copies x [n] into a lane, or zeros it if x is NULL. */
static void put_lane(double *packed, int lane, int lanes, const double *x, int n) {
    for (int i = 0; i < n; i++)
        packed[(size_t)i * lanes + lane] = x ? x[i] : 0.0;
}

/* M for all lanes, or X in its place. */
static void share(struct ln_batch *batch, const struct ln_problem *problem) {
    int d = problem->d_in, n = problem->n_samples;
    ln_shared_free(batch->shared);
    batch->shared = ln_shared_takes_inputs(d, n)
                        ? ln_shared_of_inputs(problem->x, d, n, problem->c, ln_shared_passes(d))
                        : ln_shared_of_moment(problem->moment, d);
    batch->problem = problem;
}

static void count_lane(struct ln_batch *batch, int lane, const struct ln_problem *problem) {
    unsigned others = batch->loaded & ~(1u << lane);
    if (is_shared(batch->shape) && problem) {
        assert(others == 0 || problem == batch->problem);
        if (others == 0)
            share(batch, problem);
    }
    batch->loaded = problem ? others | 1u << lane : others;
}

void ln_batch_load(struct ln_batch *batch, int lane, const struct ln_net *net) {
    const struct ln_shape *shape = batch->shape;
    const struct ln_problem *problem = net->problem;
    int d_in = shape->widths[0], d_out = shape->widths[shape->n_layers], lanes = shape->lanes;
    touch(batch);
    count_lane(batch, lane, problem);
    put_lane(batch->weights, lane, lanes, net->weights, shape->n_state);
    put_lane(batch->constants, lane, lanes, net->constants, shape->n_constants);
    put_lane(batch->target, lane, lanes, problem ? problem->target : NULL, d_out * d_in);
    if (batch->moment)
        put_lane(batch->moment, lane, lanes, problem ? problem->moment : NULL, d_in * d_in);
}

void ln_batch_clear(struct ln_batch *batch, int lane) {
    const struct ln_net nothing = {0};
    ln_batch_load(batch, lane, &nothing);
}

void ln_batch_weights(const struct ln_batch *batch, int lane, double *weights) {
    ln_batch_settle(batch);
    for (int i = 0; i < batch->shape->n_state; i++)
        weights[i] = batch->weights[(size_t)i * batch->shape->lanes + lane];
}

/* M is positive semidefinite, and <(P - Phi) M, P - Phi> rounded need not be: where the data do not
 * see all of a large P - Phi, zero is as far down as E is known. A NaN stays one. Without M it is a
 * sum of squares. */
void ln_batch_compare(struct ln_batch *batch, const double *p) {
    const struct ln_shape *shape = batch->shape;
    int m = shape->widths[shape->n_layers], n = shape->widths[0], lanes = shape->lanes;
    double *delta = batch->delta;
    ln_lanes_subtract(delta, p, batch->target, m * n, lanes);
    if (shape->has_moment)
        ln_lanes_nn(batch->error, delta, batch->moment, m, n, n, lanes);
    ln_lanes_half_dot(batch->excess, delta, batch->error, m, n, lanes);
    double *excess = batch->excess;
    for (int lane = 0; shape->has_moment && lane < lanes; lane++)
        excess[lane] = excess[lane] <= 0 ? 0 : excess[lane];
}

double ln_net_gradient(const struct ln_net *net, double *gradient) {
    struct ln_shape alone = *net->shape;
    alone.lanes = 1; /* looked at outside a batch: bits need not follow the lanes */
    struct ln_batch *batch = ln_batch_create(&alone);
    ln_batch_load(batch, 0, net);
    alone.model->forward(batch);
    alone.model->gradient(batch, gradient);
    double excess = batch->excess[0];
    ln_batch_free(batch);
    return excess;
}

void ln_batch_put_weights(struct ln_batch *batch, int lane, const double *weights) {
    touch(batch);
    put_lane(batch->weights, lane, batch->shape->lanes, weights, batch->shape->n_state);
}

void ln_balanced_from_svd(const struct ln_shape *shape, const double *u, const double *s,
                          const double *v, double *weights) {
    int n_layers = shape->n_layers, rows = shape->widths[n_layers], cols = shape->widths[0];
    int modes = rows < cols ? rows : cols, kept = modes < shape->rank ? modes : shape->rank;
    for (int i = 0; i < shape->n_weights; i++)
        weights[i] = 0;
    for (int j = 1; j <= n_layers; j++) {
        double *w = weights + shape->offset[j - 1];
        int width = shape->widths[j - 1];
        for (int k = 0; k < kept; k++) {
            double root = pow(s[k], 1.0 / n_layers);
            for (int i = 0; i < (j == n_layers ? rows : 1); i++)
                for (int l = 0; l < (j == 1 ? cols : 1); l++)
                    w[(j == n_layers ? i : k) * width + (j == 1 ? l : k)] +=
                        (j == n_layers ? u[i * modes + k] : 1.0) * root *
                        (j == 1 ? v[l * modes + k] : 1.0);
        }
    }
}
