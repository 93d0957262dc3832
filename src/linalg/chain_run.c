/* Steps of a chain, one product at a time. */
#include <stdlib.h>

#include "linnet/chain.h"
#include "linnet/linalg.h"
#include "watch_books.h"

struct ln_chain_room {
    const struct ln_chain *chain;
    int lanes;
    double **slot;   /* [n_slots]; weights, target and moment are borrowed during a run */
    double *memory;  /* of the others */
    bool is_current; /* they belong to the weights as they are */
};

static bool is_own(const struct ln_chain *chain, int slot) {
    return slot >= chain->n_layers && slot != chain->target && slot != chain->moment;
}

static size_t slot_size(const struct ln_chain_room *room, int slot) {
    return (size_t)room->chain->rows[slot] * room->chain->cols[slot] * room->lanes;
}

struct ln_chain_room *ln_chain_room_create(const struct ln_chain *chain, int lanes) {
    struct ln_chain_room *room = ln_linalg_alloc(1, sizeof *room);
    size_t size = 0;
    room->chain = chain;
    room->lanes = lanes;
    room->slot = ln_linalg_alloc(chain->n_slots, sizeof *room->slot);
    for (int s = 0; s < chain->n_slots; s++)
        size += is_own(chain, s) ? slot_size(room, s) : 0;
    double *next = room->memory = ln_linalg_alloc(size, sizeof(double));
    for (int s = 0; s < chain->n_slots; s++)
        if (is_own(chain, s)) {
            room->slot[s] = next;
            next += slot_size(room, s);
        }
    return room;
}

void ln_chain_room_free(struct ln_chain_room *room) {
    if (!room)
        return;
    free(room->slot);
    free(room->memory);
    free(room);
}

void ln_chain_room_touch(struct ln_chain_room *room) {
    room->is_current = false;
}

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
        watch->excess[lane] = watch->excess[lane] < 0 ? 0 : watch->excess[lane];
}

static void keep_history(const struct ln_chain_room *room, const double *weights,
                         struct ln_steps *steps, int64_t step) {
    struct ln_watch *watch = steps->watch;
    const struct ln_chain *chain = room->chain;
    int n = 0;
    for (int j = 0; j < chain->n_layers; j++)
        n += chain->rows[j] * chain->cols[j];
    ln_lanes_signature(watch->signature, steps->functional, weights, n, room->lanes);
    for (int lane = 0; lane < room->lanes; lane++) {
        steps->losses[step * LN_LANES + lane] = watch->excess[lane];
        steps->signatures[step * LN_LANES + lane] = watch->signature[lane];
    }
}

void ln_chain_run(struct ln_chain_room *room, double *weights, const double *target,
                  const double *moment, struct ln_steps *steps) {
    const struct ln_chain *chain = room->chain;
    double *layer = weights;
    for (int j = 0; j < chain->n_layers; j++, layer += slot_size(room, j - 1))
        room->slot[j] = layer;
    room->slot[chain->target] = (double *)(uintptr_t)target; /* read only */
    if (chain->has_moment)
        room->slot[chain->moment] = (double *)(uintptr_t)moment;
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
            keep_history(room, weights, steps, done);
        if (done == steps->most || !ln_watch_is_inside(steps->watch, room->lanes))
            break;
        ln_watch_book(steps->watch, room->lanes, done);
    }
    room->is_current = true;
    for (int lane = 0; lane < LN_LANES; lane++)
        steps->taken[lane] = steps->busy >> lane & 1u ? done : 0;
}
