/* Whether the file system keeps what several ranks write side by side. */
#ifndef LINNET_STORE_PROBE_H
#define LINNET_STORE_PROBE_H

#include <mpi.h>

#include "linnet/err.h"

/* Makes path.probe (the caller holds the lock of path), has all ranks write small, unaligned,
 * interleaved pieces of it in the way rows are written, and each read back what another wrote, by a
 * descriptor of its own; what nobody wrote must be zero. Removes it. A disk without room for it
 * says nothing about this, and a file that is resumed needs none: then nothing is tested. Ranks:
 * collective. Errors: LN_FATAL with rank, host and file system, LN_INPUT where path.probe is in the
 * way. */
int ln_probe_files(const char *path, MPI_Comm comm, struct ln_err *err);

#endif
