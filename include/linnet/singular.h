/* Singular values of LN_LANES small matrices side by side, laid out as everything in lanes is.
 *
 * One-sided Jacobi: columns are turned until they are orthogonal; their lengths are the singular
 * values, each to a few units in the last place of the largest or better. One matrix alone costs
 * what eight do, so states that are recorded wait for each other. The bits of a lane depend on its
 * matrix alone and are the same on every instruction set with FMA. */
#ifndef LINNET_SINGULAR_H
#define LINNET_SINGULAR_H

#include <stdbool.h>

/* Whether m x n is small enough to win against LAPACK one by one; by the shape alone. */
bool ln_singular_in_lanes(int m, int n);

/* s [min(m, n)][LN_LANES], descending, of finite a [m * n][LN_LANES], which is overwritten; a lane
 * of zeros gives zeros. Both 64-byte aligned. Source: Hestenes 1958; Demmel, Veselic 1992. */
void ln_lanes_singular(double *s, double *a, int m, int n);

#endif
