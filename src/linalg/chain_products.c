/* Steps of a chain, one product at a time. */
#include <stddef.h>
#include <string.h>

#include "chain_room.h"
#include "linnet/linalg.h"
#include "linnet/watch_books.h"
#include "linnet/work.h"

static void evaluate(const struct ln_chain_room *room, double *excess) {
    const struct ln_chain *chain = room->chain;
    int m = chain->rows[chain->target], n = chain->cols[chain->target];
    for (int i = 0; i < chain->n_forward; i++)
        ln_lanes_do(&room->jobs[i], NULL, room->lanes);
    double *delta = room->slot[chain->delta], *error = room->slot[chain->error];
    ln_lanes_subtract(delta, room->slot[chain->product], room->slot[chain->target], m * n,
                      room->lanes);
    if (chain->has_moment)
        ln_lanes_do(&room->jobs[chain->n_ops], NULL, room->lanes);
    ln_lanes_half_dot(excess, delta, error, m, n, room->lanes);
    for (int lane = 0; chain->has_moment && lane < room->lanes; lane++)
        excess[lane] = excess[lane] <= 0 ? 0 : excess[lane];
}

static void keep_history(const struct ln_chain_room *room, struct ln_steps *steps, int64_t step) {
    struct ln_watch *watch = steps->watch;
    ln_lanes_signature(watch->signature, steps->functional, room->slot[0], room->n_weights,
                       room->lanes);
    for (int lane = 0; lane < room->lanes; lane++) {
        steps->losses[step * LN_LANES + lane] = watch->excess[lane];
        steps->signatures[step * LN_LANES + lane] = watch->signature[lane];
    }
}

void ln_chain_descend(struct ln_chain_room *room, const double *eta) {
    for (int i = room->chain->n_forward; i < room->chain->n_ops; i++)
        ln_lanes_do(&room->jobs[i], eta, room->lanes);
}

void ln_chain_run_products(struct ln_chain_room *room, struct ln_steps *steps) {
    double *excess = steps->watch->excess;
    if (!room->is_current || steps->most == 0)
        evaluate(room, excess);
    int64_t done = 0;
    while (done < steps->most) {
        ln_chain_descend(room, steps->eta + done * steps->eta_stride);
        evaluate(room, excess);
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

void ln_chain_go_up(struct ln_chain_room *room, double *weights, const double *target,
                    const double *moment, double *excess) {
    ln_chain_bind(room, weights, target, moment);
    evaluate(room, excess);
    room->is_current = false;
}

const double *ln_chain_product(const struct ln_chain_room *room) {
    return room->slot[room->chain->product];
}

double *ln_chain_error(const struct ln_chain_room *room) {
    return room->slot[room->chain->error];
}

/* What a layer would move by goes where its gradient belongs. */
void ln_chain_gradient(struct ln_chain_room *room, double *gradient) {
    for (int i = room->chain->n_forward; i < room->chain->n_ops; i++) {
        struct ln_lanes_job job = room->jobs[i];
        if (job.descends)
            job.c = gradient + (job.c - room->slot[0]);
        job.descends = false;
        if (job.form == LN_CHAIN_PLAIN)
            memcpy(job.c, job.a, (size_t)job.m * job.n * room->lanes * sizeof *job.c);
        else
            ln_lanes_do(&job, NULL, room->lanes);
    }
}

/* A product is read once, by the one above it: then its place is free again. */
void ln_chain_multiply(const struct ln_chain *chain, const double *weights, double *p) {
    size_t mark = ln_work_mark(), largest = 0;
    double **at = ln_work_pointers((size_t)chain->n_slots);
    double **spare = ln_work_pointers((size_t)chain->n_slots);
    int n_spare = 0, n = chain->n_layers;
    for (int j = 0; j < n; weights += ln_chain_slot_size(chain, j), j++)
        at[j] = (double *)(uintptr_t)weights; /* read only */
    for (int i = 0; i < chain->n_forward; i++)
        if (ln_chain_slot_size(chain, chain->ops[i].c) > largest)
            largest = ln_chain_slot_size(chain, chain->ops[i].c);
    for (int i = 0; i < chain->n_forward; i++) {
        const struct ln_chain_op *op = &chain->ops[i];
        at[op->c] = n_spare > 0 ? spare[--n_spare] : ln_work_take(largest);
        ln_matmul(at[op->c], at[op->a], false, at[op->b], false, op->m, op->n, op->k);
        if (op->a >= n)
            spare[n_spare++] = at[op->a];
        if (op->b >= n)
            spare[n_spare++] = at[op->b];
    }
    memcpy(p, at[chain->product], ln_chain_slot_size(chain, chain->product) * sizeof *p);
    ln_work_release(mark);
}
