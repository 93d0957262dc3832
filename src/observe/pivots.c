/* Tightened pivots. Cutting the layers i > j out of the cyclic product W_N ... W_1 C^T leaves the
 * blocks B_1 = W_{i-1} ... W_{j+1} and B_2 = W_{j-1} ... W_1 C^T W_N ... W_{i+1}; the pivot is
 * tightened if one of them has no more than the rank r of P. Instead of the rank of B_2 the test is
 * W_{j-1} ... W_1 G^T W_N ... W_{i+1} = 0: the same for generic data, and right for ties, zero
 * sigma_k and d_N > d_0 too, because it is what multiplies B_1 in the second-order form
 * 2 <G, S_i V_i B_1 V_j P_{j-1}>. Source: Achour, Malgouyres, Gerchinovitz 2021 (second-order
 * analysis). */
#include "pivots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

static double *matrix(int rows, int cols) {
    return ln_linalg_alloc((size_t)rows * cols, sizeof(double));
}

static void times_moment(const struct ln_problem *problem, double *out, const double *x) {
    if (problem->moment)
        ln_matmul(out, x, false, problem->moment, false, problem->d_out, problem->d_in,
                  problem->d_in);
    else
        memcpy(out, x, (size_t)problem->d_out * problem->d_in * sizeof *out);
}

void ln_certificate_residual(const struct ln_net *net, double *g) {
    const struct ln_problem *problem = net->problem;
    double *p = matrix(problem->d_out, problem->d_in);
    net->shape->model->end_to_end(net, p);
    for (int i = 0; i < problem->d_out * problem->d_in; i++)
        p[i] -= problem->target[i];
    times_moment(problem, g, p);
    free(p);
}

void ln_certificate_whitened(const struct ln_net *net, double *out) {
    const struct ln_problem *problem = net->problem;
    double *p = matrix(problem->d_out, problem->d_in);
    net->shape->model->end_to_end(net, p);
    if (problem->root)
        ln_matmul(out, p, false, problem->root, false, problem->d_out, problem->d_in,
                  problem->d_in);
    else
        memcpy(out, p, (size_t)problem->d_out * problem->d_in * sizeof *out);
    free(p);
}

struct pivots {
    const struct ln_net *net;
    double tolerance;
    int rank;
    double norm[LN_MAX_LAYERS + 1];   /* of W_h, at least sigma_1^{1/N}: what is small against it */
    double *cut[LN_MAX_LAYERS + 1];   /* P_{j-1} G^T [d_{j-1} x d_N], at j */
    double *above[LN_MAX_LAYERS + 1]; /* W_N ... W_{i+1} [d_N x d_i], at i */
};

static const double *layer(const struct pivots *pivots, int h) {
    return pivots->net->weights + pivots->net->shape->offset[h - 1];
}

/* P_0 = I, so the first cut is G^T. */
static void fill_cuts(struct pivots *pivots) {
    const struct ln_shape *shape = pivots->net->shape;
    const int *d = shape->widths, n_layers = shape->n_layers;
    double *g = matrix(d[n_layers], d[0]);
    ln_certificate_residual(pivots->net, g);
    pivots->cut[1] = matrix(d[0], d[n_layers]);
    for (int i = 0; i < d[0]; i++)
        for (int k = 0; k < d[n_layers]; k++)
            pivots->cut[1][i * d[n_layers] + k] = g[k * d[0] + i];
    for (int j = 2; j <= n_layers; j++) {
        pivots->cut[j] = matrix(d[j - 1], d[n_layers]);
        ln_matmul(pivots->cut[j], layer(pivots, j - 1), false, pivots->cut[j - 1], false, d[j - 1],
                  d[n_layers], d[j - 2]);
    }
    free(g);
}

static void fill_above(struct pivots *pivots) {
    const struct ln_shape *shape = pivots->net->shape;
    const int *d = shape->widths, n_layers = shape->n_layers;
    pivots->above[n_layers] = matrix(d[n_layers], d[n_layers]);
    for (int i = 0; i < d[n_layers]; i++)
        pivots->above[n_layers][i * d[n_layers] + i] = 1;
    for (int i = n_layers - 1; i >= 1; i--) {
        pivots->above[i] = matrix(d[n_layers], d[i]);
        ln_matmul(pivots->above[i], pivots->above[i + 1], false, layer(pivots, i + 1), false,
                  d[n_layers], d[i], d[i + 1]);
    }
}

static void fill_norms(struct pivots *pivots) {
    const struct ln_shape *shape = pivots->net->shape;
    double least = pow(pivots->net->problem->sigma[0], 1.0 / shape->n_layers);
    for (int h = 1; h <= shape->n_layers; h++)
        pivots->norm[h] =
            fmax(least, ln_norm(layer(pivots, h), (size_t)shape->widths[h] * shape->widths[h - 1]));
}

static bool is_low_rank(const struct pivots *pivots, const double *block, int rows, int cols,
                        double scale) {
    int most = rows < cols ? rows : cols;
    if (most <= pivots->rank)
        return true;
    double *s = matrix(1, most);
    ln_svd(NULL, s, NULL, block, rows, cols);
    bool is_low = s[pivots->rank] <= pivots->tolerance * fmax(scale, s[0]);
    free(s);
    return is_low;
}

/* Size of P_{j-1} G^T W_N ... W_{i+1} against what its factors could give. */
static bool is_blind(const struct pivots *pivots, int i, int j) {
    const struct ln_shape *shape = pivots->net->shape;
    const int *d = shape->widths, n_layers = shape->n_layers;
    double *block = matrix(d[j - 1], d[i]);
    ln_matmul(block, pivots->cut[j], false, pivots->above[i], false, d[j - 1], d[i], d[n_layers]);
    double size = ln_norm(block, (size_t)d[j - 1] * d[i]);
    double scale = ln_norm(pivots->cut[1], (size_t)d[0] * d[n_layers]);
    for (int h = 1; h <= n_layers; h++)
        scale *= h < j || h > i ? pivots->norm[h] : 1;
    free(block);
    return size <= pivots->tolerance * scale;
}

/* All pivots of one j; `block` is W_{i-1} ... W_{j+1} as i goes up. */
static void test_row(const struct pivots *pivots, int j, struct ln_certificate *out) {
    const struct ln_shape *shape = pivots->net->shape;
    const int *d = shape->widths;
    size_t room = (size_t)shape->max_width * d[j];
    double *block = ln_linalg_alloc(room, sizeof *block),
           *next = ln_linalg_alloc(room, sizeof *next);
    double scale = 1;
    for (int i = 0; i < d[j]; i++)
        block[i * d[j] + i] = 1;
    for (int i = j + 1; i <= shape->n_layers; i++) {
        bool is_tightened =
            is_blind(pivots, i, j) || is_low_rank(pivots, block, d[i - 1], d[j], scale);
        out->n_pivots++;
        out->n_tightened += is_tightened;
        if (!is_tightened && out->pivot[0] == 0) {
            out->pivot[0] = i;
            out->pivot[1] = j;
        }
        if (i == shape->n_layers)
            break;
        ln_matmul(next, layer(pivots, i), false, block, false, d[i], d[j], d[i - 1]);
        scale *= pivots->norm[i];
        double *swap = block;
        block = next;
        next = swap;
    }
    free(next);
    free(block);
}

void ln_certificate_pivots(const struct ln_net *net, double rank_tolerance,
                           struct ln_certificate *out) {
    struct pivots *pivots = ln_linalg_alloc(1, sizeof *pivots);
    pivots->net = net;
    pivots->tolerance = rank_tolerance;
    pivots->rank = out->rank;
    fill_norms(pivots);
    fill_cuts(pivots);
    fill_above(pivots);
    for (int j = 1; j < net->shape->n_layers; j++)
        test_row(pivots, j, out);
    for (int h = 1; h <= net->shape->n_layers; h++) {
        free(pivots->cut[h]);
        free(pivots->above[h]);
    }
    free(pivots);
}
