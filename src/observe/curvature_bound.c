/* The exact negative curvature of two layers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/certificate.h"
#include "linnet/linalg.h"
#include "linnet/model_deep.h"
#include "linnet/observe.h"
#include "pivots.h"

/* Lower right and upper left of A_k: W_2^T W_2 and W_1 M W_1^T, both [d_1 x d_1]. */
struct grams {
    int n;
    double *above, *below;
};

static struct grams grams_create(const struct ln_net *net) {
    const int *d = net->shape->widths;
    struct grams grams = {.n = d[1],
                          .above = ln_linalg_alloc((size_t)d[1] * d[1], sizeof(double)),
                          .below = ln_linalg_alloc((size_t)d[1] * d[1], sizeof(double))};
    const double *w1 = net->weights, *w2 = net->weights + net->shape->offset[1];
    double *white = ln_linalg_alloc((size_t)d[1] * d[0], sizeof *white);
    if (net->problem->root)
        ln_matmul(white, w1, false, net->problem->root, false, d[1], d[0], d[0]);
    else
        memcpy(white, w1, (size_t)d[1] * d[0] * sizeof *white);
    ln_matmul(grams.below, white, false, white, true, d[1], d[1], d[0]);
    ln_matmul(grams.above, w2, true, w2, false, d[1], d[1], d[2]);
    free(white);
    return grams;
}

static void grams_clear(struct grams *grams) {
    free(grams->above);
    free(grams->below);
}

/* Least eigenvalue of A_k. */
static double least_of(const struct grams *grams, double sigma, double t) {
    int n = grams->n;
    double *a = ln_linalg_alloc((size_t)4 * n * n, sizeof *a),
           *w = ln_linalg_alloc(2 * n, sizeof *w);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            a[i * 2 * n + j] = grams->below[i * n + j];
            a[(n + i) * 2 * n + n + j] = grams->above[i * n + j] / (t * t);
        }
        a[i * 2 * n + n + i] = a[(n + i) * 2 * n + i] = -sigma / t;
    }
    ln_sym_eig(w, NULL, a, 2 * n);
    double least = w[0];
    free(w);
    free(a);
    return least;
}

/* Eigenvalues and vectors of M^{1/2}; the identity without data. */
struct root {
    int n;
    double *w, *v;
};

static struct root root_create(const struct ln_problem *problem) {
    int n = problem->d_in;
    struct root root = {n, ln_linalg_alloc(n, sizeof(double)),
                        ln_linalg_alloc((size_t)n * n, sizeof(double))};
    if (problem->root)
        ln_sym_eig(root.w, root.v, problem->root, n);
    for (int i = 0; i < n && !problem->root; i++)
        root.w[i] = root.v[i * n + i] = 1;
    return root;
}

/* t = ||M^{-1/2} x||, on the directions in which the data vary. */
static double inverse_norm(const struct root *root, const double *x, int stride) {
    double sum = 0;
    for (int j = 0; j < root->n; j++) {
        double dot = 0;
        for (int i = 0; i < root->n; i++)
            dot += root->v[i * root->n + j] * x[i * stride];
        if (root->w[j] > 1e-8 * root->w[root->n - 1])
            sum += dot * dot / (root->w[j] * root->w[j]);
    }
    return sqrt(sum);
}

/* The bound is about the Hessian of the penalised loss too if D = M. */
static bool applies(const struct ln_net *net) {
    const double *d = ln_deep_penalty_metric(net), *moment = net->problem->moment;
    int n = net->problem->d_in;
    bool is_same = true;
    for (int i = 0; d && i < n * n && is_same; i++) {
        double m = moment ? moment[i] : i % (n + 1) == 0;
        is_same = fabs(d[i] - m) <= 1e-12 * fmax(fabs(m), 1e-300);
    }
    return net->shape->n_layers == 2 && is_same;
}

/* The missing triples are those of Q - P M^{1/2}, whatever was kept of a tie. */
double ln_curvature_bound(const struct ln_net *net, double rank_tolerance) {
    const struct ln_problem *problem = net->problem;
    int m = problem->d_out, n = problem->d_in, modes = problem->n_modes;
    if (!applies(net))
        return (double)NAN;
    double *rest = ln_linalg_alloc((size_t)m * n, sizeof *rest);
    double *s = ln_linalg_alloc(modes, sizeof *s);
    double *v = ln_linalg_alloc((size_t)n * modes, sizeof *v);
    ln_certificate_whitened(net, rest);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            for (int k = 0; k < modes; k++)
                rest[i * n + j] -= problem->left[i * modes + k] * problem->sigma[k] *
                                   problem->right[j * modes + k];
    ln_svd(NULL, s, v, rest, m, n);
    struct grams grams = grams_create(net);
    struct root root = root_create(problem);
    double least = NAN;
    for (int k = 0; k < modes && s[k] > rank_tolerance * problem->sigma[0]; k++)
        least = fmin(least, least_of(&grams, s[k], inverse_norm(&root, v + k, modes)));
    free(root.v);
    free(root.w);
    grams_clear(&grams);
    free(v);
    free(s);
    free(rest);
    return least;
}

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    out[0] = ln_curvature_bound(&net, ln_certificate_at_end.rank_tolerance);
}

const struct ln_observable ln_observable_curvature_bound = {
    .entry = {.name = "curvature_bound",
              .doc = "Two layers: least eigenvalue of A_k over the missing triples, which bounds "
                     "lambda_min of a critical point from above (equal where M = mI).",
              .source = "Zhu, Soudry, Eldar, Wakin 2018, proof of strictness"},
    .long_name = "bound on the negative curvature",
    .units = "1",
    .on_request = true,
    .needs_layers = true,
    .n_layers = 2,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
