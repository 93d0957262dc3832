/* Scaled identity, padded with zeros where a layer is not square. Source: Bartlett et al. 2018,
 * identity initialisation. */
#include <math.h>

#include "linnet/model.h"

static const struct ln_param params[] = {
    {.name = "scale",
     .type = LN_REAL,
     .fallback = "1",
     .doc = "alpha: every layer starts at alpha I."},
    {.name = "scale_of",
     .type = LN_CHOICE,
     .fallback = "layer",
     .choices = "layer product",
     .doc = "What scale is of: every layer; or the end-to-end matrix, scale I, whose layers are "
            "scale^(1/N) I."},
};

static int check(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err) {
    (void)shape;
    const struct ln_conf *conf = &point->conf[LN_INIT];
    double scale = ln_conf_real(conf, "scale");
    if (ln_conf_is(conf, "scale_of", "product") && scale < 0)
        return ln_err_key(err, "model.init.scale",
                          "an end-to-end matrix %g I is not the power of a multiple of the "
                          "identity for every depth; give a scale of at least 0",
                          scale);
    return LN_OK;
}

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    const struct ln_conf *conf = &point->conf[LN_INIT];
    double scale = ln_conf_real(conf, "scale");
    if (ln_conf_is(conf, "scale_of", "product"))
        scale = pow(scale, 1.0 / shape->n_layers);
    for (int j = 1; j <= shape->n_layers; j++)
        for (int i = 0; i < shape->widths[j] && i < shape->widths[j - 1]; i++)
            weights[shape->offset[j - 1] + i * shape->widths[j - 1] + i] = scale;
}

const struct ln_init ln_init_identity = {
    .entry = {.name = "identity",
              .doc = "Every layer alpha times the identity.",
              .source = "Bartlett, Helmbold, Long 2018, identity initialisation",
              LN_PARAMS(params)},
    .check = check,
    .fill = fill,
};
