/* The step size of descending algorithms: its parameters, its unit, its decay, and the planner's
 * guess of the number of steps. */
#ifndef LINNET_TRAIN_STEP_H
#define LINNET_TRAIN_STEP_H

#include <math.h>

#include "linnet/train.h"

/* The first rows of the parameter table of an algorithm that takes steps. */
#define LN_STEP_PARAMS                                                                             \
    {.name = "step_size",                                                                          \
     .type = LN_REAL,                                                                              \
     .fallback = "0.01",                                                                           \
     .low = 0,                                                                                     \
     .high = INFINITY,                                                                             \
     .low_open = true,                                                                             \
     .doc = "eta, in units of step_unit."},                                                        \
        {.name = "step_unit",                                                                      \
         .type = LN_CHOICE,                                                                        \
         .fallback = "absolute",                                                                   \
         .choices = "absolute minimum start",                                                      \
         .doc = "absolute; or 2/lambda_max at the balanced global minimum (N sigma_1^(2-2/N) for " \
                "whitened inputs); or 2/lambda_max "                                               \
                "at the start."},                                                                  \
    {                                                                                              \
        .name = "decay", .type = LN_REAL, .fallback = "0", .low = 0, .high = 10,                   \
        .doc = "Exponent g of the schedule eta / (k + 1)^g, k = 0, 1, ..."                         \
    }

/* Part of the state of a lane; an idle lane is all zero. */
struct ln_step {
    double size, decay;
};

/* Refuses a step_unit that the model does not know. */
int ln_step_check(const struct ln_point *point, const struct ln_shape *shape,
                  const struct ln_problem *problem, struct ln_err *err);

/* Reads the step size of a point, absolute. False: its unit is no positive number (a target or
 * start without curvature), and the point is left without a step size. */
bool ln_step_begin(struct ln_step *step, const struct ln_task *task);

/* eta of step k = 0, 1, ...; inline, as every lane asks at every step. Source: Nguegnang et al.
 * 2021, step sizes. */
static inline double ln_step_at(const struct ln_step *step, int64_t k) {
    return step->decay == 0.0 ? step->size : step->size * pow((double)(k + 1), -step->decay);
}

/* Seconds of n singular value decompositions, or their like, of the widest layer: a call of LAPACK
 * and 25 d^3 floating-point operations. */
double ln_step_lapack(const struct ln_shape *shape, int n);

/* Steps a point will take, to an order of magnitude. */
double ln_step_count(const struct ln_point *point, const struct ln_shape *shape,
                     const struct ln_problem *problem);

#endif
