#include "linnet/model_diagonal.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    out[0] = ln_diagonal_path_of(&net).length;
}

const struct ln_observable ln_observable_arc_length = {
    .entry = {.name = "arc_length",
              .doc = "Length of the path of b of a diagonal network so far, every step counted.",
              .source = "Pesme, Flammarion 2023, arc-length theorem"},
    .long_name = "length of the path of the coefficients",
    .units = "1",
    .on_request = true,
    .model = "diagonal",
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
