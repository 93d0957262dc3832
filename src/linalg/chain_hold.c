/* Chains of the last shapes, by the hash of their widths. */
#include <stdlib.h>

#include "linnet/chain.h"

enum { PLACES = 64 };

static struct {
    struct ln_chain *chain;
    int n_users;
} held[PLACES];

/* d_j of a chain that is there already. */
static int width(const struct ln_chain *chain, int j) {
    return j ? chain->rows[j - 1] : chain->cols[0];
}

/* FNV-1a. */
static unsigned mixed(unsigned hash, unsigned x) {
    return (hash ^ x) * 16777619u;
}

static unsigned place_of(const int *widths, int n_layers, bool has_moment, bool keeps_product) {
    unsigned hash = mixed(2166136261u, (unsigned)has_moment | (unsigned)keeps_product << 1);
    for (int j = 0; j <= n_layers; j++)
        hash = mixed(hash, (unsigned)widths[j]);
    return (hash ^ hash >> 16) % PLACES;
}

static bool fits(const struct ln_chain *chain, const int *widths, int n_layers, bool has_moment,
                 bool keeps_product) {
    bool same = chain && chain->n_layers == n_layers && chain->has_moment == has_moment &&
                chain->keeps_product == keeps_product;
    for (int j = 0; same && j <= n_layers; j++)
        same = width(chain, j) == widths[j];
    return same;
}

/* Where the place is taken by another shape that is in use, the chain is the caller's alone. */
const struct ln_chain *ln_chain_hold(const int *widths, int n_layers, bool has_moment,
                                     bool keeps_product) {
    unsigned place = place_of(widths, n_layers, has_moment, keeps_product);
    if (!fits(held[place].chain, widths, n_layers, has_moment, keeps_product)) {
        struct ln_chain *chain = ln_chain_create(widths, n_layers, has_moment, keeps_product);
        if (held[place].n_users > 0)
            return chain;
        ln_chain_free(held[place].chain);
        held[place].chain = chain;
    }
    held[place].n_users++;
    return held[place].chain;
}

void ln_chain_release(const struct ln_chain *chain) {
    for (int place = 0; chain && place < PLACES; place++)
        if (held[place].chain == chain) {
            held[place].n_users--;
            return;
        }
    ln_chain_free((struct ln_chain *)(uintptr_t)chain);
}
