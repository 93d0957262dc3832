/* The gradient of a chain differentiated along a direction: every product of the list by its own
 * rule, d(A B) = dA B + A dB. */
#include <string.h>

#include "chain_room.h"
#include "linnet/work.h"

struct along {
    const struct ln_chain *chain;
    const double **value, **change; /* by slot; what is not borrowed is ours to write */
    double *part;
};

/* Of a slot that is ours. */
static double *mine(const double *slot) {
    return (double *)(uintptr_t)slot;
}

static void multiply(double *c, const struct ln_chain_op *op, const double *a, const double *b) {
    struct ln_lanes_job job = {
        .form = op->form, .m = op->m, .n = op->n, .k = op->k, .c = c, .a = a, .b = b};
    ln_lanes_do(&job, NULL, 1);
}

/* A layer does not move: what would move it is differentiated, into its place of out. */
static void do_op(const struct along *along, const struct ln_chain_op *op, double *out) {
    const double **value = along->value, **change = along->change;
    size_t size = (size_t)op->m * op->n;
    double *to = op->descends ? out + (value[op->c] - value[0]) : mine(change[op->c]);
    if (op->form == LN_CHAIN_PLAIN) {
        memcpy(to, change[op->a], size * sizeof *to);
        return;
    }
    if (!op->descends)
        multiply(mine(value[op->c]), op, value[op->a], value[op->b]);
    multiply(to, op, change[op->a], value[op->b]);
    multiply(along->part, op, value[op->a], change[op->b]);
    for (size_t i = 0; i < size; i++)
        to[i] += along->part[i];
}

/* Of P - Phi and (P - Phi) M. */
static void do_error(const struct along *along) {
    const struct ln_chain *chain = along->chain;
    const double **value = along->value, **change = along->change;
    const double *p = value[chain->product], *phi = value[chain->target];
    size_t size = ln_chain_slot_size(chain, chain->target);
    int m = chain->rows[chain->target], n = chain->cols[chain->target];
    struct ln_chain_op op = {LN_CHAIN_NN, false, chain->error, chain->delta, chain->moment, m,
                             n,           n};
    for (size_t i = 0; i < size; i++)
        mine(value[chain->delta])[i] = p[i] - phi[i];
    if (chain->delta != chain->product)
        memcpy(mine(change[chain->delta]), change[chain->product], size * sizeof *p);
    if (!chain->has_moment)
        return;
    multiply(mine(value[op.c]), &op, value[op.a], value[op.b]);
    multiply(mine(change[op.c]), &op, change[op.a], value[op.b]);
}

void ln_chain_along(const struct ln_chain *chain, const double *weights, const double *target,
                    const double *moment, const double *v, double *out) {
    size_t mark = ln_work_mark(), n = (size_t)chain->n_slots, largest = 0;
    struct along along = {
        .chain = chain, .value = ln_work_pointers(n), .change = ln_work_pointers(n)};
    for (int s = 0; s < chain->n_slots; s++) {
        bool is_layer = s < chain->n_layers, is_given = s == chain->target || s == chain->moment;
        size_t size = ln_chain_slot_size(chain, s);
        along.value[s] = is_layer             ? weights
                         : s == chain->target ? target
                         : s == chain->moment ? moment
                                              : ln_work_take(size);
        along.change[s] = is_layer ? v : is_given ? NULL : ln_work_take(size);
        weights += is_layer ? size : 0;
        v += is_layer ? size : 0;
        largest = size > largest ? size : largest;
    }
    along.part = ln_work_take(largest);
    for (int i = 0; i < chain->n_forward; i++)
        do_op(&along, &chain->ops[i], out);
    do_error(&along);
    for (int i = chain->n_forward; i < chain->n_ops; i++)
        do_op(&along, &chain->ops[i], out);
    ln_work_release(mark);
}
