#include "row.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linnet/theory.h"
#include "linnet/work.h"
#include "outcome.h"

static const struct ln_column *find(const struct ln_layout *layout, const char *prefix,
                                    const char *name, const char *suffix) {
    char full[96];
    snprintf(full, sizeof full, "%s%s%s", prefix, name, suffix);
    return ln_layout_find(layout, full);
}

void ln_row_recipe_init(struct ln_row_recipe *recipe, const struct ln_layout *layout,
                        const int64_t *record_steps) {
    assert(ln_observables.n_entries <= LN_ROW_MAX_OBSERVABLES &&
           ln_predictions.n_entries <= LN_ROW_MAX_PREDICTIONS &&
           ln_row_n_outcomes <= LN_ROW_MAX_OUTCOMES);
    memset(recipe, 0, sizeof *recipe);
    recipe->layout = layout;
    recipe->n_records = (int)layout->dims[0].size;
    recipe->record_steps = record_steps;
    recipe->tags = ln_layout_find(layout, "tags");
    recipe->read_by_tags = ln_row_tag_columns(layout);
    for (int i = 0; i < ln_row_n_outcomes; i++)
        recipe->outcomes[i] = ln_layout_find(layout, ln_row_outcomes[i].name);
    for (int i = 0; i < ln_observables.n_entries; i++) {
        const struct ln_observable *observable =
            (const struct ln_observable *)ln_observables.entries[i];
        struct ln_row_observable entry = {observable, find(layout, "", observable->entry.name, ""),
                                          find(layout, "", observable->entry.name, "_start"),
                                          find(layout, "", observable->entry.name, "_series")};
        if (!entry.final && !entry.start && !entry.series)
            continue;
        recipe->observables[recipe->n_observables++] = entry;
        recipe->final_reads |= entry.final ? observable->reads : 0;
        recipe->start_reads |= entry.start ? observable->reads : 0;
        recipe->series_reads |= entry.series ? observable->reads : 0;
        recipe->has_start |= entry.start != NULL;
    }
    for (int i = 0; i < ln_predictions.n_entries; i++) {
        const struct ln_prediction *prediction =
            (const struct ln_prediction *)ln_predictions.entries[i];
        const struct ln_column *column = find(layout, "theory_", prediction->entry.name, "");
        if (column)
            recipe->predictions[recipe->n_predictions++] =
                (struct ln_row_prediction){prediction, column};
    }
}

static void put(const struct ln_column *column, void *row, int64_t index, double x) {
    char *at = (char *)row + column->offset;
    switch (column->type) {
    case LN_I8:
        ((int8_t *)at)[index] = (int8_t)x;
        break;
    case LN_I32:
        ((int32_t *)at)[index] = (int32_t)x;
        break;
    case LN_I64:
        ((int64_t *)at)[index] = (int64_t)x;
        break;
    case LN_F64:
        ((double *)at)[index] = x;
        break;
    }
}

void ln_row_clear(const struct ln_layout *layout, void *row) {
    memset(row, 0, layout->row_bytes);
    for (int i = 0; i < layout->n_columns; i++)
        for (int64_t k = 0; k < ln_column_elements(layout, &layout->columns[i]); k++)
            put(&layout->columns[i], row, k,
                layout->columns[i].type == LN_F64 ? (double)NAN : -1.0);
}

/* Looks once and writes the numbers from `first` on. */
static void look(const struct ln_observable *observable, const struct ln_column *column, void *row,
                 int64_t first, const struct ln_sight *sight) {
    if (column->type == LN_F64) {
        ln_observable_look(observable, sight, (double *)((char *)row + column->offset) + first);
        return;
    }
    int count = ln_observable_count(observable, sight->shape);
    size_t mark = ln_work_mark();
    double *numbers = ln_work_take(count);
    ln_observable_look(observable, sight, numbers);
    for (int i = 0; i < count; i++)
        put(column, row, first + i, isnan(numbers[i]) ? -1 : numbers[i]);
    ln_work_release(mark);
}

void ln_row_record(const struct ln_row_recipe *recipe, void *row, int record,
                   const struct ln_sight *sight) {
    for (int i = 0; i < recipe->n_observables; i++) {
        const struct ln_row_observable *entry = &recipe->observables[i];
        if (entry->series)
            look(entry->observable, entry->series, row,
                 ln_column_elements(recipe->layout, entry->series) / recipe->n_records * record,
                 sight);
    }
}

void ln_row_start(const struct ln_row_recipe *recipe, void *row, const struct ln_sight *sight) {
    for (int i = 0; i < recipe->n_observables; i++)
        if (recipe->observables[i].start)
            look(recipe->observables[i].observable, recipe->observables[i].start, row, 0, sight);
}

/* Jumps x inputs of a point with fewer inputs than others leave the end of each jump missing. */
static void put_numbers(const struct ln_row_recipe *recipe, const struct ln_row_prediction *entry,
                        void *row, const double *numbers, int count, int d_in) {
    bool is_table = entry->prediction->extent == LN_PER_JUMP_INPUT;
    int64_t room = is_table ? ln_column_elements(recipe->layout, entry->column) / LN_MAX_JUMPS : 1;
    for (int k = 0; k < count; k++)
        put(entry->column, row, is_table ? k / d_in * room + k % d_in : k, numbers[k]);
}

static void put_predictions(const struct ln_row_recipe *recipe, void *row,
                            const struct ln_sight *sight) {
    struct ln_outlook outlook = {.point = sight->point,
                                 .net = ln_sight_net(sight),
                                 .step_size = sight->run->step_size,
                                 .record_steps = recipe->record_steps,
                                 .n_records = recipe->n_records};
    outlook.net.weights = sight->start;
    for (int i = 0; i < recipe->n_predictions; i++) {
        const struct ln_prediction *prediction = recipe->predictions[i].prediction;
        int count = ln_prediction_count(prediction, sight->shape, recipe->n_records);
        size_t mark = ln_work_mark();
        double *numbers = ln_work_take(count);
        ln_prediction_make(prediction, &outlook, numbers);
        put_numbers(recipe, &recipe->predictions[i], row, numbers, count, sight->shape->widths[0]);
        ln_work_release(mark);
    }
}

void ln_row_finish(const struct ln_row_recipe *recipe, void *row, const struct ln_sight *sight) {
    struct ln_row_end end = {.sight = sight, .run = sight->run};
    end.label = ln_label_of(sight->run, sight->problem, sight->p, &end.period, &end.modes);
    for (int i = 0; i < ln_row_n_outcomes; i++) {
        const struct ln_row_outcome *outcome = &ln_row_outcomes[i];
        const struct ln_column *column = recipe->outcomes[i];
        for (int k = 0; k < (int)ln_column_elements(recipe->layout, column); k++)
            put(column, row, k,
                outcome->number ? outcome->number(&end) : outcome->per_plateau(&end, k));
    }
    for (int i = 0; i < recipe->n_observables; i++)
        if (recipe->observables[i].final)
            look(recipe->observables[i].observable, recipe->observables[i].final, row, 0, sight);
    put(recipe->tags, row, 0, ln_row_tags(&recipe->read_by_tags, row, sight));
    put_predictions(recipe, row, sight);
}
