#include "skeleton.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "h5.h"
#include "identity.h"
#include "linnet/fault.h"
#include "linnet/interrupt.h"
#include "linnet/store.h"
#include "metadata.h"
#include "names.h"
#include "newfile.h"
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

/* Texts and checksum come first (HDF5 gives an attribute its place when it is flushed): a file that
 * was cut off has them, and can be repaired. */
static int lay_out(const char *path, unsigned how, const struct ln_sweep *sweep,
                   const struct ln_layout *layout, struct ln_err *err) {
    struct ln_variables *variables = calloc(1, sizeof *variables);
    if (!variables)
        return ln_err_set(err, LN_FATAL, "out of memory");
    hid_t file = LN_FAULT(SKELETON_CREATE, H5I_INVALID_HID, ln_h5_create(path, how));
    LN_FAULT_INSIDE(SKELETON_WRITE);
    bool ok = file >= 0 && ln_identity_put(file, sweep, layout) && put_texts(file, sweep) &&
              ln_variables_put_metadata(file) && H5Fflush(file, H5F_SCOPE_LOCAL) >= 0 &&
              ln_variables_put_dimensions(variables, file, sweep, layout) &&
              ln_variables_put_rows(variables, layout);
    if (file >= 0) {
        ln_variables_close(variables);
        ok = LN_FAULT_TOGETHER(SKELETON_CLOSE, -1, H5Fclose(file)) >= 0 && ok;
    }
    LN_FAULT_OUTSIDE();
    free(variables);
    return ok ? LN_OK : ln_h5_error(err, LN_FATAL, "cannot lay out %s", path);
}

/* Marks the cells that `where` leaves out, so that a finished file has no pending cell. */
static int mark_excluded(int fd, const char *path, const struct ln_rows *rows,
                         const struct ln_sweep *sweep, struct ln_err *err) {
    static int8_t status[STATUS_BLOCK];
    static struct ln_point point;
    for (int64_t first = 0; first < rows->n_cells; first += STATUS_BLOCK) {
        int64_t left = rows->n_cells - first;
        int64_t count = left < STATUS_BLOCK ? left : STATUS_BLOCK;
        bool any = false;
        if (ln_interrupt_is_due())
            return ln_err_set(err, LN_STOPPED, "stopped on request, while %s was laid out", path);
        for (int64_t i = 0; i < count; i++) {
            bool kept = ln_sweep_point(sweep, first + i, &point);
            status[i] = kept ? LN_ROW_PENDING : LN_ROW_EXCLUDED;
            any = any || !kept;
        }
        if (any && ln_newfile_write(fd, rows->status.base + first, count, status, path, err))
            return (int)err->status;
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

static int put_checksum(int fd, const char *path, const struct ln_rows *rows, int64_t size,
                        struct ln_err *err) {
    uint64_t checksum;
    if (ln_metadata_checksum(fd, rows, size, &checksum, err))
        return ln_err_prefix(err, "%s: ", path);
    return ln_newfile_write(fd, rows->metadata.base, sizeof checksum, &checksum, path, err);
}

/* What the making of a file needs to know. */
struct making {
    const struct ln_sweep *sweep;
    const struct ln_layout *layout;
    ln_skeleton_rows *put_rows;
    void *ctx;
};

static int complete(const char *temporary, const char *path, const struct making *making,
                    struct ln_err *err) {
    struct stat info = {0};
    struct ln_rows *rows = malloc(sizeof *rows);
    int fd = LN_FAULT(SKELETON_OPEN, -1, open(temporary, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    int rc = LN_OK;
    if (!rows || fd < 0 || fstat(fd, &info) != 0)
        rc = ln_err_set(err, LN_FATAL, "cannot open %s: %s", temporary, strerror(errno));
    if (rc == LN_OK)
        rc = ln_newfile_reserve(fd, path, info.st_size, err);
    if (rc == LN_OK)
        rc = map_rows(temporary, info.st_size, rows, err);
    if (rc == LN_OK)
        rc = put_checksum(fd, path, rows, info.st_size, err);
    if (rc == LN_OK)
        rc = mark_excluded(fd, path, rows, making->sweep, err);
    if (rc == LN_OK && making->put_rows)
        rc = making->put_rows(fd, rows, making->ctx, err);
    if (rc == LN_OK)
        rc = ln_newfile_sync(fd, temporary, err);
    if (fd >= 0)
        close(fd);
    free(rows);
    return rc;
}

static int make(const char *temporary, const char *path, void *ctx, struct ln_err *err) {
    const struct making *making = ctx;
    int rc = lay_out(temporary, H5F_ACC_EXCL, making->sweep, making->layout, err);
    return rc == LN_OK ? complete(temporary, path, making, err) : rc;
}

int ln_skeleton_create(const char *path, const struct ln_sweep *sweep,
                       const struct ln_layout *layout, ln_skeleton_rows *put_rows, void *ctx,
                       struct ln_err *err) {
    struct making making = {sweep, layout, put_rows, ctx};
    if (ln_names_check(sweep, layout, err))
        return (int)err->status;
    return ln_newfile_make(path, make, &making, err);
}

/* A file of our own, without rows and so mostly holes. (HDF5 wants a name, so it has one for a
 * moment.) */
static int lay_out_reference(struct ln_reference *reference, const struct ln_sweep *sweep,
                             const struct ln_layout *layout, const char *path, struct ln_err *err) {
    struct stat info = {0};
    int rc = lay_out(path, H5F_ACC_TRUNC, sweep, layout, err);
    if (rc == LN_OK && fstat(reference->fd, &info) != 0)
        rc = ln_err_set(err, LN_FATAL, "cannot read %s: %s", path, strerror(errno));
    reference->size = (int64_t)info.st_size;
    if (rc == LN_OK)
        rc = map_rows(path, info.st_size, &reference->rows, err);
    if (rc == LN_OK)
        rc = ln_metadata_checksum(reference->fd, &reference->rows, info.st_size,
                                  &reference->checksum, err);
    return rc == LN_OK ? LN_OK : ln_err_prefix(err, "%s: ", path);
}

int ln_reference_make(struct ln_reference *reference, const struct ln_sweep *sweep,
                      const struct ln_layout *layout, struct ln_err *err) {
    char path[4096];
    const char *folder = getenv("TMPDIR");
    memset(reference, 0, sizeof *reference);
    snprintf(path, sizeof path, "%s/linnet-XXXXXX", folder && folder[0] ? folder : "/tmp");
    reference->fd = LN_FAULT(REFERENCE_CREATE, -1, mkostemp(path, O_CLOEXEC));
    if (reference->fd < 0)
        return ln_err_set(err, LN_FATAL, "cannot create %s: %s", path, strerror(errno));
    ln_h5_begin();
    int rc = ln_names_check(sweep, layout, err);
    if (rc == LN_OK)
        rc = lay_out_reference(reference, sweep, layout, path, err);
    unlink(path);
    if (rc != LN_OK)
        ln_reference_clear(reference);
    return rc;
}

void ln_reference_clear(struct ln_reference *reference) {
    if (reference->fd >= 0)
        close(reference->fd);
    reference->fd = -1;
}
