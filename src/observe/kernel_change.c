#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/model_diagonal.h"
#include "linnet/observe.h"

/* Largest singular value of the product of a network. */
static double scale_of(const struct ln_sight *sight, const double *weights) {
    int m = sight->problem->d_out, n = sight->problem->d_in, r = m < n ? m : n;
    double *p = ln_linalg_alloc((size_t)m * n, sizeof *p), *s = ln_linalg_alloc(r, sizeof *s);
    struct ln_net net = ln_sight_net(sight);
    net.weights = weights;
    net.shape->model->end_to_end(&net, p);
    ln_svd(NULL, s, NULL, p, m, n);
    double scale = s[0];
    free(s);
    free(p);
    return scale;
}

/* The factors of a diagonal network are no layers of that kind. */
static void look(const struct ln_sight *sight, double *out) {
    out[0] = NAN;
    if (ln_is_diagonal(sight->shape))
        return;
    double power = 2 - 2.0 / sight->shape->n_layers;
    double start = pow(scale_of(sight, sight->start), power),
           now = pow(scale_of(sight, sight->weights), power);
    out[0] = fabs(now - start) / start;
}

const struct ln_observable ln_observable_kernel_change = {
    .entry = {.name = "kernel_change",
              .doc = "Relative change of s^{2-2/N}, s the largest singular value of the end-to-end "
                     "matrix: the size of the kernel of a balanced deep network; lazy far below 1.",
              .source = "Eftekhari 2020, lazy training"},
    .long_name = "relative change of the size of the kernel",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
