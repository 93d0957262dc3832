#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    double sum = 0, top = sight->singular[0];
    for (int i = 0; i < sight->problem->n_modes; i++)
        sum += sight->singular[i] * sight->singular[i];
    out[0] = top > 0 ? sum / (top * top) : 0;
}

const struct ln_observable ln_observable_stable_rank = {
    .entry = {.name = "stable_rank",
              .doc = "Stable rank ||P||_F^2 / ||P||_2^2 of the end-to-end matrix."},
    .long_name = "stable rank",
    .units = "1",
    .reads = LN_READS_SINGULAR,
    .look = look,
};
