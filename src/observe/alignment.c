#include "leading.h"

static void look(const struct ln_sight *sight, double *out) {
    struct leading at = ln_observe_leading(sight);
    out[0] = at.a * at.b;
}

const struct ln_observable ln_observable_alignment = {
    .entry = {.name = "alignment",
              .doc = "(u_1^T u)(v_1^T v) of the largest singular vectors u, v of P M^{1/2} with "
                     "those of the target; 1 is aligned.",
              .source = "Eftekhari 2020, the set N_alpha"},
    .long_name = "alignment with the first mode of the target",
    .units = "1",
    .on_request = true,
    .reads = LN_READS_PRODUCT,
    .look = look,
};
