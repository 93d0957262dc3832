/* Balanced layers with equal singular values: W_j = scale U_j U_{j-1}^T, every U_j [d_j x r] with
 * orthonormal columns, r the least width. Then W_{j+1}^T W_{j+1} = scale^2 U_j U_j^T = W_j W_j^T.
 * U_0, U_1, ... come row by row from SplitMix64 with the seed of the start, uniform, and are
 * orthonormalised by Gram-Schmidt with positive diagonal: others can make them anew. */
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/random.h"

static const struct ln_param params[] = {
    {.name = "scale",
     .type = LN_REAL,
     .fallback = "1",
     .doc = "The r singular values of every layer that are not zero."},
};

static void draw_frame(struct ln_splitmix *random, double *frame, int rows, int cols) {
    for (int i = 0; i < rows * cols; i++)
        frame[i] = ln_splitmix_uniform(random);
    ln_orthonormalise(frame, rows, cols);
}

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    double scale = ln_conf_real(&point->conf[LN_INIT], "scale");
    int r = shape->rank;
    size_t room = (size_t)shape->max_width * r;
    double *below = ln_linalg_alloc(room, sizeof *below),
           *above = ln_linalg_alloc(room, sizeof *above);
    struct ln_splitmix random = ln_splitmix_seeded(point->base_seed, point->seed[LN_STREAM_INIT]);
    draw_frame(&random, below, shape->widths[0], r);
    for (int j = 1; j <= shape->n_layers; j++) {
        double *w = weights + shape->offset[j - 1];
        int rows = shape->widths[j], cols = shape->widths[j - 1];
        draw_frame(&random, above, rows, r);
        ln_matmul(w, above, false, below, true, rows, cols, r);
        for (int i = 0; i < rows * cols; i++)
            w[i] *= scale;
        memcpy(below, above, (size_t)rows * r * sizeof *below);
    }
    free(above);
    free(below);
}

const struct ln_init ln_init_isometries = {
    .entry = {.name = "isometries",
              .doc = "Balanced partial isometries of the rank of the least width, times scale; "
                     "from SplitMix64.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, numerical experiments",
              LN_PARAMS(params)},
    .fill = fill,
};
