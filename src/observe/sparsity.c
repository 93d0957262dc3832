#include <math.h>

#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    const int *d = sight->shape->widths, size = d[0] * d[sight->shape->n_layers];
    double largest = 0;
    for (int i = 0; i < size; i++)
        largest = fmax(largest, fabs(sight->problem->target[i]));
    out[0] = 0;
    for (int i = 0; i < size; i++)
        out[0] += fabs(sight->p[i]) > 1e-4 * largest;
}

const struct ln_observable ln_observable_sparsity = {
    .entry = {.name = "sparsity",
              .doc = "Number of entries of the end-to-end matrix above 1e-4 of the largest of the "
                     "least-squares map.",
              .source = "Pesme, Flammarion 2023, size of the support"},
    .long_name = "number of active entries",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_PRODUCT,
    .look = look,
};
