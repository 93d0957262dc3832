#include "block.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/store.h"
#include "newfile.h"

/* Read at a time where cells do not stand next to each other: larger gaps are jumped over. */
enum { BLOCK_BYTES = 4 << 20, WINDOW_BYTES = 1 << 16, GAP_BYTES = 1 << 12 };

int64_t ln_block_room(const struct ln_rows *rows) {
    int64_t room = BLOCK_BYTES / rows->packed + 1;
    return room < rows->n_cells ? room : rows->n_cells;
}

int ln_block_init(struct ln_block *block, const struct ln_rows *rows, int64_t room,
                  struct ln_err *err) {
    *block = (struct ln_block){
        .rows = rows,
        .room = room,
        .bytes = calloc((size_t)room, (size_t)rows->packed),
        .checksums = calloc((size_t)room, sizeof *block->checksums),
        .status = calloc((size_t)room, 1),
        .packed = malloc((size_t)rows->packed),
    };
    if (block->bytes && block->checksums && block->status && block->packed)
        return LN_OK;
    return ln_err_set(err, LN_FATAL, "out of memory for rows");
}

void ln_block_clear(struct ln_block *block) {
    free(block->packed);
    free(block->status);
    free(block->checksums);
    free(block->bytes);
    memset(block, 0, sizeof *block);
}

unsigned char *ln_block_at(const struct ln_block *block, int c, int64_t i) {
    int64_t before = 0;
    for (int k = 0; k < c; k++)
        before += block->rows->columns[k].bytes;
    return block->bytes + before * block->room + i * block->rows->columns[c].bytes;
}

/* How many of cells[count] one read gets: neighbours, or what goes up by little within a window. */
static int64_t run_length(const int64_t *cells, int64_t count, int64_t bytes) {
    int64_t n = 1;
    for (; n < count; n++) {
        int64_t step = cells[n] - cells[n - 1], span = cells[n] - cells[0] + 1;
        bool is_near = step > 0 && step <= GAP_BYTES / bytes && span <= WINDOW_BYTES / bytes;
        if (cells[n] < 0 || (span != n + 1 && !is_near))
            break;
    }
    return n;
}

/* The values of cells[n], which one read gets. */
static int read_run(int fd, const struct ln_rows_column *column, const int64_t *cells, int64_t n,
                    unsigned char *to, struct ln_err *err) {
    static unsigned char window[WINDOW_BYTES];
    int64_t bytes = column->bytes;
    int64_t span = cells[n - 1] - cells[0] + 1;
    int64_t from = column->base + cells[0] * bytes;
    if (span == n)
        return ln_rows_read(fd, from, span * bytes, to, err);
    if (ln_rows_read(fd, from, span * bytes, window, err))
        return (int)err->status;
    for (int64_t i = 0; i < n; i++)
        memcpy(to + i * bytes, window + (cells[i] - cells[0]) * bytes, (size_t)bytes);
    return LN_OK;
}

/* The values of cells[count] of one column, to + i * bytes; those of no cell are zero. */
static int read_column(int fd, const struct ln_rows_column *column, const int64_t *cells,
                       int64_t count, void *to, struct ln_err *err) {
    unsigned char *at = to;
    for (int64_t i = 0, n; i < count; i += n) {
        n = cells[i] < 0 ? 1 : run_length(cells + i, count - i, column->bytes);
        if (cells[i] < 0)
            memset(at + i * column->bytes, 0, (size_t)column->bytes);
        else if (read_run(fd, column, cells + i, n, at + i * column->bytes, err))
            return (int)err->status;
    }
    return LN_OK;
}

static uint64_t checksum(const struct ln_block *block, int64_t cell, int64_t i) {
    const unsigned char *parts[LN_MAX_COLUMNS];
    const unsigned char *at = block->bytes;
    for (int c = 0; c < block->rows->n_columns; c++) {
        parts[c] = at + i * block->rows->columns[c].bytes;
        at += block->room * block->rows->columns[c].bytes;
    }
    ln_rows_pack(block->rows, cell, parts, block->packed);
    return ln_rows_checksum(block->rows, block->packed);
}

int ln_block_read(struct ln_block *block, int fd, const int64_t *cells, int64_t count,
                  struct ln_err *err) {
    const struct ln_rows *rows = block->rows;
    int rc = read_column(fd, &rows->status, cells, count, block->status, err);
    for (int64_t i = 0; i < count; i++)
        if (block->status[i] < LN_ROW_PENDING || block->status[i] > LN_ROW_FAILED)
            block->status[i] = LN_ROW_BAD;
    if (rc != LN_OK || !memchr(block->status, LN_ROW_DONE, (size_t)count))
        return rc;
    for (int c = 0; c < rows->n_columns && rc == LN_OK; c++)
        rc = read_column(fd, &rows->columns[c], cells, count, ln_block_at(block, c, 0), err);
    if (rc == LN_OK)
        rc = read_column(fd, &rows->checksum, cells, count, block->checksums, err);
    for (int64_t i = 0; rc == LN_OK && i < count; i++)
        if (block->status[i] == LN_ROW_DONE && checksum(block, cells[i], i) != block->checksums[i])
            block->status[i] = LN_ROW_BAD;
    return rc;
}

static int read_range(int fd, const struct ln_rows_column *column, int64_t first, int64_t count,
                      bool is_torn, void *to, struct ln_err *err) {
    int64_t from = column->base + first * column->bytes, size = count * column->bytes;
    if (!is_torn)
        return ln_rows_read(fd, from, size, to, err);
    ln_rows_read_torn(fd, from, size, to);
    return LN_OK;
}

int ln_block_read_all(struct ln_block *block, int fd, int64_t first, int64_t count, bool is_torn,
                      struct ln_err *err) {
    const struct ln_rows *rows = block->rows;
    int rc = read_range(fd, &rows->status, first, count, is_torn, block->status, err);
    for (int c = 0; c < rows->n_columns && rc == LN_OK; c++)
        rc =
            read_range(fd, &rows->columns[c], first, count, is_torn, ln_block_at(block, c, 0), err);
    if (rc == LN_OK)
        rc = read_range(fd, &rows->checksum, first, count, is_torn, block->checksums, err);
    return rc;
}

bool ln_block_is_whole(const struct ln_block *block, int64_t cell, int64_t i) {
    return block->checksums[i] != 0 && checksum(block, cell, i) == block->checksums[i];
}

bool ln_block_is_blank(const struct ln_block *block, int64_t i) {
    const unsigned char *at = block->bytes;
    bool is_blank = block->checksums[i] == 0;
    for (int c = 0; c < block->rows->n_columns && is_blank; c++) {
        int64_t bytes = block->rows->columns[c].bytes;
        for (int64_t k = 0; k < bytes && is_blank; k++)
            is_blank = at[i * bytes + k] == 0;
        at += block->room * bytes;
    }
    return is_blank;
}

/* Rows that are not done are zeros in the file, as in one that was never written to. */
static void wipe_row(const struct ln_block *block, int64_t i) {
    unsigned char *at = block->bytes;
    for (int c = 0; c < block->rows->n_columns; c++) {
        memset(at + i * block->rows->columns[c].bytes, 0, (size_t)block->rows->columns[c].bytes);
        at += block->room * block->rows->columns[c].bytes;
    }
}

int ln_block_write(struct ln_block *block, int fd, int64_t first, int64_t count, const char *path,
                   struct ln_err *err) {
    const struct ln_rows *rows = block->rows;
    int rc = LN_OK;
    for (int64_t i = 0; i < count; i++) {
        bool is_done = block->status[i] == LN_ROW_DONE;
        block->checksums[i] = is_done ? checksum(block, first + i, i) : 0;
        if (!is_done)
            wipe_row(block, i);
    }
    bool has_rows = memchr(block->status, LN_ROW_DONE, (size_t)count) != NULL;
    for (int c = 0; has_rows && c < rows->n_columns && rc == LN_OK; c++) {
        const struct ln_rows_column *column = &rows->columns[c];
        rc = ln_newfile_write(fd, column->base + first * column->bytes, count * column->bytes,
                              ln_block_at(block, c, 0), path, err);
    }
    if (has_rows && rc == LN_OK)
        rc = ln_newfile_write(fd, rows->checksum.base + first * 8, count * 8, block->checksums,
                              path, err);
    if (rc == LN_OK)
        rc = ln_newfile_write(fd, rows->status.base + first, count, block->status, path, err);
    return rc;
}
