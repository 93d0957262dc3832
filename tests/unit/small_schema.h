/* A small schema of made-up sections, so that tests of the sweep do not change with the catalogues.
 */
#ifndef LINNET_TEST_SMALL_SCHEMA_H
#define LINNET_TEST_SMALL_SCHEMA_H

#include <math.h>
#include <string.h>

#include "../../src/sweep/schema.h"

static const struct ln_param target_params[] = {
    {.name = "matrix", .type = LN_MATRIX, .fallback = "~", .doc = "Target."},
    {.name = "spectrum",
     .type = LN_REALS,
     .fallback = "~",
     .low = 0,
     .high = INFINITY,
     .doc = "Modes."},
    {.name = "scale", .type = LN_REAL, .fallback = "1", .doc = "Factor."},
};
static const struct ln_param noise_params[] = {
    {.name = "rank", .type = LN_INT, .fallback = NULL, .low = 1, .high = 100, .doc = "Rank."},
};
static const struct ln_entry target = {
    .name = "target", .doc = "Target.", LN_PARAMS(target_params)};
static const struct ln_entry noise = {.name = "noise", .doc = "Noise.", LN_PARAMS(noise_params)};
static const struct ln_entry *const problem_entries[] = {&target, &noise};
static const struct ln_catalogue small_problems = {"problem", problem_entries, 2};

static const struct ln_param deep_params[] = {
    {.name = "depth", .type = LN_INT, .fallback = "2", .low = 1, .high = 64, .doc = "Layers."},
    {.name = "width", .type = LN_INTS, .fallback = "3", .low = 1, .high = 4096, .doc = "Widths."},
};
static const struct ln_param diagonal_params[] = {
    {.name = "depth", .type = LN_INT, .fallback = "2", .low = 1, .high = 64, .doc = "Layers."},
    {.name = "size", .type = LN_INT, .fallback = "4", .low = 1, .high = 99, .doc = "Entries."},
};
static const struct ln_entry deep = {.name = "deep", .doc = "Deep.", LN_PARAMS(deep_params)};
static const struct ln_entry diagonal = {
    .name = "diagonal", .doc = "D.", LN_PARAMS(diagonal_params)};
static const struct ln_entry *const model_entries[] = {&deep, &diagonal};
static const struct ln_catalogue small_models = {"model", model_entries, 2};

static const struct ln_param identity_params[] = {
    {.name = "scale", .type = LN_REAL, .fallback = "1", .units = "1", .doc = "Factor."},
};
static const struct ln_param gaussian_params[] = {
    {.name = "scale",
     .type = LN_REAL,
     .fallback = "0.5",
     .low = 0,
     .high = INFINITY,
     .doc = "Factor."},
    {.name = "std",
     .type = LN_CHOICE,
     .fallback = "unit",
     .choices = "unit fan_in",
     .doc = "Spread."},
};
static const struct ln_param weights_params[] = {
    {.name = "layers", .type = LN_MATRICES, .fallback = NULL, .doc = "Factors."},
};
static const struct ln_entry identity = {
    .name = "identity", .doc = "I.", LN_PARAMS(identity_params)};
static const struct ln_entry gaussian = {
    .name = "gaussian", .doc = "G.", LN_PARAMS(gaussian_params)};
static const struct ln_entry weights = {.name = "weights", .doc = "W.", LN_PARAMS(weights_params)};
static const struct ln_entry *const init_entries[] = {&identity, &gaussian, &weights};
static const struct ln_catalogue small_inits = {"initialisation", init_entries, 3};

static const struct ln_param gd_params[] = {
    {.name = "step_size", .type = LN_REAL, .fallback = "0.01", .low_open = true, .doc = "Step."},
    {.name = "is_stale", .type = LN_BOOL, .fallback = "false", .doc = "A switch."},
    {.name = "note", .type = LN_TEXT, .fallback = "~", .doc = "A string."},
};
static const struct ln_entry gd = {.name = "gd", .doc = "Descent.", LN_PARAMS(gd_params)};
static const struct ln_entry *const algorithm_entries[] = {&gd};
static const struct ln_catalogue small_algorithms = {"algorithm", algorithm_entries, 1};

static const struct ln_param limit_params[] = {
    {.name = "max_steps",
     .type = LN_INT,
     .fallback = "1000",
     .low = 0,
     .high = 1e12,
     .doc = "Horizon."},
    {.name = "stop.loss",
     .type = LN_REAL,
     .fallback = "1e-10",
     .low = 0,
     .high = INFINITY,
     .doc = "Loss."},
    {.name = "stop.hold", .type = LN_INT, .fallback = "50", .low = 1, .high = 1e9, .doc = "Steps."},
};
static const int n_limit_params = 3;

static const struct ln_entry loss = {.name = "loss"}, sharpness = {.name = "sharpness"};
static const struct ln_entry *const observable_entries[] = {&loss, &sharpness};
static const struct ln_catalogue small_observables = {"observable", observable_entries, 2};

static const struct ln_part small_parts[] = {
    {.section = LN_PROBLEM, .path = "problem", .selector = "kind", .catalogue = &small_problems},
    {.section = LN_MODEL, .path = "model", .selector = "kind", .catalogue = &small_models},
    {.section = LN_INIT, .path = "model.init", .selector = "kind", .catalogue = &small_inits},
    {.section = LN_TRAIN, .path = "train", .selector = "algorithm", .catalogue = &small_algorithms},
    {.section = LN_LIMITS, .path = "train", .params = limit_params, .n_params = &n_limit_params},
    {.section = LN_RECORD,
     .path = "record",
     .params = ln_record_params,
     .n_params = &ln_n_record_params},
    {.section = LN_RANDOM,
     .path = "random",
     .params = ln_random_params,
     .n_params = &ln_n_random_params},
};
static const struct ln_schema small_schema = {small_parts, 7, &small_observables, NULL};

static inline int parse_small(const char *text, size_t size, const char *const *sets, int n_sets,
                              struct ln_sweep **sweep, struct ln_err *err) {
    return ln_sweep_parse_by(&small_schema, "f.yaml", text, size, sets, n_sets, NULL, sweep, err);
}

#endif
