#include "skeleton.h"

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

#include "h5.h"
#include "identity.h"
#include "linnet/store.h"
#include "names.h"
#include "rows.h"
#include "variables.h"

/* Cells whose status is written at a time. */
enum { STATUS_BLOCK = 1 << 16 };

static bool put_texts(hid_t file, const struct ln_sweep *sweep) {
    size_t size = 0;
    const char *text = ln_sweep_text(sweep, &size);
    const char *sets = ln_sweep_sets(sweep);
    const char *canonical = ln_sweep_canonical(sweep);
    return ln_variables_put_text(file, "sweep_text", text, size) &&
           ln_variables_put_text(file, "sweep_overrides", sets ? sets : "",
                                 sets ? strlen(sets) : 0) &&
           ln_variables_put_text(file, "sweep_canonical", canonical, strlen(canonical));
}

static int lay_out(const char *path, const struct ln_sweep *sweep, const struct ln_layout *layout,
                   struct ln_err *err) {
    struct ln_variables *variables = calloc(1, sizeof *variables);
    if (!variables)
        return ln_err_set(err, LN_FATAL, "out of memory");
    hid_t file = ln_h5_create(path);
    bool ok = file >= 0 && ln_identity_put(file, sweep, layout) &&
              ln_variables_put_dimensions(variables, file, sweep, layout) &&
              ln_variables_put_rows(variables, layout) && put_texts(file, sweep);
    if (file >= 0) {
        ln_variables_close(variables);
        ok = H5Fclose(file) >= 0 && ok;
    }
    free(variables);
    return ok ? LN_OK : ln_h5_error(err, LN_FATAL, "cannot lay out %s", path);
}

/* Disk full is found now, not in the middle of the run: every block of the file is taken here. */
static int reserve(int fd, const char *path, int64_t size, struct ln_err *err) {
    struct statvfs disk;
    if (fstatvfs(fd, &disk) != 0)
        return ln_err_set(err, LN_FATAL, "cannot ask for the space left for %s: %s", path,
                          strerror(errno));
    /* Asked first: an attempt that fails would fill the disk for everybody for a while. */
    uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
    int rc = (uint64_t)size > left ? ENOSPC : posix_fallocate(fd, 0, size);
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

/* Marks the cells that `where` leaves out, so that a finished file has no pending cell. */
static int mark_excluded(int fd, const struct ln_rows *rows, const struct ln_sweep *sweep,
                         struct ln_err *err) {
    static int8_t status[STATUS_BLOCK];
    static struct ln_point point;
    for (int64_t first = 0; first < rows->n_cells; first += STATUS_BLOCK) {
        int64_t left = rows->n_cells - first;
        int64_t count = left < STATUS_BLOCK ? left : STATUS_BLOCK;
        bool any = false;
        for (int64_t i = 0; i < count; i++) {
            bool kept = ln_sweep_point(sweep, first + i, &point);
            status[i] = kept ? LN_ROW_PENDING : LN_ROW_EXCLUDED;
            any = any || !kept;
        }
        if (any && pwrite(fd, status, (size_t)count, rows->status.base + first) != count)
            return ln_err_set(err, LN_FATAL, "cannot write the status of the cells: %s",
                              strerror(errno));
    }
    return LN_OK;
}

/* Where the rows are in the file just laid out. */
static int map_rows(const char *path, int64_t size, struct ln_rows *rows, struct ln_err *err) {
    hid_t file = H5I_INVALID_HID;
    if (ln_h5_open(path, &file, err))
        return (int)err->status;
    int rc = ln_rows_map(file, path, size, rows, err);
    H5Fclose(file);
    return rc;
}

static int complete(const char *temporary, const char *path, const struct ln_sweep *sweep,
                    struct ln_err *err) {
    struct stat info = {0};
    struct ln_rows *rows = malloc(sizeof *rows);
    int fd = open(temporary, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    int rc = LN_OK;
    if (!rows || fd < 0 || fstat(fd, &info) != 0)
        rc = ln_err_set(err, LN_FATAL, "cannot open %s: %s", temporary, strerror(errno));
    if (rc == LN_OK)
        rc = reserve(fd, path, info.st_size, err);
    if (rc == LN_OK)
        rc = map_rows(temporary, info.st_size, rows, err);
    if (rc == LN_OK)
        rc = mark_excluded(fd, rows, sweep, err);
    if (rc == LN_OK && fsync(fd) != 0)
        rc = ln_err_set(err, LN_FATAL, "cannot write %s to the disk: %s", temporary,
                        strerror(errno));
    if (fd >= 0)
        close(fd);
    free(rows);
    return rc;
}

/* The new name must survive a power cut too. */
static int sync_directory(const char *path, struct ln_err *err) {
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int rc = LN_OK;
    /* EINVAL: a file system that has no such thing for directories. */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        rc = ln_err_set(err, LN_FATAL, "cannot write the directory of %s to the disk: %s", path,
                        strerror(errno));
    if (fd >= 0)
        close(fd);
    free(copy);
    return rc;
}

static int create_by_way_of(const char *temporary, const char *path, const struct ln_sweep *sweep,
                            const struct ln_layout *layout, struct ln_err *err) {
    if (unlink(temporary) != 0 && errno != ENOENT)
        return ln_err_set(err, LN_INPUT, "%s is in the way: %s", temporary, strerror(errno));
    int rc = lay_out(temporary, sweep, layout, err);
    if (rc == LN_OK)
        rc = complete(temporary, path, sweep, err);
    if (rc == LN_OK && rename(temporary, path) != 0)
        rc = ln_err_set(err, LN_FATAL, "cannot rename %s to %s: %s", temporary, path,
                        strerror(errno));
    if (rc != LN_OK) {
        unlink(temporary);
        return rc;
    }
    return sync_directory(path, err);
}

int ln_skeleton_create(const char *path, const struct ln_sweep *sweep,
                       const struct ln_layout *layout, struct ln_err *err) {
    char *temporary = NULL;
    if (ln_names_check(sweep, layout, err))
        return (int)err->status;
    if (asprintf(&temporary, "%s.tmp", path) < 0)
        return ln_err_set(err, LN_FATAL, "out of memory");
    int rc = create_by_way_of(temporary, path, sweep, layout, err);
    free(temporary);
    return rc;
}
