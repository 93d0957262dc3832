#include "linnet/balance.h"

#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"

void ln_balance_gap(const struct ln_shape *shape, const double *weights, int j, double *gap) {
    const int *d = shape->widths;
    int n = d[j];
    const double *above = weights + shape->offset[j], *below = weights + shape->offset[j - 1];
    double *part = ln_linalg_alloc((size_t)n * n, sizeof *part);
    ln_matmul(gap, above, true, above, false, n, n, d[j + 1]);
    ln_matmul(part, below, false, below, true, n, n, d[j - 1]);
    for (int i = 0; i < n * n; i++)
        gap[i] -= part[i];
    free(part);
}

static double symmetric_norm(const double *a, int n) {
    double *w = ln_linalg_alloc(n, sizeof *w);
    ln_sym_eig(w, NULL, a, n);
    double norm = fmax(fabs(w[0]), fabs(w[n - 1]));
    free(w);
    return norm;
}

/* max_j of the norm of D_j, less that of the start where there is one. */
static double largest_gap(const struct ln_shape *shape, const double *weights,
                          const double *start) {
    double largest = 0;
    for (int j = 1; j < shape->n_layers; j++) {
        int n = shape->widths[j];
        double *gap = ln_linalg_alloc((size_t)n * n, sizeof *gap),
               *before = ln_linalg_alloc((size_t)n * n, sizeof *before);
        ln_balance_gap(shape, weights, j, gap);
        if (start)
            ln_balance_gap(shape, start, j, before);
        for (int i = 0; i < n * n; i++)
            gap[i] -= before[i];
        largest = fmax(largest, symmetric_norm(gap, n));
        free(before);
        free(gap);
    }
    return largest;
}

double ln_balance_constant(const struct ln_shape *shape, const double *weights) {
    return largest_gap(shape, weights, NULL);
}

double ln_balance_drift(const struct ln_shape *shape, const double *weights, const double *start) {
    return largest_gap(shape, weights, start);
}
