/* Symmetric positive targets from alpha I: the recursion theta -= eta theta^{L-1} (theta^L -
 * lambda) moves every theta monotonically to lambda^{1/L} while eta <= 1/(L M^{2L-2}), M =
 * max(alpha, lambda_max^{1/L}), and shrinks the distance by q = 1 - eta L m^{2L-2} at least, m =
 * min(alpha, lambda_min^{1/L}). Source: Bartlett, Helmbold, Long 2018, theorem 2, with explicit
 * constants. */
#include <math.h>
#include <stdlib.h>

#include "start.h"

struct ends {
    double alpha, least, most; /* M and m of the statement */
    double distance;           /* max |alpha - lambda^{1/L}| */
    double n;
    int d;
};

/* False: the statement says nothing about the point. */
static bool ends_of(const struct ln_outlook *outlook, struct ends *ends) {
    if (!ln_start_is_identity(outlook, &ends->alpha) || !(ends->alpha > 0))
        return false;
    double *lambda = ln_start_eigenvalues(outlook);
    ends->d = outlook->net.problem->d_in;
    ends->n = outlook->net.shape->n_layers;
    bool is_positive = lambda && lambda[0] >= 0;
    if (is_positive) {
        double low = pow(lambda[0], 1 / ends->n), high = pow(lambda[ends->d - 1], 1 / ends->n);
        ends->least = fmin(ends->alpha, low);
        ends->most = fmax(ends->alpha, high);
        ends->distance = fmax(fabs(ends->alpha - low), fabs(ends->alpha - high));
    }
    free(lambda);
    return is_positive;
}

static double monotone_limit(const struct ends *ends) {
    return 1 / (ends->n * pow(ends->most, 2 * ends->n - 2));
}

static void limit(const struct ln_outlook *outlook, double *out) {
    struct ends ends;
    if (ends_of(outlook, &ends))
        out[0] = monotone_limit(&ends);
}

/* q, or NaN. */
static double factor_of(const struct ln_outlook *outlook, struct ends *ends) {
    if (!ln_start_descends(outlook) || !ends_of(outlook, ends) || !(ends->least > 0) ||
        !ln_start_step_within(outlook, monotone_limit(ends)))
        return NAN;
    return 1 - outlook->step_size * ends->n * pow(ends->least, 2 * ends->n - 2);
}

static void contraction(const struct ln_outlook *outlook, double *out) {
    struct ends ends;
    out[0] = factor_of(outlook, &ends);
}

/* |theta^L - lambda| <= L M^{L-1} |theta - lambda^{1/L}|, so the loss is at most d/2 (L M^{L-1} q^t
 * e_0)^2. */
static void steps(const struct ln_outlook *outlook, double *out) {
    struct ends ends;
    double factor = factor_of(outlook, &ends);
    if (!isnan(factor))
        out[0] = ln_start_steps(outlook,
                                ends.n * pow(ends.most, ends.n - 1) * ends.distance * sqrt(ends.d),
                                factor * factor);
}

const struct ln_prediction ln_prediction_monotone_step_limit = {
    .entry = {.name = "monotone_step_limit",
              .doc = "Largest step size with which gradient descent from alpha I moves every "
                     "eigenvalue of a symmetric target without negative eigenvalues monotonically.",
              .source =
                  "Bartlett, Helmbold, Long 2018, theorem 2; constants derived in docs/physics.md"},
    .long_name = "step size limit of monotone convergence",
    .units = "1",
    .predict = limit,
};

const struct ln_prediction ln_prediction_spd_contraction = {
    .entry = {.name = "spd_contraction",
              .doc = "Factor by which gradient descent from alpha I with a step size up to "
                     "monotone_step_limit brings the eigenvalues of every layer at least closer "
                     "to the N-th roots of those of a symmetric positive definite target.",
              .source =
                  "Bartlett, Helmbold, Long 2018, theorem 2; constants derived in docs/physics.md"},
    .long_name = "contraction for symmetric positive definite targets",
    .units = "1",
    .predict = contraction,
};

const struct ln_prediction ln_prediction_spd_steps = {
    .entry = {.name = "spd_steps",
              .doc = "Steps after which spd_contraction guarantees a loss of stop.loss.",
              .source =
                  "Bartlett, Helmbold, Long 2018, theorem 2; constants derived in docs/physics.md"},
    .long_name = "bound on the steps for symmetric positive definite targets",
    .units = "1",
    .predict = steps,
};
