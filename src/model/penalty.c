#include "penalty.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/model_deep.h"

extern const struct ln_model ln_model_deep;

/* D [n x n] symmetric to rounding and positive semidefinite to rounding. */
static int check_metric(const struct ln_matrix *d, int d_in, struct ln_err *err) {
    const char *key = "model.penalty_matrix";
    if (!d)
        return ln_err_key(err, key, "penalty_metric: given asks for penalty_matrix, %d x %d", d_in,
                          d_in);
    if (d->rows != d_in || d->cols != d_in)
        return ln_err_key(err, key, "D is %d x %d; the inputs ask for %d x %d", d->rows, d->cols,
                          d_in, d_in);
    double size = ln_norm(d->data, (size_t)d_in * d_in);
    for (int i = 0; i < d_in; i++)
        for (int j = 0; j < i; j++)
            if (fabs(d->data[i * d_in + j] - d->data[j * d_in + i]) > 1e-12 * size)
                return ln_err_key(
                    err, key, "D is not symmetric: D[%d,%d] = %.10g, D[%d,%d] = %.10g", i + 1,
                    j + 1, d->data[i * d_in + j], j + 1, i + 1, d->data[j * d_in + i]);
    double *w = ln_linalg_alloc(d_in, sizeof *w);
    ln_sym_eig(w, NULL, d->data, d_in);
    double least = w[0];
    free(w);
    if (!(least >= -1e-12 * size))
        return ln_err_key(err, key, "D has the eigenvalue %.10g; it must be positive semidefinite",
                          least);
    return LN_OK;
}

int ln_penalty_shape(const struct ln_point *point, int d_in, struct ln_shape *shape,
                     struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_MODEL];
    if (ln_conf_real(conf, "penalty") == 0)
        return LN_OK;
    if (shape->n_layers != 2)
        return ln_err_key(err, "model.penalty",
                          "the balanced penalty is made of W_2^T W_2 and W_1 D W_1^T, for two "
                          "layers; depth %d has no penalty: depth: 2, or penalty: 0",
                          shape->n_layers);
    if (ln_conf_is(conf, "penalty_metric", "given")) {
        int status = check_metric(ln_conf_matrix(conf, "penalty_matrix"), d_in, err);
        if (status != LN_OK)
            return status;
    } else if (ln_conf_is_set(conf, "penalty_matrix")) {
        return ln_err_key(err, "model.penalty_matrix",
                          "penalty_matrix has no effect with penalty_metric: %s; it belongs to "
                          "penalty_metric: given",
                          ln_conf_value(conf, "penalty_metric")->text);
    }
    int d1 = shape->widths[1], n = d1 * (d_in + shape->widths[2]);
    shape->variant = LN_VARIANT_PENALISED;
    shape->n_constants = 1 + d_in * d_in;
    shape->n_scratch = d1 * d_in + 2 * d1 * d1 + n;
    return LN_OK;
}

void ln_penalty_constants(const struct ln_point *point, const struct ln_shape *shape,
                          const struct ln_problem *problem, double *out) {
    const struct ln_conf *conf = &point->conf[LN_MODEL];
    int n = shape->widths[0];
    if (shape->variant != LN_VARIANT_PENALISED)
        return;
    const double *d = ln_conf_is(conf, "penalty_metric", "given")
                          ? ln_conf_matrix(conf, "penalty_matrix")->data
                      : ln_conf_is(conf, "penalty_metric", "moment") ? problem->moment
                                                                     : NULL;
    out[0] = ln_conf_real(conf, "penalty");
    for (int i = 0; i < n * n; i++)
        out[1 + i] = d ? d[i] : i % (n + 1) == 0;
}

const double *ln_deep_penalty_metric(const struct ln_net *net) {
    bool has_one =
        net->shape->model == &ln_model_deep && net->shape->variant == LN_VARIANT_PENALISED;
    return has_one ? net->constants + 1 : NULL;
}

/* Places in the scratch, lane-packed. */
struct parts {
    double *metric;    /* W_1 D [d_1 x d_0] */
    double *imbalance; /* B [d_1 x d_1] */
    double *work;      /* [d_1 x d_1] */
    double *move;      /* B W_1 D [d_1 x d_0], W_2 B [d_2 x d_1]: as the weights */
};

static struct parts parts_of(const struct ln_batch *batch) {
    const int *d = batch->shape->widths;
    size_t lanes = (size_t)batch->shape->lanes, square = (size_t)d[1] * d[1] * lanes;
    struct parts parts = {.metric = batch->scratch};
    parts.imbalance = parts.metric + (size_t)d[1] * d[0] * lanes;
    parts.work = parts.imbalance + square;
    parts.move = parts.work + square;
    return parts;
}

static double *second(const struct ln_shape *shape, double *packed) {
    return packed + (size_t)shape->offset[1] * shape->lanes;
}

void ln_penalty_forward(struct ln_batch *batch) {
    const struct ln_shape *shape = batch->shape;
    const int *d = shape->widths, lanes = shape->lanes;
    struct parts parts = parts_of(batch);
    const double *w1 = batch->weights, *w2 = second(shape, batch->weights);
    _Alignas(64) double half[LN_LANES];
    ln_lanes_nn(parts.metric, w1, batch->constants + lanes, d[1], d[0], d[0], lanes);
    ln_lanes_tn(parts.imbalance, w2, w2, d[1], d[1], d[2], lanes);
    ln_lanes_nt(parts.work, parts.metric, w1, d[1], d[1], d[0], lanes);
    ln_lanes_subtract(parts.imbalance, parts.imbalance, parts.work, d[1] * d[1], lanes);
    ln_lanes_half_dot(half, parts.imbalance, parts.imbalance, d[1], d[1], lanes);
    for (int lane = 0; lane < lanes; lane++)
        batch->excess[lane] += 0.5 * batch->constants[lane] * half[lane];
}

void ln_penalty_prepare(struct ln_batch *batch) {
    const struct ln_shape *shape = batch->shape;
    const int *d = shape->widths, lanes = shape->lanes;
    struct parts parts = parts_of(batch);
    ln_lanes_nn(parts.move, parts.imbalance, parts.metric, d[1], d[0], d[1], lanes);
    ln_lanes_nn(second(shape, parts.move), second(shape, batch->weights), parts.imbalance, d[2],
                d[1], d[1], lanes);
}

/* The gradient is rho W_2 B for W_2 and -rho B W_1 D for W_1. */
void ln_penalty_move(struct ln_batch *batch, double *to, const double *factor) {
    const struct ln_shape *shape = batch->shape;
    const int *d = shape->widths, lanes = shape->lanes;
    struct parts parts = parts_of(batch);
    _Alignas(64) double up[LN_LANES], down[LN_LANES];
    for (int lane = 0; lane < lanes; lane++) {
        up[lane] = factor[lane] * batch->constants[lane];
        down[lane] = -up[lane];
    }
    ln_lanes_axpy(to, down, parts.move, d[1] * d[0], lanes);
    ln_lanes_axpy(second(shape, to), up, second(shape, parts.move), d[2] * d[1], lanes);
}

/* What a product with the Hessian needs of the state: B and W_1 D. */
struct point {
    const struct ln_shape *shape;
    const double *d, *w1, *w2;
    double rho, *metric, *imbalance;
};

static void subtract(double *a, const double *b, int n) {
    for (int i = 0; i < n; i++)
        a[i] -= b[i];
}

static struct point point_create(const struct ln_net *net) {
    const int *w = net->shape->widths;
    struct point at = {.shape = net->shape,
                       .d = net->constants + 1,
                       .w1 = net->weights,
                       .w2 = net->weights + net->shape->offset[1],
                       .rho = net->constants[0]};
    at.metric = ln_linalg_alloc((size_t)w[1] * w[0], sizeof *at.metric);
    at.imbalance = ln_linalg_alloc((size_t)w[1] * w[1], sizeof *at.imbalance);
    double *work = ln_linalg_alloc((size_t)w[1] * w[1], sizeof *work);
    ln_matmul(at.metric, at.w1, false, at.d, false, w[1], w[0], w[0]);
    ln_matmul(at.imbalance, at.w2, true, at.w2, false, w[1], w[1], w[2]);
    ln_matmul(work, at.metric, false, at.w1, true, w[1], w[1], w[0]);
    subtract(at.imbalance, work, w[1] * w[1]);
    free(work);
    return at;
}

static void point_clear(struct point *at) {
    free(at->imbalance);
    free(at->metric);
}

/* dB = S + S^T with S = W_2^T V_2 - (W_1 D) V_1^T. */
static void differentiate(const struct point *at, const double *v1, const double *v2, double *db,
                          double *work) {
    const int *w = at->shape->widths, n = w[1];
    ln_matmul(db, at->w2, true, v2, false, n, n, w[2]);
    ln_matmul(work, at->metric, false, v1, true, n, n, w[0]);
    subtract(db, work, n * n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            db[i * n + j] = db[j * n + i] = db[i * n + j] + db[j * n + i];
}

static void add(double *to, double factor, const double *x, int n) {
    for (int i = 0; i < n; i++)
        to[i] += factor * x[i];
}

/* Second layer rho (V_2 B + W_2 dB), first layer -rho (dB W_1 D + B V_1 D). */
static void apply(const struct point *at, const double *v, double *out) {
    const int *w = at->shape->widths;
    const double *v1 = v, *v2 = v + at->shape->offset[1];
    double *out2 = out + at->shape->offset[1];
    size_t room = (size_t)at->shape->max_width * at->shape->max_width;
    double *db = ln_linalg_alloc(room, sizeof *db), *work = ln_linalg_alloc(room, sizeof *work);
    double *moved = ln_linalg_alloc(room, sizeof *moved);
    differentiate(at, v1, v2, db, work);
    ln_matmul(work, v2, false, at->imbalance, false, w[2], w[1], w[1]);
    add(out2, at->rho, work, w[2] * w[1]);
    ln_matmul(work, at->w2, false, db, false, w[2], w[1], w[1]);
    add(out2, at->rho, work, w[2] * w[1]);
    ln_matmul(work, db, false, at->metric, false, w[1], w[0], w[1]);
    add(out, -at->rho, work, w[1] * w[0]);
    ln_matmul(moved, v1, false, at->d, false, w[1], w[0], w[0]);
    ln_matmul(work, at->imbalance, false, moved, false, w[1], w[0], w[1]);
    add(out, -at->rho, work, w[1] * w[0]);
    free(moved);
    free(work);
    free(db);
}

void ln_penalty_hessian_vector(const struct ln_net *net, const double *v, double *out) {
    struct point at = point_create(net);
    apply(&at, v, out);
    point_clear(&at);
}

void ln_penalty_hessian(const struct ln_net *net, double *hessian) {
    size_t n = (size_t)net->shape->n_weights;
    struct point at = point_create(net);
    double *v = ln_linalg_alloc(n, sizeof *v);
    for (size_t i = 0; i < n; i++) {
        v[i] = 1;
        apply(&at, v, hessian + i * n);
        v[i] = 0;
    }
    free(v);
    point_clear(&at);
}

/* D^{1/2}. */
static double *root_of(const double *d, int n) {
    size_t size = (size_t)n * n;
    double *w = ln_linalg_alloc(n, sizeof *w), *v = ln_linalg_alloc(size, sizeof *v);
    double *root = ln_linalg_alloc(size, sizeof *root);
    ln_sym_eig(w, v, d, n);
    for (int i = 0; i < n; i++)
        w[i] = sqrt(w[i] > 0 ? w[i] : 0);
    ln_sym_compose(root, v, w, n);
    free(v);
    free(w);
    return root;
}

/* With p D^{1/2} = U diag(s) V^T: W_2 = U s^{1/2}, W_1 = s^{-1/2} U^T p. Then W_1 D W_1^T = diag(s)
 * = W_2^T W_2, and W_2 W_1 = U U^T p, which is p if D hides nothing of it. */
bool ln_penalty_balanced(const struct ln_net *net, const double *p, double *weights) {
    const int *w = net->shape->widths;
    int m = w[2], n = w[0], modes = m < n ? m : n;
    double *root = root_of(net->constants + 1, n);
    double *q = ln_linalg_alloc((size_t)m * n, sizeof *q), *s = ln_linalg_alloc(modes, sizeof *s);
    double *u = ln_linalg_alloc((size_t)m * modes, sizeof *u);
    double *v = ln_linalg_alloc((size_t)n * modes, sizeof *v);
    double *back = ln_linalg_alloc((size_t)m * n, sizeof *back);
    ln_matmul(q, p, false, root, false, m, n, n);
    ln_svd(u, s, v, q, m, n);
    memset(weights, 0, (size_t)net->shape->n_weights * sizeof *weights);
    for (int k = 0; k < modes && k < w[1] && s[k] > 1e-12 * s[0]; k++)
        for (int i = 0; i < m; i++) {
            weights[net->shape->offset[1] + i * w[1] + k] = sqrt(s[k]) * u[i * modes + k];
            add(weights + (size_t)k * n, u[i * modes + k] / sqrt(s[k]), p + (size_t)i * n, n);
        }
    ln_matmul(back, weights + net->shape->offset[1], false, weights, false, m, n, w[1]);
    subtract(back, p, m * n);
    bool fits = ln_norm(back, (size_t)m * n) <= 1e-9 * ln_norm(p, (size_t)m * n);
    free(back);
    free(v);
    free(u);
    free(s);
    free(q);
    free(root);
    return fits;
}

/* Forward: W_1 D, W_2^T W_2, (W_1 D) W_1^T; step: B (W_1 D), W_2 B. */
double ln_penalty_flops(const struct ln_shape *shape) {
    const int *d = shape->widths;
    return 2.0 * d[1] * ((double)d[0] * d[0] + 2.0 * d[1] * d[2] + 2.0 * d[1] * d[0]);
}
