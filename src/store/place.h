/* What may stand at the path of a file that is to be written. */
#ifndef LINNET_STORE_PLACE_H
#define LINNET_STORE_PLACE_H

#include "linnet/err.h"
#include "lock.h"

/* Whether a regular file can be written, or is there to be read and written; touches nothing.
 * Errors: LN_INPUT, LN_FATAL (memory). */
int ln_place_check(const char *path, struct ln_err *err);

/* Locks path, where nothing may be yet, for a new file. Errors: LN_INPUT, LN_FATAL (memory). */
int ln_place_claim(const char *path, struct ln_lock *lock, struct ln_err *err);

#endif
