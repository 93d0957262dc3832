#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

/* The tangent kernel of the whole map is K = sum_j (A_j A_j^T) (x) (B_j^T B_j), so inner products
 * of kernels need only the Grams of suffixes A_j = W_N...W_{j+1} and prefixes B_j = W_{j-1}...W_1;
 * no kernel matrix is formed. */
struct kernel {
    const struct ln_shape *shape;
    double *left, *right; /* [N][d_N x d_N] and [N][d_0 x d_0] */
};

static void gram(double *out, const double *x, bool x_transposed, int n, int k) {
    ln_matmul(out, x, x_transposed, x, !x_transposed, n, n, k);
}

static struct kernel kernel_create(const struct ln_shape *shape, const double *weights) {
    int n_layers = shape->n_layers, m = shape->widths[n_layers], n = shape->widths[0];
    const int *d = shape->widths;
    size_t room = (size_t)shape->max_width * (m > n ? m : n);
    struct kernel kernel = {shape, ln_linalg_alloc((size_t)n_layers * m * m, sizeof(double)),
                            ln_linalg_alloc((size_t)n_layers * n * n, sizeof(double))};
    double *x = ln_linalg_alloc(room, sizeof *x), *y = ln_linalg_alloc(room, sizeof *y);
    for (int i = 0; i < n; i++)
        x[i * n + i] = 1; /* B_1 */
    for (int j = 1; j <= n_layers; j++) {
        gram(kernel.right + (size_t)(j - 1) * n * n, x, true, n, d[j - 1]);
        ln_matmul(y, weights + shape->offset[j - 1], false, x, false, d[j], n, d[j - 1]);
        memcpy(x, y, (size_t)d[j] * n * sizeof *x);
    }
    memset(x, 0, room * sizeof *x);
    for (int i = 0; i < m; i++)
        x[i * m + i] = 1; /* A_N */
    for (int j = n_layers; j >= 1; j--) {
        gram(kernel.left + (size_t)(j - 1) * m * m, x, false, m, d[j]);
        ln_matmul(y, x, false, weights + shape->offset[j - 1], false, m, d[j - 1], d[j]);
        memcpy(x, y, (size_t)m * d[j - 1] * sizeof *x);
    }
    free(y);
    free(x);
    return kernel;
}

static double kernel_dot(const struct kernel *a, const struct kernel *b) {
    int n_layers = a->shape->n_layers, m = a->shape->widths[n_layers], n = a->shape->widths[0];
    double sum = 0;
    for (int j = 0; j < n_layers; j++)
        for (int k = 0; k < n_layers; k++)
            sum +=
                ln_dot(a->left + (size_t)j * m * m, b->left + (size_t)k * m * m, (size_t)m * m) *
                ln_dot(a->right + (size_t)j * n * n, b->right + (size_t)k * n * n, (size_t)n * n);
    return sum;
}

static void kernel_clear(struct kernel *kernel) {
    free(kernel->left);
    free(kernel->right);
}

static void look(const struct ln_sight *sight, double *out) {
    struct kernel start = kernel_create(sight->shape, sight->start),
                  now = kernel_create(sight->shape, sight->weights);
    double cross = kernel_dot(&start, &now),
           norms = sqrt(kernel_dot(&start, &start) * kernel_dot(&now, &now));
    out[0] = norms > 0 ? 1.0 - cross / norms : (double)NAN;
    kernel_clear(&now);
    kernel_clear(&start);
}

const struct ln_observable ln_observable_kernel_distance = {
    .entry = {.name = "kernel_distance",
              .doc = "1 - cosine between the tangent kernels at the start and now; below 0.05 is "
                     "called lazy.",
              .source = "Fort et al. 2020; Domine et al. 2025"},
    .long_name = "tangent kernel distance from the start",
    .units = "1",
    .needs_layers = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
