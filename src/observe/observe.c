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

int ln_observable_count(const struct ln_observable *observable, const struct ln_shape *shape) {
    int d_in = shape->widths[0], d_out = shape->widths[shape->n_layers];
    switch (observable->extent) {
    case LN_PER_MODE:
        return d_in < d_out ? d_in : d_out;
    case LN_PER_LAYER:
        return shape->n_layers;
    default:
        return 1;
    }
}

void ln_observable_look(const struct ln_observable *observable, const struct ln_sight *sight,
                        double *out) {
    if (isfinite(ln_norm(sight->weights, (size_t)sight->shape->n_weights)) &&
        isfinite(sight->run->excess)) {
        observable->look(sight, out);
        return;
    }
    for (int i = 0; i < ln_observable_count(observable, sight->shape); i++)
        out[i] = NAN;
}
