#include <math.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    size_t n = (size_t)sight->shape->n_weights;
    double sum = 0, start = ln_norm(sight->start, n);
    for (size_t i = 0; i < n; i++)
        sum += (sight->weights[i] - sight->start[i]) * (sight->weights[i] - sight->start[i]);
    out[0] = start > 0 ? sqrt(sum) / start : (double)INFINITY;
}

const struct ln_observable ln_observable_weight_change = {
    .entry = {.name = "weight_change",
              .doc = "Distance of the weights from their start, relative to the norm of the start.",
              .source = "Chizat, Oyallon, Bach 2019, lazy training"},
    .long_name = "relative weight change",
    .units = "1",
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
