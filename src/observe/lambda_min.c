#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    out[0] = ln_hessian_extreme(&net, -1, NULL);
}

const struct ln_observable ln_observable_lambda_min = {
    .entry = {.name = "lambda_min",
              .doc = "Smallest eigenvalue of the Hessian of the loss (dense up to 200 weights, "
                     "Lanczos above); negative at a strict saddle.",
              .source = "Nguegnang, Rauhut, Terstiege 2021; Zhu, Soudry, Eldar, Wakin 2018, "
                        "strict saddles"},
    .long_name = "smallest Hessian eigenvalue",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
