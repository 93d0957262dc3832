/* Makes a results file: everything but the rows, under a temporary name, durable before it gets its
 * own. */
#ifndef LINNET_STORE_SKELETON_H
#define LINNET_STORE_SKELETON_H

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/sweep.h"

/* Lays out path (which must not be there) by way of path.tmp; a path.tmp left by a dead run is
 * replaced, so the caller holds the lock. On error nothing is left behind. Ranks: one. Errors:
 * LN_INPUT (names that clash), LN_FATAL (no space, I/O). */
int ln_skeleton_create(const char *path, const struct ln_sweep *sweep,
                       const struct ln_layout *layout, struct ln_err *err);

#endif
