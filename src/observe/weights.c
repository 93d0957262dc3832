#include <string.h>

#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    memcpy(out, sight->weights, (size_t)sight->shape->n_weights * sizeof *out);
}

const struct ln_observable ln_observable_weights = {
    .entry = {.name = "weights",
              .doc = "The weights themselves, W_1 row by row, then W_2, ...; `linnet certify` "
                     "reads them back."},
    .long_name = "weights",
    .units = "1",
    .extent = LN_PER_WEIGHT,
    .on_request = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
