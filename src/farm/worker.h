/* The worker: feeds the engine of this rank with granted points and stores its rows. Runs on every
 * rank, rank 0 included. */
#ifndef LINNET_FARM_WORKER_H
#define LINNET_FARM_WORKER_H

#include "linnet/engine.h"
#include "linnet/parked.h"
#include "linnet/running.h"
#include "linnet/store.h"

#include "hand.h"
#include "pump.h"

struct ln_worker {
    const struct ln_sweep *sweep;
    const struct ln_layout *layout;
    struct ln_store *store;
    struct ln_pump *pump;
    const volatile int *stop_asked; /* or NULL */
    struct ln_running *running;     /* or NULL */
    struct ln_parked *parked;       /* or NULL */
    double credit;                  /* seconds spent earlier on the point started last */
    double listened;                /* work clock at the last poll; 0: none yet */
    struct ln_hand hand;
    const struct ln_column *label; /* NULL: none */
    double synced;                 /* time of the last sync */
    struct ln_err failure;         /* found where no status can be returned */
};

/* Trains until no work is left. LN_OK, LN_STOPPED (asked to, or another rank ended the run),
 * LN_INPUT, LN_FATAL. What was finished is on disk unless LN_FATAL,
 * or LN_STOPPED: then points are parked first, and closing the store syncs. */
int ln_worker_run(struct ln_worker *worker, struct ln_err *err);

#endif
