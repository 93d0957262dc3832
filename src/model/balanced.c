/* Balanced factors W_{j+1}^T W_{j+1} = W_j W_j^T of an end-to-end matrix: the given one, or scale
 * times a seeded Gaussian one. Source: Bartlett et al. 2018, balanced factorisation;
 * Nguegnang et al. 2021, balancedness constant 0. */
#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/random.h"

static const struct ln_param params[] = {
    {.name = "scale", .type = LN_REAL, .fallback = "1", .doc = "Factor on the end-to-end matrix."},
    {.name = "product",
     .type = LN_MATRIX,
     .fallback = "~",
     .doc = "End-to-end matrix to factor, d_out x d_in; default: seeded standard normal / "
            "sqrt(d_in)."},
};

static int check(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err) {
    const struct ln_matrix *given = ln_conf_matrix(&point->conf[LN_INIT], "product");
    int rows = shape->widths[shape->n_layers], cols = shape->widths[0];
    if (given && (given->rows != rows || given->cols != cols))
        return ln_err_key(err, "model.init.product",
                          "a %d x %d matrix does not fit the %d x %d problem", given->rows,
                          given->cols, rows, cols);
    return LN_OK;
}

static void fill(const struct ln_point *point, const struct ln_shape *shape, double *weights) {
    const struct ln_conf *conf = &point->conf[LN_INIT];
    const struct ln_matrix *given = ln_conf_matrix(conf, "product");
    int rows = shape->widths[shape->n_layers], cols = shape->widths[0];
    double *p = ln_linalg_alloc((size_t)rows * cols, sizeof *p);
    struct ln_random random;
    ln_random_init(&random, point->base_seed, point->seed[LN_STREAM_INIT], LN_STREAM_INIT);
    ln_random_normals(&random, (size_t)rows * cols, p);
    for (int i = 0; i < rows * cols; i++)
        p[i] = ln_conf_real(conf, "scale") * (given ? given->data[i] : p[i] / sqrt((double)cols));
    shape->model->from_product(shape, p, weights);
    free(p);
}

const struct ln_init ln_init_balanced = {
    .entry = {.name = "balanced",
              .doc = "Balanced factors of an end-to-end matrix (singular values to the power 1/N "
                     "in every layer).",
              .source =
                  "Bartlett, Helmbold, Long 2018, balanced factorisation; Arora, Cohen, Golowich, "
                  "Hu 2018, balanced initialisation",
              LN_PARAMS(params)},
    .models = "deep induced one_neuron",
    .check = check,
    .fill = fill,
};
