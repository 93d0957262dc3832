/* Cells of the grid -> points. Nothing is parsed or allocated here: values are copied. */
#include <assert.h>
#include <string.h>

#include "linnet/interrupt.h"
#include "spec.h"

void ln_cell_index(const struct ln_sweep *sweep, int64_t cell, int64_t *index) {
    assert(cell >= 0 && cell < sweep->n_cells);
    for (int a = 0; a < sweep->n_axes; a++) {
        index[a] = cell / sweep->stride[a];
        cell %= sweep->stride[a];
    }
}

static const struct ln_variant *variant_at(const struct ln_use *use, const int64_t *index) {
    return &use->variants[use->axis < 0 ? 0 : index[use->axis]];
}

static void put_section(const struct ln_use *use, const int64_t *index, struct ln_point *point) {
    const struct ln_variant *variant = variant_at(use, index);
    enum ln_section s = use->part->section;
    assert(variant->n_params <= LN_MAX_PARAMS);
    memcpy(point->values[s], variant->values, (size_t)variant->n_params * sizeof(struct ln_value));
    point->entry[s] = variant->entry;
    point->conf[s] = (struct ln_conf){variant->params, point->values[s], variant->n_params};
}

static void put_axis(const struct ln_sweep *sweep, int a, const int64_t *index,
                     struct ln_point *point) {
    for (int c = 0; c < sweep->axes[a].n_coords; c++) {
        const struct ln_driver *driver = &sweep->drivers[a][c];
        if (!driver->values)
            continue; /* a selector: it has chosen the variant */
        const struct ln_use *use = ln_spec_use_of(sweep, &sweep->keys[driver->key]);
        int64_t v = use->axis < 0 ? 0 : index[use->axis];
        point->values[use->part->section][driver->param[v]] = driver->values[v][index[a]];
    }
}

static void put_seeds(struct ln_point *point) {
    const struct ln_conf *conf = &point->conf[LN_RANDOM];
    if (conf->n_params == 0)
        return;
    uint64_t seed = (uint64_t)ln_conf_int(conf, "seed");
    point->base_seed = (uint64_t)ln_conf_int(conf, "base");
    for (int s = 0; s < LN_N_STREAMS; s++)
        point->seed[s] = seed;
    if (ln_conf_is_set(conf, "data_seed"))
        point->seed[LN_STREAM_DATA] = (uint64_t)ln_conf_int(conf, "data_seed");
    if (ln_conf_is_set(conf, "init_seed"))
        point->seed[LN_STREAM_INIT] = (uint64_t)ln_conf_int(conf, "init_seed");
}

static bool is_kept(const struct ln_sweep *sweep, const int64_t *index) {
    for (int w = 0; w < sweep->n_wheres; w++)
        if (!ln_where_holds(sweep->wheres[w], sweep, index))
            return false;
    return true;
}

bool ln_sweep_point(const struct ln_sweep *sweep, int64_t cell, struct ln_point *point) {
    int64_t index[LN_MAX_AXES];
    ln_cell_index(sweep, cell, index);
    point->id = cell;
    point->base_seed = 0;
    memset(point->seed, 0, sizeof point->seed);
    memset(point->entry, 0, sizeof point->entry);
    memset(point->conf, 0, sizeof point->conf);
    for (int p = 0; p < sweep->schema->n_parts; p++)
        put_section(&sweep->uses[p], index, point);
    for (int a = 0; a < sweep->n_axes; a++)
        put_axis(sweep, a, index, point);
    put_seeds(point);
    return is_kept(sweep, index);
}

/* The next combination over the axes of the mask; false after the last. */
static bool advance(const struct ln_sweep *sweep, uint32_t mask, int64_t *index) {
    for (int a = sweep->n_axes - 1; a >= 0; a--) {
        if (!(mask >> a & 1))
            continue;
        if (++index[a] < sweep->axes[a].count)
            return true;
        index[a] = 0;
    }
    return false;
}

/* Only axes that a condition depends on can decide, so only they are walked. */
int ln_spec_not_empty(const struct ln_sweep *sweep) {
    uint32_t mask = 0;
    for (int w = 0; w < sweep->n_wheres; w++)
        mask |= ln_where_axes(sweep->wheres[w]);
    int64_t index[LN_MAX_AXES] = {0};
    do {
        if (is_kept(sweep, index))
            return LN_OK;
        if (ln_interrupt_is_due())
            return ln_err_set(sweep->reader.err, LN_STOPPED,
                              "stopped on request, before the sweep was planned");
    } while (advance(sweep, mask, index));
    const struct ln_node *node = ln_node_find(sweep->root, "where");
    return ln_mark_error(sweep->reader.err, node->mark,
                         "where leaves out every one of the %lld cells; loosen it, or widen the "
                         "axes",
                         (long long)sweep->n_cells);
}
