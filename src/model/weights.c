/* Given weights, inline or from files. */
#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/random.h"

static const struct ln_param params[] = {
    {.name = "layers",
     .type = LN_MATRICES,
     .fallback = NULL,
     .doc = "W_1, ..., W_N; W_j is d_j x d_{j-1}. Inline or files."},
    {.name = "scale", .type = LN_REAL, .fallback = "1", .doc = "Factor on every entry."},
    {.name = "perturbation",
     .type = LN_REAL,
     .fallback = "0",
     .low = 0,
     .high = INFINITY,
     .doc = "Standard deviation of Gaussian noise on every entry, after scale."},
};

static int check(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err) {
    const struct ln_value *layers = ln_conf_value(&point->conf[LN_INIT], "layers");
    if (layers->count != shape->n_layers)
        return ln_err_key(err, "model.init.layers", "%d matrices do not fit depth %d; give %d",
                          layers->count, shape->n_layers, shape->n_layers);
    for (int j = 1; j <= shape->n_layers; j++) {
        const struct ln_matrix *w = &layers->matrices[j - 1];
        if (w->rows != shape->widths[j] || w->cols != shape->widths[j - 1])
            return ln_err_key(err, "model.init.layers",
                              "W_%d is %d x %d; the widths ask for %d x %d", j, w->rows, w->cols,
                              shape->widths[j], shape->widths[j - 1]);
    }
    return LN_OK;
}

static void perturb(const struct ln_point *point, const struct ln_shape *shape, double size,
                    double *weights) {
    struct ln_random random;
    double *noise = ln_linalg_alloc((size_t)shape->n_weights, sizeof *noise);
    ln_random_init(&random, point->base_seed, point->seed[LN_STREAM_INIT], LN_STREAM_INIT);
    ln_random_normals(&random, (size_t)shape->n_weights, noise);
    for (int i = 0; i < shape->n_weights; i++)
        weights[i] += size * noise[i];
    free(noise);
}

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    const struct ln_conf *conf = &point->conf[LN_INIT];
    const struct ln_value *layers = ln_conf_value(conf, "layers");
    for (int j = 1; j <= shape->n_layers; j++)
        for (int i = 0; i < shape->offset[j] - shape->offset[j - 1]; i++)
            weights[shape->offset[j - 1] + i] =
                ln_conf_real(conf, "scale") * layers->matrices[j - 1].data[i];
    double size = ln_conf_real(conf, "perturbation");
    if (size > 0)
        perturb(point, shape, size, weights);
}

const struct ln_init ln_init_weights = {
    .entry = {.name = "weights",
              .doc = "Given weights, layer by layer, with or without noise.",
              LN_PARAMS(params)},
    .check = check,
    .fill = fill,
};
