/* The gradient flow of a balanced network with a layer of one neuron, in its own coordinates P = s
 * u v^T (u, v unit vectors, s >= 0). With G = (Phi - P) M,
 *
 *   ds/dt = N s^{2-2/N} u^T G v,   du/dt = s^{1-2/N} (I - u u^T) G v,
 *   dv/dt = s^{1-2/N} (I - v v^T) G^T u;
 *
 * the hidden directions do not move. The state is s, u, v. Source: Eftekhari 2020, one-neuron flow;
 * Arora, Cohen, Hazan 2018, end-to-end dynamics with rank one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/model.h"

static const struct ln_param params[] = {
    {.name = "depth",
     .type = LN_INT,
     .fallback = "2",
     .low = 2,
     .high = LN_MAX_LAYERS,
     .doc = "Number of layers N of the network whose product is followed."},
};

static int shape_of(const struct ln_point *point, int d_in, int d_out, struct ln_shape *shape,
                    struct ln_err *err) {
    (void)err;
    shape->n_layers = (int)ln_conf_int(&point->conf[LN_MODEL], "depth");
    for (int j = 1; j < shape->n_layers; j++)
        shape->widths[j] = 1;
    shape->widths[0] = d_in;
    shape->widths[shape->n_layers] = d_out;
    shape->n_weights = 1 + d_out + d_in;
    shape->n_scratch = d_out * d_in; /* P */
    return LN_OK;
}

/* Where s, u, v of one lane stand: element i is at x[i * lanes]. */
struct triple {
    int m, n, lanes;
    const double *s, *u, *v;
};

static struct triple triple_of(const struct ln_batch *batch, int lane) {
    const struct ln_shape *shape = batch->shape;
    size_t lanes = (size_t)shape->lanes;
    int m = shape->widths[shape->n_layers], n = shape->widths[0];
    const double *s = batch->weights + lane;
    return (struct triple){m, n, (int)lanes, s, s + lanes, s + lanes * (size_t)(1 + m)};
}

static void forward(struct ln_batch *batch) {
    const struct ln_shape *shape = batch->shape;
    int lanes = shape->lanes, m = shape->widths[shape->n_layers], n = shape->widths[0];
    double *p = batch->scratch;
    for (int lane = 0; lane < lanes; lane++) {
        struct triple at = triple_of(batch, lane);
        for (int i = 0; i < m; i++)
            for (int k = 0; k < n; k++)
                p[(i * n + k) * lanes + lane] = *at.s * at.u[i * lanes] * at.v[k * lanes];
    }
    ln_batch_compare(batch, p);
}

/* gv [m] = D v, gu [n] = D^T u of one lane, D = batch->error; returns u^T D v. */
static double project(const struct ln_batch *batch, int lane, double *gv, double *gu) {
    struct triple at = triple_of(batch, lane);
    double rho = 0;
    for (int i = 0; i < at.m; i++)
        for (int k = 0; k < at.n; k++) {
            double d = batch->error[(size_t)(i * at.n + k) * at.lanes + lane];
            gv[i] = (k ? gv[i] : 0) + d * at.v[k * at.lanes];
            gu[k] = (i ? gu[k] : 0) + d * at.u[i * at.lanes];
        }
    for (int i = 0; i < at.m; i++)
        rho += at.u[i * at.lanes] * gv[i];
    return rho;
}

static void gradient(struct ln_batch *batch, double *out) {
    const struct ln_shape *shape = batch->shape;
    int m = shape->widths[shape->n_layers], n = shape->widths[0], lanes = shape->lanes;
    double *gv = ln_linalg_alloc((size_t)(m + n), sizeof *gv), *gu = gv + m;
    for (int lane = 0; lane < lanes; lane++) {
        double s = batch->weights[lane];
        out[lane] = project(batch, lane, gv, gu);
        for (int i = 0; i < m; i++)
            out[(size_t)(1 + i) * lanes + lane] = s * gv[i];
        for (int k = 0; k < n; k++)
            out[(size_t)(1 + m + k) * lanes + lane] = s * gu[k];
    }
    free(gv);
}

/* error is -G. */
static void velocity(struct ln_batch *batch, double *out) {
    const struct ln_shape *shape = batch->shape;
    int m = shape->widths[shape->n_layers], n = shape->widths[0], lanes = shape->lanes;
    double depth = shape->n_layers;
    double *gv = ln_linalg_alloc((size_t)(m + n), sizeof *gv), *gu = gv + m;
    for (int lane = 0; lane < lanes; lane++) {
        struct triple at = triple_of(batch, lane);
        /* A stage of the integrator may pass zero by a little: only the power minds. */
        double s = *at.s > 0 ? *at.s : 0, rate = shape->n_layers == 2 ? 1 : pow(s, 1 - 2 / depth);
        double inner = project(batch, lane, gv, gu);
        out[lane] = isnan(*at.s) ? *at.s : -depth * s * rate * inner;
        for (int i = 0; i < m; i++)
            out[(size_t)(1 + i) * lanes + lane] = rate * (at.u[i * lanes] * inner - gv[i]);
        for (int k = 0; k < n; k++)
            out[(size_t)(1 + m + k) * lanes + lane] = rate * (at.v[k * lanes] * inner - gu[k]);
    }
    free(gv);
}

static void end_to_end(const struct ln_net *net, double *p) {
    const struct ln_shape *shape = net->shape;
    int m = shape->widths[shape->n_layers], n = shape->widths[0];
    const double *w = net->weights;
    for (int i = 0; i < m; i++)
        for (int k = 0; k < n; k++)
            p[i * n + k] = w[0] * w[1 + i] * w[1 + m + k];
}

/* The largest singular triple, with the sign that makes the largest entry of u positive. */
static void from_product(const struct ln_shape *shape, const double *p, double *weights) {
    int m = shape->widths[shape->n_layers], n = shape->widths[0], r = m < n ? m : n, largest = 0;
    double *u = ln_linalg_alloc((size_t)m * r, sizeof *u), *s = ln_linalg_alloc(r, sizeof *s),
           *v = ln_linalg_alloc((size_t)n * r, sizeof *v);
    ln_svd(u, s, v, p, m, n);
    for (int i = 1; i < m; i++)
        if (fabs(u[i * r]) > fabs(u[largest * r]))
            largest = i;
    double sign = u[largest * r] < 0 ? -1 : 1;
    weights[0] = s[0];
    for (int i = 0; i < m; i++)
        weights[1 + i] = sign * u[i * r];
    for (int k = 0; k < n; k++)
        weights[1 + m + k] = sign * v[k * r];
    free(v);
    free(s);
    free(u);
}

static double step_flops(const struct ln_shape *shape) {
    double size = (double)shape->widths[shape->n_layers] * shape->widths[0];
    return 10 * size + (shape->has_moment ? 2 * size * shape->widths[0] : 0) + 60;
}

const struct ln_model ln_model_one_neuron = {
    .entry = {.name = "one_neuron",
              .doc = "Flow of a balanced deep network with a layer of one neuron, in the "
                     "coordinates s, u, v of its product s u v^T.",
              .source = "Eftekhari 2020, gradient flow with r = 1; Arora, Cohen, Hazan 2018, "
                        "end-to-end dynamics",
              LN_PARAMS(params)},
    .shape = shape_of,
    .forward = forward,
    .gradient = gradient,
    .velocity = velocity,
    .end_to_end = end_to_end,
    .from_product = from_product,
    .step_flops = step_flops,
};
