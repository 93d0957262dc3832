#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    const int *d = sight->shape->widths, size = d[0] * d[sight->shape->n_layers];
    double *delta = ln_linalg_alloc(size, sizeof *delta), *g = ln_linalg_alloc(size, sizeof *g);
    for (int i = 0; i < size; i++)
        delta[i] = g[i] = sight->p[i] - sight->problem->target[i];
    if (sight->problem->moment)
        ln_matmul(g, delta, false, sight->problem->moment, false, size / d[0], d[0], d[0]);
    out[0] = 0;
    for (int i = 0; i < size; i++)
        out[0] = fmax(out[0], fabs(sight->p[i] * g[i]));
    free(g);
    free(delta);
}

const struct ln_observable ln_observable_criticality = {
    .entry = {.name = "criticality",
              .doc = "Largest |P_ij dL/dP_ij|: 0 exactly at the critical points of a diagonal "
                     "network.",
              .source = "Pesme, Flammarion 2023, proposition 1"},
    .long_name = "largest |coefficient times its gradient|",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_PRODUCT,
    .look = look,
};
