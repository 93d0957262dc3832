#include <assert.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/problem.h"

enum { N_SLOTS = 64 };

struct slot {
    struct ln_point point;
    struct ln_problem *problem;
    int users;
};

struct ln_problem_cache {
    struct slot slots[N_SLOTS];
    int next; /* where to look for a free slot first */
};

struct ln_problem_cache *ln_problem_cache_create(void) {
    return ln_linalg_alloc(1, sizeof(struct ln_problem_cache));
}

void ln_problem_cache_free(struct ln_problem_cache *cache) {
    for (int i = 0; cache && i < N_SLOTS; i++)
        ln_problem_free(cache->slots[i].problem);
    free(cache);
}

/* A slot nobody uses, the one left alone longest first. There are more slots than lanes. */
static struct slot *free_slot(struct ln_problem_cache *cache) {
    for (int tried = 0; tried < N_SLOTS; tried++) {
        struct slot *slot = &cache->slots[cache->next];
        cache->next = (cache->next + 1) % N_SLOTS;
        if (slot->users == 0)
            return slot;
    }
    assert(false && "more problems in use than slots");
    abort();
}

int ln_problem_cache_get(struct ln_problem_cache *cache, const struct ln_point *point,
                         const struct ln_problem **problem, struct ln_err *err) {
    struct slot *slot = NULL;
    for (int i = 0; i < N_SLOTS && !slot; i++)
        if (cache->slots[i].problem && ln_problem_is_same(&cache->slots[i].point, point))
            slot = &cache->slots[i];
    if (!slot) {
        slot = free_slot(cache);
        ln_problem_free(slot->problem);
        int status = ln_problem_create(point, &slot->problem, err);
        if (status != LN_OK)
            return status;
        ln_point_copy(&slot->point, point);
    }
    slot->users++;
    *problem = slot->problem;
    return LN_OK;
}

void ln_problem_cache_release(struct ln_problem_cache *cache, const struct ln_problem *problem) {
    for (int i = 0; i < N_SLOTS; i++)
        if (cache->slots[i].problem == problem)
            cache->slots[i].users--;
}
