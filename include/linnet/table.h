/* A small file of results that is not a sweep: named dimensions, variables over them, in the
 * netCDF-4 compatible HDF5 that xarray opens. */
#ifndef LINNET_TABLE_H
#define LINNET_TABLE_H

#include "linnet/column.h"
#include "linnet/err.h"

struct ln_attribute {
    const char *name, *text; /* NULL or "": left out */
};

/* Writes a new file: the dimensions and columns of a finished layout, and one row of it
 * (layout->row_bytes). Written under path.tmp and renamed: a path that is there is refused and left
 * as it is. Errors: LN_INPUT (path), LN_FATAL (I/O). */
int ln_table_write(const char *path, const struct ln_layout *layout, const void *row,
                   const struct ln_attribute *attributes, int n_attributes, struct ln_err *err);

#endif
