#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    for (int i = 0; i < sight->problem->n_modes; i++)
        out[i] = sight->singular[i];
}

const struct ln_observable ln_observable_singular_values = {
    .entry = {.name = "singular_values",
              .doc = "Singular values of the end-to-end matrix, descending."},
    .long_name = "singular values of the end-to-end matrix",
    .units = "1",
    .extent = LN_PER_MODE,
    .reads = LN_READS_SINGULAR,
    .look = look,
};
