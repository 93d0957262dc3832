#include "linnet/one_neuron.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/balance.h"
#include "linnet/linalg.h"

int ln_one_neuron_check(const struct ln_point *point, const struct ln_shape *shape,
                        const struct ln_problem *problem, struct ln_err *err) {
    double lambda;
    if (shape->n_layers < 2)
        return ln_err_key(err, "model.depth",
                          "a prediction about one neuron needs a depth of at least 2");
    if (shape->rank > 1)
        return ln_err_key(err, shape->model->has_layers ? "model.width" : "model.kind",
                          "no layer has one neuron (the smallest width is %d), and record.theory "
                          "asks for a prediction about such networks; give model.width: 1",
                          shape->rank);
    if (!ln_problem_is_white(problem, &lambda))
        return ln_err_key(
            err, "problem.kind",
            "X X^T is not a multiple of the identity, and record.theory asks for a "
            "prediction about whitened inputs; take a target, or leave the prediction out");
    if (problem->sigma[0] <= 0)
        return ln_err_key(
            err, "problem.kind",
            "the target is zero; a prediction about one neuron needs a mode to learn");
    const struct ln_conf *conf = &point->conf[LN_THEORY];
    double gamma = problem->n_modes > 1 ? problem->sigma[1] / problem->sigma[0] : 0;
    if (gamma >= 1)
        return ln_err_key(err, "problem.kind",
                          "the two largest singular values of the target are equal, and "
                          "record.theory asks for a prediction about one neuron, which has to have "
                          "one best mode; set them apart, or leave the prediction out");
    if (ln_conf_is_set(conf, "alpha") && ln_conf_real(conf, "alpha") <= gamma)
        return ln_err_key(err, "theory.alpha",
                          "theory.alpha is %g; N_alpha is empty unless it is above gamma = "
                          "sigma_2/sigma_1 = %g",
                          ln_conf_real(conf, "alpha"), gamma);
    return LN_OK;
}

/* To rounding, against the largest layer; models without layers are balanced by what they are. */
static bool is_balanced(const struct ln_net *net) {
    const struct ln_shape *shape = net->shape;
    double norm = ln_norm(net->weights, (size_t)shape->n_weights);
    return !shape->model->has_layers ||
           ln_balance_constant(shape, net->weights) <= 1e-12 * norm * norm;
}

/* p_i, m_i and the rests of the pair (u, v). */
static void project(struct ln_one_neuron *flow, const struct ln_problem *problem, double *u,
                    double *v) {
    int r = problem->n_modes;
    double *a = flow->p, *b = flow->m;
    for (int k = 0; k < r; k++) {
        for (int i = 0; i < problem->d_out; i++)
            a[k] += problem->left[i * r + k] * u[i];
        for (int i = 0; i < problem->d_in; i++)
            b[k] += problem->right[i * r + k] * v[i];
    }
    for (int k = 0; k < r; k++) {
        for (int i = 0; i < problem->d_out; i++)
            u[i] -= a[k] * problem->left[i * r + k];
        for (int i = 0; i < problem->d_in; i++)
            v[i] -= b[k] * problem->right[i * r + k];
        double sum = a[k] + b[k], difference = a[k] - b[k];
        flow->p[k] = fabs(sum) > 4 * DBL_EPSILON ? 0.5 * sum : 0;
        flow->m[k] = 0.5 * difference;
    }
    flow->u_rest = problem->d_out > r ? ln_norm(u, (size_t)problem->d_out) : 0;
    flow->v_rest = problem->d_in > r ? ln_norm(v, (size_t)problem->d_in) : 0;
}

static void begin(struct ln_one_neuron *flow, const struct ln_net *net, double s, double *u,
                  double *v) {
    const struct ln_problem *problem = net->problem;
    int r = problem->n_modes;
    flow->n_layers = net->shape->n_layers;
    flow->n_modes = r;
    flow->inverse = 1 / s;
    flow->sigma = ln_linalg_alloc(3 * (size_t)r, sizeof(double));
    flow->p = flow->sigma + r;
    flow->m = flow->p + r;
    for (int k = 0; k < r; k++)
        flow->sigma[k] = problem->sigma[k] / sqrt(flow->lambda);
    project(flow, problem, u, v);
}

bool ln_one_neuron_begin(struct ln_one_neuron *flow, const struct ln_net *net) {
    const struct ln_problem *problem = net->problem;
    int m = problem->d_out, n = problem->d_in, r = problem->n_modes;
    memset(flow, 0, sizeof *flow);
    if (net->shape->n_layers < 2 || net->shape->rank > 1 || problem->sigma[0] <= 0 ||
        !ln_problem_is_white(problem, &flow->lambda) || !is_balanced(net))
        return false;
    double *w = ln_linalg_alloc((size_t)m * n, sizeof *w),
           *u = ln_linalg_alloc((size_t)m * r, sizeof *u),
           *v = ln_linalg_alloc((size_t)n * r, sizeof *v), *s = ln_linalg_alloc(r, sizeof *s);
    net->shape->model->end_to_end(net, w);
    ln_svd(u, s, v, w, m, n);
    for (int i = 0; i < m; i++) /* the first columns, packed */
        u[i] = u[i * r];
    for (int i = 0; i < n; i++)
        v[i] = v[i * r];
    bool applies = s[0] > 0 && isfinite(s[0]);
    if (applies)
        begin(flow, net, s[0], u, v);
    free(s);
    free(v);
    free(u);
    free(w);
    return applies;
}

void ln_one_neuron_clear(struct ln_one_neuron *flow) {
    free(flow->sigma);
    flow->sigma = NULL;
}

double ln_one_neuron_scale(const struct ln_one_neuron *flow) {
    return 1 / flow->inverse;
}

double ln_one_neuron_alignment(const struct ln_one_neuron *flow) {
    return (flow->p[0] + flow->m[0]) * (flow->p[0] - flow->m[0]);
}

/* ell = 1/2 (s - rho)^2 + 1/2 (s_1 - rho)(s_1 + rho). Near the optimum s_1 - rho is small: 1 - a_1
 * b_1 comes from what is orthogonal to the first mode. */
double ln_one_neuron_excess(const struct ln_one_neuron *flow) {
    double a = flow->p[0] + flow->m[0], b = flow->p[0] - flow->m[0], s1 = flow->sigma[0];
    double u2 = flow->u_rest * flow->u_rest, v2 = flow->v_rest * flow->v_rest, others = 0;
    for (int k = 1; k < flow->n_modes; k++) {
        double x = flow->p[k] + flow->m[k], y = flow->p[k] - flow->m[k];
        u2 += x * x;
        v2 += y * y;
        others += flow->sigma[k] * x * y;
    }
    double missing = a * b > 0 ? (u2 + a * a * v2) / (1 + a * b) : 1 - a * b;
    double below = s1 * missing - others; /* s_1 - rho */
    double off = 1 / flow->inverse - s1 + below;
    return 0.5 * flow->lambda * (off * off + below * (2 * s1 - below));
}

double ln_one_neuron_gap(const struct ln_one_neuron *flow) {
    return flow->n_modes > 1 ? flow->sigma[1] / flow->sigma[0] : 0;
}

double ln_one_neuron_alpha_sup(const struct ln_one_neuron *flow) {
    return fmin(ln_one_neuron_alignment(flow),
                ln_one_neuron_scale(flow) / flow->sigma[0] + ln_one_neuron_gap(flow));
}

double ln_one_neuron_kappa(const struct ln_one_neuron *flow, double alpha) {
    double alignment = ln_one_neuron_alignment(flow), gamma = ln_one_neuron_gap(flow);
    double a = isnan(alpha) ? fmin(alignment, 1) : alpha;
    double f = fmin(ln_one_neuron_scale(flow), flow->sigma[0] * (a - (1 - a) * gamma));
    if (!(a > gamma) || a > alignment * (1 + 4 * DBL_EPSILON) || !(f > 0))
        return NAN;
    return 2 * (1 - gamma) * a * pow(f, 2 - 2.0 / flow->n_layers) * flow->lambda;
}

/* Slowest of the parts that are there: p_i falls behind p_1 as e^{-(s_1 - s_i) tau}, the rest as
 * e^{-s_1 tau}, m_i as e^{-(s_1 + s_i) tau}, and s relaxes as e^{-N s_1 tau}; ell is of second
 * order in them. */
double ln_one_neuron_late_slope(const struct ln_one_neuron *flow) {
    double s1 = flow->sigma[0], rate = flow->n_layers * s1;
    if (ln_one_neuron_limit(flow) != 1)
        return NAN;
    for (int k = 0; k < flow->n_modes; k++) {
        if (k > 0 && flow->p[k] != 0)
            rate = fmin(rate, s1 - flow->sigma[k]);
        if (fabs(flow->m[k]) > 1e-12)
            rate = fmin(rate, s1 + flow->sigma[k]);
    }
    if (flow->u_rest > 1e-12 || flow->v_rest > 1e-12)
        rate = fmin(rate, s1);
    return 2 * rate * pow(s1, 1 - 2.0 / flow->n_layers) * flow->lambda;
}

int ln_one_neuron_limit(const struct ln_one_neuron *flow) {
    for (int k = 0; k < flow->n_modes; k++)
        if (flow->sigma[k] > 1e-12 * flow->sigma[0] && fabs(flow->p[k]) > 1e-12)
            return k + 1;
    return 0;
}
