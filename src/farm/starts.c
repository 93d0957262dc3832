#include "starts.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

enum { MOST_STARTS = 1024, MOST_BYTES = 16 << 20, NEIGHBOURS = 4 };

/* One start: its problem, its weights and constants, and what the columns got. */
struct start {
    uint64_t problem; /* its number; 0: empty */
    double *key;
    char *columns;
};

struct ln_starts {
    const struct ln_row_recipe *recipe;
    size_t n_state, n_constants, column_bytes;
    int n_slots;   /* a power of two */
    unsigned next; /* counts what was kept: the neighbour to replace */
    struct start *slots;
    double *keys;
    char *columns;
};

static size_t column_bytes(const struct ln_row_recipe *recipe) {
    size_t bytes = 0;
    for (int i = 0; i < recipe->n_observables; i++)
        bytes += recipe->observables[i].start ? recipe->observables[i].start->bytes : 0;
    return bytes;
}

struct ln_starts *ln_starts_create(const struct ln_row_recipe *recipe,
                                   const struct ln_shape *shape) {
    struct ln_starts *starts = ln_linalg_alloc(1, sizeof *starts);
    starts->recipe = recipe;
    starts->n_state = (size_t)shape->n_state;
    starts->n_constants = (size_t)shape->n_constants;
    starts->column_bytes = column_bytes(recipe);
    size_t n_key = starts->n_state + starts->n_constants;
    size_t each = n_key * sizeof(double) + starts->column_bytes;
    starts->n_slots = recipe->has_start ? MOST_STARTS : 0;
    while (starts->n_slots > 0 && (size_t)starts->n_slots * each > MOST_BYTES)
        starts->n_slots /= 2;
    if (starts->n_slots < NEIGHBOURS)
        starts->n_slots = 0;
    starts->slots = ln_linalg_alloc((size_t)starts->n_slots, sizeof *starts->slots);
    starts->keys = ln_linalg_alloc((size_t)starts->n_slots * n_key, sizeof(double));
    starts->columns = ln_linalg_alloc((size_t)starts->n_slots, starts->column_bytes);
    for (int i = 0; i < starts->n_slots; i++) {
        starts->slots[i].key = starts->keys + (size_t)i * n_key;
        starts->slots[i].columns = starts->columns + (size_t)i * starts->column_bytes;
    }
    return starts;
}

void ln_starts_free(struct ln_starts *starts) {
    if (!starts)
        return;
    free(starts->columns);
    free(starts->keys);
    free(starts->slots);
    free(starts);
}

static uint64_t mix(uint64_t hash, const double *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        hash = (hash ^ bits) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return hash;
}

/* The first of the slots where a network may be kept. */
static struct start *place_of(const struct ln_starts *starts, const struct ln_net *net) {
    uint64_t hash = mix(net->problem->number, net->weights, starts->n_state);
    hash = mix(hash, net->constants, starts->n_constants);
    return &starts->slots[hash & (uint64_t)(starts->n_slots - 1) & ~(uint64_t)(NEIGHBOURS - 1)];
}

static bool is_kept(const struct ln_starts *starts, const struct start *start,
                    const struct ln_net *net) {
    return start->problem == net->problem->number &&
           memcmp(start->key, net->weights, starts->n_state * sizeof(double)) == 0 &&
           memcmp(start->key + starts->n_state, net->constants,
                  starts->n_constants * sizeof(double)) == 0;
}

/* The start columns of a row to a packed block, or back. */
static void copy_columns(const struct ln_row_recipe *recipe, char *packed, char *row, bool back) {
    for (int i = 0; i < recipe->n_observables; i++) {
        const struct ln_column *column = recipe->observables[i].start;
        if (!column)
            continue;
        memcpy(back ? row + column->offset : packed, back ? packed : row + column->offset,
               column->bytes);
        packed += column->bytes;
    }
}

bool ln_starts_recall(struct ln_starts *starts, const struct ln_net *net, void *row) {
    if (starts->n_slots == 0)
        return false;
    struct start *place = place_of(starts, net);
    for (int i = 0; i < NEIGHBOURS; i++)
        if (is_kept(starts, &place[i], net)) {
            copy_columns(starts->recipe, place[i].columns, row, true);
            return true;
        }
    return false;
}

void ln_starts_keep(struct ln_starts *starts, const struct ln_net *net, void *row) {
    if (starts->n_slots == 0)
        return;
    struct start *slot = place_of(starts, net) + starts->next++ % NEIGHBOURS;
    slot->problem = net->problem->number;
    memcpy(slot->key, net->weights, starts->n_state * sizeof(double));
    memcpy(slot->key + starts->n_state, net->constants, starts->n_constants * sizeof(double));
    copy_columns(starts->recipe, slot->columns, row, false);
}
