#include "schema.h"

#include "linnet/model.h"
#include "linnet/observe.h"
#include "linnet/problem.h"
#include "linnet/theory.h"
#include "linnet/train.h"

static const struct ln_part parts[] = {
    {.section = LN_PROBLEM, .path = "problem", .selector = "kind", .catalogue = &ln_problems},
    {.section = LN_MODEL, .path = "model", .selector = "kind", .catalogue = &ln_models},
    {.section = LN_INIT, .path = "model.init", .selector = "kind", .catalogue = &ln_inits},
    {.section = LN_TRAIN, .path = "train", .selector = "algorithm", .catalogue = &ln_algorithms},
    {.section = LN_LIMITS, .path = "train", .params = ln_limits, .n_params = &ln_n_limits},
    {.section = LN_THEORY,
     .path = "theory",
     .params = ln_theory_params,
     .n_params = &ln_n_theory_params},
    {.section = LN_RECORD,
     .path = "record",
     .params = ln_record_params,
     .n_params = &ln_n_record_params},
    {.section = LN_RANDOM,
     .path = "random",
     .params = ln_random_params,
     .n_params = &ln_n_random_params},
};

const struct ln_schema ln_schema = {
    .parts = parts,
    .n_parts = (int)(sizeof parts / sizeof parts[0]),
    .observables = &ln_observables,
    .predictions = &ln_predictions,
};

int ln_sweep_parse(const char *path, const char *text, size_t size, const char *const *sets,
                   int n_sets, ln_read_matrix *read_hdf5, struct ln_sweep **sweep,
                   struct ln_err *err) {
    return ln_sweep_parse_by(&ln_schema, path, text, size, sets, n_sets, read_hdf5, sweep, err);
}
