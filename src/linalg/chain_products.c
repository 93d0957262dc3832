/* Steps of a chain, one product at a time. */
#include <stddef.h>

#include "chain_room.h"
#include "linnet/watch_books.h"

static void do_op(const struct ln_chain_room *room, const struct ln_chain_op *op,
                  const double *eta) {
    double *c = room->slot[op->c];
    const double *a = room->slot[op->a], *b = room->slot[op->b];
    int m = op->m, n = op->n, k = op->k, lanes = room->lanes;
    switch (op->form) {
    case LN_CHAIN_NN:
        ln_lanes_nn(c, a, b, m, n, k, lanes);
        break;
    case LN_CHAIN_TN:
        if (op->descends)
            ln_lanes_descend_tn(c, eta, a, b, m, n, k, lanes);
        else
            ln_lanes_tn(c, a, b, m, n, k, lanes);
        break;
    case LN_CHAIN_NT:
        if (op->descends)
            ln_lanes_descend(c, eta, a, b, m, n, k, lanes);
        else
            ln_lanes_nt(c, a, b, m, n, k, lanes);
        break;
    case LN_CHAIN_PLAIN:
        ln_lanes_axpy(c, eta, a, m * n, lanes);
        break;
    }
}

static void evaluate(const struct ln_chain_room *room, struct ln_watch *watch) {
    const struct ln_chain *chain = room->chain;
    int m = chain->rows[chain->target], n = chain->cols[chain->target];
    for (int i = 0; i < chain->n_forward; i++)
        do_op(room, &chain->ops[i], NULL);
    double *delta = room->slot[chain->delta], *error = room->slot[chain->error];
    ln_lanes_subtract(delta, room->slot[chain->product], room->slot[chain->target], m * n,
                      room->lanes);
    if (chain->has_moment)
        ln_lanes_nn(error, delta, room->slot[chain->moment], m, n, n, room->lanes);
    ln_lanes_half_dot(watch->excess, delta, error, m, n, room->lanes);
    for (int lane = 0; chain->has_moment && lane < room->lanes; lane++)
        watch->excess[lane] = watch->excess[lane] <= 0 ? 0 : watch->excess[lane];
}

static void keep_history(const struct ln_chain_room *room, struct ln_steps *steps, int64_t step) {
    struct ln_watch *watch = steps->watch;
    const struct ln_chain *chain = room->chain;
    int n = 0;
    for (int j = 0; j < chain->n_layers; j++)
        n += chain->rows[j] * chain->cols[j];
    ln_lanes_signature(watch->signature, steps->functional, room->slot[0], n, room->lanes);
    for (int lane = 0; lane < room->lanes; lane++) {
        steps->losses[step * LN_LANES + lane] = watch->excess[lane];
        steps->signatures[step * LN_LANES + lane] = watch->signature[lane];
    }
}

void ln_chain_run_products(struct ln_chain_room *room, struct ln_steps *steps) {
    const struct ln_chain *chain = room->chain;
    if (!room->is_current || steps->most == 0)
        evaluate(room, steps->watch);
    int64_t done = 0;
    while (done < steps->most) {
        const double *eta = steps->eta + done * steps->eta_stride;
        for (int i = chain->n_forward; i < chain->n_ops; i++)
            do_op(room, &chain->ops[i], eta);
        evaluate(room, steps->watch);
        done++;
        if (steps->losses)
            keep_history(room, steps, done);
        if (done == steps->most || !ln_watch_is_inside(steps->watch, room->lanes))
            break;
        ln_watch_book(steps->watch, room->lanes, done);
    }
    for (int lane = 0; lane < LN_LANES; lane++)
        steps->taken[lane] = steps->busy >> lane & 1u ? done : 0;
}
