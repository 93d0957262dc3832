#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    out[0] = sight->singular[0];
}

const struct ln_observable ln_observable_product_norm = {
    .entry = {.name = "product_norm",
              .doc = "Spectral norm of the end-to-end matrix; at most product_bound while the loss "
                     "does not grow.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1 (bounded weights)"},
    .long_name = "spectral norm of the end-to-end matrix",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_SINGULAR,
    .look = look,
};
