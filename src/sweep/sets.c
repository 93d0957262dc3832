#include "sets.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/problem.h"

void ln_sets_init(struct ln_sets *sets, const struct ln_sweep *sweep) {
    *sets = (struct ln_sets){.sweep = sweep};
    sets->other = ln_linalg_alloc(1, sizeof *sets->other);
}

void ln_sets_clear(struct ln_sets *sets) {
    free(sets->shapes);
    free(sets->sets);
    free(sets->slots);
    free(sets->other);
}

/* Room for one more element: twice the room where it is full. */
static void *grown(void *old, int count, int *room, size_t size) {
    if (count < *room)
        return old;
    *room = *room ? 2 * *room : 16;
    char *grown = ln_linalg_alloc((size_t)*room, size);
    if (count)
        memcpy(grown, old, (size_t)count * size);
    free(old);
    return grown;
}

/* Shapes are few. */
static int shape_of(struct ln_sets *sets, const struct ln_shape *shape,
                    const struct ln_entry *algorithm) {
    for (int i = sets->n_shapes; i-- > 0;)
        if (sets->shapes[i].algorithm == algorithm &&
            ln_shape_is_same(&sets->shapes[i].shape, shape))
            return i;
    sets->shapes = grown(sets->shapes, sets->n_shapes, &sets->shape_room, sizeof *sets->shapes);
    sets->shapes[sets->n_shapes] = (struct ln_set_shape){*shape, algorithm};
    return sets->n_shapes++;
}

/* Where a hash begins to look in the table. */
static int slot_of(const struct ln_sets *sets, int shape, uint64_t hash) {
    uint64_t mixed = (hash + (uint64_t)shape) * 0x9e3779b97f4a7c15u;
    return (int)((mixed >> 32) & (uint64_t)(sets->n_slots - 1));
}

static void put_slot(struct ln_sets *sets, int number) {
    int slot = slot_of(sets, sets->sets[number].shape, sets->sets[number].hash);
    while (sets->slots[slot] >= 0)
        slot = (slot + 1) & (sets->n_slots - 1);
    sets->slots[slot] = number;
}

/* The table is at most half full. */
static void make_room(struct ln_sets *sets) {
    if (2 * (sets->n_sets + 1) <= sets->n_slots)
        return;
    sets->n_slots = sets->n_slots ? 2 * sets->n_slots : 64;
    free(sets->slots);
    sets->slots = ln_linalg_alloc((size_t)sets->n_slots, sizeof *sets->slots);
    for (int i = 0; i < sets->n_slots; i++)
        sets->slots[i] = -1;
    for (int number = 0; number < sets->n_sets; number++)
        put_slot(sets, number);
}

static bool is_in(const struct ln_sets *sets, const struct ln_set *set,
                  const struct ln_point *point, int shape, uint64_t hash) {
    if (set->shape != shape || set->hash != hash)
        return false;
    if (!sets->shapes[shape].shape.shares_problem)
        return true;
    ln_sweep_point(sets->sweep, set->cell, sets->other);
    return ln_problem_is_same(sets->other, point);
}

int ln_sets_find(struct ln_sets *sets, const struct ln_point *point, const struct ln_shape *shape,
                 int64_t cell) {
    int kind = shape_of(sets, shape, point->entry[LN_TRAIN]);
    uint64_t hash = shape->shares_problem ? ln_problem_hash(point) : 0;
    make_room(sets);
    for (int slot = slot_of(sets, kind, hash); sets->slots[slot] >= 0;
         slot = (slot + 1) & (sets->n_slots - 1))
        if (is_in(sets, &sets->sets[sets->slots[slot]], point, kind, hash))
            return sets->slots[slot];
    sets->sets = grown(sets->sets, sets->n_sets, &sets->set_room, sizeof *sets->sets);
    sets->sets[sets->n_sets] = (struct ln_set){kind, hash, cell};
    put_slot(sets, sets->n_sets);
    return sets->n_sets++;
}
