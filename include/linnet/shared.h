/* One symmetric matrix H that many problems multiply by at the same time: given itself, or as
 * c X X^T without ever being formed. It is read for LN_LANES vectors at once.
 *
 * H itself is read once, and only half of it: a number serves a product and its mirror image while
 * it is in the cache. X is read once as well while the vectors stay in the cache beside a panel of
 * its samples (one pass: the residuals of the panel, then at once their part of the result), else
 * twice (two passes: all residuals, then the result). Which, is a matter of d alone.
 *
 * Bits: with H itself every element of H v is one chain of FMAs over the columns in order. With X
 * the residual is a chain over the inputs, H v one over the samples, in one pass as in two. Neither
 * depends on the instruction set, nor on whether a vector stands in a lane or alone. */
#ifndef LINNET_SHARED_H
#define LINNET_SHARED_H

#include <stdbool.h>

#include "linnet/lanes.h"

/* Vectors are [ln_shared_pad(d)][lanes], zero from d on. */
static inline int ln_shared_pad(int d) {
    return (d + 7) / 8 * 8;
}

struct ln_shared;

/* Whether to take X [d x n] or H = c X X^T. H has d^2 products a vector, X 2 n d, so that for H v
 * alone H is the faster from d < 2 n on. But v has directions that fewer samples than inputs do not
 * see: along these a network reaches a loss of zero, which 1/2 <v, H v> knows to within the
 * rounding of |H| |v|^2, c/2 |X^T v|^2 to within its square. The loss is wanted at every step; with
 * n d for it H costs d^2 + n d, which is less than 2 n d from d < n on. */
static inline bool ln_shared_takes_inputs(int d, int n) {
    return n < d;
}

/* Passes over X, 1 or 2. */
int ln_shared_passes(int d);

/* H [d x d], of which the upper triangle is read. Ownership: ln_shared_free. */
struct ln_shared *ln_shared_of_moment(const double *h, int d);
/* H = c X X^T, X [d x n]. passes: ln_shared_passes(d), or to compare them 1 or 2. */
struct ln_shared *ln_shared_of_inputs(const double *x, int d, int n, double c, int passes);
void ln_shared_free(struct ln_shared *shared);

/* out = H v, and half[lane] = 1/2 <v, H v> of every lane; with X as c/2 |X^T v|^2, which keeps its
 * relative precision whatever H does not see of v. lanes: LN_LANES, or 1: half[0] only. */
void ln_shared_apply(const struct ln_shared *shared, double *out, double *half, const double *v,
                     int lanes);

#endif
