#include "linnet/observe.h"

#include <math.h>

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

void ln_observable_look(const struct ln_observable *observable, const struct ln_sight *sight,
                        double *out) {
    bool applies = !observable->needs_layers || sight->shape->model->has_layers;
    if (applies && isfinite(ln_norm(sight->weights, (size_t)sight->shape->n_weights)) &&
        isfinite(sight->run->excess)) {
        observable->look(sight, out);
        return;
    }
    for (int i = 0; i < ln_observable_count(observable, sight->shape); i++)
        out[i] = NAN;
}
