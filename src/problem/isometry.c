/* Samples of a partial isometry, made so that others can make them anew: SplitMix64 with the data
 * seed gives X row by row, then A, then B, all uniform; A and B are orthonormalised by Gram-Schmidt
 * with positive diagonal. It is the data with which the published curves of Nguegnang, Rauhut,
 * Terstiege 2021 (70 inputs, 210 samples, rank 35) are reproduced. */
#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/problem.h"
#include "linnet/random.h"

static const struct ln_param params[] = {
    {.name = "inputs", .type = LN_INT, .fallback = NULL, .low = 1, .high = 4096, .doc = "d_in."},
    {.name = "outputs",
     .type = LN_INT,
     .fallback = "~",
     .low = 1,
     .high = 4096,
     .doc = "d_out; default: inputs."},
    {.name = "rank",
     .type = LN_INT,
     .fallback = NULL,
     .low = 1,
     .high = 4096,
     .doc = "Rank of the isometry W* = A B^T."},
    {.name = "samples",
     .type = LN_INT,
     .fallback = "~",
     .low = 1,
     .high = 1e7,
     .doc = "Number of samples n; default: 3 d_in."},
    {.name = "loss",
     .type = LN_CHOICE,
     .fallback = "sum",
     .choices = "sum mean mean_outputs",
     .doc = "Normalisation c of the loss (c/2)||W X - Y||_F^2: 1, 1/n, or 2/(n d_out)."},
};

static int n_samples(const struct ln_conf *conf, int d_in) {
    return ln_conf_is_set(conf, "samples") ? (int)ln_conf_int(conf, "samples") : 3 * d_in;
}

static int dims(const struct ln_point *point, int *d_in, int *d_out, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    *d_in = (int)ln_conf_int(conf, "inputs");
    *d_out = ln_conf_is_set(conf, "outputs") ? (int)ln_conf_int(conf, "outputs") : *d_in;
    int rank = (int)ln_conf_int(conf, "rank");
    if (rank > *d_in || rank > *d_out)
        return ln_err_key(err, "problem.rank", "rank %d is larger than the %d x %d isometry", rank,
                          *d_out, *d_in);
    double numbers = (double)n_samples(conf, *d_in) * (*d_in + *d_out);
    if (numbers > 2e8)
        return ln_err_key(err, "problem.samples",
                          "%.3g numbers of samples are more than 2e8; take fewer samples", numbers);
    return LN_OK;
}

static double *uniform(struct ln_splitmix *random, int rows, int cols, double scale) {
    double *x = ln_linalg_alloc((size_t)rows * cols, sizeof *x);
    for (size_t i = 0; i < (size_t)rows * cols; i++)
        x[i] = scale * ln_splitmix_uniform(random);
    return x;
}

static int build(const struct ln_point *point, struct ln_samples *samples, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    int status = dims(point, &samples->d_in, &samples->d_out, err);
    if (status != LN_OK)
        return status;
    int d_in = samples->d_in, d_out = samples->d_out, rank = (int)ln_conf_int(conf, "rank"),
        n = samples->n = n_samples(conf, d_in);
    struct ln_splitmix random = ln_splitmix_seeded(point->base_seed, point->seed[LN_STREAM_DATA]);
    samples->x = uniform(&random, d_in, n, sqrt(3.0 / d_in));
    double *a = uniform(&random, d_out, rank, 1.0), *b = uniform(&random, d_in, rank, 1.0);
    double *teacher = ln_linalg_alloc((size_t)d_out * d_in, sizeof *teacher);
    ln_orthonormalise(a, d_out, rank);
    ln_orthonormalise(b, d_in, rank);
    ln_matmul(teacher, a, false, b, true, d_out, d_in, rank);
    samples->y = ln_linalg_alloc((size_t)d_out * n, sizeof(double));
    ln_matmul(samples->y, teacher, false, samples->x, false, d_out, n, d_in);
    samples->c = ln_problem_normalisation(conf, n, d_out);
    free(teacher);
    free(b);
    free(a);
    return LN_OK;
}

const struct ln_problem_kind ln_problem_isometry = {
    .entry = {.name = "isometry",
              .doc = "Least squares on generated samples: uniform inputs of variance 1/d_in, a "
                     "partial isometry as teacher, no noise; from SplitMix64.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, numerical experiments",
              LN_PARAMS(params)},
    .has_moment = true,
    .dims = dims,
    .build = build,
};
