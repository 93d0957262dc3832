#include "linnet/model_diagonal.h"
#include "linnet/observe.h"

/* The gradient is affine in b, so -grad L of the average is s(t)/t; at step 0 b itself. */
static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    struct ln_diagonal_path path = ln_diagonal_path_of(&net);
    for (int i = 0; i < sight->shape->widths[0]; i++)
        out[i] = path.time > 0 ? path.sum[i] / path.time : sight->p[i];
}

const struct ln_observable ln_observable_lasso_average = {
    .entry = {.name = "lasso_average",
              .doc =
                  "Average of b of a diagonal network over the time so far: the Lasso solution at "
                  "penalty 1/t (t accelerated) while no dual coordinate leaves its boundary.",
              .source = "Berthier 2025, Lasso path; Pesme, Flammarion 2023"},
    .long_name = "time average of each coefficient",
    .units = "1",
    .extent = LN_PER_INPUT,
    .on_request = true,
    .model = "diagonal",
    .reads = LN_READS_WEIGHTS | LN_READS_PRODUCT,
    .look = look,
};
