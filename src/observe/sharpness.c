#include "linnet/linalg.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    out[0] = ln_hessian_extreme(&net, +1, NULL);
}

const struct ln_observable ln_observable_sharpness = {
    .entry = {.name = "sharpness",
              .doc = "Largest eigenvalue of the Hessian of the loss (dense up to 200 weights, "
                     "Lanczos above).",
              .source = "Cohen, Kaur, Li, Kolter, Talwalkar 2021, edge of stability"},
    .long_name = "sharpness (largest Hessian eigenvalue)",
    .units = "1",
    .has_start = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
