/* W_j = a I and a symmetric target: every eigenvalue phi has its own w' = w - eta w^{N-1} (w^N -
 * phi). For even N a step to beyond -w, eta a^{N-2} (a^N - phi) > 2, leads away for ever, and the
 * smallest phi does it first; at equality w -> -w is a cycle of two steps. */
#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/theory.h"

/* Whether every layer is a I with one a. */
static bool is_scaled_identity(const struct ln_net *net, double *a) {
    const struct ln_shape *shape = net->shape;
    int d = shape->widths[0];
    *a = net->weights[0];
    for (int j = 1; j <= shape->n_layers; j++) {
        const double *w = net->weights + shape->offset[j - 1];
        if (shape->widths[j] != d)
            return false;
        for (int i = 0; i < d * d; i++)
            if (w[i] != (i % (d + 1) ? 0.0 : *a))
                return false;
    }
    return true;
}

static bool is_symmetric(const double *x, int n) {
    double scale = ln_norm(x, (size_t)n * n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (fabs(x[i * n + j] - x[j * n + i]) > 1e-12 * scale)
                return false;
    return true;
}

static void predict(const struct ln_outlook *outlook, double *out) {
    const struct ln_net *net = &outlook->net;
    const struct ln_problem *problem = net->problem;
    int d = problem->d_in, depth = net->shape->n_layers;
    double a, n = depth;
    if (!net->shape->model->has_layers || problem->moment || problem->d_out != d || depth % 2 ||
        net->shape->n_constants > 0 || !is_scaled_identity(net, &a) ||
        !is_symmetric(problem->target, d))
        return;
    double *phi = ln_linalg_alloc(d, sizeof *phi);
    ln_sym_eig(phi, NULL, problem->target, d);
    double above = pow(a, n) - phi[0];
    if (above > 0 && a != 0)
        out[0] = 2.0 / (pow(a, n - 2.0) * above);
    free(phi);
}

const struct ln_prediction ln_prediction_blowup_step = {
    .entry = {.name = "blowup_step",
              .doc = "Step size above which a large identity start a blows up: 2 / (a^(N-2) (a^N - "
                     "phi)), phi the smallest eigenvalue of a symmetric target, N even.",
              .source = "Nguegnang, Rauhut, Terstiege 2021 setting, large starts (cycle w -> -w)"},
    .long_name = "step size of blow-up from a large start",
    .units = "1",
    .predict = predict,
};
