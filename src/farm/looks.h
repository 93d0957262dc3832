/* Looking at the lanes of an engine: at a record step, at the end of a run, at its start. */
#ifndef LINNET_FARM_LOOKS_H
#define LINNET_FARM_LOOKS_H

#include "linnet/lanes.h"
#include "row.h"

/* End-to-end matrices whose singular values are found together, LN_LANES at a time, since one alone
 * costs as much; singular values ask for nothing else of their moment. */
struct ln_aside {
    int count;
    int record[LN_LANES];    /* where they belong; -1: the last state, no record */
    double excess[LN_LANES]; /* of the state */
    double *products;        /* [d_N * d_0][LN_LANES] */
};

/* What one lane has in hand besides its weights. */
struct ln_seat {
    struct ln_point point;
    const struct ln_problem *problem;
    double *start; /* [n_state] at step 0 */
    double *constants;
    char *row;
    struct ln_aside aside;
};

/* Scratch for one shape. */
struct ln_looks {
    const struct ln_row_recipe *recipe;
    const struct ln_shape *shape;
    double *weights, *p, *singular;
    bool in_lanes; /* singular values are found in lanes */
};

/* Shape and recipe must outlive it. */
void ln_looks_begin(struct ln_looks *looks, const struct ln_row_recipe *recipe,
                    const struct ln_shape *shape);
void ln_looks_end(struct ln_looks *looks);

/* start, constants and aside of a seat, for the shape. */
void ln_seat_begin(struct ln_seat *seat, const struct ln_shape *shape);
void ln_seat_end(struct ln_seat *seat);

/* Writes record `index` of the lane's row, now or with the next full set of singular values. */
void ln_looks_record(struct ln_looks *looks, struct ln_seat *seat, int lane, int index,
                     const struct ln_batch *batch, const struct ln_run *run);

/* Completes the row. */
void ln_looks_finish(struct ln_looks *looks, struct ln_seat *seat, int lane,
                     const struct ln_batch *batch, const struct ln_run *run);

#endif
