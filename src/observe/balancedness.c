#include "linnet/balance.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    out[0] = ln_balance_constant(sight->shape, sight->weights);
}

const struct ln_observable ln_observable_balancedness = {
    .entry = {.name = "balancedness",
              .doc =
                  "Largest spectral norm over j of W_{j+1}^T W_{j+1} - W_j W_j^T; 0 is balanced.",
              .source = "Arora, Cohen, Hazan 2018; Nguegnang, Rauhut, Terstiege 2021 (constant)"},
    .long_name = "balancedness constant",
    .units = "1",
    .needs_layers = true,
    .has_start = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
