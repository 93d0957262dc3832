#include "linnet/linalg.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    const struct ln_shape *shape = sight->shape;
    for (int j = 1; j <= shape->n_layers; j++)
        out[j - 1] = ln_norm(sight->weights + shape->offset[j - 1],
                             (size_t)(shape->offset[j] - shape->offset[j - 1]));
}

const struct ln_observable ln_observable_layer_norms = {
    .entry = {.name = "layer_norms", .doc = "Frobenius norm of every layer W_1, ..., W_N."},
    .long_name = "Frobenius norm of each layer",
    .units = "1",
    .needs_layers = true,
    .extent = LN_PER_LAYER,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
