/* The zero-asymmetric start W_1 = ... = W_{L-1} = I, W_L = 0 learns every target: with xi = max(2
 * ||Phi||_F, 3/sqrt(L), 1) and eta <= min(1/(4 L^3 xi^6), 1/(144 L^2 xi^4)) the loss shrinks by 1 -
 * eta/2 at least in every step. Source: Wu, Wang, Ma 2019, theorem on gradient descent. */
#include <math.h>

#include "linnet/linalg.h"
#include "start.h"

static double limit_of(const struct ln_outlook *outlook) {
    const struct ln_problem *problem = outlook->net.problem;
    double n = outlook->net.shape->n_layers,
           norm = ln_norm(problem->target, (size_t)problem->d_in * problem->d_out),
           xi = fmax(fmax(2 * norm, 3 / sqrt(n)), 1);
    return fmin(1 / (4 * pow(n, 3) * pow(xi, 6)), 1 / (144 * n * n * pow(xi, 4)));
}

static void limit(const struct ln_outlook *outlook, double *out) {
    if (ln_start_is_zero_asymmetric(outlook))
        out[0] = limit_of(outlook);
}

/* The flow: l(t) <= exp(-2 t) l(0). */
static void contraction(const struct ln_outlook *outlook, double *out) {
    if (!ln_start_is_zero_asymmetric(outlook))
        return;
    if (ln_start_algorithm_is(outlook, "flow"))
        out[0] = exp(-2 * outlook->step_size);
    else if (ln_start_descends(outlook) && ln_start_step_within(outlook, limit_of(outlook)))
        out[0] = 1 - 0.5 * outlook->step_size;
}

const struct ln_prediction ln_prediction_zas_step_limit = {
    .entry = {.name = "zas_step_limit",
              .doc = "Largest step size for which the zero-asymmetric start is proved to converge.",
              .source = "Wu, Wang, Ma 2019, convergence of gradient descent"},
    .long_name = "step size limit of the zero-asymmetric start",
    .units = "1",
    .predict = limit,
};

const struct ln_prediction ln_prediction_zas_contraction = {
    .entry = {.name = "zas_contraction",
              .doc = "Factor by which the loss shrinks at least in every step from the "
                     "zero-asymmetric start: 1 - eta/2 of gradient descent with a step size up to "
                     "zas_step_limit, exp(-2 time_step) of the flow.",
              .source = "Wu, Wang, Ma 2019, convergence of gradient descent"},
    .long_name = "contraction from the zero-asymmetric start",
    .units = "1",
    .predict = contraction,
};
