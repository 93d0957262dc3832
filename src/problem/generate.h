/* Seeded ingredients that several problems share. All arrays are malloc'ed for the caller. */
#ifndef LINNET_PROBLEM_GENERATE_H
#define LINNET_PROBLEM_GENERATE_H

#include "linnet/point.h"
#include "linnet/random.h"

/* A random stream for the data of a point. */
struct ln_random ln_problem_random(const struct ln_point *point);

/* [rows x cols] standard normal. */
double *ln_problem_gaussian(struct ln_random *random, int rows, int cols);

/* [m x n], m >= n, orthonormal columns, Haar distributed. */
double *ln_problem_frame(struct ln_random *random, int m, int n);

/* U diag(spectrum) V^T [rows x cols]; basis "identity", "random" (U, V independent) or "symmetric"
 * (U = V, square). */
double *ln_problem_from_spectrum(struct ln_random *random, const struct ln_value *spectrum,
                                 const char *basis, int rows, int cols);

#endif
