#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    const struct ln_shape *shape = sight->shape;
    struct ln_shape alone = *shape;
    alone.lanes = 1; /* looked at outside the batch: bits need not follow the lanes */
    struct ln_batch *batch = ln_batch_create(&alone);
    double *gradient = ln_linalg_alloc(shape->n_weights, sizeof *gradient);
    ln_batch_load(batch, 0, sight->problem, sight->weights);
    shape->model->forward(batch);
    shape->model->gradient(batch, gradient);
    out[0] = ln_norm(gradient, (size_t)shape->n_weights);
    free(gradient);
    ln_batch_free(batch);
}

const struct ln_observable ln_observable_gradient_norm = {
    .entry = {.name = "gradient_norm", .doc = "Frobenius norm of the gradient over all layers."},
    .long_name = "gradient norm",
    .units = "1",
    .look = look,
};
