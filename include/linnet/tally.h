/* What finished points cost, against what was predicted. Core seconds: while b points advance
 * together, each is charged 1/b of the time. */
#ifndef LINNET_TALLY_H
#define LINNET_TALLY_H

#include <stdint.h>

enum { LN_MAX_LABELS = 32 };

struct ln_tally {
    int64_t count;
    double predicted, actual; /* core seconds, summed */
    double longest;           /* the largest actual of a point */
    double logs, squares;     /* sums of l and l^2, l = ln(actual / predicted) of a point */
    double earlier;           /* core seconds of actual that earlier runs have spent */
};

/* Counts one point. */
void ln_tally_point(struct ln_tally *tally, double predicted, double actual);

void ln_tally_add(struct ln_tally *tally, const struct ln_tally *more);

/* Standard deviation of ln(actual / predicted) over the points, 0 for none: how far single points
 * are from a prediction that is right on the average. */
double ln_tally_spread(const struct ln_tally *tally);

#endif
