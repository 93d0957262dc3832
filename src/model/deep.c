/* The deep linear network x -> W_N ... W_1 x, any widths.
 *
 * The step is the minimal schedule of 3(N - 1) products in the cheapest order (linnet/chain.h); for
 * layers of one width P_j = W_j P_{j-1} upwards, then downwards D_{j-1} = W_j^T D_j before W_j -=
 * eta D_j P_{j-1}^T, with D_N = (P - Phi) M. Every D_j comes from old weights, so all layers move
 * at once; no gradient is ever stored. All that step, and end_to_end, follow one list of products.
 * Source of the gradient: Bartlett et al. 2018; Nguegnang et al. 2021. */
#include <math.h>

#include "linnet/lanes.h"
#include "linnet/model.h"
#include "linnet/model_deep.h"
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

/* One chain at a time: forward wants one that keeps P, run does not. */
static struct ln_chain_room *room_of(struct ln_batch *batch, bool keeps_product) {
    const struct ln_shape *shape = batch->shape;
    if (batch->chain && batch->chain->keeps_product == keeps_product)
        return batch->room;
    ln_batch_settle(batch);
    ln_chain_room_free(batch->room);
    ln_chain_release(batch->chain);
    batch->chain = ln_chain_hold(shape->widths, shape->n_layers, shape->has_moment, keeps_product);
    return batch->room = ln_chain_room_create(batch->chain, shape->lanes);
}

static void forward(struct ln_batch *batch) {
    struct ln_chain_room *room = room_of(batch, true);
    ln_chain_go_up(room, batch->weights, batch->target, batch->moment, batch->excess);
    batch->product = ln_chain_product(room);
    batch->error = ln_chain_error(room);
    if (is_penalised(batch))
        ln_penalty_forward(batch);
}

static void descend(struct ln_batch *batch, const double *eta) {
    if (is_penalised(batch))
        ln_penalty_prepare(batch);
    ln_chain_descend(batch->room, eta);
    if (is_penalised(batch))
        ln_penalty_move(batch, batch->weights, eta);
}

static void run(struct ln_batch *batch, struct ln_steps *steps) {
    struct ln_chain_room *room = room_of(batch, false);
    ln_chain_run(room, batch->weights, batch->target, batch->moment, steps);
}

static void gradient(struct ln_batch *batch, double *out) {
    ln_chain_gradient(batch->room, out);
    if (is_penalised(batch)) {
        static const _Alignas(64) double minus[LN_LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
        ln_penalty_prepare(batch);
        ln_penalty_move(batch, out, minus);
    }
}

static void end_to_end(const struct ln_net *net, double *p) {
    const struct ln_shape *shape = net->shape;
    const struct ln_chain *chain =
        ln_chain_hold(shape->widths, shape->n_layers, shape->has_moment, true);
    ln_chain_multiply(chain, net->weights, p);
    ln_chain_release(chain);
}

/* 2 m n k for each product of the chain, one upwards and two downwards; what is moved is read and
 * written, and counts twice. */
static double step_flops(const struct ln_shape *shape) {
    const struct ln_chain *chain =
        ln_chain_hold(shape->widths, shape->n_layers, shape->has_moment, true);
    double flops = chain->flops + 2.0 * shape->n_weights;
    ln_chain_release(chain);
    return shape->variant == LN_VARIANT_PENALISED ? flops + ln_penalty_flops(shape) : flops;
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
