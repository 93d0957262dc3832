#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

/* Spectral norm of D_j = W_{j+1}^T W_{j+1} - W_j W_j^T [d_j x d_j]. */
static double gap_norm(const struct ln_shape *shape, const double *weights, int j) {
    const int *d = shape->widths;
    int n = d[j];
    const double *above = weights + shape->offset[j], *below = weights + shape->offset[j - 1];
    double *gap = ln_linalg_alloc((size_t)n * n, sizeof *gap),
           *part = ln_linalg_alloc((size_t)n * n, sizeof *part);
    double *w = ln_linalg_alloc(n, sizeof *w);
    ln_matmul(gap, above, true, above, false, n, n, d[j + 1]);
    ln_matmul(part, below, false, below, true, n, n, d[j - 1]);
    for (int i = 0; i < n * n; i++)
        gap[i] -= part[i];
    ln_sym_eig(w, NULL, gap, n);
    double norm = fmax(fabs(w[0]), fabs(w[n - 1]));
    free(w);
    free(part);
    free(gap);
    return norm;
}

static void look(const struct ln_sight *sight, double *out) {
    const struct ln_shape *shape = sight->shape;
    out[0] = 0;
    for (int j = 1; j < shape->n_layers; j++)
        out[0] = fmax(out[0], gap_norm(shape, sight->weights, j));
}

const struct ln_observable ln_observable_balancedness = {
    .entry = {.name = "balancedness",
              .doc =
                  "Largest spectral norm over j of W_{j+1}^T W_{j+1} - W_j W_j^T; 0 is balanced.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, section 1; Arora, Cohen, Hazan 2018"},
    .long_name = "balancedness constant",
    .units = "1",
    .needs_layers = true,
    .has_start = true,
    .look = look,
};
