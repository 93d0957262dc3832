/* The columns that say how a run went, whatever is observed: one row of a table each. */
#ifndef LINNET_FARM_OUTCOME_H
#define LINNET_FARM_OUTCOME_H

#include "linnet/column.h"
#include "linnet/observe.h"

/* The end of a run, as the table sees it. */
struct ln_row_end {
    const struct ln_sight *sight;
    const struct ln_run *run;
    enum ln_label label;
    int period, modes;
};

struct ln_row_outcome {
    const char *name;
    enum ln_ctype type;
    const char *long_name, *units, *doc;
    const char *const *flags;
    int n_flags;
    /* One of the two: a number of the run, or one for every plateau. Exact for integers below 2^53.
     */
    double (*number)(const struct ln_row_end *end);
    double (*per_plateau)(const struct ln_row_end *end, int plateau);
};

extern const struct ln_row_outcome ln_row_outcomes[];
extern const int ln_row_n_outcomes;

#endif
