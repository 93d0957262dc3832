/* Scaled random orthogonal layers (orthonormal rows or columns where a layer is not square).
 * Source: Hu, Xiao, Pennington 2020. */
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/random.h"

static const struct ln_param params[] = {
    {.name = "scale", .type = LN_REAL, .fallback = "1", .doc = "Singular value of every layer."},
};

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    double scale = ln_conf_real(&point->conf[LN_INIT], "scale");
    struct ln_random random;
    ln_random_init(&random, point->base_seed, point->seed[LN_STREAM_INIT], LN_STREAM_INIT);
    for (int j = 1; j <= shape->n_layers; j++) {
        int rows = shape->widths[j], cols = shape->widths[j - 1], tall = rows > cols ? rows : cols;
        int thin = rows > cols ? cols : rows;
        double *frame = ln_linalg_alloc((size_t)tall * thin, sizeof *frame),
               *w = weights + shape->offset[j - 1];
        ln_random_normals(&random, (size_t)tall * thin, frame);
        ln_orthonormalise(frame, tall, thin);
        for (int i = 0; i < rows; i++)
            for (int k = 0; k < cols; k++)
                w[i * cols + k] =
                    scale * (rows >= cols ? frame[i * thin + k] : frame[k * thin + i]);
        free(frame);
    }
}

const struct ln_init ln_init_orthogonal = {
    .entry = {.name = "orthogonal",
              .doc = "Every layer scale times a Haar-distributed orthogonal matrix (or frame).",
              .source = "Hu, Xiao, Pennington 2020",
              LN_PARAMS(params)},
    .fill = fill,
};
