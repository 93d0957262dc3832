/* Makes a results file: everything but the rows, or with rows that are known already, under a
 * temporary name, durable before it gets its own. */
#ifndef LINNET_STORE_SKELETON_H
#define LINNET_STORE_SKELETON_H

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/sweep.h"
#include "rows.h"

/* Writes the rows that are known already. */
typedef int ln_skeleton_rows(int fd, const struct ln_rows *rows, void *ctx, struct ln_err *err);

/* Lays out path (which must not be there) by way of path.tmp (newfile.h); put_rows (or NULL) fills
 * in rows before the file gets its name. The caller holds the lock. On error nothing is left
 * behind. Ranks: one. Errors: LN_INPUT (names that clash), LN_FATAL (no space, I/O). */
int ln_skeleton_create(const char *path, const struct ln_sweep *sweep,
                       const struct ln_layout *layout, ln_skeleton_rows *put_rows, void *ctx,
                       struct ln_err *err);

/* What a results file should be, in a file without a name: holes where rows are, so it costs what
 * the metadata do. */
struct ln_reference {
    int fd;
    int64_t size;
    struct ln_rows rows;
    uint64_t checksum; /* of the metadata; not written into it */
};

/* Errors: LN_INPUT (names that clash), LN_FATAL. */
int ln_reference_make(struct ln_reference *reference, const struct ln_sweep *sweep,
                      const struct ln_layout *layout, struct ln_err *err);
void ln_reference_clear(struct ln_reference *reference);

#endif
