#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    double *gradient = ln_linalg_alloc(net.shape->n_weights, sizeof *gradient);
    ln_net_gradient(&net, gradient);
    out[0] = ln_norm(gradient, (size_t)net.shape->n_weights);
    free(gradient);
}

const struct ln_observable ln_observable_gradient_norm = {
    .entry = {.name = "gradient_norm", .doc = "Frobenius norm of the gradient over all layers."},
    .long_name = "gradient norm",
    .units = "1",
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
