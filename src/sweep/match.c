#include "linnet/match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"

/* Values compared when an axis is searched for a common one; beyond, the search is left out. */
#define SEARCH_MOST 100000000LL

/* Rows of an axis of `from` by their texts. */
struct lookup {
    const struct ln_axis *axis;
    const int *keys;     /* [n_coords] */
    int64_t *order;      /* [count] */
    const char **wanted; /* [n_coords] texts of the last search */
    int64_t found;       /* its result */
};

struct ln_match {
    const struct ln_sweep *from, *to;
    struct lookup lookups[LN_MAX_AXES];
    int *keys[LN_MAX_AXES];
    struct ln_point old, new;
};

/* ---- keys that no axis drives must agree ---- */

static int refuse_key(const struct ln_sweep *to, const char *full, const char *old, const char *new,
                      struct ln_err *err) {
    ln_err_key(err, full,
               "%s is %.200s in the results and %.200s here; a row of the one is no row of the "
               "other: only axes and where may differ",
               full, old, new);
    return ln_sweep_locate(to, err);
}

static bool is_driven(const struct ln_match *match, int k) {
    return match->from->keys[k].axis >= 0 || match->to->keys[k].axis >= 0;
}

static int compare_variants(const struct ln_match *match, int k, const struct ln_variant *a,
                            const struct ln_variant *b, struct ln_err *err) {
    const struct ln_key *key = &match->to->keys[k];
    int row = a->entry == b->entry ? ln_spec_row(a, key->name) : -1;
    if (row < 0 || strcmp(a->values[row].text, b->values[row].text) == 0)
        return LN_OK;
    return refuse_key(match->to, key->full, a->values[row].text, b->values[row].text, err);
}

static int compare_key(const struct ln_match *match, int k, struct ln_err *err) {
    const struct ln_key *key = &match->to->keys[k];
    const struct ln_use *old = ln_spec_use_of(match->from, &match->from->keys[k]);
    const struct ln_use *new = ln_spec_use_of(match->to, key);
    if (is_driven(match, k))
        return LN_OK;
    if (key->is_selector) {
        const char *a = old->variants[0].entry->name, *b = new->variants[0].entry->name;
        return strcmp(a, b) == 0 ? LN_OK : refuse_key(match->to, key->full, a, b, err);
    }
    for (int a = 0; a < old->n_variants; a++)
        for (int b = 0; b < new->n_variants; b++)
            if (compare_variants(match, k, &old->variants[a], &new->variants[b], err))
                return (int)err->status;
    return LN_OK;
}

/* ---- an axis must have a value that the other sweep has ---- */

/* Text i of a key that an axis drives; the one text of another. NULL: it depends on a kind. */
static const char *text_of(const struct ln_sweep *sweep, int k, int64_t i) {
    const struct ln_key *key = &sweep->keys[k];
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    if (key->axis >= 0)
        return sweep->axes[key->axis].coords[key->coord].texts[i];
    if (key->is_selector)
        return use->variants[0].entry->name;
    int row = use->n_variants == 1 ? ln_spec_row(&use->variants[0], key->name) : -1;
    return row < 0 ? NULL : use->variants[0].values[row].text;
}

static int64_t count_of(const struct ln_sweep *sweep, int k) {
    return sweep->keys[k].axis < 0 ? 1 : sweep->axes[sweep->keys[k].axis].count;
}

static bool have_common(const struct ln_match *match, int k) {
    int64_t n_old = count_of(match->from, k), n_new = count_of(match->to, k);
    if (!text_of(match->from, k, 0) || !text_of(match->to, k, 0) || n_old > SEARCH_MOST / n_new)
        return true;
    for (int64_t i = 0; i < n_old; i++)
        for (int64_t j = 0; j < n_new; j++)
            if (strcmp(text_of(match->from, k, i), text_of(match->to, k, j)) == 0)
                return true;
    return false;
}

static int check_common(const struct ln_match *match, int k, struct ln_err *err) {
    if (!is_driven(match, k) || have_common(match, k))
        return LN_OK;
    const char *full = match->to->keys[k].full;
    int64_t n_old = count_of(match->from, k), n_new = count_of(match->to, k);
    ln_err_key(err, full,
               "no value of %s here (%.80s%s) is one of the results (%.80s%s), so no point of "
               "theirs can be used again",
               full, text_of(match->to, k, 0), n_new > 1 ? ", ..." : "", text_of(match->from, k, 0),
               n_old > 1 ? ", ..." : "");
    return ln_sweep_locate(match->to, err);
}

/* ---- the rows of each axis, sorted ---- */

static int compare_rows(const void *a, const void *b, void *of) {
    const struct lookup *lookup = of;
    const struct ln_axis *axis = lookup->axis;
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    for (int c = 0; c < axis->n_coords; c++) {
        int order = strcmp(axis->coords[c].texts[x], axis->coords[c].texts[y]);
        if (order)
            return order;
    }
    return 0;
}

static int index_axis(struct ln_match *match, int a, struct ln_err *err) {
    struct lookup *lookup = &match->lookups[a];
    const struct ln_axis *axis = &match->from->axes[a];
    match->keys[a] = calloc((size_t)axis->n_coords, sizeof *match->keys[a]);
    lookup->order = calloc((size_t)axis->count, sizeof *lookup->order);
    lookup->wanted = calloc((size_t)axis->n_coords, sizeof *lookup->wanted);
    if (!match->keys[a] || !lookup->order || !lookup->wanted)
        return ln_err_set(err, LN_FATAL, "out of memory for axis %s", axis->name);
    for (int c = 0; c < axis->n_coords; c++)
        match->keys[a][c] = match->from->drivers[a][c].key;
    for (int64_t i = 0; i < axis->count; i++)
        lookup->order[i] = i;
    lookup->axis = axis;
    lookup->keys = match->keys[a];
    lookup->found = -1;
    qsort_r(lookup->order, (size_t)axis->count, sizeof *lookup->order, compare_rows, lookup);
    return LN_OK;
}

static int compare_wanted(const struct lookup *lookup, int64_t row) {
    for (int c = 0; c < lookup->axis->n_coords; c++) {
        int order = strcmp(lookup->wanted[c], lookup->axis->coords[c].texts[row]);
        if (order)
            return order;
    }
    return 0;
}

static int64_t search(const struct lookup *lookup) {
    int64_t low = 0, high = lookup->axis->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = compare_wanted(lookup, lookup->order[middle]);
        if (order == 0)
            return lookup->order[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

/* The text of a key at a point; NULL: its kind has no such key. */
static const char *text_at(const struct ln_sweep *sweep, int k, const struct ln_point *point) {
    const struct ln_key *key = &sweep->keys[k];
    enum ln_section s = sweep->schema->parts[key->part].section;
    if (key->is_selector)
        return point->entry[s]->name;
    for (int i = 0; i < point->conf[s].n_params; i++)
        if (strcmp(point->conf[s].params[i].name, key->name) == 0)
            return point->values[s][i].text;
    return NULL;
}

/* The row of an axis of `from` that has the values of the point. */
static int64_t find_row(const struct ln_match *match, struct lookup *lookup) {
    bool is_last = true;
    for (int c = 0; c < lookup->axis->n_coords; c++) {
        const char *text = text_at(match->to, lookup->keys[c], &match->new);
        is_last = is_last && text == lookup->wanted[c];
        lookup->wanted[c] = text;
        if (!text)
            return -1;
    }
    if (!is_last)
        lookup->found = search(lookup);
    return lookup->found;
}

static bool is_same_point(const struct ln_point *a, const struct ln_point *b) {
    for (int s = 0; s < LN_N_SECTIONS; s++) {
        if (a->entry[s] != b->entry[s] || a->conf[s].n_params != b->conf[s].n_params)
            return false;
        for (int i = 0; i < a->conf[s].n_params; i++)
            if (strcmp(a->values[s][i].text, b->values[s][i].text) != 0)
                return false;
    }
    return true;
}

int64_t ln_match_cell(struct ln_match *match, int64_t cell) {
    int64_t old = 0;
    if (!ln_sweep_point(match->to, cell, &match->new))
        return -1;
    for (int a = 0; a < match->from->n_axes; a++) {
        int64_t row = find_row(match, &match->lookups[a]);
        if (row < 0)
            return -1;
        old += row * match->from->stride[a];
    }
    if (!ln_sweep_point(match->from, old, &match->old))
        return -1;
    return is_same_point(&match->old, &match->new) ? old : -1;
}

int ln_match_create(const struct ln_sweep *from, const struct ln_sweep *to, struct ln_match **out,
                    struct ln_err *err) {
    struct ln_match *match = calloc(1, sizeof *match);
    *out = NULL;
    if (!match)
        return ln_err_set(err, LN_FATAL, "out of memory");
    assert(from->schema == to->schema && from->n_keys == to->n_keys);
    match->from = from;
    match->to = to;
    int status = LN_OK;
    for (int k = 0; k < to->n_keys && status == LN_OK; k++)
        status = compare_key(match, k, err);
    for (int k = 0; k < to->n_keys && status == LN_OK; k++)
        status = check_common(match, k, err);
    for (int a = 0; a < from->n_axes && status == LN_OK; a++)
        status = index_axis(match, a, err);
    if (status == LN_OK)
        *out = match;
    else
        ln_match_free(match);
    return status;
}

void ln_match_free(struct ln_match *match) {
    for (int a = 0; match && a < LN_MAX_AXES; a++) {
        free(match->lookups[a].order);
        free(match->lookups[a].wanted);
        free(match->keys[a]);
    }
    free(match);
}
