#include "linnet/progress.h"

#include <math.h>

/* Before that much of a run it is taken for granted that every rank is busy. */
static const double first_seconds = 0.5;

/* Core seconds a second. What points have cost includes what earlier runs have put into them: that
 * is taken off once this run has done more, and until then it is no more than the ranks can do. */
static double rate_of(const struct ln_progress *progress, double parked) {
    double n_ranks = fmax(progress->n_ranks, 1), done = progress->seconds_done;
    if (progress->seconds <= first_seconds)
        return n_ranks;
    if (done > 2 * parked)
        done -= parked;
    double rate = (done + progress->seconds_spent) / progress->seconds;
    return fmin(fmax(rate, 0.01 * n_ranks), n_ranks);
}

double ln_progress_time_left(const struct ln_progress *progress, double parked) {
    double work = progress->seconds_left - progress->seconds_spent;
    if (progress->n_done >= progress->n_points || !(work > 0))
        return 0;
    /* Parked points come to their end before this run has done as much work; but what was parked
     * may have been far from it. */
    double ahead = fmin(fmax(parked - progress->seconds_done, 0), 0.95 * work);
    double rate = rate_of(progress, parked), slowness = fmax(progress->n_ranks, 1) / rate;
    double longest = progress->seconds_longest * (1 - ahead / work);
    return fmax((work - ahead) / rate, longest * slowness);
}
