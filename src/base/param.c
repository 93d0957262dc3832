#include "linnet/param.h"

#include <assert.h>
#include <string.h>

const struct ln_entry *ln_catalogue_find(const struct ln_catalogue *catalogue, const char *name) {
    for (int i = 0; i < catalogue->n_entries; i++)
        if (strcmp(catalogue->entries[i]->name, name) == 0)
            return catalogue->entries[i];
    return NULL;
}

const struct ln_value *ln_conf_value(const struct ln_conf *conf, const char *name) {
    int i = 0;
    while (i < conf->n_params && strcmp(conf->params[i].name, name) != 0)
        i++;
    assert(i < conf->n_params && "parameter is not in the table");
    return &conf->values[i];
}

bool ln_conf_is_set(const struct ln_conf *conf, const char *name) {
    return ln_conf_value(conf, name)->is_set;
}

int64_t ln_conf_int(const struct ln_conf *conf, const char *name) {
    return ln_conf_value(conf, name)->integer;
}

double ln_conf_real(const struct ln_conf *conf, const char *name) {
    return ln_conf_value(conf, name)->real;
}

bool ln_conf_bool(const struct ln_conf *conf, const char *name) {
    return ln_conf_value(conf, name)->integer != 0;
}

bool ln_conf_is(const struct ln_conf *conf, const char *name, const char *choice) {
    const struct ln_value *value = ln_conf_value(conf, name);
    return value->is_set && strcmp(value->text, choice) == 0;
}

const struct ln_matrix *ln_conf_matrix(const struct ln_conf *conf, const char *name) {
    const struct ln_value *value = ln_conf_value(conf, name);
    return value->is_set ? value->matrices : NULL;
}
