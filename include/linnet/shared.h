/* One symmetric matrix H that many problems multiply by at the same time: given itself, or as
 * c X X^T without ever being formed. It is read once for LN_LANES vectors, and only half of it: a
 * number of H (or of X) serves a product and its mirror image while it is in the cache.
 *
 * Bits: with H itself every element of H v is one chain of FMAs over the columns in order. With X
 * the residual is a chain over the inputs, H v one over the samples. Neither depends on the
 * instruction set, nor on whether a vector stands in a lane or alone. */
#ifndef LINNET_SHARED_H
#define LINNET_SHARED_H

#include "linnet/lanes.h"

/* Vectors are [ln_shared_pad(d)][lanes], zero from d on. */
static inline int ln_shared_pad(int d) {
    return (d + 7) / 8 * 8;
}

struct ln_shared;

/* H [d x d], of which the upper triangle is read. Ownership: ln_shared_free. */
struct ln_shared *ln_shared_of_moment(const double *h, int d);
/* H = c X X^T, X [d x n]. */
struct ln_shared *ln_shared_of_inputs(const double *x, int d, int n, double c);
void ln_shared_free(struct ln_shared *shared);

/* out = H v, and half[lane] = 1/2 <v, H v> of every lane; with X as c/2 |X^T v|^2, which keeps its
 * relative precision whatever H does not see of v. lanes: LN_LANES, or 1: half[0] only. */
void ln_shared_apply(const struct ln_shared *shared, double *out, double *half, const double *v,
                     int lanes);

#endif
