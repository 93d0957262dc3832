/* Targets near the identity, any target: if ||Phi - I||_F <= 1/(4e) and 0 < eta <= e^{-2/3}/L, then
 * from the identity ||E_t||_F <= (1 - 0.44 eta L)^t ||E_0||_F and every layer stays within 1/(3L)
 * of I: with that radius sum_i (A_i A_i^T) x (B_i^T B_i) has its spectrum in [L e^{-2/3}, L
 * e^{2/3}]. Source: Bartlett, Helmbold, Long 2018, theorem 1, with explicit constants. */
#include <math.h>

#include "start.h"

/* The factor a step, or NaN. */
static double factor_of(const struct ln_outlook *outlook) {
    double alpha, n = outlook->net.shape->n_layers, eta = outlook->step_size;
    bool holds = ln_start_descends(outlook) && ln_start_is_identity(outlook, &alpha) &&
                 alpha == 1 && ln_start_error(outlook) <= 0.25 * exp(-1.0) &&
                 ln_start_step_within(outlook, exp(-2.0 / 3.0) / n);
    return holds ? 1 - 0.44 * eta * n : (double)NAN;
}

static void contraction(const struct ln_outlook *outlook, double *out) {
    out[0] = factor_of(outlook);
}

static void steps(const struct ln_outlook *outlook, double *out) {
    double factor = factor_of(outlook);
    if (!isnan(factor))
        out[0] = ln_start_steps(outlook, ln_start_error(outlook), factor * factor);
}

const struct ln_prediction ln_prediction_near_identity_contraction = {
    .entry = {.name = "near_identity_contraction",
              .doc = "Factor 1 - 0.44 eta N by which ||P - Phi||_F shrinks at least in every step "
                     "of gradient descent from the identity; missing unless ||Phi - I||_F <= "
                     "1/(4e) and eta <= exp(-2/3)/N.",
              .source =
                  "Bartlett, Helmbold, Long 2018, theorem 1; constants derived in docs/physics.md"},
    .long_name = "contraction of the error near the identity",
    .units = "1",
    .predict = contraction,
};

const struct ln_prediction ln_prediction_near_identity_steps = {
    .entry = {.name = "near_identity_steps",
              .doc = "Steps after which near_identity_contraction guarantees a loss of stop.loss.",
              .source =
                  "Bartlett, Helmbold, Long 2018, theorem 1; constants derived in docs/physics.md"},
    .long_name = "bound on the steps near the identity",
    .units = "1",
    .predict = steps,
};
