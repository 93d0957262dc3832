/* Tags: properties of a run that do not exclude each other, read off its finished row. */
#ifndef LINNET_FARM_TAGS_H
#define LINNET_FARM_TAGS_H

#include "linnet/column.h"
#include "linnet/observe.h"

enum { LN_ROW_N_TAGS = 6 };
extern const char *const ln_row_tag_names[LN_ROW_N_TAGS];
extern const char ln_row_tags_doc[];

/* What the tags are read off; NULL where the row has no such column. */
struct ln_row_tag_columns {
    const struct ln_column *balancedness, *sharpness, *kernel_distance;
};
struct ln_row_tag_columns ln_row_tag_columns(const struct ln_layout *layout);

/* The bits of ln_row_tag_names that hold. A tag whose observable is not in the row is not set. */
int ln_row_tags(const struct ln_row_tag_columns *columns, const void *row,
                const struct ln_sight *sight);

#endif
