/* A point: one grid cell, one network trained once, with every parameter at its value for that
 * cell. */
#ifndef LINNET_POINT_H
#define LINNET_POINT_H

#include "linnet/param.h"

enum ln_section {
    LN_PROBLEM, /* problem:     kind selects the entry */
    LN_MODEL,   /* model:       kind selects the entry */
    LN_INIT,    /* model.init:  kind selects the entry */
    LN_TRAIN,   /* train:       algorithm selects the entry; its own keys */
    LN_LIMITS,  /* train:       the keys every algorithm has (max_steps, stop.*, ...) */
    LN_THEORY,  /* theory:      what the predictions need besides */
    LN_RECORD,  /* record: */
    LN_RANDOM,  /* random: */
    LN_N_SECTIONS
};

enum ln_stream { LN_STREAM_DATA, LN_STREAM_INIT, LN_STREAM_OTHER, LN_N_STREAMS };

enum { LN_MAX_PARAMS = 24 }; /* per section */

/* Values borrow from the sweep they came from; conf[s].values points into values[s], so a point is
 * copied by ln_point_copy, never by assignment. */
struct ln_point {
    int64_t id;                                  /* row in the results file */
    const struct ln_entry *entry[LN_N_SECTIONS]; /* NULL for LIMITS, RECORD, RANDOM */
    struct ln_conf conf[LN_N_SECTIONS];
    struct ln_value values[LN_N_SECTIONS][LN_MAX_PARAMS];
    uint64_t base_seed;          /* random.base */
    uint64_t seed[LN_N_STREAMS]; /* random.seed, or random.data_seed, random.init_seed */
};
void ln_point_copy(struct ln_point *to, const struct ln_point *from);

#endif
