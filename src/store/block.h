/* Rows on their way from one results file to another: some cells at a time, column by column. */
#ifndef LINNET_STORE_BLOCK_H
#define LINNET_STORE_BLOCK_H

#include <stdbool.h>

#include "rows.h"

struct ln_block {
    const struct ln_rows *rows; /* whose rows these are; borrowed */
    int64_t room;               /* rows it can hold */
    unsigned char *bytes;       /* column after column, room rows each */
    uint64_t *checksums;        /* [room] */
    int8_t *status;             /* [room]; LN_ROW_BAD: called done, but not what was written */
    unsigned char *packed;      /* one row */
};

/* Errors: LN_FATAL (memory). ln_block_clear is harmless after an error. */
int ln_block_init(struct ln_block *block, const struct ln_rows *rows, int64_t room,
                  struct ln_err *err);
void ln_block_clear(struct ln_block *block);

/* A number of rows that fits well into memory. */
int64_t ln_block_room(const struct ln_rows *rows);

/* Where row i of column c stands. */
unsigned char *ln_block_at(const struct ln_block *block, int c, int64_t i);

/* Reads the rows of cells[count] (-1: none, which counts as pending) and verifies them. The status
 * is read before the data, so a file that is being written can be read. */
int ln_block_read(struct ln_block *block, int fd, const int64_t *cells, int64_t count,
                  struct ln_err *err);

/* Reads the rows of the cells from `first` on and every status as it stands; nothing is verified.
 * is_torn: what cannot be read is zeros. */
int ln_block_read_all(struct ln_block *block, int fd, int64_t first, int64_t count, bool is_torn,
                      struct ln_err *err);

/* Whether row i is what was written for the cell, and whether nothing was. */
bool ln_block_is_whole(const struct ln_block *block, int64_t cell, int64_t i);
bool ln_block_is_blank(const struct ln_block *block, int64_t i);

/* Writes the rows as those of the cells from `first` on: data and checksums of those that are done,
 * and every status. */
int ln_block_write(struct ln_block *block, int fd, int64_t first, int64_t count, const char *path,
                   struct ln_err *err);

#endif
