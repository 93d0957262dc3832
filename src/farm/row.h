/* A row of results: which columns there are, and how the end of a run, its start and its records
 * fill them. */
#ifndef LINNET_FARM_ROW_H
#define LINNET_FARM_ROW_H

#include "linnet/column.h"
#include "linnet/observe.h"
#include "linnet/sweep.h"
#include "linnet/theory.h"
#include "tags.h"

enum { LN_ROW_MAX_OBSERVABLES = 64, LN_ROW_MAX_PREDICTIONS = 96, LN_ROW_MAX_OUTCOMES = 32 };

/* An observable and the columns it fills; NULL where it does not. */
struct ln_row_observable {
    const struct ln_observable *observable;
    const struct ln_column *final, *start, *series;
};

struct ln_row_prediction {
    const struct ln_prediction *prediction;
    const struct ln_column *column;
};

/* The columns of a layout, found once. */
struct ln_row_recipe {
    const struct ln_layout *layout;
    struct ln_row_observable observables[LN_ROW_MAX_OBSERVABLES];
    struct ln_row_prediction predictions[LN_ROW_MAX_PREDICTIONS];
    const struct ln_column *outcomes[LN_ROW_MAX_OUTCOMES]; /* of ln_row_outcomes */
    const struct ln_column *tags;
    struct ln_row_tag_columns read_by_tags;
    int n_observables, n_predictions, n_records;
    const int64_t *record_steps;
    unsigned series_reads, start_reads, final_reads; /* enum ln_reads of all that look then */
    bool has_start;
};

/* n_points: sizes are those of the first so many points. */
int ln_row_layout(const struct ln_sweep *sweep, int64_t n_points, struct ln_layout *layout,
                  struct ln_err *err);
void ln_row_recipe_init(struct ln_row_recipe *recipe, const struct ln_layout *layout,
                        const int64_t *record_steps);

/* row [layout->row_bytes]: everything missing (NaN, -1). */
void ln_row_clear(const struct ln_layout *layout, void *row);
void ln_row_record(const struct ln_row_recipe *recipe, void *row, int record,
                   const struct ln_sight *sight);
void ln_row_start(const struct ln_row_recipe *recipe, void *row, const struct ln_sight *sight);
void ln_row_finish(const struct ln_row_recipe *recipe, void *row, const struct ln_sight *sight);

#endif
