#include "linnet/column.h"

#include <string.h>

size_t ln_ctype_bytes(enum ln_ctype type) {
    static const size_t bytes[] = {[LN_I8] = 1, [LN_I32] = 4, [LN_I64] = 8, [LN_F64] = 8};
    return bytes[type];
}

int64_t ln_column_elements(const struct ln_layout *layout, const struct ln_column *column) {
    int64_t n = 1;
    for (int i = 0; i < column->n_extra; i++)
        n *= layout->dims[column->extra[i]].size;
    return n;
}

void ln_layout_finish(struct ln_layout *layout) {
    size_t offset = 0;
    for (int i = 0; i < layout->n_columns; i++) {
        struct ln_column *column = &layout->columns[i];
        column->offset = offset;
        column->bytes = (size_t)ln_column_elements(layout, column) * ln_ctype_bytes(column->type);
        offset += (column->bytes + 7) & ~(size_t)7;
    }
    layout->row_bytes = offset;
}

const struct ln_column *ln_layout_find(const struct ln_layout *layout, const char *name) {
    for (int i = 0; i < layout->n_columns; i++)
        if (strcmp(layout->columns[i].name, name) == 0)
            return &layout->columns[i];
    return NULL;
}
