#include <math.h>

#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    double total = 0, entropy = 0;
    for (int i = 0; i < sight->problem->n_modes; i++)
        total += sight->singular[i];
    for (int i = 0; i < sight->problem->n_modes; i++) {
        double share = total > 0 ? sight->singular[i] / total : 0;
        entropy -= share > 0 ? share * log(share) : 0;
    }
    out[0] = total > 0 ? exp(entropy) : 0;
}

const struct ln_observable ln_observable_effective_rank = {
    .entry = {.name = "effective_rank",
              .doc = "Exponential of the entropy of the normalised singular values of the "
                     "end-to-end matrix.",
              .source = "Roy, Vetterli 2007"},
    .long_name = "effective rank",
    .units = "1",
    .reads = LN_READS_SINGULAR,
    .look = look,
};
