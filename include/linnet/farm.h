/* The farm: spreads the plan over the ranks of a communicator. Rank 0 coordinates and computes too.
 */
#ifndef LINNET_FARM_H
#define LINNET_FARM_H

#include <mpi.h>

#include "linnet/column.h"
#include "linnet/deadline.h"
#include "linnet/parked.h"
#include "linnet/plan.h"
#include "linnet/progress.h"
#include "linnet/running.h"
#include "linnet/store.h"
#include "linnet/tally.h"
#include "linnet/train.h"

/* What this run came to. */
struct ln_account {
    const struct ln_plan *plan;
    const struct ln_tally *groups; /* [plan->n_groups] points finished */
    struct ln_train_use use;       /* of the lanes of all ranks */
    int64_t n_refused;             /* parked points that could not go on, and began anew */
    double silence;                /* for the deadline of what this run trains next */
};

struct ln_farm_options {
    /* Rank 0, a few times a second; NULL: silent. The last call has final = true. */
    void (*progress)(void *ctx, const struct ln_progress *progress, bool final);
    /* Rank 0, at the end, also of a run that was stopped; NULL: none. */
    void (*account)(void *ctx, const struct ln_account *account);
    void *ctx;
    const volatile int *stop_asked; /* nonzero: stop soon (signal handler sets it) */
    struct ln_running *running;     /* is told which points are in the lanes; NULL: nobody is */
    struct ln_deadline deadline;    /* looked at on rank 0; all zero: none */
    /* Where points come from that an earlier run has parked, and where those go that this one has
     * in hand when it stops (the caller writes them); or NULL: they are given up. */
    struct ln_parked *parked;
};

/* The canary (canary.h) on every rank; all must have the bits of rank 0. Ranks: collective. Errors:
 * LN_FATAL on all, with rank, host and CPU. */
int ln_farm_check(MPI_Comm comm, struct ln_err *err);

/* Trains every point of the plan. Ranks: collective; the plan is the same on all. Errors: LN_OK,
 * LN_STOPPED and LN_INPUT return on all ranks, with the same message. LN_FATAL returns on one rank,
 * rank 0 as a rule, with the message of the rank that failed; it must print it and call MPI_Abort,
 * for the others are still inside. */
int ln_farm_run(const struct ln_sweep *sweep, const struct ln_layout *layout,
                const struct ln_plan *plan, struct ln_store *store, MPI_Comm comm,
                const struct ln_farm_options *options, struct ln_err *err);

#endif
