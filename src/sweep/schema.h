/* What a sweep file may say: its sections, each with the table or catalogue of tables its keys come
 * from. */
#ifndef LINNET_SWEEP_SCHEMA_H
#define LINNET_SWEEP_SCHEMA_H

#include "linnet/point.h"
#include "linnet/sweep.h"

/* A section either selects an entry of a catalogue, whose table then names its keys, or has one
 * table. */
struct ln_part {
    enum ln_section section;
    const char *path;     /* "model.init" */
    const char *selector; /* key that picks the entry: "kind"; default: the first entry */
    const struct ln_catalogue *catalogue;
    const struct ln_param *params; /* without a catalogue */
    const int *n_params;
};

struct ln_schema {
    const struct ln_part *parts; /* two may share a path; their keys must differ */
    int n_parts;
    const struct ln_catalogue *observables; /* names in record.final, record.series; NULL: any */
    const struct ln_catalogue *predictions; /* names in record.theory; NULL: any */
};

extern const struct ln_schema ln_schema;

/* The tables of record: and random:, the same in every schema. In record: a TEXT is a list of
 * names. */
extern const struct ln_param ln_record_params[], ln_random_params[];
extern const int ln_n_record_params, ln_n_random_params;

/* ln_sweep_parse with a schema of one's own. */
int ln_sweep_parse_by(const struct ln_schema *schema, const char *path, const char *text,
                      size_t size, const char *const *sets, int n_sets, ln_read_matrix *read_hdf5,
                      struct ln_sweep **sweep, struct ln_err *err);

#endif
