/* Scaled identity, padded with zeros where a layer is not square. Source: Bartlett et al. 2018,
 * section 2. */
#include "linnet/model.h"

static const struct ln_param params[] = {
    {.name = "scale",
     .type = LN_REAL,
     .fallback = "1",
     .doc = "alpha: every layer starts at alpha I."},
};

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    double scale = ln_conf_real(&point->conf[LN_INIT], "scale");
    for (int j = 1; j <= shape->n_layers; j++)
        for (int i = 0; i < shape->widths[j] && i < shape->widths[j - 1]; i++)
            weights[shape->offset[j - 1] + i * shape->widths[j - 1] + i] = scale;
}

const struct ln_init ln_init_identity = {
    .entry = {.name = "identity",
              .doc = "Every layer alpha times the identity.",
              .source = "Bartlett, Helmbold, Long 2018, section 2",
              LN_PARAMS(params)},
    .fill = fill,
};
