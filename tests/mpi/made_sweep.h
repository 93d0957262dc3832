/* Sweeps and layouts made in code, so that the store is tested without the parser: this file
 * defines the few ln_sweep_ functions the store calls. */
#ifndef LINNET_TESTS_MADE_SWEEP_H
#define LINNET_TESTS_MADE_SWEEP_H

#include "linnet/column.h"
#include "linnet/sweep.h"

struct ln_sweep {
    const char *name, *text, *sets, *canonical;
    int n_axes;
    const struct ln_axis *axes;
    bool has_where; /* leaves out every fifth cell, starting with 3 */
};

/* 3 depths x 4 scales (log) x 2 kinds (words) x 2 zipped shapes = 48 cells. */
struct ln_sweep made_sweep(void);

/* No axes: one cell. */
struct ln_sweep made_point(void);

/* Columns of every type, with none, one and two extra dimensions. */
struct ln_layout made_layout(void);

/* Fills in the row of a cell: numbers that depend on the cell and the column alone. */
void made_row(const struct ln_layout *layout, int64_t cell, unsigned char *row);

#endif
