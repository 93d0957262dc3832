#include "make_point.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void point_clear(struct ln_point *point) {
    memset(point, 0, sizeof *point);
    for (int s = 0; s < LN_N_SECTIONS; s++)
        point->conf[s].values = point->values[s];
    point->base_seed = 1;
}

/* The default as the sweep would read it; lists have one element, which stands in the value. */
static void set_fallback(struct ln_value *value, const struct ln_param *param) {
    memset(value, 0, sizeof *value);
    if (!param->fallback || strcmp(param->fallback, "~") == 0)
        return;
    value->is_set = true;
    value->text = param->fallback;
    value->real = strtod(param->fallback, NULL);
    value->integer = fabs(value->real) < 1e18 ? (int64_t)value->real : 0;
    value->count = 1;
    value->reals = &value->real;
    value->integers = &value->integer;
}

void point_table(struct ln_point *point, enum ln_section section, const struct ln_param *params,
                 int n_params) {
    assert(n_params <= LN_MAX_PARAMS);
    point->conf[section].params = params;
    point->conf[section].n_params = n_params;
    for (int i = 0; i < n_params; i++)
        set_fallback(&point->values[section][i], &params[i]);
}

void point_choose(struct ln_point *point, enum ln_section section,
                  const struct ln_catalogue *catalogue, const char *name) {
    const struct ln_entry *entry = ln_catalogue_find(catalogue, name);
    assert(entry && "no such entry in the catalogue");
    point->entry[section] = entry;
    point_table(point, section, entry->params, entry->n_params);
}

static struct ln_value *value_of(struct ln_point *point, enum ln_section section,
                                 const char *name) {
    const struct ln_value *value = ln_conf_value(&point->conf[section], name);
    struct ln_value *mine = &point->values[section][value - point->conf[section].values];
    memset(mine, 0, sizeof *mine);
    mine->is_set = true;
    mine->count = 1;
    return mine;
}

void point_set_int(struct ln_point *point, enum ln_section section, const char *name,
                   int64_t number) {
    struct ln_value *value = value_of(point, section, name);
    value->integer = number;
    value->real = (double)number;
}

void point_set_real(struct ln_point *point, enum ln_section section, const char *name,
                    double number) {
    value_of(point, section, name)->real = number;
}

void point_set_word(struct ln_point *point, enum ln_section section, const char *name,
                    const char *word) {
    struct ln_value *value = value_of(point, section, name);
    const struct ln_param *param = &point->conf[section].params[value - point->values[section]];
    value->text = word;
    for (const char *at = param->choices; at && strncmp(at, word, strlen(word)) != 0;
         at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
        value->integer++;
}

void point_set_ints(struct ln_point *point, enum ln_section section, const char *name,
                    const int64_t *values, int count) {
    struct ln_value *value = value_of(point, section, name);
    value->integers = values;
    value->count = count;
}

void point_set_reals(struct ln_point *point, enum ln_section section, const char *name,
                     const double *values, int count) {
    struct ln_value *value = value_of(point, section, name);
    value->reals = values;
    value->count = count;
}

void point_set_matrices(struct ln_point *point, enum ln_section section, const char *name,
                        const struct ln_matrix *matrices, int count) {
    struct ln_value *value = value_of(point, section, name);
    value->matrices = matrices;
    value->count = count;
}

void point_set_seeds(struct ln_point *point, uint64_t seed) {
    for (int stream = 0; stream < LN_N_STREAMS; stream++)
        point->seed[stream] = seed;
}
