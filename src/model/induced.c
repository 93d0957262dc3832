/* The flow that the gradient flow of a balanced network induces on its end-to-end matrix W. With G
 * = (Phi - W) M,
 *
 *   dW/dt = sum_{j=1..N} (W W^T)^{(N-j)/N} G (W^T W)^{(j-1)/N},   0^0 = 1.
 *
 * With a thin SVD W = U S V^T the powers of the inner terms (1 < j < N) have no part outside U and
 * V; the powers zero at both ends are whole identities and need no basis: j = N gives G V S^q V^T,
 * j = 1 gives U S^q U^T G, q = 2 - 2/N. So the thin SVD is exact. Source: Arora, Cohen, Hazan 2018,
 * end-to-end dynamics. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/model.h"

static const struct ln_param params[] = {
    {.name = "depth",
     .type = LN_INT,
     .fallback = "2",
     .low = 1,
     .high = LN_MAX_LAYERS,
     .doc = "Number of layers N of the network whose product is followed."},
    {.name = "width",
     .type = LN_INT,
     .fallback = "~",
     .low = 1,
     .high = 4096,
     .doc = "Hidden width of that network, which bounds the rank; default: max(d_in, d_out)."},
};

static int shape_of(const struct ln_point *point, int d_in, int d_out, struct ln_shape *shape,
                    struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_MODEL];
    int most = d_in > d_out ? d_in : d_out;
    (void)err;
    shape->n_layers = (int)ln_conf_int(conf, "depth");
    for (int j = 1; j < shape->n_layers; j++)
        shape->widths[j] = ln_conf_is_set(conf, "width") ? (int)ln_conf_int(conf, "width") : most;
    shape->widths[0] = d_in;
    shape->widths[shape->n_layers] = d_out;
    shape->n_weights = d_in * d_out;
    return LN_OK;
}

static void forward(struct ln_batch *batch) {
    ln_batch_compare(batch, batch->weights);
}

static void gradient(struct ln_batch *batch, double *out) {
    memcpy(out, batch->error,
           (size_t)batch->shape->n_weights * batch->shape->lanes * sizeof(double));
}

/* Work arrays of one evaluation. */
struct work {
    int m, n, r;
    double *w, *g, *a;     /* [m x n] */
    double *u, *s, *v;     /* [m x r], [r], [n x r] */
    double *left, *right;  /* [r x n] U^T G, [m x r] G V */
    double *core, *spread; /* [r x r] U^T G V, [m x r] */
};

static struct work work_create(const struct ln_shape *shape) {
    int m = shape->widths[shape->n_layers], n = shape->widths[0], r = m < n ? m : n;
    struct work work = {.m = m, .n = n, .r = r};
    size_t mn = (size_t)m * n, mr = (size_t)m * r, nr = (size_t)n * r;
    double *at = ln_linalg_alloc(3 * mn + 3 * mr + 2 * nr + (size_t)r * r + (size_t)r, sizeof *at);
    double **arrays[] = {&work.w,      &work.g, &work.a,    &work.u,    &work.right,
                         &work.spread, &work.v, &work.left, &work.core, &work.s};
    const size_t sizes[] = {mn, mn, mn, mr, mr, mr, nr, nr, (size_t)r * r, (size_t)r};
    for (int i = 0; i < 10; at += sizes[i], i++)
        *arrays[i] = at;
    return work;
}

/* core_ik *= sum over 1 < j < N of sigma_i^{2(N-j)/N} sigma_k^{2(j-1)/N}. */
static void weigh_core(struct work *work, int n_layers) {
    int r = work->r;
    double *powers = ln_linalg_alloc((size_t)r * n_layers, sizeof *powers); /* sigma_i^{2e/N} */
    for (int i = 0; i < r; i++)
        for (int e = 1; e < n_layers - 1; e++)
            powers[i * n_layers + e] = pow(work->s[i], 2.0 * e / n_layers);
    for (int i = 0; i < r; i++)
        for (int k = 0; k < r; k++) {
            double sum = 0;
            for (int j = 2; j < n_layers; j++)
                sum += powers[i * n_layers + n_layers - j] * powers[k * n_layers + j - 1];
            work->core[i * r + k] *= sum;
        }
    free(powers);
}

/* a = A_W(g). */
static void apply(struct work *work, int n_layers) {
    int m = work->m, n = work->n, r = work->r;
    double q = 2 - 2.0 / n_layers;
    ln_svd(work->u, work->s, work->v, work->w, m, n);
    ln_matmul(work->left, work->u, true, work->g, false, r, n, m);
    ln_matmul(work->right, work->g, false, work->v, false, m, r, n);
    ln_matmul(work->core, work->u, true, work->right, false, r, r, m);
    weigh_core(work, n_layers);
    /* a = U (core V^T + S^q U^T G) + (G V S^q) V^T */
    ln_matmul(work->spread, work->u, false, work->core, false, m, r, r);
    for (int i = 0; i < m; i++)
        for (int k = 0; k < r; k++)
            work->spread[i * r + k] += work->right[i * r + k] * pow(work->s[k], q);
    for (int i = 0; i < r; i++)
        for (int k = 0; k < n; k++)
            work->left[i * n + k] *= pow(work->s[i], q);
    ln_matmul(work->a, work->spread, false, work->v, true, m, n, r);
    ln_matmul(work->w, work->u, false, work->left, false, m, n, r);
    for (int i = 0; i < m * n; i++)
        work->a[i] += work->w[i];
}

static bool is_finite(const double *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += fabs(x[i]);
    return isfinite(sum);
}

static void velocity(struct ln_batch *batch, double *out) {
    const struct ln_shape *shape = batch->shape;
    int size = shape->n_weights, lanes = shape->lanes;
    struct work work = work_create(shape);
    for (int lane = 0; lane < lanes; lane++) {
        for (int i = 0; i < size; i++) {
            work.w[i] = batch->weights[(size_t)i * lanes + lane];
            work.a[i] = work.g[i] = -batch->error[(size_t)i * lanes + lane];
        }
        bool can_factor = is_finite(work.w, size) && is_finite(work.g, size);
        if (can_factor && shape->n_layers > 1)
            apply(&work, shape->n_layers);
        for (int i = 0; i < size; i++)
            out[(size_t)i * lanes + lane] = can_factor ? work.a[i] : (double)NAN;
    }
    free(work.w);
}

static void end_to_end(const struct ln_net *net, double *p) {
    memcpy(p, net->weights, (size_t)net->shape->n_weights * sizeof *p);
}

/* p itself, or its best approximation of the rank that the hidden width allows. */
static void from_product(const struct ln_shape *shape, const double *p, double *weights) {
    int m = shape->widths[shape->n_layers], n = shape->widths[0], r = m < n ? m : n;
    memcpy(weights, p, (size_t)m * n * sizeof *p);
    if (shape->rank >= r)
        return;
    struct work work = work_create(shape);
    ln_svd(work.u, work.s, work.v, p, m, n);
    for (int i = 0; i < m; i++)
        for (int k = 0; k < r; k++)
            work.spread[i * r + k] = k < shape->rank ? work.u[i * r + k] * work.s[k] : 0;
    ln_matmul(weights, work.spread, false, work.v, true, m, n, r);
    free(work.w);
}

/* Products, an SVD of about 20 m n r operations, and powers that count as 50. */
static double step_flops(const struct ln_shape *shape) {
    double m = shape->widths[shape->n_layers], n = shape->widths[0], r = m < n ? m : n;
    return 32 * m * n * r + (shape->has_moment ? 2 * m * n * n : 0) +
           (50 + 2 * r) * r * shape->n_layers + 50 * m * n;
}

const struct ln_model ln_model_induced = {
    .entry = {.name = "induced",
              .doc =
                  "Flow of the end-to-end matrix of a balanced deep network, without its layers.",
              .source =
                  "Arora, Cohen, Hazan 2018, end-to-end dynamics; Eftekhari 2020, induced flow",
              LN_PARAMS(params)},
    .shape = shape_of,
    .forward = forward,
    .gradient = gradient,
    .velocity = velocity,
    .end_to_end = end_to_end,
    .from_product = from_product,
    .step_flops = step_flops,
};
