#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    size_t size = (size_t)sight->problem->d_out * sight->problem->d_in;
    double *start = ln_linalg_alloc(size, sizeof *start), moved = 0;
    struct ln_net net = ln_sight_net(sight);
    net.weights = sight->start;
    net.shape->model->end_to_end(&net, start);
    for (size_t i = 0; i < size; i++)
        moved += (sight->p[i] - start[i]) * (sight->p[i] - start[i]);
    double norm = ln_norm(start, size);
    out[0] = norm > 0 ? sqrt(moved) / norm : (double)INFINITY;
    free(start);
}

const struct ln_observable ln_observable_product_travel = {
    .entry = {.name = "product_travel",
              .doc =
                  "Distance of the end-to-end matrix from its start, relative to the norm of the "
                  "start.",
              .source = "Eftekhari 2020, lazy training; Chizat, Oyallon, Bach 2019"},
    .long_name = "relative change of the end-to-end matrix",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_WEIGHTS | LN_READS_PRODUCT,
    .look = look,
};
