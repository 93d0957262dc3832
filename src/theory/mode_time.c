#include "linnet/mode_time.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>

#include "linnet/balance.h"
#include "linnet/linalg.h"

struct mode {
    double depth, sigma;
};

/* dt/dy with s = e^{N y}: no power is left that could overflow near the origin. */
static double slowness(double y, void *ctx) {
    const struct mode *mode = ctx;
    return exp(-(mode->depth - 2.0) * y) / (mode->sigma - exp(mode->depth * y));
}

double ln_mode_time(int depth, double sigma, double from, double to) {
    enum { MOST_INTERVALS = 1000 };
    struct mode mode = {depth, sigma};
    gsl_function function = {slowness, &mode};
    double time = 0, error;
    if (!(to < sigma) || (depth > 1 && !(from > 0)))
        return INFINITY;
    if (from >= to)
        return 0;
    if (depth == 1) /* a linear equation, which leaves 0 too */
        return log((sigma - from) / (sigma - to));
    gsl_integration_workspace *work = gsl_integration_workspace_alloc(MOST_INTERVALS);
    gsl_set_error_handler_off(); /* a last digit lost to rounding is no failure */
    gsl_integration_qag(&function, log(from) / depth, log(to) / depth, 0, 1e-12, MOST_INTERVALS,
                        GSL_INTEG_GAUSS31, work, &time, &error);
    gsl_integration_workspace_free(work);
    return time;
}

double ln_mode_stage_time(int depth, double sigma, double from) {
    double a = from > 0 ? pow(from, 1.0 / depth) : 0.0, n = depth;
    if (a <= 0)
        return INFINITY;
    return depth == 2 ? log(1.0 / a) / sigma : pow(a, 2.0 - n) / ((n - 2.0) * sigma);
}

bool ln_mode_starts(const struct ln_net *net, double *start) {
    const struct ln_problem *problem = net->problem;
    const struct ln_shape *shape = net->shape;
    if (!shape->model->has_layers || problem->moment || shape->n_constants > 0)
        return false;
    int m = problem->d_out, n = problem->d_in, r = problem->n_modes;
    double *p = ln_linalg_alloc((size_t)m * n, sizeof *p),
           *half = ln_linalg_alloc((size_t)m * r, sizeof *half),
           *inside = ln_linalg_alloc((size_t)r * r, sizeof *inside), diagonal = 0;
    shape->model->end_to_end(net, p);
    ln_matmul(half, p, false, problem->right, false, m, r, n);
    ln_matmul(inside, problem->left, true, half, false, r, r, m);
    for (int i = 0; i < r; i++) {
        start[i] = inside[i * r + i];
        diagonal += start[i] * start[i];
    }
    double whole = ln_norm(p, (size_t)m * n);
    double layer = pow(whole, 2.0 / shape->n_layers);
    free(inside);
    free(half);
    free(p);
    return whole * whole - diagonal <= 1e-12 * whole * whole &&
           ln_balance_constant(shape, net->weights) <= 1e-9 * layer;
}
