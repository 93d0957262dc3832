/* Rows that are whole are kept where they are, or taken over into a file laid out anew: each stands
 * at a place that follows from the sweep alone, and its checksum covers its number. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cells.h"
#include "h5.h"
#include "identity.h"
#include "linnet/fault.h"
#include "linnet/health.h"
#include "linnet/linalg.h"
#include "linnet/store.h"
#include "metadata.h"
#include "newfile.h"
#include "place.h"
#include "skeleton.h"
#include "source.h"

struct repair {
    const char *path;
    const struct ln_sweep *sweep;
    const struct ln_layout *layout;
    bool is_dry;
    int fd; /* the file as it was found */
    struct ln_repair_counts *counts;
};

/* --- in place */

static int put_status(const struct repair *repair, const struct ln_rows *rows, int64_t cell,
                      int8_t status, struct ln_err *err) {
    return ln_newfile_write(repair->fd, rows->status.base + cell, 1, &status, repair->path, err);
}

static int wipe(const struct repair *repair, const struct ln_rows_column *column, int64_t cell,
                struct ln_err *err) {
    unsigned char *zeros = calloc(1, (size_t)column->bytes);
    if (!zeros)
        return ln_err_set(err, LN_FATAL, "out of memory");
    int rc = ln_newfile_write(repair->fd, column->base + cell * column->bytes, column->bytes, zeros,
                              repair->path, err);
    free(zeros);
    return rc;
}

/* The status before anything else: a kill in between leaves a row that is pending. */
static int put_right(void *ctx, const struct ln_block *block, int64_t i, int64_t cell,
                     enum ln_cell kind, bool is_kept, struct ln_err *err) {
    const struct repair *repair = ctx;
    const struct ln_rows *rows = block->rows;
    int8_t status = ln_cell_status(kind, is_kept);
    int rc = LN_OK;
    if (status != block->status[i])
        rc = put_status(repair, rows, cell, status, err);
    if (status != LN_ROW_EXCLUDED || ln_block_is_blank(block, i))
        return rc;
    for (int c = 0; c < rows->n_columns && rc == LN_OK; c++)
        rc = wipe(repair, &rows->columns[c], cell, err);
    return rc == LN_OK ? wipe(repair, &rows->checksum, cell, err) : rc;
}

static int repair_in_place(const struct repair *repair, const struct ln_rows *rows,
                           struct ln_err *err) {
    struct ln_cells cells = {repair->path, repair->fd, rows, repair->sweep, false};
    ln_cells_visit *visit = repair->is_dry ? NULL : put_right;
    struct repair copy = *repair;
    int rc = ln_cells_walk(&cells, visit, &copy, &repair->counts->health, err);
    if (rc == LN_OK && !repair->is_dry)
        rc = ln_newfile_sync(repair->fd, repair->path, err);
    return rc;
}

/* --- laid out anew */

/* Whether the bytes of `text` stand in the file where they stand in the reference. */
static bool has_text(const struct repair *repair, const struct ln_reference *reference,
                     const char *text) {
    enum { WINDOW = 1 << 16 };
    static unsigned char right[WINDOW], found[WINDOW];
    ln_rows_read_torn(reference->fd, 0, WINDOW, right);
    ln_rows_read_torn(repair->fd, 0, WINDOW, found);
    const unsigned char *at = memmem(right, WINDOW, text, strlen(text));
    return at && memcmp(at, found + (at - right), strlen(text)) == 0;
}

/* Rows of another sweep, version or kind of CPU may stand at the same places. The checksum of the
 * metadata covers all three; where that is damaged, the names themselves must be there. */
static int check_identity(const struct repair *repair, const struct ln_reference *reference,
                          struct ln_err *err) {
    uint64_t stored = 0;
    char digest[LN_DIGEST_SIZE];
    ln_rows_read_torn(repair->fd, reference->rows.metadata.base, sizeof stored, &stored);
    ln_identity_sweep_digest(repair->sweep, digest);
    if (stored == reference->checksum ||
        (has_text(repair, reference, "linnet " LN_VERSION) && has_text(repair, reference, digest) &&
         has_text(repair, reference, ln_linalg_cpu_kind())))
        return LN_OK;
    return ln_err_set(err, LN_INPUT,
                      "%s is damaged, and nothing left in it says that it holds this sweep, from "
                      "linnet " LN_VERSION " and a CPU of this kind (%s); move it away and run "
                      "anew, or give its own sweep file with --sweep",
                      repair->path, ln_linalg_cpu_kind());
}

struct taking {
    struct ln_block block; /* one row of the new file */
    int fd;
    const char *path;
};

static int take_row(void *ctx, const struct ln_block *block, int64_t i, int64_t cell,
                    enum ln_cell kind, bool is_kept, struct ln_err *err) {
    struct taking *taking = ctx;
    if (!is_kept || (kind != LN_CELL_DONE && kind != LN_CELL_FLAG))
        return LN_OK;
    for (int c = 0; c < block->rows->n_columns; c++)
        memcpy(ln_block_at(&taking->block, c, 0), ln_block_at(block, c, i),
               (size_t)block->rows->columns[c].bytes);
    taking->block.status[0] = LN_ROW_DONE;
    return ln_block_write(&taking->block, taking->fd, cell, 1, taking->path, err);
}

static int put_rows(int fd, const struct ln_rows *rows, void *ctx, struct ln_err *err) {
    const struct repair *repair = ctx;
    struct ln_cells cells = {repair->path, repair->fd, rows, repair->sweep, true};
    struct taking taking = {.fd = fd, .path = repair->path};
    int rc = ln_block_init(&taking.block, rows, 1, err);
    if (rc == LN_OK)
        rc = ln_cells_walk(&cells, take_row, &taking, &repair->counts->health, err);
    ln_block_clear(&taking.block);
    if (rc != LN_OK)
        return rc;
    /* The original stays under that name when the new file takes its first. */
    return ln_newfile_keep(repair->path, repair->fd, repair->counts->kept,
                           sizeof repair->counts->kept, err);
}

static int lay_out_anew(struct repair *repair, struct ln_err *err) {
    struct ln_reference reference;
    if (ln_reference_make(&reference, repair->sweep, repair->layout, err))
        return (int)err->status;
    repair->counts->is_new = true;
    int rc = check_identity(repair, &reference, err);
    if (rc == LN_OK && repair->is_dry) {
        struct ln_cells cells = {repair->path, repair->fd, &reference.rows, repair->sweep, true};
        rc = ln_cells_walk(&cells, NULL, NULL, &repair->counts->health, err);
    } else if (rc == LN_OK) {
        rc = ln_skeleton_create(repair->path, repair->sweep, repair->layout, put_rows, repair, err);
    }
    ln_reference_clear(&reference);
    return rc;
}

/* --- which of the two */

/* *rows: where they are, if the metadata are whole; LN_INPUT if that is another sweep's file, or of
 * another program or CPU. */
static int look(const struct repair *repair, struct ln_rows *rows, bool *is_whole,
                struct ln_err *err) {
    struct ln_source *source = malloc(sizeof *source);
    struct ln_err why = {0};
    hid_t file = H5I_INVALID_HID;
    int rc = LN_OK;
    *is_whole = false;
    if (!source)
        return ln_err_set(err, LN_FATAL, "out of memory");
    if (ln_source_open(source, repair->path, &why) == LN_OK) {
        *is_whole = ln_source_check(source, &why) == LN_OK;
        *rows = source->rows;
        ln_source_close(source);
    }
    if (*is_whole) {
        rc = ln_h5_open(repair->path, &file, err);
        if (rc == LN_OK) {
            rc = ln_identity_check(file, repair->path, repair->sweep, repair->layout, err);
            H5Fclose(file);
        }
    }
    free(source);
    return rc;
}

static int repair_locked(struct repair *repair, struct ln_err *err) {
    struct ln_rows *rows = calloc(1, sizeof *rows);
    bool is_whole = false;
    int rc = rows ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory");
    int flags = (repair->is_dry ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    repair->fd = LN_FAULT(REPAIR_OPEN, -1, open(repair->path, flags));
    if (repair->fd < 0)
        rc = ln_err_set(err, LN_INPUT, "cannot open %s: %s", repair->path, strerror(errno));
    if (rc == LN_OK)
        rc = look(repair, rows, &is_whole, err);
    repair->counts->health.is_whole = is_whole;
    if (rc == LN_OK)
        rc = is_whole ? repair_in_place(repair, rows, err) : lay_out_anew(repair, err);
    if (repair->fd >= 0)
        close(repair->fd);
    free(rows);
    return rc;
}

/* Parked points cost time alone: what cannot be put right is said. */
static void repair_parked(const struct repair *repair) {
    struct ln_err err;
    struct ln_repair_counts *counts = repair->counts;
    int rc = ln_parked_repair(repair->path, repair->sweep, repair->layout, repair->is_dry,
                              &counts->parked, &err);
    counts->is_parked_failed = rc == LN_FATAL;
    if (rc != LN_OK)
        snprintf(counts->parked_note, sizeof counts->parked_note, "%s", err.text);
}

int ln_repair(const char *path, const struct ln_sweep *sweep, const struct ln_layout *layout,
              bool is_dry, struct ln_repair_counts *counts, struct ln_err *err) {
    struct ln_lock lock = {.fd = -1};
    struct repair repair = {path, sweep, layout, is_dry, -1, counts};
    memset(counts, 0, sizeof *counts);
    if (!is_dry && (ln_place_check(path, err) || ln_lock_take(&lock, path, err)))
        return (int)err->status;
    int rc = repair_locked(&repair, err);
    if (rc == LN_OK)
        repair_parked(&repair);
    ln_lock_release(&lock);
    return rc;
}
