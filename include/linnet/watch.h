/* A watch over the loss of every lane while a kernel steps on: the kernel stops at the first step
 * at which something has to be decided, and keeps the books of the steps it has gone past. Crossing
 * steps are therefore exact, and nobody looks at a step at which nothing happens. */
#ifndef LINNET_WATCH_H
#define LINNET_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "linnet/lanes.h"

/* Rises smaller than this are rounding. */
#define LN_RISE (1.0 + 1e-9)

/* Arrays are [LN_LANES], on 64-byte boundaries; E is the excess loss. An idle lane has a band
 * without ends. */
struct ln_watch {
    _Alignas(64) double excess[LN_LANES]; /* out: E of the state reached */
    /* The band. A lane goes on while above_low < E - level < above_high and E > excess_low; not a
     * number is outside. */
    double level[LN_LANES], above_low[LN_LANES], above_high[LN_LANES], excess_low[LN_LANES];
    /* The books, of every step after the first state and before the one reached. */
    double previous[LN_LANES];   /* E of the step before */
    double best[LN_LANES];       /* least E so far */
    double best_at[LN_LANES];    /* steps into this run at which best was reached; else unchanged */
    double worst[LN_LANES];      /* largest E so far */
    double n_rises[LN_LANES];    /* steps with E > previous * LN_RISE and ... */
    double rise_above[LN_LANES]; /* ... E - level above this */
    double signature[LN_LANES];  /* out, where histories are kept: of the state reached */
};

/* What a kernel is asked for. */
struct ln_steps {
    int64_t most;  /* steps to take at most; 0: only evaluate E of the present state */
    unsigned busy; /* bit l: lane l has to move */
    int n_busy;
    const double *eta; /* eta of step k, lane l: eta[k * eta_stride + l]; 64-byte boundaries */
    int eta_stride;    /* LN_LANES; 0: the same at every step */
    struct ln_watch *watch;
    const double *functional; /* [n_weights] of the signature; see ln_lanes_signature */
    /* [most + 1][LN_LANES]: E and signature of every state after the first, by number of steps;
     * NULL: not kept. */
    double *losses, *signatures;
    int64_t taken[LN_LANES]; /* out: steps taken by lane; busy lanes may differ */
    bool is_alone;           /* out: only the busy lanes were moved, one after the other */
};

#endif
