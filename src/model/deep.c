/* The deep linear network x -> W_N ... W_1 x, any widths.
 *
 * The step is the minimal schedule of 3(N - 1) products: P_j = W_j P_{j-1} upwards, then downwards
 * D_{j-1} = W_j^T D_j before W_j -= eta D_j P_{j-1}^T, with D_N = (P - Phi) M. Every D_j comes from
 * old weights, so all layers move at once; no gradient is ever stored. Source of the gradient:
 * Bartlett et al. 2018; Nguegnang et al. 2021. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/model_deep.h"
#include "linnet/work.h"
#include "penalty.h"

static const struct ln_param params[] = {
    {.name = "depth",
     .type = LN_INT,
     .fallback = "~",
     .low = 1,
     .high = LN_MAX_LAYERS,
     .doc = "Number of layers N; default 2, or one more than the widths listed."},
    {.name = "width",
     .type = LN_INTS,
     .fallback = "~",
     .low = 1,
     .high = 4096,
     .doc = "Hidden width, one for all layers or a list of N - 1; default: max(d_in, d_out)."},
    {.name = "penalty",
     .type = LN_REAL,
     .fallback = "0",
     .low = 0,
     .high = INFINITY,
     .doc = "rho: adds (rho/4) ||W_2^T W_2 - W_1 D W_1^T||^2 to the loss; depth 2 only."},
    {.name = "penalty_metric",
     .type = LN_CHOICE,
     .fallback = "moment",
     .choices = "moment identity given",
     .doc = "D of the penalty: the input moment M, the identity, or penalty_matrix."},
    {.name = "penalty_matrix",
     .type = LN_MATRIX,
     .fallback = "~",
     .doc = "D of penalty_metric: given; d_in x d_in, symmetric, positive semidefinite."},
};

static int shape_of(const struct ln_point *point, int d_in, int d_out, struct ln_shape *shape,
                    struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_MODEL];
    const struct ln_value *width = ln_conf_value(conf, "width");
    int listed = width->is_set ? width->count : 0;
    int depth = ln_conf_is_set(conf, "depth") ? (int)ln_conf_int(conf, "depth")
                : listed > 1                  ? listed + 1
                                              : 2;
    if (listed > 1 && listed != depth - 1)
        return ln_err_key(err, "model.width",
                          "%d hidden widths do not fit depth %d; give one, or %d", listed, depth,
                          depth - 1);
    shape->n_layers = depth;
    shape->widths[0] = d_in;
    shape->widths[depth] = d_out;
    for (int j = 1; j < depth; j++)
        shape->widths[j] = listed > 1     ? (int)width->integers[j - 1]
                           : listed       ? (int)width->integers[0]
                           : d_in > d_out ? d_in
                                          : d_out;
    int status = ln_penalty_shape(point, d_in, shape, err);
    shape->runs = shape->variant == LN_VARIANT_PLAIN;
    return status;
}

static bool is_penalised(const struct ln_batch *batch) {
    return batch->shape->variant == LN_VARIANT_PENALISED;
}

static double *layer(const struct ln_batch *batch, int j) {
    return batch->weights + (size_t)batch->shape->offset[j - 1] * batch->shape->lanes;
}

static void forward(struct ln_batch *batch) {
    const struct ln_shape *shape = batch->shape;
    const int *d = shape->widths, n_layers = shape->n_layers, lanes = shape->lanes;
    const double *below = batch->weights;
    ln_batch_settle(batch);
    for (int j = 2; j <= n_layers; j++) {
        double *p = batch->product[j];
        ln_lanes_nn(p, layer(batch, j), below, d[j], d[0], d[j - 1], lanes);
        below = p;
    }
    ln_batch_compare(batch, below);
    if (is_penalised(batch))
        ln_penalty_forward(batch);
}

static void descend(struct ln_batch *batch, const double *eta) {
    const struct ln_shape *shape = batch->shape;
    const int *d = shape->widths, lanes = shape->lanes;
    double *down = batch->error;
    if (is_penalised(batch))
        ln_penalty_prepare(batch);
    for (int j = shape->n_layers; j >= 2; j--) {
        double *next = batch->back[j & 1];
        ln_lanes_tn(next, layer(batch, j), down, d[j - 1], d[0], d[j], lanes);
        ln_lanes_descend(layer(batch, j), eta, down, batch->product[j - 1], d[j], d[j - 1], d[0],
                         lanes);
        down = next;
    }
    ln_lanes_axpy(batch->weights, eta, down, d[1] * d[0], lanes);
    if (is_penalised(batch))
        ln_penalty_move(batch, batch->weights, eta);
}

static void run(struct ln_batch *batch, struct ln_steps *steps) {
    const struct ln_shape *shape = batch->shape;
    if (!batch->chain) {
        batch->chain = ln_chain_create(shape->widths, shape->n_layers, shape->has_moment);
        batch->room = ln_chain_room_create(batch->chain, shape->lanes);
    }
    ln_chain_run(batch->room, batch->weights, batch->target, batch->moment, steps);
}

static void gradient(struct ln_batch *batch, double *out) {
    const struct ln_shape *shape = batch->shape;
    const int *d = shape->widths, lanes = shape->lanes;
    double *down = batch->error;
    for (int j = shape->n_layers; j >= 2; j--) {
        double *next = batch->back[j & 1];
        ln_lanes_tn(next, layer(batch, j), down, d[j - 1], d[0], d[j], lanes);
        ln_lanes_nt(out + (size_t)shape->offset[j - 1] * lanes, down, batch->product[j - 1], d[j],
                    d[j - 1], d[0], lanes);
        down = next;
    }
    memcpy(out, down, (size_t)d[1] * d[0] * lanes * sizeof *out);
    if (is_penalised(batch)) {
        static const _Alignas(64) double minus[LN_LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
        ln_penalty_prepare(batch);
        ln_penalty_move(batch, out, minus);
    }
}

static void end_to_end(const struct ln_net *net, double *p) {
    const struct ln_shape *shape = net->shape;
    const double *weights = net->weights;
    const int *d = shape->widths;
    size_t size = (size_t)shape->max_width * d[0];
    size_t mark = ln_work_mark();
    double *room[2] = {ln_work_take(size), ln_work_take(size)};
    const double *below = weights;
    for (int j = 2; j <= shape->n_layers; j++) {
        double *above = room[j & 1];
        ln_matmul(above, weights + shape->offset[j - 1], false, below, false, d[j], d[0], d[j - 1]);
        below = above;
    }
    memcpy(p, below, (size_t)d[shape->n_layers] * d[0] * sizeof *p);
    ln_work_release(mark);
}

/* 2 m n k for each product: one upwards and two downwards a layer. */
static double step_flops(const struct ln_shape *shape) {
    const int *d = shape->widths;
    double flops = 4.0 * shape->n_weights + 3.0 * d[shape->n_layers] * d[0];
    for (int j = 2; j <= shape->n_layers; j++)
        flops += 6.0 * d[j] * d[j - 1] * d[0];
    if (shape->variant == LN_VARIANT_PENALISED)
        flops += ln_penalty_flops(shape);
    return shape->has_moment ? flops + 2.0 * d[shape->n_layers] * d[0] * d[0] : flops;
}

const struct ln_model ln_model_deep = {
    .entry = {.name = "deep",
              .doc = "Deep linear network W_N ... W_1 of any depth and widths.",
              .source =
                  "Bartlett, Helmbold, Long 2018, setting; Nguegnang, Rauhut, Terstiege 2021, "
                  "setting; Zhu, Soudry, Eldar, Wakin 2018 (balanced penalty)",
              LN_PARAMS(params)},
    .has_layers = true,
    .shape = shape_of,
    .constants = ln_penalty_constants,
    .forward = forward,
    .descend = descend,
    .run = run,
    .gradient = gradient,
    .end_to_end = end_to_end,
    .hessian = ln_deep_hessian,
    .hessian_vector = ln_deep_hessian_vector,
    .from_product = ln_balanced_factors,
    .step_flops = step_flops,
};
