#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    ln_hessian_extreme(&net, -1, out);
}

const struct ln_observable ln_observable_lambda_min_residual = {
    .entry = {.name = "lambda_min_residual",
              .doc = "Norm of H v - lambda v for the smallest eigenvalue of the Hessian, by which "
                     "lambda_min may "
                     "be wrong; 0 up to 200 weights."},
    .long_name = "residual of the smallest Hessian eigenvalue",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
