/* How a collective function ends, so that no rank goes on alone. */
#ifndef LINNET_AGREE_H
#define LINNET_AGREE_H

#include <mpi.h>

#include "linnet/err.h"

/* The status of the lowest rank of comm that failed, with its message, on all ranks; LN_OK where
 * none did. Ranks: collective. */
int ln_agree(MPI_Comm comm, int status, struct ln_err *err);

#endif
