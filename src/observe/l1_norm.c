#include <math.h>

#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    const int *d = sight->shape->widths, size = d[0] * d[sight->shape->n_layers];
    out[0] = 0;
    for (int i = 0; i < size; i++)
        out[0] += fabs(sight->p[i]);
}

const struct ln_observable ln_observable_l1_norm = {
    .entry = {.name = "l1_norm",
              .doc = "Sum of the absolute entries of the end-to-end matrix.",
              .source = "Woodworth et al. 2020: what a small start minimises"},
    .long_name = "l1 norm of the end-to-end matrix",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_PRODUCT,
    .look = look,
};
