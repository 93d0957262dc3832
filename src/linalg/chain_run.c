/* Room of the points in flight, and which executor moves them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "chain_room.h"
#include "linnet/linalg.h"

static bool is_own(const struct ln_chain *chain, int slot) {
    return slot >= chain->n_layers && slot != chain->target && slot != chain->moment;
}

static size_t slot_size(const struct ln_chain_room *room, int slot) {
    return ln_chain_slot_size(room->chain, slot) * room->lanes;
}

/* Where dgemm, which packs both its operands, has overtaken the padded kernel: 1.04 times its speed
 * at 384 x 384 x 384, 0.83 at 512; 1.1 at 1000 x 100 x 1000, 0.82 at 1000 x 300 x 1000. */
static bool is_large(const struct ln_chain_op *op) {
    int least = op->m < op->n ? op->m : op->n;
    least = op->k < least ? op->k : least;
    return least >= 256 && (double)op->m * op->n * op->k > 400.0 * 400.0 * 400.0;
}

/* In lanes, rows of 16 columns or a multiple of it lie a multiple of 1 kB apart: from 32 of them on
 * a column no longer fits the few sets of the first-level cache that it falls on. */
static double together_cost(const struct ln_chain_op *op) {
    bool collides = op->n % 16 == 0 && op->n >= 32;
    return (collides ? 1.35 : 1.2) * op->m * op->n * op->k;
}

/* How many lanes are better run one by one, by shape: a model, in FMAs of vectors, of what was
 * measured for squares: 0 of width 4, 1 of 5, 3 of 10, 6 of 20 and 28, 7 of 24, 31, 40 and 50, all
 * of 32, 48 and 64. */
static int find_most_alone(const struct ln_chain *chain, int lanes) {
    double together = 0, alone = 0;
    for (int i = 0; i < chain->n_ops; i++) {
        const struct ln_chain_op *op = &chain->ops[i];
        if (lanes == 1 && is_large(op))
            return 0;
        together += together_cost(op);
        alone += 110 + 1.2 * op->m * ((op->n + 7) / 8) * op->k;
    }
    double most = together / alone;
    return lanes == 1 ? 1 : most < lanes ? (int)most : lanes;
}

struct ln_chain_room *ln_chain_room_create(const struct ln_chain *chain, int lanes) {
    struct ln_chain_room *room = ln_linalg_alloc(1, sizeof *room);
    size_t size = 0;
    room->chain = chain;
    room->lanes = lanes;
    room->most_alone = find_most_alone(chain, lanes);
    room->slot = ln_linalg_alloc(chain->n_slots, sizeof *room->slot);
    for (int s = 0; s < chain->n_slots; s++)
        size += is_own(chain, s) ? slot_size(room, s) : 0;
    room->jobs = ln_linalg_alloc(chain->n_ops + 1, sizeof *room->jobs);
    for (int j = 0; j < chain->n_layers; j++)
        room->n_weights += chain->rows[j] * chain->cols[j];
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
    free(room->jobs);
    for (int lane = 0; lane < LN_LANES; lane++)
        ln_alone_free(room->alone[lane]);
    free(room->slot);
    free(room->memory);
    free(room);
}

void ln_chain_room_settle(struct ln_chain_room *room) {
    for (int lane = 0; room->unsettled; lane++) {
        if (room->unsettled >> lane & 1u)
            ln_alone_store(room->alone[lane], room->weights, room->lanes, lane);
        room->unsettled &= ~(1u << lane);
    }
}

void ln_chain_room_touch(struct ln_chain_room *room) {
    assert(!room->unsettled);
    room->is_current = false;
    for (int lane = 0; lane < LN_LANES; lane++)
        if (room->alone[lane])
            room->alone[lane]->is_current = false;
}

static void run_alone(struct ln_chain_room *room, double *weights, const double *target,
                      const double *moment, struct ln_steps *steps) {
    memset(steps->taken, 0, sizeof steps->taken);
    steps->is_alone = true;
    room->weights = weights;
    for (int lane = 0; lane < room->lanes; lane++) {
        if (!(steps->busy >> lane & 1u))
            continue;
        if (!room->alone[lane])
            room->alone[lane] = ln_alone_create(room->chain);
        struct ln_alone *alone = room->alone[lane];
        if (!alone->is_current)
            ln_alone_load(alone, weights, target, moment, room->lanes, lane);
        steps->taken[lane] = ln_alone_run(alone, steps, lane);
        if (steps->taken[lane] > 0)
            room->unsettled |= 1u << lane;
    }
    room->is_current = false;
}

void ln_chain_bind(struct ln_chain_room *room, double *weights, const double *target,
                   const double *moment) {
    const struct ln_chain *chain = room->chain;
    if (room->slot[0] == weights && room->slot[chain->target] == target &&
        (!chain->has_moment || room->slot[chain->moment] == moment))
        return;
    double *layer = weights;
    for (int j = 0; j < chain->n_layers; j++, layer += slot_size(room, j - 1))
        room->slot[j] = layer;
    room->slot[chain->target] = (double *)(uintptr_t)target; /* read only */
    if (chain->has_moment)
        room->slot[chain->moment] = (double *)(uintptr_t)moment;
    ln_chain_lay_out(room);
}

static void run_together(struct ln_chain_room *room, double *weights, const double *target,
                         const double *moment, struct ln_steps *steps) {
    ln_chain_room_settle(room);
    ln_chain_bind(room, weights, target, moment);
    if (room->lanes == LN_LANES)
        ln_lanes_chosen()->steps(room, steps);
    else
        ln_chain_run_products(room, steps);
    ln_chain_room_touch(room);
    room->is_current = true;
}

void ln_chain_run(struct ln_chain_room *room, double *weights, const double *target,
                  const double *moment, struct ln_steps *steps) {
    if (room->most_alone > 0 && steps->n_busy <= room->most_alone &&
        (steps->most > 0 || room->lanes == 1))
        run_alone(room, weights, target, moment, steps);
    else
        run_together(room, weights, target, moment, steps);
}
