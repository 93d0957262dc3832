#include "tags.h"

#include <math.h>

const char *const ln_row_tag_names[LN_ROW_N_TAGS] = {
    "lazy", "rich", "incremental", "simultaneous", "balanced", "edge_of_stability"};

const char ln_row_tags_doc[] = "Properties that do not exclude each other: lazy and rich, "
                               "kernel_distance below and from 0.05 on; incremental, at "
                               "some plateau with a mode learnt the run stayed at least as long as "
                               "the way to the next took; simultaneous, it "
                               "passed them all without; balanced, balancedness at most 0.01 "
                               "sigma_1^(2/N); edge_of_stability, step size times "
                               "sharpness within 5 % of 2.";

enum { LAZY = 1, RICH = 2, INCREMENTAL = 4, SIMULTANEOUS = 8, BALANCED = 16, EDGE = 32 };

/* A number of the row; NaN if there is no such column. */
static double number(const struct ln_column *column, const void *row) {
    return column ? *(const double *)((const char *)row + column->offset) : (double)NAN;
}

static int kernel_tags(double distance) {
    if (isnan(distance))
        return 0;
    return distance < 0.05 ? LAZY : RICH;
}

/* Stays at the plateaus r = 1, 2, ... against the ways between them. */
static int plateau_tags(const struct ln_run *run) {
    int n_passed = 0;
    for (int r = 1; r + 1 < run->n_plateaus; r++) {
        if (run->plateau_enter[r + 1] < 0)
            return 0; /* not learnt to the end */
        int64_t stay = run->plateau_leave[r] - run->plateau_enter[r];
        int64_t way = run->plateau_enter[r + 1] - run->plateau_leave[r];
        if (stay >= way && stay > 0)
            return INCREMENTAL;
        n_passed++;
    }
    return n_passed > 0 ? SIMULTANEOUS : 0;
}

struct ln_row_tag_columns ln_row_tag_columns(const struct ln_layout *layout) {
    return (struct ln_row_tag_columns){ln_layout_find(layout, "balancedness"),
                                       ln_layout_find(layout, "sharpness"),
                                       ln_layout_find(layout, "kernel_distance")};
}

int ln_row_tags(const struct ln_row_tag_columns *columns, const void *row,
                const struct ln_sight *sight) {
    double gap = number(columns->balancedness, row), sharpness = number(columns->sharpness, row);
    double size = pow(sight->problem->sigma[0], 2.0 / sight->shape->n_layers);
    int tags = kernel_tags(number(columns->kernel_distance, row)) | plateau_tags(sight->run);
    if (gap <= 0.01 * size)
        tags |= BALANCED;
    if (!sight->run->strides && fabs(sight->run->step_size * sharpness / 2.0 - 1.0) < 0.05)
        tags |= EDGE;
    return tags;
}
