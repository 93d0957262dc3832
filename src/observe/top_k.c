#include "linnet/observe.h"
#include "linnet/verdict.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    struct ln_standing standing;
    ln_verdict_stand(&net, &standing);
    out[0] = standing.top_k;
}

const struct ln_observable ln_observable_top_k = {
    .entry = {.name = "top_k",
              .doc =
                  "1 where the loss is the least one for the rank reached (global on M_k), else 0.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 2"},
    .long_name = "loss is least for its rank",
    .units = "1",
    .on_request = true,
    .needs_layers = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
