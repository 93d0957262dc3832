/* The columns of the results file. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/interrupt.h"
#include "linnet/linalg.h"
#include "linnet/theory.h"
#include "outcome.h"
#include "row.h"
#include "tags.h"

enum { DIM_RECORD, DIM_MODE, DIM_LAYER, DIM_PLATEAU, N_FIXED_DIMS };

/* Largest numbers over the grid along each extent. */
struct sizes {
    int64_t most[LN_N_EXTENTS];
};

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
    assert(layout->n_columns < LN_MAX_COLUMNS);
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

/* The dimension of a name, added when first asked for. */
static int dim_of(struct ln_layout *layout, struct ln_dim wanted) {
    for (int i = 0; i < layout->n_dims; i++)
        if (strcmp(layout->dims[i].name, wanted.name) == 0)
            return i;
    layout->dims[layout->n_dims] = wanted;
    return layout->n_dims++;
}

static int input_dim(struct ln_layout *layout, const struct sizes *sizes) {
    int64_t size = sizes->most[LN_PER_INPUT];
    return dim_of(layout, (struct ln_dim){"input", size, "input", numbers_from(1), "1",
                                          "Number of the input coordinate."});
}

static int jump_dim(struct ln_layout *layout) {
    return dim_of(layout, (struct ln_dim){"jump", LN_MAX_JUMPS, "jump", numbers_from(1), "1",
                                          "Number of the jump between saddles."});
}

static int weight_dim(struct ln_layout *layout, const struct sizes *sizes) {
    return dim_of(layout, (struct ln_dim){"weight", sizes->most[LN_PER_WEIGHT], NULL, NULL, "1",
                                          "Number of the weight: W_1 row by row, W_2, ..."});
}

static void add_extent(struct ln_layout *layout, struct ln_column *column, enum ln_extent extent,
                       const struct sizes *sizes) {
    static const int fixed[LN_N_EXTENTS] = {[LN_PER_MODE] = DIM_MODE,
                                            [LN_PER_LAYER] = DIM_LAYER,
                                            [LN_PER_PLATEAU] = DIM_PLATEAU,
                                            [LN_PER_RECORD] = DIM_RECORD};
    int *extra = column->extra;
    switch (extent) {
    case LN_ONE:
        break;
    case LN_PER_INPUT:
        extra[column->n_extra++] = input_dim(layout, sizes);
        break;
    case LN_PER_WEIGHT:
        extra[column->n_extra++] = weight_dim(layout, sizes);
        break;
    case LN_PER_JUMP:
        extra[column->n_extra++] = jump_dim(layout);
        break;
    case LN_PER_JUMP_INPUT:
        extra[column->n_extra++] = jump_dim(layout);
        extra[column->n_extra++] = input_dim(layout, sizes);
        break;
    default:
        extra[column->n_extra++] = fixed[extent];
    }
}

static void add_observable(struct ln_layout *layout, const struct ln_observable *observable,
                           const char *suffix, bool in_time, const struct sizes *sizes) {
    struct ln_column *column =
        add_column(layout, observable->entry.name, suffix, observable->flags ? LN_I8 : LN_F64);
    column->long_name = observable->long_name;
    column->units = observable->units;
    column->doc = observable->entry.doc;
    column->source = observable->entry.source;
    column->flags = observable->flags;
    column->n_flags = observable->n_flags;
    if (in_time)
        column->extra[column->n_extra++] = DIM_RECORD;
    add_extent(layout, column, observable->extent, sizes);
}

static const struct ln_observable *find(const char *name, const char *key, struct ln_err *err) {
    const struct ln_entry *entry = ln_catalogue_find(&ln_observables, name);
    if (!entry)
        ln_err_key(err, key, "there is no observable '%s'; see `linnet list observables`", name);
    return (const struct ln_observable *)entry;
}

static int add_finals(struct ln_layout *layout, const struct ln_sweep *sweep,
                      const struct sizes *sizes, struct ln_err *err) {
    const char *const *names = ln_sweep_final(sweep);
    bool all = names[0] == NULL;
    for (int i = 0; all ? i < ln_observables.n_entries : names[i] != NULL; i++) {
        const struct ln_observable *observable =
            find(all ? ln_observables.entries[i]->name : names[i], "record.final", err);
        if (!observable)
            return ln_sweep_locate(sweep, err);
        if (observable->final_name || (all && observable->on_request))
            continue; /* an outcome column holds it; nobody asked for it */
        add_observable(layout, observable, "", false, sizes);
        if (observable->has_start)
            add_observable(layout, observable, "_start", false, sizes);
    }
    return LN_OK;
}

static int add_series(struct ln_layout *layout, const struct ln_sweep *sweep,
                      const struct sizes *sizes, struct ln_err *err) {
    static const char *const defaults[] = {"loss", "singular_values", NULL};
    const char *const *names = ln_sweep_series(sweep);
    for (names = names[0] ? names : defaults; *names; names++) {
        const struct ln_observable *observable = find(*names, "record.series", err);
        if (!observable)
            return ln_sweep_locate(sweep, err);
        add_observable(layout, observable, "_series", true, sizes);
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

static bool is_named(const char *const *names, const char *name) {
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static void add_predictions(struct ln_layout *layout, const struct ln_sweep *sweep,
                            const struct sizes *sizes) {
    const char *const *names = ln_sweep_theory(sweep);
    for (int i = 0; i < ln_predictions.n_entries; i++) {
        const struct ln_prediction *prediction =
            (const struct ln_prediction *)ln_predictions.entries[i];
        if (names[0] ? !is_named(names, prediction->entry.name) : !prediction->by_default)
            continue;
        struct ln_column *column = add_column(layout, "theory_", prediction->entry.name, LN_F64);
        column->long_name = prediction->long_name;
        column->units = prediction->units;
        column->doc = prediction->entry.doc;
        column->source = prediction->entry.source;
        add_extent(layout, column, prediction->extent, sizes);
    }
}

/* Of the first n_points points that `where` keeps. */
static int scan_shapes(const struct ln_sweep *sweep, int64_t n_points, struct sizes *sizes,
                       struct ln_err *err) {
    struct ln_point *point = ln_linalg_alloc(1, sizeof *point);
    struct ln_shape shape;
    int status = LN_OK;
    for (int e = 0; e < LN_N_EXTENTS; e++)
        sizes->most[e] = 1;
    int64_t n = ln_sweep_n_cells(sweep);
    for (int64_t cell = 0, seen = 0; cell < n && seen < n_points && status == LN_OK; cell++) {
        if (cell % 64 == 0 && ln_interrupt_is_due())
            status =
                ln_err_set(err, LN_STOPPED, "stopped on request, before the sweep was planned");
        if (status != LN_OK || !ln_sweep_point(sweep, cell, point))
            continue;
        seen++;
        status = ln_shape_of(point, &shape, err);
        for (int e = 0; e < LN_N_EXTENTS && status == LN_OK; e++) {
            int count = ln_extent_count((enum ln_extent)e, &shape, 1);
            sizes->most[e] = count > sizes->most[e] ? count : sizes->most[e];
        }
    }
    free(point);
    return status == LN_OK ? LN_OK : ln_sweep_locate(sweep, err);
}

static void add_fixed_dims(struct ln_layout *layout, const struct ln_sweep *sweep,
                           const struct sizes *sizes) {
    int n_records;
    const int64_t *steps = ln_sweep_record_steps(sweep, &n_records);
    layout->n_dims = N_FIXED_DIMS;
    layout->dims[DIM_RECORD] =
        (struct ln_dim){"record", n_records, "record_step", steps, "1", "Step of each record."};
    layout->dims[DIM_MODE] =
        (struct ln_dim){"mode", sizes->most[LN_PER_MODE],
                        "mode", numbers_from(1),
                        "1",    "Number of the mode, largest singular value first."};
    layout->dims[DIM_LAYER] =
        (struct ln_dim){"layer", sizes->most[LN_PER_LAYER],        "layer", numbers_from(1),
                        "1",     "Number of the layer, W_1 first."};
    layout->dims[DIM_PLATEAU] =
        (struct ln_dim){"plateau", sizes->most[LN_PER_PLATEAU],
                        "plateau", numbers_from(0),
                        "1",       "Number of modes learnt at the plateau."};
}

int ln_row_layout(const struct ln_sweep *sweep, int64_t n_points, struct ln_layout *layout,
                  struct ln_err *err) {
    struct sizes sizes;
    memset(layout, 0, sizeof *layout);
    int status = scan_shapes(sweep, n_points, &sizes, err);
    if (status != LN_OK)
        return status;
    add_fixed_dims(layout, sweep, &sizes);
    add_outcomes(layout);
    status = add_finals(layout, sweep, &sizes, err);
    if (status == LN_OK)
        status = add_series(layout, sweep, &sizes, err);
    add_tags(layout);
    add_predictions(layout, sweep, &sizes);
    ln_layout_finish(layout);
    return status;
}
