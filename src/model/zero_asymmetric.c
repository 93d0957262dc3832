/* All layers the identity but the last, which is zero: breaks the symmetry that traps the identity
 * start. Source: Wu, Wang, Ma 2019. */
#include "linnet/model.h"

static const struct ln_param params[] = {
    {.name = "scale", .type = LN_REAL, .fallback = "1", .doc = "Factor on the identities."},
};

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    double scale = ln_conf_real(&point->conf[LN_INIT], "scale");
    for (int j = 1; j < shape->n_layers; j++)
        for (int i = 0; i < shape->widths[j] && i < shape->widths[j - 1]; i++)
            weights[shape->offset[j - 1] + i * shape->widths[j - 1] + i] = scale;
}

const struct ln_init ln_init_zero_asymmetric = {
    .entry = {.name = "zero_asymmetric",
              .doc = "W_1 .. W_{N-1} the identity, W_N zero.",
              .source = "Wu, Wang, Ma 2019, definition of ZAS",
              LN_PARAMS(params)},
    .fill = fill,
};
