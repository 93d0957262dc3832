#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    for (int i = 0; i < sight->shape->widths[0]; i++)
        out[i] = sight->p[i];
}

const struct ln_observable ln_observable_coefficients = {
    .entry = {.name = "coefficients",
              .doc = "The end-to-end map b of a problem with one output, input by input.",
              .source = "Pesme, Flammarion 2023, setting"},
    .long_name = "coefficient of each input",
    .units = "1",
    .extent = LN_PER_INPUT,
    .on_request = true,
    .needs_one_output = true,
    .reads = LN_READS_PRODUCT,
    .look = look,
};
