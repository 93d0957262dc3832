#include "critical.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

enum { SIZE = CRITICAL_MOST * CRITICAL_MOST };

int random_below(struct ln_random *random, int n) {
    return (int)(ln_random_uniform(random) * n);
}

void random_frame(struct ln_random *random, double *q, int n) {
    ln_random_normals(random, (size_t)n * n, q);
    ln_orthonormalise(q, n, n);
}

static double uniform(struct ln_random *random, double low, double high) {
    return low + (high - low) * ln_random_uniform(random);
}

/* Generic: apart by at least 0.3. Else from {0, 1, 1, 2}: ties and zeros. */
static void draw_sigma(struct landscape *at, struct ln_random *random, enum critical_kind kind) {
    static const double few[] = {0, 1, 1, 2};
    double value = 0;
    for (int k = at->n_modes; k-- > 0;) {
        value += uniform(random, 0.3, 1);
        at->sigma[k] = value;
    }
    for (int k = 0; k < at->n_modes && kind == CRITICAL_ANY; k++)
        at->sigma[k] = few[random_below(random, 4)];
    for (int k = 1; k < at->n_modes; k++) /* descending */
        for (int i = k; i > 0 && at->sigma[i] > at->sigma[i - 1]; i--) {
            double swap = at->sigma[i];
            at->sigma[i] = at->sigma[i - 1];
            at->sigma[i - 1] = swap;
        }
}

/* X = E diag(x) O^T, M^{-1/2} = E diag(1/x) E^T, V = E F; Y = U diag(sigma) V^T M^{-1/2} X. */
static void draw_data(struct landscape *at, struct ln_random *random, int d_in, int d_out, int n,
                      bool is_white) {
    double e[SIZE], o[SIZE], f[SIZE], scaled[SIZE] = {0}, half[SIZE] = {0}, q[SIZE] = {0};
    int rank = at->rank;
    random_frame(random, e, d_in);
    random_frame(random, o, n);
    random_frame(random, f, rank);
    random_frame(random, at->u, d_out);
    memset(at->v, 0, sizeof at->v);
    memset(at->inverse, 0, sizeof at->inverse);
    memset(at->x, 0, sizeof at->x);
    for (int k = 0; k < rank; k++) {
        double x = is_white ? 1 : uniform(random, 0.6, 1.7);
        for (int i = 0; i < d_in; i++) {
            for (int j = 0; j < n; j++)
                at->x[i * n + j] += e[i * d_in + k] * x * o[j * n + k];
            for (int j = 0; j < d_in; j++)
                at->inverse[i * d_in + j] += e[i * d_in + k] / x * e[j * d_in + k];
            for (int l = 0; l < rank; l++)
                at->v[i * rank + l] += e[i * d_in + k] * f[k * rank + l];
        }
    }
    for (int i = 0; i < d_out; i++)
        for (int k = 0; k < at->n_modes; k++)
            scaled[i * at->n_modes + k] = at->u[i * d_out + k] * at->sigma[k];
    for (int i = 0; i < d_in; i++)
        for (int k = 0; k < at->n_modes; k++)
            q[i * at->n_modes + k] = at->v[i * rank + k];
    ln_matmul(half, q, true, at->inverse, false, at->n_modes, d_in, d_in);
    ln_matmul(f, half, false, at->x, false, at->n_modes, n, d_in);
    ln_matmul(at->y, scaled, false, f, false, d_out, n, at->n_modes);
}

void landscape_make(struct landscape *at, struct ln_random *random, const int *widths, int n_layers,
                    enum critical_kind kind, double penalty) {
    int d_in = widths[0], d_out = widths[n_layers], n = d_in + 1;
    memset(at, 0, sizeof *at);
    at->rank = kind == CRITICAL_ANY ? 1 + random_below(random, d_in) : d_in;
    at->n_modes = d_out < at->rank ? d_out : at->rank;
    draw_sigma(at, random, kind);
    draw_data(at, random, d_in, d_out, n, kind == CRITICAL_WHITE);
    at->matrices[0] = (struct ln_matrix){d_in, n, at->x};
    at->matrices[1] = (struct ln_matrix){d_out, n, at->y};
    struct ln_point *point = &at->net.point;
    point_clear(point);
    point_choose(point, LN_PROBLEM, &ln_problems, "data");
    point_set_matrices(point, LN_PROBLEM, "x", &at->matrices[0], 1);
    point_set_matrices(point, LN_PROBLEM, "y", &at->matrices[1], 1);
    point_choose(point, LN_MODEL, &ln_models, "deep");
    point_set_int(point, LN_MODEL, "depth", n_layers);
    point_set_real(point, LN_MODEL, "penalty", penalty);
    for (int j = 1; j < n_layers; j++)
        at->net.hidden[j - 1] = widths[j];
    if (n_layers > 1)
        point_set_ints(point, LN_MODEL, "width", at->net.hidden, n_layers - 1);
    point_choose(point, LN_INIT, &ln_inits, "identity");
    net_complete(&at->net);
}

void landscape_clear(struct landscape *at) {
    net_clear(&at->net);
}

/* Every row holds at most one entry, and so does every column; often there are none at all, or few
 * points would be critical. */
static void draw_permutation(struct ln_random *random, double *z, int stride, int rows, int cols) {
    static const double densities[] = {0, 0, 0.3, 0.8};
    bool taken[CRITICAL_MOST] = {false};
    double density = densities[random_below(random, 4)];
    for (int i = 0; i < rows && cols > 0; i++) {
        int j = random_below(random, cols);
        if (taken[j] || ln_random_uniform(random) >= density)
            continue;
        taken[j] = true;
        z[i * stride + j] = uniform(random, 0.5, 1.5) * (ln_random_uniform(random) < 0.5 ? -1 : 1);
    }
}

/* D = O diag and its inverse. */
static void draw_gauge(struct ln_random *random, double *d, double *inverse, int n,
                       bool is_orthogonal) {
    double o[SIZE];
    random_frame(random, o, n);
    for (int j = 0; j < n; j++) {
        double x = is_orthogonal ? 1 : uniform(random, 0.7, 1.5);
        for (int i = 0; i < n; i++) {
            d[i * n + j] = o[i * n + j] * x;
            inverse[j * n + i] = o[i * n + j] / x;
        }
    }
}

/* r of the modes with sigma > 0, then the others: a permutation of 0 .. d_N - 1. */
static int draw_kept(struct landscape *at, struct ln_random *random, int most, int d_out,
                     int *order) {
    int r = 0, n = 0, kept[CRITICAL_MOST];
    for (int k = 0; k < at->n_modes; k++) {
        kept[k] = at->sigma[k] > 0 && r < most && ln_random_uniform(random) < (k == r ? 0.5 : 0.3);
        if (kept[k])
            order[r++] = k;
    }
    n = r;
    for (int k = 0; k < d_out; k++)
        if (k >= at->n_modes || !kept[k])
            order[n++] = k;
    return r;
}

/* Layer h before the gauge. */
static void draw_core(struct landscape *at, struct ln_random *random, int h, int r,
                      const int *order, double *core) {
    const int *d = at->net.shape.widths, n_layers = at->net.shape.n_layers, cols = d[h - 1];
    double z[SIZE] = {0}, white[SIZE] = {0};
    memset(core, 0, (size_t)d[h] * cols * sizeof *core);
    if (h == 1) { /* rows over the right basis, then back to the inputs */
        for (int a = 0; a < r; a++)
            z[a * at->rank + order[a]] = at->sigma[order[a]];
        draw_permutation(random, z + r * at->rank, at->rank, d[1] - r, at->rank);
        ln_matmul(white, z, false, at->v, true, d[1], d[0], at->rank);
        ln_matmul(core, white, false, at->inverse, false, d[1], d[0], d[0]);
    } else if (h == n_layers) {
        draw_permutation(random, z, cols - r, d[h] - r, cols - r);
        for (int i = 0; i < d[h]; i++) {
            for (int a = 0; a < r; a++)
                core[i * cols + a] = at->u[i * d[h] + order[a]];
            for (int k = r; k < d[h]; k++)
                for (int b = r; b < cols; b++)
                    core[i * cols + b] +=
                        at->u[i * d[h] + order[k]] * z[(k - r) * (cols - r) + b - r];
        }
    } else {
        for (int a = 0; a < r; a++)
            core[a * cols + a] = 1;
        draw_permutation(random, core + r * cols + r, cols, d[h] - r, cols - r);
    }
}

bool landscape_point(struct landscape *at, struct ln_random *random, bool is_orthogonal) {
    const struct ln_shape *shape = &at->net.shape;
    const int *d = shape->widths, n_layers = shape->n_layers;
    int order[CRITICAL_MOST], most = d[n_layers];
    for (int h = 0; h < n_layers; h++)
        most = d[h] < most ? d[h] : most;
    int r = draw_kept(at, random, most, d[n_layers], order);
    double core[SIZE], right[SIZE], gauge[SIZE], inverse[SIZE] = {0}, next[SIZE];
    for (int h = 1; h <= n_layers; h++) {
        double *w = at->net.weights + shape->offset[h - 1];
        draw_core(at, random, h, r, order, core);
        if (h == 1)
            memcpy(right, core, sizeof right);
        else
            ln_matmul(right, core, false, inverse, false, d[h], d[h - 1], d[h - 1]);
        if (h == n_layers) {
            memcpy(w, right, (size_t)d[h] * d[h - 1] * sizeof *w);
            break;
        }
        draw_gauge(random, gauge, next, d[h], is_orthogonal);
        ln_matmul(w, gauge, false, right, false, d[h], d[h - 1], d[h]);
        memcpy(inverse, next, sizeof inverse);
    }
    double gradient[16 * SIZE], most_gradient = 0;
    net_gradient(&at->net, at->net.weights, gradient);
    for (int i = 0; i < shape->n_weights; i++)
        most_gradient = fmax(most_gradient, fabs(gradient[i]));
    return most_gradient <= 1e-12;
}
