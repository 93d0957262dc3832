#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/model_diagonal.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    int d = sight->shape->widths[0];
    double *scale = ln_linalg_alloc(d, sizeof *scale);
    if (!ln_diagonal_effective(&net, sight->start, scale, out))
        for (int i = 0; i < d; i++)
            out[i] = NAN;
    free(scale);
}

const struct ln_observable ln_observable_effective_start = {
    .entry = {.name = "effective_start",
              .doc =
                  "Point (a+^2 - a-^2)/2 from which the Bregman projection that gradient descent "
                  "has made starts, forms squares and uv.",
              .source = "Even, Pesme, Gunasekar, Flammarion 2023, effective initialisation"},
    .long_name = "effective start of each coefficient",
    .units = "1",
    .extent = LN_PER_INPUT,
    .on_request = true,
    .model = "diagonal",
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
