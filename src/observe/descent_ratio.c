/* (L(k) - L(k+1)) / (eta_k ||grad||_F^2) for the step that gradient descent would take next. As a
 * difference of losses it would lose its digits near every critical point; here only what the first
 * order leaves is computed. With gradient g, nu = ||g||, h = g / nu, Delta_j the change of P_j over
 * eta nu, and E_j its part of second order over eta nu^2 (W_j: old weights, P_j: old products),
 *
 *   Delta_j = W_j Delta_{j-1} - h_j P_{j-1} - eta nu h_j Delta_{j-1},
 *   E_j = W_j E_{j-1} - h_j Delta_{j-1},
 *   ratio = 1 - eta (<G, E_N> + 1/2 ||Delta_N M^{1/2}||_F^2),    G = (P - Phi) M,
 *
 * because the first order of <G, Delta_N> is -nu. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"

/* eta_k of the schedule; NaN where the step is not along the gradient of E alone (another
 * algorithm, a penalty). */
static double next_step(const struct ln_sight *sight) {
    if (strcmp(sight->point->entry[LN_TRAIN]->name, "gd") != 0 || sight->shape->n_constants > 0)
        return NAN;
    double decay = ln_conf_real(&sight->point->conf[LN_TRAIN], "decay");
    return sight->run->step_size * pow((double)(sight->run->step + 1), -decay);
}

/* c = w x - f h y. */
static void step_up(double *c, const double *w, const double *x, const double *h, const double *y,
                    int m, int n, int k, double *work) {
    ln_matmul(c, w, false, x, false, m, n, k);
    ln_matmul(work, h, false, y, false, m, n, k);
    for (int i = 0; i < m * n; i++)
        c[i] -= work[i];
}

/* Delta_N and E_N into change and curve [d_N x d_0]. */
static void expand(const struct ln_net *net, const double *h, double length, double *change,
                   double *curve) {
    const struct ln_shape *shape = net->shape;
    int n = shape->widths[0];
    size_t room = (size_t)shape->max_width * n;
    double *memory = ln_linalg_alloc(5 * room, sizeof *memory);
    double *p = memory, *delta = p + room, *second = delta + room, *next = second + room,
           *work = next + room;
    for (int i = 0; i < n; i++)
        p[i * n + i] = 1;
    for (int j = 1; j <= shape->n_layers; j++) {
        int rows = shape->widths[j], k = shape->widths[j - 1];
        size_t size = (size_t)rows * n;
        const double *w = net->weights + shape->offset[j - 1], *h_j = h + shape->offset[j - 1];
        step_up(next, w, second, h_j, delta, rows, n, k, work);
        memcpy(second, next, size * sizeof *next);
        step_up(next, w, delta, h_j, p, rows, n, k, work);
        ln_matmul(work, h_j, false, delta, false, rows, n, k);
        for (size_t i = 0; i < size; i++)
            delta[i] = next[i] - length * work[i];
        ln_matmul(next, w, false, p, false, rows, n, k);
        memcpy(p, next, size * sizeof *next);
    }
    memcpy(change, delta, (size_t)shape->widths[shape->n_layers] * n * sizeof *change);
    memcpy(curve, second, (size_t)shape->widths[shape->n_layers] * n * sizeof *curve);
    free(memory);
}

/* <a, b M>. */
static double moment_dot(const struct ln_problem *problem, const double *a, const double *b) {
    int m = problem->d_out, n = problem->d_in;
    size_t size = (size_t)m * n;
    if (!problem->moment)
        return ln_dot(a, b, size);
    double *c = ln_linalg_alloc(size, sizeof *c);
    ln_matmul(c, b, false, problem->moment, false, m, n, n);
    double dot = ln_dot(a, c, size);
    free(c);
    return dot;
}

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    const struct ln_problem *problem = sight->problem;
    int n = net.shape->n_weights, size = problem->d_out * problem->d_in;
    double eta = next_step(sight);
    double *h = ln_linalg_alloc(n, sizeof *h), *error = ln_linalg_alloc(size, sizeof *error),
           *change = ln_linalg_alloc(size, sizeof *change),
           *curve = ln_linalg_alloc(size, sizeof *curve);
    ln_net_gradient(&net, h);
    double length = ln_norm(h, (size_t)n);
    for (int i = 0; i < n; i++)
        h[i] /= length;
    for (int i = 0; i < size; i++)
        error[i] = sight->p[i] - problem->target[i];
    expand(&net, h, eta * length, change, curve);
    out[0] =
        1.0 - eta * (moment_dot(problem, curve, error) + 0.5 * moment_dot(problem, change, change));
    free(curve);
    free(change);
    free(error);
    free(h);
}

const struct ln_observable ln_observable_descent_ratio = {
    .entry = {.name = "descent_ratio",
              .doc = "(L(k) - L(k+1)) / (eta_k ||grad||^2) for the next step of gradient descent; "
                     "at least theory.sigma where the step size is below bound_paper.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1 (descent of the loss)"},
    .long_name = "loss decrease of the next step over its first order",
    .units = "1",
    .on_request = true,
    .needs_layers = true,
    .reads = LN_READS_WEIGHTS | LN_READS_PRODUCT,
    .look = look,
};
