/* The desk: rank 0's side of the farm. It owns the coordinator, answers the workers, knows how far
 * the run is and how it ends. */
#ifndef LINNET_FARM_DESK_H
#define LINNET_FARM_DESK_H

#include "linnet/coordinator.h"
#include "linnet/err.h"
#include "linnet/farm.h"

#include "message.h"

struct ln_desk {
    MPI_Comm comm;
    int n_ranks;
    const struct ln_plan *plan;
    const struct ln_farm_options *options;
    struct ln_coordinator *coordinator;
    int n_working; /* workers that have not said farewell */
    int n_signals; /* received */
    bool is_halted;
    MPI_Request *halts;  /* [n_ranks] MPI_REQUEST_NULL: not sent */
    bool *has_halt;      /* [n_ranks] sent */
    struct ln_err worst; /* the first error of the worst kind so far */
    int64_t labels[LN_MAX_LABELS];
    struct ln_train_use use;
    int64_t n_refused;
    double silence, margin;         /* see linnet/deadline.h */
    bool is_late;                   /* the wall time is nearly over */
    double started, shown, weighed; /* times */
    double worked, watched;         /* of rank 0 while it has points: core seconds, seconds */
    double work_seen, seen;         /* clocks when that was looked at last */
};

int ln_desk_open(struct ln_desk *desk, const struct ln_plan *plan, MPI_Comm comm,
                 const struct ln_farm_options *options, struct ln_err *err);
void ln_desk_close(struct ln_desk *desk);

/* From rank 0 itself or out of a message. */
void ln_desk_report(struct ln_desk *desk, int rank, const struct ln_report *report);

/* Deals out the first grant of every rank; returns that of the calling one. Ranks: collective; desk
 * is looked at on rank 0 only. */
int ln_desk_deal(struct ln_desk *desk, MPI_Comm comm, struct ln_grant *grant, struct ln_err *err);

/* `rank` ends with a status; err: its message, unless LN_OK. Anything but LN_OK halts all ranks. */
int ln_desk_farewell(struct ln_desk *desk, int rank, int status, const struct ln_err *err,
                     struct ln_err *failure);

/* After the verdict: receives the SIGNALs, n_sent in all, that have not been received yet. */
int ln_desk_drain(struct ln_desk *desk, int n_sent, struct ln_err *err);

/* Answers every message that has arrived and shows progress when it is time. Does not block. */
int ln_desk_serve(struct ln_desk *desk, struct ln_err *err);

/* When every worker has left: completes the halts, shows the final progress, sets err and returns
 * the status of the run. */
int ln_desk_conclude(struct ln_desk *desk, struct ln_err *err);

/* A grant as words [LN_N_GRANT_WORDS]. */
struct ln_grant ln_desk_unpack(const double *words);

/* Of a stop that comes from outside: its message. */
const char *ln_desk_why_stopped(const struct ln_desk *desk);

#endif
