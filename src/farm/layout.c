/* The columns of the results file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/theory.h"
#include "outcome.h"
#include "row.h"
#include "tags.h"

enum { DIM_RECORD, DIM_MODE, DIM_LAYER, DIM_PLATEAU };

/* Coordinates 1, 2, 3, ... or 0, 1, 2, ... */
static const int64_t *numbers_from(int64_t first) {
    enum { MOST = 4096 };
    static int64_t from_zero[MOST + 1];
    for (int64_t i = 0; i <= MOST; i++)
        from_zero[i] = i;
    return from_zero + first;
}

static struct ln_column *add_column(struct ln_layout *layout, const char *name, const char *suffix,
                                    enum ln_ctype type) {
    struct ln_column *column = &layout->columns[layout->n_columns++];
    snprintf(column->name, sizeof column->name, "%s%s", name, suffix);
    column->type = type;
    column->units = "1";
    return column;
}

static void add_outcomes(struct ln_layout *layout) {
    for (int i = 0; i < ln_row_n_outcomes; i++) {
        const struct ln_row_outcome *outcome = &ln_row_outcomes[i];
        struct ln_column *column = add_column(layout, outcome->name, "", outcome->type);
        column->long_name = outcome->long_name;
        column->units = outcome->units;
        column->doc = outcome->doc;
        column->flags = outcome->flags;
        column->n_flags = outcome->n_flags;
        if (outcome->per_plateau)
            column->extra[column->n_extra++] = DIM_PLATEAU;
    }
}

static void add_observable(struct ln_layout *layout, const struct ln_observable *observable,
                           const char *name, const char *suffix, bool in_time) {
    struct ln_column *column = add_column(layout, name, suffix, LN_F64);
    column->long_name = observable->long_name;
    column->units = observable->units;
    column->doc = observable->entry.doc;
    if (in_time)
        column->extra[column->n_extra++] = DIM_RECORD;
    if (observable->extent != LN_ONE)
        column->extra[column->n_extra++] = observable->extent == LN_PER_MODE ? DIM_MODE : DIM_LAYER;
}

static const struct ln_observable *find(const char *name, const char *key, struct ln_err *err) {
    const struct ln_entry *entry = ln_catalogue_find(&ln_observables, name);
    if (!entry)
        ln_err_key(err, key, "there is no observable '%s'; see `linnet list observables`", name);
    return (const struct ln_observable *)entry;
}

static int add_finals(struct ln_layout *layout, const struct ln_sweep *sweep, struct ln_err *err) {
    const char *const *names = ln_sweep_final(sweep);
    bool all = names[0] == NULL;
    for (int i = 0; all ? i < ln_observables.n_entries : names[i] != NULL; i++) {
        const struct ln_observable *observable =
            find(all ? ln_observables.entries[i]->name : names[i], "record.final", err);
        if (!observable)
            return ln_sweep_locate(sweep, err);
        if (observable->final_name)
            continue; /* an outcome column holds it */
        add_observable(layout, observable, observable->entry.name, "", false);
        if (observable->has_start)
            add_observable(layout, observable, observable->entry.name, "_start", false);
    }
    return LN_OK;
}

static int add_series(struct ln_layout *layout, const struct ln_sweep *sweep, struct ln_err *err) {
    static const char *const defaults[] = {"loss", "singular_values", NULL};
    const char *const *names = ln_sweep_series(sweep);
    for (names = names[0] ? names : defaults; *names; names++) {
        const struct ln_observable *observable = find(*names, "record.series", err);
        if (!observable)
            return ln_sweep_locate(sweep, err);
        add_observable(layout, observable, observable->entry.name, "_series", true);
    }
    return LN_OK;
}

static void add_tags(struct ln_layout *layout) {
    struct ln_column *column = add_column(layout, "tags", "", LN_I32);
    column->long_name = "tags";
    column->doc = ln_row_tags_doc;
    column->flags = ln_row_tag_names;
    column->n_flags = LN_ROW_N_TAGS;
}

static void add_predictions(struct ln_layout *layout) {
    for (int i = 0; i < ln_predictions.n_entries; i++) {
        const struct ln_prediction *prediction =
            (const struct ln_prediction *)ln_predictions.entries[i];
        struct ln_column *column = &layout->columns[layout->n_columns++];
        snprintf(column->name, sizeof column->name, "theory_%s", prediction->entry.name);
        column->type = LN_F64;
        column->long_name = prediction->long_name;
        column->units = prediction->units;
        column->doc = prediction->entry.doc;
    }
}

/* The largest number of modes and of layers over the grid. */
static int scan_shapes(const struct ln_sweep *sweep, int64_t *modes, int64_t *layers,
                       struct ln_err *err) {
    struct ln_point *point = ln_linalg_alloc(1, sizeof *point);
    struct ln_shape shape;
    int status = LN_OK;
    *modes = *layers = 1;
    for (int64_t cell = 0; cell < ln_sweep_n_cells(sweep) && status == LN_OK; cell++) {
        if (!ln_sweep_point(sweep, cell, point))
            continue;
        status = ln_shape_of(point, &shape, err);
        if (status != LN_OK)
            break;
        int d_in = shape.widths[0], d_out = shape.widths[shape.n_layers],
            least = d_in < d_out ? d_in : d_out;
        *modes = least > *modes ? least : *modes;
        *layers = shape.n_layers > *layers ? shape.n_layers : *layers;
    }
    free(point);
    return status == LN_OK ? LN_OK : ln_sweep_locate(sweep, err);
}

int ln_row_layout(const struct ln_sweep *sweep, struct ln_layout *layout, struct ln_err *err) {
    int64_t modes, layers;
    int n_records;
    memset(layout, 0, sizeof *layout);
    int status = scan_shapes(sweep, &modes, &layers, err);
    if (status != LN_OK)
        return status;
    const int64_t *steps = ln_sweep_record_steps(sweep, &n_records);
    layout->n_dims = 4;
    layout->dims[DIM_RECORD] =
        (struct ln_dim){"record", n_records, "record_step", steps, "1", "Step of each record."};
    layout->dims[DIM_MODE] = (struct ln_dim){
        "mode",          modes, "mode",
        numbers_from(1), "1",   "Number of the mode, largest singular value first."};
    layout->dims[DIM_LAYER] = (struct ln_dim){
        "layer", layers, "layer", numbers_from(1), "1", "Number of the layer, W_1 first."};
    layout->dims[DIM_PLATEAU] = (struct ln_dim){
        "plateau", modes < LN_MAX_PLATEAUS ? modes : LN_MAX_PLATEAUS, "plateau", numbers_from(0),
        "1",       "Number of modes learnt at the plateau."};
    add_outcomes(layout);
    status = add_finals(layout, sweep, err);
    if (status == LN_OK)
        status = add_series(layout, sweep, err);
    add_tags(layout);
    add_predictions(layout);
    ln_layout_finish(layout);
    return status;
}
