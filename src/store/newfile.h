/* A file that appears whole or not at all: made under another name, durable before it gets its own.
 */
#ifndef LINNET_STORE_NEWFILE_H
#define LINNET_STORE_NEWFILE_H

#include <stddef.h>
#include <stdint.h>

#include "linnet/err.h"

/* Makes the file `temporary`, which is not there, and brings it to the disk. */
typedef int ln_newfile_fill(const char *temporary, const char *path, void *ctx, struct ln_err *err);

/* Has path made by way of path.tmp; one left by a dead run is replaced, so the caller holds the
 * lock of path; what is no regular file is in the way. On error nothing is left behind. Errors:
 * those of fill, LN_INPUT, LN_FATAL. */
int ln_newfile_make(const char *path, ln_newfile_fill *fill, void *ctx, struct ln_err *err);

/* A second name for the file at path, which is open as fd: path.damaged, or .damaged.2 and so on,
 * the first that nobody has. to [size]. Errors: LN_INPUT (too long), LN_FATAL. */
int ln_newfile_keep(const char *path, int fd, char *to, size_t size, struct ln_err *err);

/* Takes every block of the file now: a full disk is found before the first row. */
int ln_newfile_reserve(int fd, const char *path, int64_t size, struct ln_err *err);

/* fsync. */
int ln_newfile_sync(int fd, const char *path, struct ln_err *err);

/* Writes all of size bytes at offset. */
int ln_newfile_write(int fd, int64_t offset, int64_t size, const void *bytes, const char *path,
                     struct ln_err *err);

#endif
