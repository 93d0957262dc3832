/* How far a run is, and how long it will still take. */
#ifndef LINNET_PROGRESS_H
#define LINNET_PROGRESS_H

#include <stdint.h>

#include "linnet/tally.h"

/* What rank 0 knows of this run. */
struct ln_progress {
    int64_t n_points, n_done;
    double seconds_done, seconds_left; /* core seconds: actual, and predicted in their light */
    double seconds_spent;              /* of those left: gone into points in hand, about */
    double seconds_longest;            /* the rank with the most in hand still needs so many */
    double seconds;                    /* since the farm started, on the wall clock */
    int64_t labels[LN_MAX_LABELS];     /* finished points by label */
    int n_ranks;
};

/* Seconds on the wall clock until the end: the work that is left, over the rate at which this run
 * has done work so far, which is that of the machine as it is (shared cores, slower ones); but not
 * before the rank with the most in hand is through. parked: core seconds that earlier runs have put
 * into points of this one; they are no merit of this one, and need not be done again. */
double ln_progress_time_left(const struct ln_progress *progress, double parked);

#endif
