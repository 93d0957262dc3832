/* The largest singular triple of the whitened product P M^{1/2}, against the target's. */
#ifndef LINNET_OBSERVE_LEADING_H
#define LINNET_OBSERVE_LEADING_H

#include "linnet/observe.h"

struct leading {
    double s;
    double a, b;           /* u_1^T u, v_1^T v with the target's first mode */
    double u_rest, v_rest; /* norms of the parts of u, v orthogonal to it */
    double others;         /* sum over i >= 2 of sigma_i (u_i^T u)(v_i^T v) */
};

struct leading ln_observe_leading(const struct ln_sight *sight);

#endif
