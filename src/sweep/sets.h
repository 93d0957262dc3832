/* The sets of points that may share a batch while a plan is built: one shape, one algorithm and,
 * where the shape says so, one problem. Numbered in the order in which they are first met. */
#ifndef LINNET_SWEEP_SETS_H
#define LINNET_SWEEP_SETS_H

#include "linnet/model.h"
#include "linnet/sweep.h"

struct ln_set {
    int shape;     /* number of its shape, of struct ln_sets */
    uint64_t hash; /* of its problem, or 0 */
    int64_t cell;  /* of its first point */
};

struct ln_set_shape {
    struct ln_shape shape;
    const struct ln_entry *algorithm;
};

struct ln_sets {
    const struct ln_sweep *sweep;
    struct ln_set_shape *shapes;
    struct ln_set *sets;
    int n_shapes, n_sets, shape_room, set_room;
    int *slots; /* hash table of set numbers, -1: empty */
    int n_slots;
    struct ln_point *other; /* scratch */
};

void ln_sets_init(struct ln_sets *sets, const struct ln_sweep *sweep);
void ln_sets_clear(struct ln_sets *sets);

/* Number of the set of a point, a new one if it fits none. */
int ln_sets_find(struct ln_sets *sets, const struct ln_point *point, const struct ln_shape *shape,
                 int64_t cell);

#endif
