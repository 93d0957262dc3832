#include "linnet/observe.h"
#include "linnet/verdict.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    struct ln_standing standing;
    ln_verdict_stand(&net, &standing);
    out[0] = standing.plateau;
}

const struct ln_observable ln_observable_verdict_plateau = {
    .entry = {.name = "verdict_plateau",
              .doc = "Plateau k below the bottleneck with |E - E_k| at most 1 % of E_k - E_{k+1}; "
                     "-1: none.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, levels of the loss"},
    .long_name = "plateau the loss is at",
    .units = "1",
    .on_request = true,
    .needs_layers = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
