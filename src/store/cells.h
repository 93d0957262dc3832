/* Every cell of a results file looked at, whatever its status says. */
#ifndef LINNET_STORE_CELLS_H
#define LINNET_STORE_CELLS_H

#include "block.h"
#include "linnet/health.h"

/* What a cell is: its row by the checksum, its status, the sweep's `where`. */
enum ln_cell {
    LN_CELL_DONE,
    LN_CELL_PENDING,
    LN_CELL_EXCLUDED,
    LN_CELL_FAILED,
    LN_CELL_LOST,  /* called done, and not what was written */
    LN_CELL_FLAG,  /* whole, and the status says otherwise */
    LN_CELL_WHERE, /* the status contradicts `where` */
    LN_CELL_STAIN, /* left out or failed, and not blank */
};

/* The status the cell should have. */
int8_t ln_cell_status(enum ln_cell cell, bool is_kept);

/* Row i of the block is that of the cell. is_kept: `where` keeps it. */
typedef int ln_cells_visit(void *ctx, const struct ln_block *block, int64_t i, int64_t cell,
                           enum ln_cell kind, bool is_kept, struct ln_err *err);

struct ln_cells {
    const char *path; /* for messages */
    int fd;
    const struct ln_rows *rows;
    const struct ln_sweep *sweep; /* NULL: the status decides what is left out */
    bool is_torn;                 /* what cannot be read counts as zeros */
};

/* Visits (or NULL) every cell and counts. Errors: LN_FATAL (reading), those of visit. */
int ln_cells_walk(const struct ln_cells *cells, ln_cells_visit *visit, void *ctx,
                  struct ln_health *health, struct ln_err *err);

#endif
