#include <math.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    const struct ln_shape *shape = sight->shape;
    const int *d = shape->widths;
    out[0] = 0;
    for (int j = 1; j <= shape->n_layers; j++)
        out[0] =
            fmax(out[0], ln_spectral_norm(sight->weights + shape->offset[j - 1], d[j], d[j - 1]));
}

const struct ln_observable ln_observable_largest_layer = {
    .entry = {.name = "largest_layer",
              .doc = "Largest spectral norm of a layer, max_j ||W_j||; at most layer_bound where "
                     "the step size is below bound_paper.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1 (bounded weights)"},
    .long_name = "largest spectral norm of a layer",
    .units = "1",
    .on_request = true,
    .needs_layers = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
