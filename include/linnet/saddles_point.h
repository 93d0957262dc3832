/* The limit of small scale that belongs to a point of a sweep: what ln_saddles_walk needs, from its
 * problem and, for a diagonal network, from its start. */
#ifndef LINNET_SADDLES_POINT_H
#define LINNET_SADDLES_POINT_H

#include "linnet/model.h"
#include "linnet/saddles.h"

struct ln_limit {
    struct ln_regression regression; /* borrows from the problem and from walls, start */
    double log_scale;                /* Lam = ln(1/alpha); NaN: the model has none */
    double time_unit;                /* of the run, per unit of accelerated time; NaN the same */
    int depth;                       /* D; the first-order times are those of 2 */
    double *identity, *walls, *start;
};

/* Errors: LN_INPUT where the problem has more than one output. Ownership: ln_limit_clear. The
 * problem must outlive it. */
int ln_limit_of(const struct ln_point *point, const struct ln_shape *shape,
                const struct ln_problem *problem, struct ln_limit *limit, struct ln_err *err);
void ln_limit_clear(struct ln_limit *limit);

#endif
