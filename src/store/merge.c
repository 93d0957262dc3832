/* The parts of a sweep put together. Their metadata are the same bytes, as those of every file of
 * one sweep: they are copied from one part, and the rows from all. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block.h"
#include "h5.h"
#include "identity.h"
#include "linnet/fault.h"
#include "linnet/reuse.h"
#include "linnet/store.h"
#include "merge_deaths.h"
#include "metadata.h"
#include "newfile.h"
#include "parked_file.h"
#include "place.h"
#include "sidefile.h"
#include "source.h"

enum { COPY_BYTES = 1 << 20 };

struct merge {
    struct ln_source *parts; /* [n_parts] */
    int n_parts;
    const struct ln_source *model; /* the part whose metadata are copied */
    struct ln_reuse_counts *counts;
    struct ln_block whole, part;
    int64_t *cells; /* [room] */
    int *owner;     /* [room]: the part a row came from */
    int *votes;     /* [room]: parts that leave the cell out */
    bool *failed;   /* [room]: in some part */
};

static int check_sweep(const struct ln_source *a, const struct ln_source *b, struct ln_err *err) {
    const struct ln_identity_names names = {a->path, b->path};
    if (strcmp(a->sweep_digest, b->sweep_digest) == 0)
        return LN_OK;
    ln_err_set(err, LN_INPUT, "%s and %s hold different sweeps", a->path, b->path);
    ln_identity_describe(err, a->canonical, b->canonical, &names);
    return LN_INPUT;
}

static int check_text(const struct ln_source *a, const struct ln_source *b, const char *what,
                      const char *of_a, const char *of_b, struct ln_err *err) {
    if (strcmp(of_a, of_b) == 0)
        return LN_OK;
    return ln_err_set(err, LN_INPUT, "%s and %s differ in %s: '%.200s' and '%.200s'", a->path,
                      b->path, what, of_a, of_b);
}

static int check_columns(const struct ln_source *a, const struct ln_source *b, struct ln_err *err) {
    bool same = a->rows.n_cells == b->rows.n_cells && a->rows.n_columns == b->rows.n_columns;
    for (int c = 0; same && c < a->rows.n_columns; c++)
        same = strcmp(a->rows.columns[c].name, b->rows.columns[c].name) == 0 &&
               a->rows.columns[c].bytes == b->rows.columns[c].bytes;
    if (same)
        return LN_OK;
    return ln_err_set(err, LN_INPUT,
                      "%s or %s is damaged: they say to hold the same variables, and do not",
                      a->path, b->path);
}

/* Rows of two files may stand side by side only where one run could have written both. */
static int check_pair(const struct ln_source *a, const struct ln_source *b, struct ln_err *err) {
    if (check_sweep(a, b, err) ||
        check_text(a, b, "the program that made them", a->program, b->program, err) ||
        check_text(a, b, "the kind of CPU, which decides the last bits", a->cpu_kind, b->cpu_kind,
                   err) ||
        check_text(a, b, "their columns (layout_digest)", a->layout_digest, b->layout_digest, err))
        return LN_INPUT;
    return check_columns(a, b, err);
}

/* A sweep may be spelled in several ways: which one is kept must not depend on the order. */
static int compare_spelling(const struct ln_source *a, const struct ln_source *b) {
    int order = strcmp(a->text, b->text);
    if (order == 0)
        order = strcmp(a->overrides, b->overrides);
    return order ? order : strcmp(a->title, b->title);
}

static int open_parts(struct merge *merge, const char *const *paths, struct ln_err *err) {
    int n = merge->n_parts;
    for (merge->n_parts = 0; merge->n_parts < n; merge->n_parts++) {
        struct ln_source *part = &merge->parts[merge->n_parts];
        if (ln_source_open(part, paths[merge->n_parts], err))
            return (int)err->status;
        if ((merge->model && check_pair(merge->model, part, err)) || ln_source_check(part, err)) {
            ln_source_close(part);
            return (int)err->status;
        }
        if (!merge->model || compare_spelling(part, merge->model) < 0)
            merge->model = part;
    }
    return LN_OK;
}

static int copy_range(int from, int to, int64_t start, int64_t end, const char *path,
                      struct ln_err *err) {
    static unsigned char bytes[COPY_BYTES];
    for (int64_t at = start; at < end; at += COPY_BYTES) {
        int64_t size = end - at < COPY_BYTES ? end - at : COPY_BYTES;
        if (ln_rows_read(from, at, size, bytes, err))
            return ln_err_prefix(err, "%s: ", path);
        if (ln_newfile_write(to, at, size, bytes, path, err))
            return (int)err->status;
    }
    return LN_OK;
}

/* Everything that is not a row. */
static int copy_metadata(const struct merge *merge, int fd, const char *path, struct ln_err *err) {
    const struct ln_source *model = merge->model;
    struct ln_gap gaps[LN_MAX_GAPS];
    int n = ln_metadata_gaps(&model->rows, model->size, true, gaps);
    for (int i = 0; i < n; i++)
        if (copy_range(model->fd, fd, gaps[i].start, gaps[i].end, path, err))
            return (int)err->status;
    return LN_OK;
}

/* Equal checksums are no proof. */
static int compare_row(struct merge *merge, const struct ln_source *part, int64_t first, int64_t i,
                       struct ln_err *err) {
    const struct ln_rows *rows = &merge->model->rows;
    for (int c = 0; c < rows->n_columns; c++)
        if (memcmp(ln_block_at(&merge->whole, c, i), ln_block_at(&merge->part, c, i),
                   (size_t)rows->columns[c].bytes) != 0)
            return ln_err_set(err, LN_INPUT,
                              "point %" PRId64 " has another %s in %s than in %s, and both "
                              "checksums are right; one of the two is not what linnet computes",
                              first + i, rows->columns[c].name, merge->parts[merge->owner[i]].path,
                              part->path);
    merge->counts->n_twice++;
    return LN_OK;
}

static void take_row(struct merge *merge, int part, int64_t i) {
    const struct ln_rows *rows = &merge->model->rows;
    for (int c = 0; c < rows->n_columns; c++)
        memcpy(ln_block_at(&merge->whole, c, i), ln_block_at(&merge->part, c, i),
               (size_t)rows->columns[c].bytes);
    merge->whole.status[i] = LN_ROW_DONE;
    merge->owner[i] = part;
}

static int add_part(struct merge *merge, int p, int64_t first, int64_t count, struct ln_err *err) {
    const struct ln_source *part = &merge->parts[p];
    merge->part.rows = &part->rows;
    if (ln_block_read(&merge->part, part->fd, merge->cells, count, err))
        return ln_err_prefix(err, "%s: ", part->path);
    for (int64_t i = 0; i < count; i++) {
        int8_t status = merge->part.status[i];
        merge->counts->n_damaged += status == LN_ROW_BAD;
        merge->votes[i] += status == LN_ROW_EXCLUDED;
        merge->failed[i] |= status == LN_ROW_FAILED;
        if (status == LN_ROW_DONE && merge->whole.status[i] != LN_ROW_DONE)
            take_row(merge, p, i);
        else if (status == LN_ROW_DONE && compare_row(merge, part, first, i, err))
            return (int)err->status;
    }
    return LN_OK;
}

/* Of a row that no part has done. A part where it is pending says nothing: points of other shards
 * are pending in every part, and the one that tried it has failed. */
static int8_t settle(const struct merge *merge, int64_t i) {
    if (merge->votes[i] == merge->n_parts)
        return LN_ROW_EXCLUDED;
    return merge->failed[i] ? LN_ROW_FAILED : LN_ROW_PENDING;
}

static int merge_block(struct merge *merge, int fd, int64_t first, int64_t count, const char *path,
                       struct ln_err *err) {
    struct ln_reuse_counts *counts = merge->counts;
    for (int64_t i = 0; i < count; i++) {
        merge->cells[i] = first + i;
        merge->whole.status[i] = LN_ROW_PENDING;
        merge->votes[i] = 0;
        merge->failed[i] = false;
    }
    for (int p = 0; p < merge->n_parts; p++)
        if (add_part(merge, p, first, count, err))
            return (int)err->status;
    for (int64_t i = 0; i < count; i++) {
        int8_t *status = &merge->whole.status[i];
        if (*status != LN_ROW_DONE)
            *status = settle(merge, i);
        counts->n_done += *status == LN_ROW_DONE;
        counts->n_pending += *status == LN_ROW_PENDING;
        counts->n_excluded += *status == LN_ROW_EXCLUDED;
        counts->n_failed += *status == LN_ROW_FAILED;
    }
    return ln_block_write(&merge->whole, fd, first, count, path, err);
}

static int merge_rows(struct merge *merge, int fd, const char *path, struct ln_err *err) {
    const struct ln_rows *rows = &merge->model->rows;
    int64_t room = ln_block_room(rows);
    merge->cells = calloc((size_t)room, sizeof *merge->cells);
    merge->owner = calloc((size_t)room, sizeof *merge->owner);
    merge->votes = calloc((size_t)room, sizeof *merge->votes);
    merge->failed = calloc((size_t)room, sizeof *merge->failed);
    int rc = merge->cells && merge->owner && merge->votes && merge->failed
                 ? LN_OK
                 : ln_err_set(err, LN_FATAL, "out of memory for rows");
    if (rc == LN_OK)
        rc = ln_block_init(&merge->whole, rows, room, err);
    if (rc == LN_OK)
        rc = ln_block_init(&merge->part, rows, room, err);
    for (int64_t first = 0; rc == LN_OK && first < rows->n_cells; first += room) {
        int64_t left = rows->n_cells - first;
        rc = merge_block(merge, fd, first, left < room ? left : room, path, err);
    }
    ln_block_clear(&merge->part);
    ln_block_clear(&merge->whole);
    free(merge->failed);
    free(merge->votes);
    free(merge->owner);
    free(merge->cells);
    return rc;
}

static int make(const char *temporary, const char *path, void *ctx, struct ln_err *err) {
    struct merge *merge = ctx;
    int fd = LN_FAULT(MERGE_CREATE, -1, ln_sidefile_create(temporary, O_RDWR));
    if (fd < 0)
        return ln_sidefile_fail("create", temporary, err);
    int rc = ln_newfile_reserve(fd, path, merge->model->size, err);
    if (rc == LN_OK)
        rc = copy_metadata(merge, fd, path, err);
    if (rc == LN_OK)
        rc = merge_rows(merge, fd, path, err);
    if (rc == LN_OK) { /* the reasons are there before the rows are */
        struct ln_err why;
        if (ln_merge_deaths(path, fd, &merge->model->rows, merge->parts, merge->n_parts, &why))
            snprintf(merge->counts->note, sizeof merge->counts->note, "%s", why.text);
        rc = ln_newfile_sync(fd, path, err);
    }
    if (rc == LN_OK)
        ln_parked_forget_beside(path);
    close(fd);
    return rc;
}

int ln_reuse_merge(const char *path, const char *const *parts, int n_parts,
                   struct ln_reuse_counts *counts, struct ln_err *err) {
    struct ln_lock lock = {.fd = -1};
    struct merge merge = {.n_parts = n_parts, .counts = counts};
    memset(counts, 0, sizeof *counts);
    merge.parts = calloc((size_t)n_parts, sizeof *merge.parts);
    int rc =
        merge.parts ? open_parts(&merge, parts, err) : ln_err_set(err, LN_FATAL, "out of memory");
    if (rc == LN_OK)
        rc = ln_place_claim(path, &lock, err);
    if (rc == LN_OK) {
        rc = ln_newfile_make(path, make, &merge, err);
        ln_lock_release(&lock);
    }
    for (int p = 0; merge.parts && p < merge.n_parts; p++)
        ln_source_close(&merge.parts[p]);
    free(merge.parts);
    return rc;
}
