/* Which points are in the lanes while a run lives, so that the next run knows over which of them a
 * process died: the side file OUT.h5.running, one page a rank. Starting or finishing a point is a
 * store into memory that the file maps; the kernel keeps it when the process dies. A run that ends
 * by itself removes the file. */
#ifndef LINNET_RUNNING_H
#define LINNET_RUNNING_H

#include <mpi.h>
#include <stdint.h>

#include "linnet/err.h"
#include "linnet/sweep.h"

struct ln_running;

/* Makes path.running anew; the caller holds the lock of path on rank 0, and has read what the last
 * run left (ln_deaths_fold). Notes the signals that end this process, from now until close. Ranks:
 * collective. Errors: LN_INPUT, with *running NULL: deaths will not be counted, no more. */
int ln_running_open(const char *path, MPI_Comm comm, const struct ln_sweep *sweep,
                    struct ln_running **running, struct ln_err *err);

/* Removes the file: nobody died. Ranks: collective. */
void ln_running_close(struct ln_running *running);

/* A point goes into the lanes, or out of them: finished, parked, given up. NULL: nobody counts. */
void ln_running_enter(struct ln_running *running, int64_t cell);
void ln_running_leave(struct ln_running *running, int64_t cell);
void ln_running_clear(struct ln_running *running); /* all of them */

/* Rank 0: how far the run is, for `linnet status`; seconds_left: of wall time. */
void ln_running_tell(struct ln_running *running, int64_t n_done, int64_t n_points,
                     double seconds_left);

/* This process was asked to end, or ends by itself: whatever comes now, it did not die over a
 * point. May be called in a signal handler, and without a file. */
void ln_running_asked(void);
void ln_running_gives_up(void);

#endif
