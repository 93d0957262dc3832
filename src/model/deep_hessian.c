#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/model_deep.h"
#include "penalty.h"

/* Products of consecutive layers: span(hi, lo) = W_hi ... W_lo, the identity when hi = lo - 1. */
struct spans {
    const struct ln_shape *shape;
    double **table; /* [(N + 1) x (N + 2)], at hi, lo */
};

static double *span(const struct spans *spans, int hi, int lo) {
    return spans->table[hi * (spans->shape->n_layers + 2) + lo];
}

static double *identity(int n) {
    double *x = ln_linalg_alloc((size_t)n * n, sizeof *x);
    for (int i = 0; i < n; i++)
        x[i * n + i] = 1;
    return x;
}

static struct spans spans_create(const struct ln_shape *shape, const double *weights) {
    int n_layers = shape->n_layers;
    const int *d = shape->widths;
    struct spans spans = {
        shape, ln_linalg_alloc((size_t)(n_layers + 1) * (n_layers + 2), sizeof(double *))};
    for (int lo = 1; lo <= n_layers + 1; lo++) {
        spans.table[(lo - 1) * (n_layers + 2) + lo] = identity(d[lo - 1]);
        for (int hi = lo; hi <= n_layers; hi++) {
            double *x = ln_linalg_alloc((size_t)d[hi] * d[lo - 1], sizeof *x);
            ln_matmul(x, weights + shape->offset[hi - 1], false, span(&spans, hi - 1, lo), false,
                      d[hi], d[lo - 1], d[hi - 1]);
            spans.table[hi * (n_layers + 2) + lo] = x;
        }
    }
    return spans;
}

static void spans_clear(struct spans *spans) {
    int n_layers = spans->shape->n_layers;
    for (int i = 0; i < (n_layers + 1) * (n_layers + 2); i++)
        free(spans->table[i]);
    free(spans->table);
}

/* error [d_N x d_0] = (p - Phi) M. */
static void error_of(const struct ln_problem *problem, const double *p, double *error) {
    int m = problem->d_out, n = problem->d_in;
    double *delta = ln_linalg_alloc((size_t)m * n, sizeof *delta);
    for (int i = 0; i < m * n; i++)
        delta[i] = p[i] - problem->target[i];
    if (problem->moment)
        ln_matmul(error, delta, false, problem->moment, false, m, n, n);
    else
        memcpy(error, delta, (size_t)m * n * sizeof *error);
    free(delta);
}

/* Adds to the block (j, i) and its mirror image. */
static void add_block(const struct ln_shape *shape, double *hessian, int j, int i,
                      const double *rows, const double *cols, bool crossed) {
    int a_n = shape->widths[j], b_n = shape->widths[j - 1], c_n = shape->widths[i],
        d_n = shape->widths[i - 1];
    size_t n = (size_t)shape->n_weights;
    for (int a = 0; a < a_n; a++)
        for (int b = 0; b < b_n; b++)
            for (int c = 0; c < c_n; c++)
                for (int d = 0; d < d_n; d++) {
                    /* plain: rows [a,c], cols [b,d]; crossed: rows [b,c], cols [a,d] */
                    double x = crossed ? rows[b * c_n + c] * cols[a * d_n + d]
                                       : rows[a * c_n + c] * cols[b * d_n + d];
                    size_t row = (size_t)(shape->offset[j - 1] + a * b_n + b);
                    size_t col = (size_t)(shape->offset[i - 1] + c * d_n + d);
                    hessian[row * n + col] += x;
                    if (i != j)
                        hessian[col * n + row] += x;
                }
}

void ln_deep_hessian(const struct ln_net *net, double *hessian) {
    const struct ln_shape *shape = net->shape;
    const struct ln_problem *problem = net->problem;
    int n_layers = shape->n_layers, d_in = problem->d_in, d_out = problem->d_out;
    const int *d = shape->widths;
    size_t room = (size_t)shape->max_width * shape->max_width;
    struct spans spans = spans_create(shape, net->weights);
    double *error = ln_linalg_alloc((size_t)d_out * d_in, sizeof *error);
    double *left = ln_linalg_alloc(room, sizeof *left),
           *right = ln_linalg_alloc(room, sizeof *right);
    double *half = ln_linalg_alloc(room, sizeof *half);
    error_of(problem, span(&spans, n_layers, 1), error);
    memset(hessian, 0, (size_t)shape->n_weights * shape->n_weights * sizeof *hessian);
    for (int j = 1; j <= n_layers; j++)
        for (int i = 1; i <= j; i++) {
            const double *a_j = span(&spans, n_layers, j + 1), *a_i = span(&spans, n_layers, i + 1);
            const double *b_j = span(&spans, j - 1, 1), *b_i = span(&spans, i - 1, 1),
                         *b_moment = b_j;
            if (problem->moment) {
                ln_matmul(half, b_j, false, problem->moment, false, d[j - 1], d_in, d_in);
                b_moment = half;
            }
            ln_matmul(left, a_j, true, a_i, false, d[j], d[i], d_out);
            ln_matmul(right, b_moment, false, b_i, true, d[j - 1], d[i - 1], d_in);
            add_block(shape, hessian, j, i, left, right, false);
            if (i == j)
                continue;
            ln_matmul(half, a_j, true, error, false, d[j], d_in, d_out);
            ln_matmul(right, half, false, b_i, true, d[j], d[i - 1], d_in);
            add_block(shape, hessian, j, i, span(&spans, j - 1, i + 1), right, true);
        }
    free(half);
    free(right);
    free(left);
    free(error);
    spans_clear(&spans);
    if (shape->variant == LN_VARIANT_PENALISED)
        ln_penalty_hessian(net, hessian);
}

void ln_deep_hessian_vector(const struct ln_net *net, const double *v, double *out) {
    const struct ln_shape *shape = net->shape;
    const struct ln_problem *problem = net->problem;
    const struct ln_chain *chain =
        ln_chain_hold(shape->widths, shape->n_layers, problem->moment != NULL, true);
    ln_chain_along(chain, net->weights, problem->target, problem->moment, v, out);
    ln_chain_release(chain);
    if (shape->variant == LN_VARIANT_PENALISED)
        ln_penalty_hessian_vector(net, v, out);
}
