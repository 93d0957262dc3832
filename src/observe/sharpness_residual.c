#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    ln_hessian_extreme(&net, +1, out);
}

const struct ln_observable ln_observable_sharpness_residual = {
    .entry = {.name = "sharpness_residual",
              .doc = "Norm of H v - lambda v for the largest eigenvalue of the Hessian, by which "
                     "sharpness may "
                     "be wrong; 0 up to 200 weights."},
    .long_name = "residual of the largest Hessian eigenvalue",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
