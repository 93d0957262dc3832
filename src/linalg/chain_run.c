/* Room of the points in flight, and which executor moves them. */
#include <stdlib.h>

#include "chain_room.h"
#include "linnet/linalg.h"

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
    free(room->slot);
    free(room->memory);
    free(room);
}

void ln_chain_room_touch(struct ln_chain_room *room) {
    room->is_current = false;
}

static void bind(struct ln_chain_room *room, double *weights, const double *target,
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
    if (room->lanes == LN_LANES)
        ln_chain_lay_out(room);
}

void ln_chain_run(struct ln_chain_room *room, double *weights, const double *target,
                  const double *moment, struct ln_steps *steps) {
    bind(room, weights, target, moment);
    if (room->lanes == LN_LANES)
        ln_lanes_chosen()->steps(room, steps);
    else
        ln_chain_run_products(room, steps);
    room->is_current = true;
}
