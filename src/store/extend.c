/* A sweep with other axis values, begun with the rows that are known already. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "h5.h"
#include "identity.h"
#include "linnet/deaths.h"
#include "linnet/linalg.h"
#include "linnet/reuse.h"
#include "linnet/store.h"
#include "newfile.h"
#include "parked_file.h"
#include "place.h"
#include "skeleton.h"
#include "source.h"

struct extension {
    const struct ln_reuse_plan *plan;
    const char *path;
    struct ln_source *old;
    struct ln_reuse_counts *counts;
    struct ln_block from, to;
    int64_t *cells;        /* [room]: of the old file, or -1 */
    uint8_t *is_asked_for; /* [cells of the old file] */
};

int ln_reuse_sweep_of(const char *path, char **text, char **overrides, struct ln_err *err) {
    struct ln_source *source = malloc(sizeof *source);
    if (!source)
        return ln_err_set(err, LN_FATAL, "out of memory");
    int rc = ln_source_open(source, path, err);
    if (rc == LN_OK) {
        *text = source->text;
        *overrides = source->overrides;
        source->text = source->overrides = NULL;
        ln_source_close(source);
    }
    free(source);
    return rc;
}

/* Rows of two programs or kinds of CPU must not stand side by side in one file. */
static int check_origin(const struct ln_source *old, const struct ln_reuse_plan *plan,
                        struct ln_err *err) {
    const struct ln_identity_names names = {old->path, "the sweep it was made of, read again"};
    const char *canonical = ln_sweep_canonical(plan->old);
    if (strcmp(old->program, "linnet " LN_VERSION) != 0)
        return ln_err_set(err, LN_INPUT,
                          "%s was made by %.200s, this is linnet " LN_VERSION
                          ", whose rows may differ; extend it with that version",
                          old->path, old->program);
    if (strcmp(old->cpu_kind, ln_linalg_cpu_kind()) != 0)
        return ln_err_set(err, LN_INPUT,
                          "%s was computed on another kind of CPU (%.200s; this one: %s), whose "
                          "last bits differ; extend it there",
                          old->path, old->cpu_kind, ln_linalg_cpu_kind());
    if (strcmp(old->canonical, canonical) == 0)
        return LN_OK;
    ln_err_set(err, LN_INPUT, "a file that the sweep of %s reads has changed since", old->path);
    ln_identity_describe(err, old->canonical, canonical, &names);
    return LN_INPUT;
}

static int refuse_steps(const struct ln_dim *old, const struct ln_dim *new, struct ln_err *err) {
    int64_t i = 0;
    while (i < old->size && i < new->size && old->coord[i] == new->coord[i])
        i++;
    return ln_err_set(err, LN_INPUT,
                      "the recorded steps differ: %" PRId64 " of them in the results, %" PRId64
                      " here, and number %" PRId64 " is step %" PRId64 " there, %" PRId64
                      " here (-1: none); they follow from the largest train.max_steps, or from "
                      "record.times: list",
                      old->size, new->size, i, i < old->size ? old->coord[i] : -1,
                      i < new->size ? new->coord[i] : -1);
}

static bool is_same_column(const struct ln_layout *a, const struct ln_column *x,
                           const struct ln_layout *b, const struct ln_column *y) {
    bool same = strcmp(x->name, y->name) == 0 && x->type == y->type && x->n_extra == y->n_extra &&
                x->n_flags == y->n_flags;
    for (int k = 0; same && k < x->n_extra; k++)
        same = strcmp(a->dims[x->extra[k]].name, b->dims[y->extra[k]].name) == 0;
    return same;
}

/* Columns must mean the same. Dimensions may grow or shrink with the shapes in the grid, but where
 * they stand for something outside (the recorded steps) they must agree. */
static int check_layouts(const struct ln_layout *old, const struct ln_layout *new,
                         struct ln_err *err) {
    for (int i = 0; i < old->n_dims && i < new->n_dims; i++) {
        const struct ln_dim *a = &old->dims[i], *b = &new->dims[i];
        bool is_record = strcmp(a->name, "record") == 0 && strcmp(b->name, "record") == 0;
        if (is_record && (a->size != b->size ||
                          memcmp(a->coord, b->coord, (size_t)a->size * sizeof *a->coord) != 0))
            return refuse_steps(a, b, err);
    }
    for (int c = 0; c < old->n_columns || c < new->n_columns; c++) {
        const struct ln_column *x = c < old->n_columns ? &old->columns[c] : NULL;
        const struct ln_column *y = c < new->n_columns ? &new->columns[c] : NULL;
        if (!x || !y || !is_same_column(old, x, new, y))
            return ln_err_set(err, LN_INPUT,
                              "the columns differ: number %d is %s in the results, %s here", c,
                              x ? x->name : "none", y ? y->name : "none");
    }
    return LN_OK;
}

static int check_rows(const struct ln_source *old, const struct ln_layout *layout, int64_t n_cells,
                      struct ln_err *err) {
    char digest[LN_DIGEST_SIZE];
    ln_identity_layout_digest(layout, digest);
    bool same = strcmp(old->layout_digest, digest) == 0 && old->rows.n_cells == n_cells &&
                old->rows.n_columns == layout->n_columns;
    for (int c = 0; same && c < layout->n_columns; c++)
        same = strcmp(old->rows.columns[c].name, layout->columns[c].name) == 0 &&
               old->rows.columns[c].bytes == (int64_t)layout->columns[c].bytes;
    if (same)
        return LN_OK;
    return ln_err_set(err, LN_INPUT, "%s is damaged: its variables are not those of its sweep",
                      old->path);
}

/* What a column holds where nothing applies (ln_row_clear). */
static void fill_missing(enum ln_ctype type, int64_t n, void *to) {
    const double nothing = (double)NAN;
    if (type != LN_F64)
        memset(to, -1, (size_t)n * ln_ctype_bytes(type)); /* -1 in any width */
    for (int64_t i = 0; type == LN_F64 && i < n; i++)
        memcpy((char *)to + i * (int64_t)sizeof nothing, &nothing, sizeof nothing);
}

/* One value of a column, whose dimensions may be of other sizes: a point has no more modes or
 * layers than before, so what is new is missing, and what is cut off was. */
static void convert(const struct ln_rows_column *old, const unsigned char *from,
                    const struct ln_rows_column *new, unsigned char *to) {
    if (memcmp(old->extra, new->extra, sizeof old->extra) == 0) {
        memcpy(to, from, (size_t) new->bytes);
        return;
    }
    int64_t size = (int64_t)ln_ctype_bytes(new->type);
    bool is_table = new->n_extra == 2;
    int64_t old_rows = is_table ? old->extra[0] : 1, new_rows = is_table ? new->extra[0] : 1;
    int64_t old_row = old->bytes / old_rows, new_row = new->bytes / new_rows;
    fill_missing(new->type, new->bytes / size, to);
    for (int64_t r = 0; r < old_rows && r < new_rows; r++)
        memcpy(to + r * new_row, from + r * old_row,
               (size_t)(old_row < new_row ? old_row : new_row));
}

static void take_row(struct extension *ext, int64_t i) {
    for (int c = 0; c < ext->to.rows->n_columns; c++)
        convert(&ext->from.rows->columns[c], ln_block_at(&ext->from, c, i),
                &ext->to.rows->columns[c], ln_block_at(&ext->to, c, i));
    ext->to.status[i] = LN_ROW_DONE;
}

static int extend_block(struct extension *ext, int fd, int64_t first, int64_t count,
                        struct ln_err *err) {
    struct ln_reuse_counts *counts = ext->counts;
    for (int64_t i = 0; i < count; i++) {
        ext->cells[i] = ln_match_cell(ext->plan->match, first + i);
        if (ext->cells[i] >= 0)
            ext->is_asked_for[ext->cells[i]] = 1;
    }
    if (ln_block_read(&ext->from, ext->old->fd, ext->cells, count, err))
        return ln_err_prefix(err, "%s: ", ext->old->path);
    if (ln_rows_read(fd, ext->to.rows->status.base + first, count, ext->to.status, err))
        return ln_err_prefix(err, "%s: ", ext->path);
    for (int64_t i = 0; i < count; i++) {
        counts->n_damaged += ext->from.status[i] == LN_ROW_BAD;
        if (ext->from.status[i] == LN_ROW_DONE)
            take_row(ext, i);
        counts->n_done += ext->to.status[i] == LN_ROW_DONE;
        counts->n_pending += ext->to.status[i] == LN_ROW_PENDING;
        counts->n_excluded += ext->to.status[i] == LN_ROW_EXCLUDED;
    }
    return ln_block_write(&ext->to, fd, first, count, ext->path, err);
}

static int put_rows(int fd, const struct ln_rows *rows, void *ctx, struct ln_err *err) {
    struct extension *ext = ctx;
    int64_t room = ln_block_room(rows);
    ext->cells = calloc((size_t)room, sizeof *ext->cells);
    int rc = ext->cells ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory for rows");
    if (rc == LN_OK)
        rc = ln_block_init(&ext->from, &ext->old->rows, room, err);
    if (rc == LN_OK)
        rc = ln_block_init(&ext->to, rows, room, err);
    for (int64_t first = 0; rc == LN_OK && first < rows->n_cells; first += room) {
        int64_t left = rows->n_cells - first;
        rc = extend_block(ext, fd, first, left < room ? left : room, err);
    }
    if (rc ==
        LN_OK) { /* nothing can fail for want of space any more, and nobody sees the file yet */
        ln_deaths_forget(ext->path);
        ln_parked_forget_beside(ext->path);
    }
    ln_block_clear(&ext->to);
    ln_block_clear(&ext->from);
    free(ext->cells);
    return rc;
}

/* Finished rows of the old file that no new cell asked for. A run may be finishing others. */
static int count_unused(struct extension *ext, struct ln_err *err) {
    int64_t n = ext->old->rows.n_cells;
    int8_t *status = malloc((size_t)n);
    if (!status)
        return ln_err_set(err, LN_FATAL, "out of memory");
    int rc = ln_rows_read(ext->old->fd, ext->old->rows.status.base, n, status, err);
    for (int64_t i = 0; rc == LN_OK && i < n; i++)
        ext->counts->n_unused += status[i] == LN_ROW_DONE && !ext->is_asked_for[i];
    free(status);
    return rc == LN_OK ? LN_OK : ln_err_prefix(err, "%s: ", ext->old->path);
}

static int check_all(const struct ln_source *old, const struct ln_reuse_plan *plan,
                     struct ln_err *err) {
    if (check_origin(old, plan, err) ||
        check_rows(old, plan->old_layout, ln_sweep_n_cells(plan->old), err) ||
        check_layouts(plan->old_layout, plan->new_layout, err) || ln_source_check(old, err))
        return (int)err->status;
    return LN_OK;
}

static int extend_from(struct ln_source *old, const char *path, const struct ln_reuse_plan *plan,
                       struct ln_reuse_counts *counts, struct ln_err *err) {
    struct ln_lock lock = {.fd = -1};
    struct extension ext = {.plan = plan, .path = path, .old = old, .counts = counts};
    memset(counts, 0, sizeof *counts);
    if (check_all(old, plan, err))
        return (int)err->status;
    ext.is_asked_for = calloc((size_t)old->rows.n_cells + 1, 1);
    int rc = ext.is_asked_for ? ln_place_claim(path, &lock, err)
                              : ln_err_set(err, LN_FATAL, "out of memory");
    if (rc == LN_OK) {
        rc = ln_skeleton_create(path, plan->new, plan->new_layout, put_rows, &ext, err);
        ln_lock_release(&lock);
    }
    if (rc == LN_OK)
        rc = count_unused(&ext, err);
    free(ext.is_asked_for);
    return rc;
}

int ln_reuse_extend(const char *path, const char *old_path, const struct ln_reuse_plan *plan,
                    struct ln_reuse_counts *counts, struct ln_err *err) {
    struct ln_source *old = malloc(sizeof *old);
    if (!old)
        return ln_err_set(err, LN_FATAL, "out of memory");
    int rc = ln_source_open(old, old_path, err);
    if (rc == LN_OK) {
        rc = extend_from(old, path, plan, counts, err);
        ln_source_close(old);
    }
    free(old);
    return rc;
}
