#include "leading.h"

/* For W M^{1/2} = s u v^T and rho = u^T Q v, E - E_1 = 1/2 (s - rho)^2 + 1/2 (sigma_1^2 - rho^2).
 * sigma_1 - rho comes from what is orthogonal to the first mode, so that no digits are lost near
 * the optimum, where E - E_1 is far below the rounding of E. */
static void look(const struct ln_sight *sight, double *out) {
    struct leading at = ln_observe_leading(sight);
    double ab = at.a * at.b, sigma = sight->problem->sigma[0];
    double missing =
        ab > 0 ? (at.u_rest * at.u_rest + at.a * at.a * at.v_rest * at.v_rest) / (1 + ab) : 1 - ab;
    double below = sigma * missing - at.others, off = at.s - sigma + below;
    out[0] = 0.5 * (off * off + below * (2 * sigma - below));
}

const struct ln_observable ln_observable_one_neuron_excess = {
    .entry = {.name = "one_neuron_excess",
              .doc = "Excess loss over the best rank-one map of a network with a layer of one "
                     "neuron, precise far below the loss itself; missing for others.",
              .source = "Eftekhari 2020, loss of rank-one maps"},
    .long_name = "excess loss over the best rank-one map",
    .units = "1",
    .on_request = true,
    .needs_one_neuron = true,
    .reads = LN_READS_PRODUCT,
    .look = look,
};
