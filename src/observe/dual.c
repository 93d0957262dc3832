#include "linnet/model_diagonal.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    ln_diagonal_dual(&net, out);
}

const struct ln_observable ln_observable_dual = {
    .entry = {.name = "dual",
              .doc =
                  "Dual s of a diagonal network: minus the integral of the gradient in accelerated "
                  "time; a coordinate may move where |s_i| = 1.",
              .source = "Pesme, Flammarion 2023, dual of the mirror flow"},
    .long_name = "dual variable of each input",
    .units = "1",
    .extent = LN_PER_INPUT,
    .on_request = true,
    .model = "diagonal",
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
