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
    bool is_late; /* reads singular values alone, which may be found later than they are recorded */
};

/* Observables of a series: those that look at the state itself, and those whose numbers come later.
 */
enum { LN_ROW_PROMPT = 1, LN_ROW_LATE = 2 };

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
    unsigned series_reads, late_reads; /* enum ln_reads of the series: the prompt, the late */
    unsigned start_reads, final_reads;
    bool has_start;
};

int ln_row_layout(const struct ln_sweep *sweep, struct ln_layout *layout, struct ln_err *err);
void ln_row_recipe_init(struct ln_row_recipe *recipe, const struct ln_layout *layout,
                        const int64_t *record_steps);

/* row [layout->row_bytes]: everything missing (NaN, -1). */
void ln_row_clear(const struct ln_layout *layout, void *row);

/* which: LN_ROW_PROMPT, LN_ROW_LATE or both. Of the run the late see E of then, nothing else. */
void ln_row_record(const struct ln_row_recipe *recipe, void *row, int record, int which,
                   const struct ln_sight *sight);
void ln_row_start(const struct ln_row_recipe *recipe, void *row, const struct ln_sight *sight);
void ln_row_finish(const struct ln_row_recipe *recipe, void *row, const struct ln_sight *sight);

#endif
