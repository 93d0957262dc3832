/* How long a network takes to fit its target, from closed forms: an order of magnitude for the
 * planner. */
#ifndef LINNET_TRAIN_FIT_TIME_H
#define LINNET_TRAIN_FIT_TIME_H

#include "linnet/model.h"

/* Sharpness of the balanced minimum as if M were tr(M)/d times the identity: good enough to plan,
 * and free. */
double ln_fit_sharpness(const struct ln_shape *shape, const struct ln_problem *problem);

/* Time of the gradient flow to bring the slowest mode from the start to stop.loss; the steps of
 * gradient descent are this over eta. NaN: there is nothing to fit. Source: Bartlett et al. 2018,
 * plateau times. */
double ln_fit_time(const struct ln_point *point, const struct ln_shape *shape,
                   const struct ln_problem *problem);

#endif
