/* The pieces of `linnet saddles`. */
#ifndef LINNET_CLI_SADDLES_H
#define LINNET_CLI_SADDLES_H

#include "cli.h"
#include "linnet/saddles_point.h"
#include "linnet/sweep.h"
#include "linnet/view.h"

/* Where the problem comes from: a point of a sweep or of a results file, or two matrices. */
struct source {
    struct ln_sweep *sweep;
    struct ln_view *view; /* a results file, or NULL */
    struct ln_point *point;
    struct ln_shape *shape; /* NULL: two matrices */
    struct ln_problem *problem;
    struct ln_limit limit;
    double *x, *y; /* of two matrices */
};

struct saddles_options {
    const char *sweep, *x, *y, *measure, *output, *point, *log_scale;
    const char *sets[CLI_MOST_SETS];
    int n_sets;
    bool has_first_order;
};

/* Opens what the options name. Ownership: source_close, whatever is returned. */
int source_open(struct source *source, const struct saddles_options *options, struct ln_err *err);
void source_close(struct source *source);

/* What was found. */
struct report {
    const struct ln_regression *regression;
    struct ln_saddles saddles;
    struct ln_jump *jumps;       /* [n_jumps + 1], or NULL: not asked for */
    double log_scale, time_unit; /* NaN: not known */
    const char *title;
};

void report_print(const struct report *report);

/* Errors: as ln_table_write. */
int report_store(const struct report *report, const char *path, struct ln_err *err);

/* Compares with the run of a point of a results file, which must hold coefficients_series. */
int report_measure(const struct report *report, const struct source *source, struct ln_err *err);

#endif
