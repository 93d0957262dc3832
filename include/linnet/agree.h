/* How a collective function ends, so that no rank goes on alone. */
#ifndef LINNET_AGREE_H
#define LINNET_AGREE_H

#include <mpi.h>

#include "linnet/err.h"

/* The status of the lowest rank of comm that failed, with its message, on all ranks; where none
 * failed, LN_STOPPED if one was stopped, else LN_OK. Ranks: collective. */
int ln_agree(MPI_Comm comm, int status, struct ln_err *err);

/* The same after a call in which the others may hang for ever because it has failed here: a rank
 * that failed waits for them for some seconds, one that has not for some minutes; then it comes
 * back alone with an error. It is to abort the run. */
int ln_agree_or_leave(MPI_Comm comm, int status, struct ln_err *err);

/* Waits for the others some seconds, for a rank that is about to abort the run. */
void ln_agree_meet(MPI_Comm comm);

#endif
