#include "linnet/observe.h"
#include "linnet/verdict.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    struct ln_standing standing;
    ln_verdict_stand(&net, &standing);
    out[0] = standing.rank;
}

const struct ln_observable ln_observable_reached_rank = {
    .entry = {.name = "reached_rank",
              .doc =
                  "Singular values of P M^{1/2} above 1e-4 of the largest of the whitened target.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, manifold M_k of theorem 2"},
    .long_name = "rank reached in the metric of the inputs",
    .units = "1",
    .on_request = true,
    .needs_layers = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
