#include "newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "linnet/fault.h"
#include "sidefile.h"

int ln_newfile_reserve(int fd, const char *path, int64_t size, struct ln_err *err) {
    struct statvfs disk;
    if (LN_FAULT(SPACE_ASK, -1, fstatvfs(fd, &disk)) != 0)
        return ln_err_set(err, LN_FATAL, "cannot ask for the space left for %s: %s", path,
                          strerror(errno));
    /* Asked first: an attempt that fails would fill the disk for everybody for a while. */
    uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
    int rc = (uint64_t)size > left ? ENOSPC : EINTR;
    for (int tries = 0; rc == EINTR && tries < 100; tries++)
        rc = LN_FAULT(SPACE_RESERVE, LN_FAULT_NUMBER(), posix_fallocate(fd, 0, size));
    if (rc == ENOSPC)
        return ln_err_set(err, LN_FATAL,
                          "not enough space for %s: it needs %" PRId64
                          " bytes, and the disk has %" PRIu64
                          " left for all; choose another place, fewer points or fewer record times",
                          path, size, left);
    if (rc != 0)
        return ln_err_set(err, LN_FATAL, "cannot reserve %" PRId64 " bytes for %s: %s", size, path,
                          strerror(rc));
    return LN_OK;
}

int ln_newfile_sync(int fd, const char *path, struct ln_err *err) {
    int rc = 0;
    do
        rc = LN_FAULT(FILE_SYNC, -1, fsync(fd));
    while (rc != 0 && errno == EINTR);
    if (rc == 0)
        return LN_OK;
    return ln_err_set(err, LN_FATAL, "cannot write %s to the disk: %s", path, strerror(errno));
}

int ln_newfile_write(int fd, int64_t offset, int64_t size, const void *bytes, const char *path,
                     struct ln_err *err) {
    const char *from = bytes;
    while (size > 0) {
        ssize_t put =
            LN_FAULT(FILE_WRITE, -1, pwrite(fd, from, LN_FAULT_SIZE((size_t)size), offset));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return ln_err_set(err, LN_FATAL, "cannot write %s: %s", path,
                              put < 0 ? strerror(errno) : "nothing was written");
        from += put;
        offset += put;
        size -= put;
    }
    return LN_OK;
}

/* The new name must survive a power cut too. */
static int sync_directory(const char *path, struct ln_err *err) {
    char *copy = strdup(path);
    int fd = -1;
    int rc = LN_OK;
    if (copy)
        fd = LN_FAULT(DIRECTORY_OPEN, -1, open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    /* EINVAL: a file system that has no such thing for directories. */
    if (fd < 0 || (LN_FAULT(DIRECTORY_SYNC, -1, fsync(fd)) != 0 && errno != EINVAL))
        rc = ln_err_set(err, LN_FATAL, "cannot write the directory of %s to the disk: %s", path,
                        strerror(errno));
    if (fd >= 0)
        close(fd);
    free(copy);
    return rc;
}

static int make_by_way_of(const char *temporary, const char *path, ln_newfile_fill *fill, void *ctx,
                          struct ln_err *err) {
    struct ln_err ignored;
    if (ln_sidefile_check_place(temporary, err))
        return ln_err_prefix(err, "something is in the way: ");
    if (LN_FAULT(TEMPORARY_REMOVE, -1, unlink(temporary)) != 0 && errno != ENOENT)
        return ln_err_set(err, LN_INPUT, "%s is in the way: %s", temporary, strerror(errno));
    int rc = fill(temporary, path, ctx, err);
    if (rc == LN_OK && LN_FAULT(TEMPORARY_RENAME, -1, rename(temporary, path)) != 0)
        rc = ln_err_set(err, LN_FATAL, "cannot rename %s to %s: %s", temporary, path,
                        strerror(errno));
    if (rc != LN_OK) {
        (void)ln_sidefile_remove(temporary, &ignored);
        return rc;
    }
    return sync_directory(path, err);
}

int ln_newfile_make(const char *path, ln_newfile_fill *fill, void *ctx, struct ln_err *err) {
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.tmp", path) < 0)
        return ln_err_set(err, LN_FATAL, "out of memory");
    int rc = make_by_way_of(temporary, path, fill, ctx, err);
    free(temporary);
    return rc;
}

int ln_newfile_keep(const char *path, int fd, char *to, size_t size, struct ln_err *err) {
    struct stat mine, there;
    if (fstat(fd, &mine) != 0)
        return ln_err_set(err, LN_FATAL, "cannot read %s: %s", path, strerror(errno));
    for (int k = 1;; k++) {
        int length = k == 1 ? snprintf(to, size, "%s.damaged", path)
                            : snprintf(to, size, "%s.damaged.%d", path, k);
        if (length >= (int)size)
            return ln_err_set(err, LN_INPUT, "%.200s...: the path is too long", path);
        if (LN_FAULT(REPAIR_KEEP, -1, link(path, to)) == 0)
            return LN_OK;
        /* By a repair that was killed before it came to its end. */
        if (errno == EEXIST && lstat(to, &there) == 0 && there.st_ino == mine.st_ino &&
            there.st_dev == mine.st_dev)
            return LN_OK;
        if (errno != EEXIST)
            return ln_err_set(err, LN_FATAL, "cannot keep the damaged file as %s: %s", to,
                              strerror(errno));
    }
}
