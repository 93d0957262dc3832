/* The axes: their names and groups, the keys they drive, their values, the size of the grid. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "text.h"

struct ln_limits ln_spec_limits = {.axis = 1000000, .cells = 1000000000, .values = 4000000};

static const struct ln_node *zip_of(const struct ln_node *form) {
    return form->kind == LN_NODE_MAP ? ln_node_find(form, "zip") : NULL;
}

static int check_zip(const struct ln_sweep *sweep, const struct ln_node *form,
                     const struct ln_node *zip) {
    if (zip->kind != LN_NODE_MAP || zip->count == 0 || form->count != 1)
        return ln_mark_error(sweep->reader.err, zip->mark,
                             "group %s: write {zip: {depth: [2, 3], step_size: [0.1, 0.05]}}",
                             form->key->text);
    for (const char *c = form->key->text; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
            return ln_mark_error(sweep->reader.err, form->key->mark,
                                 "the name '%.60s' of a zip group must be letters, digits and _",
                                 form->key->text);
    return LN_OK;
}

static int add_axis(struct ln_sweep *sweep, const struct ln_node *form) {
    if (sweep->n_axes == LN_MAX_AXES)
        return ln_mark_error(sweep->reader.err, form->key->mark, "more than %d axes", LN_MAX_AXES);
    const struct ln_node *zip = zip_of(form);
    int status = zip ? check_zip(sweep, form, zip) : LN_OK;
    if (status)
        return status;
    int n = zip ? zip->count : 1, a = sweep->n_axes++;
    struct ln_driver *drivers = ln_arena_take(&sweep->arena, (size_t)n, sizeof *drivers);
    const struct ln_node *member = zip ? zip->first : form;
    for (int c = 0; c < n; c++, member = member->next)
        drivers[c] = (struct ln_driver){.name = member->key->text, .node = member, .key = -1};
    sweep->drivers[a] = drivers;
    sweep->axes[a] = (struct ln_axis){.name = form->key->text, .n_coords = n};
    return LN_OK;
}

static int claim(struct ln_sweep *sweep, int a, int c, int key) {
    struct ln_driver *driver = &sweep->drivers[a][c];
    struct ln_key *driven = &sweep->keys[key];
    if (driven->axis >= 0)
        return ln_mark_error(sweep->reader.err, driver->node->key->mark,
                             "%s drives %s, which %s already drives; keep one of the two axes",
                             driver->name, driven->full,
                             sweep->drivers[driven->axis][driven->coord].name);
    driver->key = key;
    driven->axis = a;
    driven->coord = c;
    return LN_OK;
}

int ln_spec_axes(struct ln_sweep *sweep) {
    const struct ln_node *map = ln_node_find(sweep->root, "axes");
    if (!map || ln_node_is_null(map))
        return LN_OK;
    if (map->kind != LN_NODE_MAP)
        return ln_mark_error(sweep->reader.err, map->mark,
                             "axes is %.60s; it must be a mapping of names to forms, as in {depth: "
                             "[2, 3], seed: {count: 4}}",
                             ln_node_what(map));
    int status = LN_OK;
    for (const struct ln_node *form = map->first; form && !status; form = form->next)
        status = add_axis(sweep, form);
    for (int a = 0; a < sweep->n_axes && !status; a++)
        for (int c = 0; c < sweep->axes[a].n_coords && !status; c++) {
            int key = ln_spec_find_selector(sweep, sweep->drivers[a][c].name);
            if (key >= 0)
                status = claim(sweep, a, c, key);
        }
    return status;
}

/* The row of the parameter in every kind in use. */
static int find_rows(struct ln_sweep *sweep, struct ln_driver *driver) {
    const struct ln_key *key = &sweep->keys[driver->key];
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    driver->param = ln_arena_take(&sweep->arena, (size_t)use->n_variants, sizeof *driver->param);
    for (int v = 0; v < use->n_variants; v++) {
        const struct ln_variant *variant = &use->variants[v];
        driver->param[v] = ln_spec_row(variant, key->name);
        if (driver->param[v] < 0)
            return ln_mark_error(sweep->reader.err, driver->node->key->mark,
                                 "%s drives %s, but %s '%s', which is on an axis too, has no such "
                                 "key; make two sweeps of it",
                                 driver->name, key->full, use->part->selector,
                                 variant->entry->name);
        if (variant->params[driver->param[v]].type !=
            use->variants[0].params[driver->param[0]].type)
            return ln_mark_error(sweep->reader.err, driver->node->key->mark,
                                 "%s drives %s, which is of another type in %s '%s'; make two "
                                 "sweeps of it",
                                 driver->name, key->full, use->part->selector,
                                 variant->entry->name);
    }
    return LN_OK;
}

int ln_spec_axes_keys(struct ln_sweep *sweep) {
    for (int a = 0; a < sweep->n_axes; a++)
        for (int c = 0; c < sweep->axes[a].n_coords; c++) {
            struct ln_driver *driver = &sweep->drivers[a][c];
            if (driver->key >= 0)
                continue;
            int key = ln_spec_find(sweep, driver->name, driver->node->key->mark);
            int status = key < 0 ? LN_INPUT : claim(sweep, a, c, key);
            if (status || (status = find_rows(sweep, driver)))
                return status;
        }
    return LN_OK;
}

static int read_value(struct ln_sweep *sweep, const char *key, const struct ln_param *param,
                      const struct ln_item *item, struct ln_value *value) {
    if (item->node)
        return ln_value_parse(&sweep->reader, key, param, item->node, value);
    return ln_value_number(&sweep->reader, key, param, item->mark, item->number, value);
}

/* The values as every kind in use reads them. In a zip group with the kinds themselves a value only
 * ever meets the kind beside it, so that one reads it. */
static int read_values(struct ln_sweep *sweep, struct ln_driver *driver,
                       const struct ln_items *items) {
    const struct ln_key *key = &sweep->keys[driver->key];
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    sweep->n_values += items->count * use->n_variants;
    if (sweep->n_values > ln_spec_limits.values)
        return ln_mark_error(sweep->reader.err, driver->node->mark,
                             "the axes hold more than %" PRId64
                             " values with this one, counted once for "
                             "each kind in use; make them coarser, or split the sweep",
                             ln_spec_limits.values);
    driver->values = ln_arena_take(&sweep->arena, (size_t)use->n_variants, sizeof *driver->values);
    for (int v = 0; v < use->n_variants; v++) {
        struct ln_value *values = ln_arena_try(&sweep->arena, (size_t)items->count, sizeof *values);
        if (!values)
            return ln_err_set(sweep->reader.err, LN_FATAL, "out of memory for axis %s",
                              driver->name);
        driver->values[v] = values;
        for (int64_t i = 0; i < items->count; i++) {
            bool is_beside = use->axis == key->axis && i < use->n_variants;
            int64_t kind = is_beside ? i : v;
            const struct ln_param *param = &use->variants[kind].params[driver->param[kind]];
            int status = read_value(sweep, key->full, param, &items->at[i], &values[i]);
            if (status)
                return status;
        }
    }
    return LN_OK;
}

static double number_of(const struct ln_param *param, const struct ln_value *value) {
    if (!value->is_set)
        return NAN;
    if (value->integers)
        return (double)value->integers[0];
    return param->type == LN_REALS ? value->reals[0] : value->real;
}

/* Only where every value is one number. */
static double *numbers_of(struct ln_sweep *sweep, const struct ln_param *param,
                          const struct ln_value *values, int64_t count) {
    if (!ln_param_is_numeric(param))
        return NULL;
    for (int64_t i = 0; i < count; i++)
        if (values[i].count > 1)
            return NULL;
    double *numbers = ln_arena_take(&sweep->arena, (size_t)count, sizeof *numbers);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = number_of(param, &values[i]);
    return numbers;
}

static struct ln_coord selector_coord(struct ln_sweep *sweep, const struct ln_driver *driver) {
    const struct ln_key *key = &sweep->keys[driver->key];
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    const char **texts = ln_arena_take(&sweep->arena, (size_t)use->n_variants, sizeof *texts);
    for (int v = 0; v < use->n_variants; v++)
        texts[v] = use->variants[v].entry->name;
    return (struct ln_coord){
        .name = driver->name,
        .key = key->full,
        .doc = ln_arena_print(&sweep->arena, "Which %s.", use->part->catalogue->what),
        .type = LN_CHOICE,
        .texts = texts};
}

static struct ln_coord param_coord(struct ln_sweep *sweep, const struct ln_driver *driver,
                                   int64_t count) {
    const struct ln_key *key = &sweep->keys[driver->key];
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    const struct ln_param *param = &use->variants[0].params[driver->param[0]];
    const char **texts = ln_arena_take(&sweep->arena, (size_t)count, sizeof *texts);
    for (int64_t i = 0; i < count; i++)
        texts[i] = driver->values[0][i].text;
    return (struct ln_coord){.name = driver->name,
                             .key = key->full,
                             .units = param->units,
                             .doc = param->doc,
                             .type = param->type,
                             .numbers = numbers_of(sweep, param, driver->values[0], count),
                             .texts = texts};
}

static int read_coord(struct ln_sweep *sweep, struct ln_axis *axis, int a, int c,
                      struct ln_coord *coord, struct ln_items *items) {
    struct ln_driver *driver = &sweep->drivers[a][c];
    int status = ln_form_expand(&sweep->reader, driver->name, driver->node, items);
    if (status)
        return status;
    if (c == 0) {
        axis->count = items->count;
        axis->is_log = items->is_log;
    }
    if (items->count != axis->count)
        status = ln_mark_error(sweep->reader.err, driver->node->mark,
                               "zip group %s: %s has %" PRId64 " values, but %s has %" PRId64
                               "; all members need the same number",
                               axis->name, driver->name, items->count, sweep->drivers[a][0].name,
                               axis->count);
    else if (sweep->keys[driver->key].is_selector)
        *coord = selector_coord(sweep, driver);
    else if (!(status = read_values(sweep, driver, items)))
        *coord = param_coord(sweep, driver, axis->count);
    return status;
}

/* A row of an axis as text, to find rows that are there twice. */
struct row {
    const struct ln_axis *axis;
    int64_t index;
};

static int compare_rows(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    for (int c = 0; c < x->axis->n_coords; c++) {
        const char *const *texts = x->axis->coords[c].texts;
        int order = strcmp(texts[x->index], texts[y->index]);
        if (order != 0)
            return order;
    }
    return (x->index > y->index) - (x->index < y->index);
}

static int refuse_twins(struct ln_sweep *sweep, const struct ln_axis *axis,
                        const struct ln_items *items) {
    struct row *rows = calloc((size_t)axis->count, sizeof *rows);
    if (!rows)
        return ln_err_set(sweep->reader.err, LN_FATAL, "out of memory for axis %s", axis->name);
    for (int64_t i = 0; i < axis->count; i++)
        rows[i] = (struct row){axis, i};
    qsort(rows, (size_t)axis->count, sizeof *rows, compare_rows);
    int status = LN_OK;
    for (int64_t i = 1; i < axis->count && !status; i++) {
        bool is_twin = true;
        for (int c = 0; c < axis->n_coords; c++)
            is_twin &= strcmp(axis->coords[c].texts[rows[i - 1].index],
                              axis->coords[c].texts[rows[i].index]) == 0;
        if (is_twin)
            status = ln_mark_error(sweep->reader.err, items->at[rows[i].index].mark,
                                   "axis %s has the value %.80s twice; leave one out", axis->name,
                                   axis->coords[0].texts[rows[i].index]);
    }
    free(rows);
    return status;
}

static int read_axis(struct ln_sweep *sweep, int a) {
    struct ln_axis *axis = &sweep->axes[a];
    struct ln_coord *coords = ln_arena_take(&sweep->arena, (size_t)axis->n_coords, sizeof *coords);
    struct ln_items items = {0};
    axis->coords = coords;
    int status = LN_OK;
    for (int c = 0; c < axis->n_coords && !status; c++) {
        free(items.at);
        items.at = NULL;
        status = read_coord(sweep, axis, a, c, &coords[c], &items);
    }
    if (!status)
        status = refuse_twins(sweep, axis, &items);
    free(items.at);
    return status;
}

static int check_names(const struct ln_sweep *sweep) {
    for (int a = 0; a < sweep->n_axes; a++)
        for (int b = 0; b < sweep->n_axes; b++)
            for (int c = 0; a != b && c < sweep->axes[b].n_coords; c++)
                if (strcmp(sweep->axes[a].name, sweep->drivers[b][c].name) == 0)
                    return ln_mark_error(sweep->reader.err, sweep->drivers[b][c].node->key->mark,
                                         "the name %s is taken by another axis; give the zip group "
                                         "a name of its own",
                                         sweep->axes[a].name);
    return LN_OK;
}

static int count_cells(struct ln_sweep *sweep) {
    double cells = 1;
    for (int a = 0; a < sweep->n_axes; a++)
        cells *= (double)sweep->axes[a].count;
    if (cells > (double)ln_spec_limits.cells)
        return ln_mark_error(sweep->reader.err, ln_node_key_mark(ln_node_find(sweep->root, "axes")),
                             "the axes span %.6g cells; at most %" PRId64
                             " are allowed: make the axes "
                             "coarser, zip some, or split the sweep",
                             cells, ln_spec_limits.cells);
    sweep->n_cells = 1;
    for (int a = sweep->n_axes - 1; a >= 0; a--) {
        sweep->stride[a] = sweep->n_cells;
        sweep->n_cells *= sweep->axes[a].count;
    }
    return LN_OK;
}

int ln_spec_axes_values(struct ln_sweep *sweep) {
    int status = check_names(sweep);
    for (int a = 0; a < sweep->n_axes && !status; a++)
        status = read_axis(sweep, a);
    return status ? status : count_cells(sweep);
}
