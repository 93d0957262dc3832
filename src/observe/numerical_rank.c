#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    out[0] = 0;
    for (int i = 0; i < sight->problem->n_modes; i++)
        out[0] += sight->singular[i] > 1e-4 * sight->problem->sigma[0];
}

const struct ln_observable ln_observable_numerical_rank = {
    .entry = {.name = "numerical_rank",
              .doc = "Number of singular values of the end-to-end matrix above 1e-4 of the largest "
                     "of the target."},
    .long_name = "numerical rank",
    .units = "1",
    .reads = LN_READS_SINGULAR,
    .look = look,
};
