/* Sweeps of diagonal networks on the worked cases, and what is left of a run to compare. */
#ifndef LINNET_TEST_DIAGONAL_SWEEP_H
#define LINNET_TEST_DIAGONAL_SWEEP_H

#include "golden.h"
#include "pesme_cases.h"

/* Runs the data of a case with the rest of a sweep (model, train, record, axes), printf style. */
void sweep_case(struct golden *run, const struct pesme_case *a_case, const char *rest, ...)
    __attribute__((format(printf, 3, 4)));

/* |coefficients - wanted| of a cell at a recorded step: the largest; the 2-norm. */
double sweep_error(const struct golden *run, int64_t cell, int64_t step, const double *wanted,
                   int d);
double sweep_distance(const struct golden *run, int64_t cell, int64_t step, const double *wanted,
                      int d);

/* Time and saddle [d] of jump k of a case, from 0; returns false where there is none. */
bool sweep_jump(const struct pesme_case *a_case, int k, double *time, double *saddle);

/* The middles of the plateaus after each jump (of the last: as long after it as the gap before), as
 * whole steps of time_step, the largest that hits them all. Returns their number. */
int sweep_middles(const struct pesme_case *a_case, double *time_step, int64_t *steps);

/* "[3, 1, 2]" */
const char *sweep_list(const int64_t *numbers, int count);

#endif
