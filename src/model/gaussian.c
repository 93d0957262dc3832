/* Independent Gaussian entries. Source: Jacot et al. 2021, saddle-to-saddle (sigma^2 = w^-gamma).
 */
#include <math.h>

#include "linnet/model.h"
#include "linnet/random.h"

static const struct ln_param params[] = {
    {.name = "scale", .type = LN_REAL, .fallback = "1", .doc = "Factor on every entry."},
    {.name = "std",
     .type = LN_CHOICE,
     .fallback = "unit",
     .choices = "unit fan_in power",
     .doc = "Standard deviation before scale: 1; 1/sqrt(d_{j-1}); or w^(-gamma/2), w the largest "
            "hidden width."},
    {.name = "gamma",
     .type = LN_REAL,
     .fallback = "~",
     .doc = "Exponent of std: power; default 1."},
};

static int check(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err) {
    (void)shape;
    const struct ln_conf *conf = &point->conf[LN_INIT];
    if (ln_conf_is_set(conf, "gamma") && !ln_conf_is(conf, "std", "power"))
        return ln_err_key(err, "model.init.gamma",
                          "gamma has no effect with std: %s; it belongs to std: power",
                          ln_conf_value(conf, "std")->text);
    return LN_OK;
}

static double std_of(const struct ln_conf *conf, const struct ln_shape *shape, int j) {
    int width = 1;
    for (int i = 1; i < shape->n_layers; i++)
        width = shape->widths[i] > width ? shape->widths[i] : width;
    if (ln_conf_is(conf, "std", "fan_in"))
        return 1.0 / sqrt((double)shape->widths[j - 1]);
    return ln_conf_is(conf, "std", "power")
               ? pow(width,
                     -0.5 * (ln_conf_is_set(conf, "gamma") ? ln_conf_real(conf, "gamma") : 1.0))
               : 1.0;
}

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    const struct ln_conf *conf = &point->conf[LN_INIT];
    struct ln_random random;
    ln_random_init(&random, point->base_seed, point->seed[LN_STREAM_INIT], LN_STREAM_INIT);
    ln_random_normals(&random, (size_t)shape->n_weights, weights);
    for (int j = 1; j <= shape->n_layers; j++) {
        double factor = ln_conf_real(conf, "scale") * std_of(conf, shape, j);
        for (int i = shape->offset[j - 1]; i < shape->offset[j]; i++)
            weights[i] *= factor;
    }
}

const struct ln_init ln_init_gaussian = {
    .entry = {.name = "gaussian",
              .doc = "Independent Gaussian entries of standard deviation scale, scale/sqrt(fan "
                     "in), or scale w^(-gamma/2).",
              .source = "Jacot, Ged, Simsek, Hongler, Gabriel 2021, scaling w^(-gamma/2)",
              LN_PARAMS(params)},
    .check = check,
    .fill = fill,
};
