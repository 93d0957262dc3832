#include "linnet/balance.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    out[0] = ln_balance_drift(sight->shape, sight->weights, sight->start);
}

const struct ln_observable ln_observable_balance_drift = {
    .entry = {.name = "balance_drift",
              .doc =
                  "Largest spectral norm over j by which W_{j+1}^T W_{j+1} - W_j W_j^T has moved "
                  "from its start; 0 along gradient flow.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1 (balancedness)"},
    .long_name = "drift of the balancedness matrices",
    .units = "1",
    .on_request = true,
    .needs_layers = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
