/* A file is tried before it is trusted: HDF5 reads a damaged file at the risk of the process. */
#ifndef LINNET_STORE_TRIAL_H
#define LINNET_STORE_TRIAL_H

#include <stdbool.h>

#include "linnet/err.h"

/* Does work(data) in a child process, whose result counts only where it is no result at all: killed
 * by a signal, or not done after a minute of computing. Then the file at path is refused; otherwise
 * the caller does the same work himself and finds what there is to find. Nothing is tried while MPI
 * is up, which need not survive a fork. Errors: LN_INPUT. */
int ln_trial(const char *path, void (*work)(void *data), void *data, struct ln_err *err);

/* For the fuzzers, which learn nothing from what happens in a child. */
extern bool ln_trial_is_off;

#endif
