#include "linnet/observe.h"

#include <math.h>
#include <string.h>

#include "linnet/linalg.h"

#define LN_OBSERVABLE(name) extern const struct ln_observable ln_observable_##name;
#include "list.h"
#undef LN_OBSERVABLE

static const struct ln_entry *const entries[] = {
#define LN_OBSERVABLE(name) &ln_observable_##name.entry,
#include "list.h"
#undef LN_OBSERVABLE
};

const struct ln_catalogue ln_observables = {"observable", entries,
                                            sizeof entries / sizeof entries[0]};

struct ln_net ln_sight_net(const struct ln_sight *sight) {
    return (struct ln_net){sight->shape, sight->problem, sight->constants, sight->weights};
}

int ln_extent_count(enum ln_extent extent, const struct ln_shape *shape, int n_records) {
    int d_in = shape->widths[0], d_out = shape->widths[shape->n_layers];
    int modes = d_in < d_out ? d_in : d_out;
    switch (extent) {
    case LN_PER_MODE:
        return modes;
    case LN_PER_LAYER:
        return shape->n_layers;
    case LN_PER_PLATEAU:
        return modes < LN_MAX_PLATEAUS ? modes : LN_MAX_PLATEAUS;
    case LN_PER_INPUT:
        return d_in;
    case LN_PER_WEIGHT:
        return shape->n_weights;
    case LN_PER_JUMP:
        return LN_MAX_JUMPS;
    case LN_PER_JUMP_INPUT:
        return LN_MAX_JUMPS * d_in;
    case LN_PER_RECORD:
        return n_records;
    default:
        return 1;
    }
}

int ln_observable_count(const struct ln_observable *observable, const struct ln_shape *shape) {
    return ln_extent_count(observable->extent, shape, 0);
}

bool ln_observable_applies(const struct ln_observable *observable, const struct ln_shape *shape) {
    if (observable->needs_one_output && shape->widths[shape->n_layers] != 1)
        return false;
    if (observable->needs_one_neuron && shape->rank > 1)
        return false;
    if (observable->model && strcmp(observable->model, shape->model->entry.name) != 0)
        return false;
    if (observable->n_layers && observable->n_layers != shape->n_layers)
        return false;
    return !observable->needs_layers || shape->model->has_layers;
}

/* A weight that is not a number, or infinite, makes a loss that is neither. */
static bool is_finite(const struct ln_observable *observable, const struct ln_sight *sight) {
    return isfinite(sight->run->excess) &&
           (!(observable->reads & LN_READS_WEIGHTS) ||
            isfinite(ln_norm(sight->weights, (size_t)sight->shape->n_weights)));
}

void ln_observable_look(const struct ln_observable *observable, const struct ln_sight *sight,
                        double *out) {
    if (ln_observable_applies(observable, sight->shape) &&
        (observable->any_state || is_finite(observable, sight))) {
        observable->look(sight, out);
        return;
    }
    for (int i = 0; i < ln_observable_count(observable, sight->shape); i++)
        out[i] = NAN;
}
