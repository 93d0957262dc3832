/* What the points of each group really cost, and by which factor predictions are therefore taken.
 *
 * A factor is a ratio of sums, actual over predicted, of the points finished so far: the sums are
 * ruled by the long points, and these matter. It is damped: a group begins as if PRIOR of its
 * points had been finished at the factor of the whole run, and that one begins at 1. */
#ifndef LINNET_FARM_CALIBRATION_H
#define LINNET_FARM_CALIBRATION_H

#include <stdbool.h>

#include "linnet/plan.h"
#include "linnet/tally.h"

struct ln_calibration {
    const struct ln_plan *plan;
    struct ln_tally *groups; /* [n_groups] */
    struct ln_tally all;
    double *factor;   /* [n_groups] */
    double reference; /* the factor of the whole run that the others lean on */
};

bool ln_calibration_init(struct ln_calibration *calibration, const struct ln_plan *plan);
void ln_calibration_clear(struct ln_calibration *calibration);

/* Takes finished points in. Returns false where only the factor of their group has moved, true
 * where every factor may have. */
bool ln_calibration_learn(struct ln_calibration *calibration, int group,
                          const struct ln_tally *more);

#endif
