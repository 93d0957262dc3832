#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/model_diagonal.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    int d = sight->shape->widths[0];
    double *from = ln_linalg_alloc(d, sizeof *from);
    if (!ln_diagonal_effective(&net, sight->start, out, from))
        for (int i = 0; i < d; i++)
            out[i] = NAN;
    free(from);
}

const struct ln_observable ln_observable_effective_alpha = {
    .entry = {.name = "effective_alpha",
              .doc = "Scale a_inf = alpha exp(-1/2 sum q(eta g)) whose mirror potential gradient "
                     "descent has followed, forms squares and uv.",
              .source = "Even, Pesme, Gunasekar, Flammarion 2023, effective initialisation"},
    .long_name = "effective initialisation scale of each coordinate",
    .units = "1",
    .extent = LN_PER_INPUT,
    .on_request = true,
    .model = "diagonal",
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
