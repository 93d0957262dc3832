/* Chains of the last shapes: any of the places may have any shape, and lists of equal hash find it.
 * When all are taken, the one used longest ago among those not in use gives way. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/chain.h"

/* The depths 1 .. 256 twice, of some 200 bytes a layer. */
enum { PLACES = 512 };

static struct place {
    struct ln_chain *chain;
    int n_users;
    uint64_t used;      /* when, last */
    struct place *next; /* of the same list */
} places[PLACES], *lists[PLACES];

static int n_filled;
static uint64_t now;

/* d_0, and d_1 .. d_N. */
struct shape {
    int input, n_layers;
    const int *outputs;
    bool has_moment, keeps_product;
};

static struct shape shape_of(const struct ln_chain *chain) {
    return (struct shape){chain->cols[0], chain->n_layers, chain->rows, chain->has_moment,
                          chain->keeps_product};
}

static bool is_same(const struct shape *a, const struct shape *b) {
    return a->input == b->input && a->n_layers == b->n_layers && a->has_moment == b->has_moment &&
           a->keeps_product == b->keeps_product &&
           memcmp(a->outputs, b->outputs, (size_t)a->n_layers * sizeof *a->outputs) == 0;
}

/* The high half comes down each time: of a product alone, low bits depend on low bits only. */
static uint64_t mixed(uint64_t hash, unsigned x) {
    hash = (hash ^ x) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

static struct place **list_of(const struct shape *shape) {
    uint64_t hash = mixed((unsigned)shape->has_moment | (unsigned)shape->keeps_product << 1,
                          (unsigned)shape->input);
    for (int j = 0; j < shape->n_layers; j++)
        hash = mixed(hash, (unsigned)shape->outputs[j]);
    return &lists[hash % PLACES];
}

static struct place *find(const struct shape *shape) {
    struct place *place = *list_of(shape);
    for (; place; place = place->next) {
        struct shape other = shape_of(place->chain);
        if (is_same(shape, &other))
            break;
    }
    return place;
}

static void clear(struct place *place) {
    struct shape shape = shape_of(place->chain);
    struct place **link = list_of(&shape);
    while (*link != place)
        link = &(*link)->next;
    *link = place->next;
    ln_chain_free(place->chain);
    *place = (struct place){0};
}

/* NULL: all are in use. */
static struct place *take_place(void) {
    if (n_filled < PLACES)
        return &places[n_filled++];
    struct place *oldest = NULL;
    for (struct place *place = places; place < places + PLACES; place++)
        if (place->n_users == 0 && (!oldest || place->used < oldest->used))
            oldest = place;
    if (oldest)
        clear(oldest);
    return oldest;
}

static void fill(struct place *place, struct ln_chain *chain) {
    struct shape shape = shape_of(chain);
    struct place **list = list_of(&shape);
    *place = (struct place){.chain = chain, .next = *list};
    *list = place;
}

/* Where every place is in use, the chain is the caller's alone. */
const struct ln_chain *ln_chain_hold(const int *widths, int n_layers, bool has_moment,
                                     bool keeps_product) {
    struct shape shape = {widths[0], n_layers, widths + 1, has_moment, keeps_product};
    struct place *place = find(&shape);
    if (!place) {
        struct ln_chain *chain = ln_chain_create(widths, n_layers, has_moment, keeps_product);
        place = take_place();
        if (!place)
            return chain;
        fill(place, chain);
    }
    place->n_users++;
    place->used = ++now;
    return place->chain;
}

void ln_chain_release(const struct ln_chain *chain) {
    if (!chain)
        return;
    struct shape shape = shape_of(chain);
    struct place *place = find(&shape);
    if (place && place->chain == chain) {
        place->n_users--;
        place->used = ++now;
    } else {
        ln_chain_free((struct ln_chain *)(uintptr_t)chain);
    }
}
