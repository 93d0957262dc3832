/* Turns the return code of an MPI call into a status and a message. */
#ifndef LINNET_FARM_MPI_CHECK_H
#define LINNET_FARM_MPI_CHECK_H

#include "linnet/err.h"

int ln_mpi_check(int rc, const char *call, struct ln_err *err);

#endif
