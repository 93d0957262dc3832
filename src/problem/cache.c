#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/problem.h"

/* LEAST slots whatever their size, more than there are lanes; further ones while all problems
 * together take no more than MOST_BYTES. */
enum { LEAST_SLOTS = 64, MOST_SLOTS = 1024, MOST_BYTES = 64 << 20 };

struct slot {
    struct ln_point *point;
    struct ln_problem *problem; /* NULL: none could be built */
    int users;
};

struct ln_problem_cache {
    int n_slots, next;           /* next: where to look for a free slot first */
    uint64_t hashes[MOST_SLOTS]; /* of the points: what most differ in */
    struct slot slots[MOST_SLOTS];
    size_t bytes;
};

struct ln_problem_cache *ln_problem_cache_create(void) {
    return ln_linalg_alloc(1, sizeof(struct ln_problem_cache));
}

void ln_problem_cache_free(struct ln_problem_cache *cache) {
    for (int i = 0; cache && i < cache->n_slots; i++) {
        ln_problem_free(cache->slots[i].problem);
        free(cache->slots[i].point);
    }
    free(cache);
}

static uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

/* Equal for equal problems: seeds, and of every parameter a number or a list. */
static uint64_t hash_of(const struct ln_point *point) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    uint64_t hash = mix(mix(1, point->base_seed), point->seed[LN_STREAM_DATA]);
    for (int i = 0; i < conf->n_params; i++) {
        const struct ln_value *value = &conf->values[i];
        double real = isnan(value->real) ? 0 : value->real + 0.0; /* -0 is 0 */
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        hash = mix(mix(hash, bits), (uint64_t)value->integer);
        hash = mix(mix(hash, (uintptr_t)value->reals), (uintptr_t)value->matrices);
    }
    return hash;
}

static size_t bytes_of(const struct ln_problem *problem) {
    if (!problem)
        return 0;
    size_t d_in = (size_t)problem->d_in, d_out = (size_t)problem->d_out;
    return sizeof(double) * (2 * (d_in + d_out) * (size_t)problem->n_modes + 2 * d_in * d_in +
                             (size_t)problem->n_samples * (d_in + d_out));
}

/* A slot nobody uses, the one left alone longest first; or a new one while there is room. */
static struct slot *free_slot(struct ln_problem_cache *cache) {
    if (cache->n_slots < LEAST_SLOTS ||
        (cache->n_slots < MOST_SLOTS && cache->bytes < MOST_BYTES)) {
        struct slot *slot = &cache->slots[cache->n_slots++];
        slot->point = ln_linalg_alloc(1, sizeof *slot->point);
        return slot;
    }
    for (int tried = 0; tried < cache->n_slots; tried++) {
        struct slot *slot = &cache->slots[cache->next];
        cache->next = (cache->next + 1) % cache->n_slots;
        if (slot->users == 0)
            return slot;
    }
    assert(false && "more problems in use than slots");
    abort();
}

static struct slot *find(struct ln_problem_cache *cache, const struct ln_point *point,
                         uint64_t hash) {
    for (int i = 0; i < cache->n_slots; i++)
        if (cache->hashes[i] == hash && cache->slots[i].problem &&
            ln_problem_is_same(cache->slots[i].point, point))
            return &cache->slots[i];
    return NULL;
}

int ln_problem_cache_get(struct ln_problem_cache *cache, const struct ln_point *point,
                         const struct ln_problem **problem, struct ln_err *err) {
    uint64_t hash = hash_of(point);
    struct slot *slot = find(cache, point, hash);
    if (!slot) {
        slot = free_slot(cache);
        cache->bytes -= bytes_of(slot->problem);
        ln_problem_free(slot->problem);
        int status = ln_problem_create(point, &slot->problem, err); /* NULL where it cannot */
        if (status != LN_OK)
            return status;
        cache->bytes += bytes_of(slot->problem);
        cache->hashes[slot - cache->slots] = hash;
        ln_point_copy(slot->point, point);
    }
    slot->users++;
    *problem = slot->problem;
    return LN_OK;
}

void ln_problem_cache_release(struct ln_problem_cache *cache, const struct ln_problem *problem) {
    for (int i = 0; i < cache->n_slots; i++)
        if (cache->slots[i].problem == problem) {
            cache->slots[i].users--;
            return;
        }
}
