/* One writer at a time: a lock file beside the results file. */
#ifndef LINNET_STORE_LOCK_H
#define LINNET_STORE_LOCK_H

#include "linnet/err.h"

struct ln_lock {
    int fd; /* -1: not held */
    char *path;
};

/* Takes path.lock, or says who holds it. The kernel drops the lock when the process ends, however
 * it ends; the file may stay behind and is taken over by the next run. Errors: LN_INPUT. */
int ln_lock_take(struct ln_lock *lock, const char *path, struct ln_err *err);

/* Removes the file and the lock. Harmless if it is not held. */
void ln_lock_release(struct ln_lock *lock);

#endif
