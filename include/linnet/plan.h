/* The plan: which points to train, grouped by shape, longest predicted first. Pure data; no MPI. */
#ifndef LINNET_PLAN_H
#define LINNET_PLAN_H

#include "linnet/sweep.h"

/* Points that may share a batch stand next to each other in ids: of one shape and, where the shape
 * shares a problem, of one problem. */
struct ln_group {
    int64_t first, count; /* range in ids */
    char shape[64];       /* "2-3-3-2" */
    int lanes;            /* points a worker advances together */
    int kind;             /* number of the shape: several groups may differ in the problem alone */
    double cost;          /* predicted seconds of the whole group */
    double fixed;         /* seconds of each of its points whatever its steps */
    double step;          /* seconds of the longest step of all lanes */
    int n_state;          /* numbers of the state of a point */
    double solo;          /* a point that runs alone costs so many times its share */
};

struct ln_plan {
    int64_t n_points;                    /* to be trained now */
    int64_t n_cells, n_excluded, n_done; /* of the grid; left out by where; finished before */
    int64_t n_elsewhere;                 /* in other shards */
    int64_t *ids;                        /* [n_points] cell ids */
    double *cost;                        /* [n_points] predicted seconds on one core, its share
                                            where points advance together */
    double *most;                        /* [n_points] predicted seconds if it goes to its horizon;
                                            INFINITY where that says nothing of the time it takes */
    int n_groups;
    struct ln_group *groups;
    double total_cost;
};

/* done: [n_cells] nonzero = finished, or NULL. Checks every point (shapes, widths, step sizes) and
 * reports the first bad one as an input error with its position. Ownership: ln_plan_free. Errors:
 * LN_INPUT; LN_STOPPED where it was interrupted (interrupt.h); LN_FATAL. */
int ln_plan_create(const struct ln_sweep *sweep, const uint8_t *done, struct ln_plan **plan,
                   struct ln_err *err);

/* Cuts a plan of the whole sweep down to the points of one of n_shards (from 1 on), which together
 * have each point once and about the same predicted cost. Depends on the predictions alone.
 * LN_STOPPED where it was interrupted (interrupt.h): the plan is whole then. */
int ln_plan_take_shard(struct ln_plan *plan, int shard, int n_shards, struct ln_err *err);

/* Takes finished points out of a plan; done: [n_cells]. */
void ln_plan_drop_done(struct ln_plan *plan, const uint8_t *done);

/* Takes the points of cells[n_cells] (nonzero) out of a plan and makes them one of their own, in
 * which each is alone: a group of one point, which is trained beside no other, to the same bits.
 * Ownership: ln_plan_free. */
struct ln_plan *ln_plan_set_apart(struct ln_plan *plan, const uint8_t *cells);

/* Some of the points that were set apart; the other plan stays as it is. Ownership: ln_plan_free.
 */
struct ln_plan *ln_plan_part(const struct ln_plan *apart, int64_t first, int64_t count);

void ln_plan_free(struct ln_plan *plan);

#endif
