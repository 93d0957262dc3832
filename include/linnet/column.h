/* What a row of results holds. Observables declare columns; the store writes them without knowing
 * physics. */
#ifndef LINNET_COLUMN_H
#define LINNET_COLUMN_H

#include <stddef.h>
#include <stdint.h>

enum ln_ctype { LN_I8, LN_I32, LN_I64, LN_F64 };

/* A dimension besides the axes of the sweep: record, mode, layer, plateau. */
struct ln_dim {
    const char *name;
    int64_t size;
    const char *coord_name; /* name of the coordinate variable; same as name: a dimension
                               coordinate; NULL: none */
    const int64_t *coord;   /* [size] */
    const char *units, *doc;
};

enum { LN_MAX_EXTRA = 2, LN_MAX_DIMS = 8, LN_MAX_COLUMNS = 192 };

struct ln_column {
    char name[48];
    enum ln_ctype type;
    int n_extra;             /* dimensions after the axes */
    int extra[LN_MAX_EXTRA]; /* index into ln_layout.dims */
    const char *long_name, *units, *doc;
    const char *source;       /* paper and statement; NULL: none */
    const char *const *flags; /* I8: names of the values 0..n_flags-1 (flag_values, flag_meanings);
                                 I32: names of the bits (flag_masks, flag_meanings); NULL: none */
    int n_flags;
    size_t offset, bytes; /* place in the row; filled by ln_layout_finish */
};

/* Missing numbers are NaN; missing integers are -1. */
struct ln_layout {
    int n_dims, n_columns;
    struct ln_dim dims[LN_MAX_DIMS];
    struct ln_column columns[LN_MAX_COLUMNS];
    size_t row_bytes;
};

size_t ln_ctype_bytes(enum ln_ctype type);

/* Number of elements of one row of a column. */
int64_t ln_column_elements(const struct ln_layout *layout, const struct ln_column *column);

/* Lays the columns out in a row (each aligned to 8 bytes) and sets row_bytes. */
void ln_layout_finish(struct ln_layout *layout);

/* The column of that name, or NULL. */
const struct ln_column *ln_layout_find(const struct ln_layout *layout, const char *name);

#endif
