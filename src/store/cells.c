#include "cells.h"

#include "linnet/interrupt.h"
#include "linnet/store.h"

static const char *const complaints[] = {
    [LN_CELL_LOST] = "is called done, and is not what was written",
    [LN_CELL_FLAG] = "is finished, and its status says otherwise",
    [LN_CELL_WHERE] = "has a status that contradicts the sweep's `where`",
    [LN_CELL_STAIN] = "has values, and its status says that it has none",
};

int8_t ln_cell_status(enum ln_cell cell, bool is_kept) {
    if (cell == LN_CELL_DONE || cell == LN_CELL_FLAG)
        return LN_ROW_DONE;
    if (!is_kept)
        return LN_ROW_EXCLUDED;
    return cell == LN_CELL_FAILED ? LN_ROW_FAILED : LN_ROW_PENDING;
}

static enum ln_cell judge(const struct ln_block *block, int64_t i, int64_t cell, bool is_kept) {
    int8_t status = block->status[i];
    if (ln_block_is_whole(block, cell, i))
        return !is_kept ? LN_CELL_STAIN : status == LN_ROW_DONE ? LN_CELL_DONE : LN_CELL_FLAG;
    if (status == LN_ROW_PENDING)
        return is_kept ? LN_CELL_PENDING : LN_CELL_WHERE;
    if (status != LN_ROW_EXCLUDED && status != LN_ROW_FAILED)
        return LN_CELL_LOST;
    if ((status == LN_ROW_FAILED) != is_kept)
        return LN_CELL_WHERE;
    if (!ln_block_is_blank(block, i))
        return LN_CELL_STAIN;
    return is_kept ? LN_CELL_FAILED : LN_CELL_EXCLUDED;
}

static bool keeps(const struct ln_cells *cells, int64_t cell, int8_t status) {
    static struct ln_point point;
    return cells->sweep ? ln_sweep_point(cells->sweep, cell, &point) : status != LN_ROW_EXCLUDED;
}

static void count(struct ln_health *health, int64_t cell, enum ln_cell kind, bool is_kept) {
    health->after[ln_cell_status(kind, is_kept)]++;
    health->n_done += kind == LN_CELL_DONE;
    health->n_pending += kind == LN_CELL_PENDING;
    health->n_excluded += kind == LN_CELL_EXCLUDED;
    health->n_failed += kind == LN_CELL_FAILED;
    health->n_lost += kind == LN_CELL_LOST;
    health->n_flags += kind == LN_CELL_FLAG;
    health->n_where += kind == LN_CELL_WHERE;
    health->n_stains += kind == LN_CELL_STAIN;
    if (complaints[kind] && health->n_shown < LN_HEALTH_SHOWN) {
        health->shown[health->n_shown].cell = cell;
        health->shown[health->n_shown++].what = complaints[kind];
    }
}

/* A run may have finished the row after its status was read. */
static int look_again(const struct ln_cells *cells, struct ln_block *block, int64_t i, int64_t cell,
                      struct ln_err *err) {
    int rc = ln_rows_read(cells->fd, cells->rows->status.base + cell, 1, &block->status[i], err);
    return rc == LN_OK ? LN_OK : ln_err_prefix(err, "%s: ", cells->path);
}

static int walk_block(const struct ln_cells *cells, struct ln_block *block, int64_t first,
                      int64_t n, ln_cells_visit *visit, void *ctx, struct ln_health *health,
                      struct ln_err *err) {
    int rc = ln_block_read_all(block, cells->fd, first, n, cells->is_torn, err);
    if (rc != LN_OK)
        return ln_err_prefix(err, "%s: ", cells->path);
    for (int64_t i = 0; rc == LN_OK && i < n; i++) {
        int64_t cell = first + i;
        bool is_kept = keeps(cells, cell, block->status[i]);
        enum ln_cell kind = judge(block, i, cell, is_kept);
        if (kind == LN_CELL_FLAG && block->status[i] == LN_ROW_PENDING && !cells->is_torn) {
            rc = look_again(cells, block, i, cell, err);
            kind = judge(block, i, cell, is_kept);
        }
        count(health, cell, kind, is_kept);
        if (rc == LN_OK && visit)
            rc = visit(ctx, block, i, cell, kind, is_kept, err);
    }
    return rc;
}

int ln_cells_walk(const struct ln_cells *cells, ln_cells_visit *visit, void *ctx,
                  struct ln_health *health, struct ln_err *err) {
    struct ln_block block;
    int64_t n = cells->rows->n_cells, room = ln_block_room(cells->rows);
    health->is_compared = cells->sweep != NULL;
    int rc = ln_block_init(&block, cells->rows, room, err);
    for (int64_t first = 0; rc == LN_OK && first < n; first += room) {
        if (ln_interrupt_is_due())
            rc = ln_err_set(err, LN_STOPPED, "stopped on request, while the rows were checked");
        else
            rc = walk_block(cells, &block, first, n - first < room ? n - first : room, visit, ctx,
                            health, err);
    }
    ln_block_clear(&block);
    return rc;
}

int64_t ln_health_n_damaged(const struct ln_health *health) {
    return health->n_lost + health->n_flags + health->n_where + health->n_stains +
           !health->is_whole;
}
