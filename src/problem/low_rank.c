/* A low-rank target under noise: Phi = scale rank^{-1/2} U V^T + noise Z with U, V, Z standard
 * normal. Source: Tu, Aranguri, Jacot 2024, mixed dynamics. */
#include <math.h>
#include <stdlib.h>

#include "generate.h"
#include "linnet/linalg.h"
#include "linnet/problem.h"

static const struct ln_param params[] = {
    {.name = "rank",
     .type = LN_INT,
     .fallback = "1",
     .low = 1,
     .high = 4096,
     .doc = "Rank of the noiseless part."},
    {.name = "rows", .type = LN_INT, .fallback = NULL, .low = 1, .high = 4096, .doc = "d_out."},
    {.name = "cols",
     .type = LN_INT,
     .fallback = "~",
     .low = 1,
     .high = 4096,
     .doc = "d_in; default: rows."},
    {.name = "scale", .type = LN_REAL, .fallback = "1", .doc = "Factor on the noiseless part."},
    {.name = "noise",
     .type = LN_REAL,
     .fallback = "0",
     .low = 0,
     .high = INFINITY,
     .doc = "Standard deviation of the noise on every entry."},
};

static int dims(const struct ln_point *point, int *d_in, int *d_out, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    *d_out = (int)ln_conf_int(conf, "rows");
    *d_in = ln_conf_is_set(conf, "cols") ? (int)ln_conf_int(conf, "cols") : *d_out;
    int rank = (int)ln_conf_int(conf, "rank");
    if (rank > *d_out || rank > *d_in)
        return ln_err_key(err, "problem.rank", "rank %d is larger than the %d x %d target", rank,
                          *d_out, *d_in);
    return LN_OK;
}

static int build(const struct ln_point *point, struct ln_samples *samples, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    int status = dims(point, &samples->d_in, &samples->d_out, err);
    if (status != LN_OK)
        return status;
    int rank = (int)ln_conf_int(conf, "rank"), m = samples->d_out, n = samples->d_in;
    struct ln_random random = ln_problem_random(point);
    double *u = ln_problem_gaussian(&random, m, rank), *v = ln_problem_gaussian(&random, n, rank);
    double *z = ln_problem_gaussian(&random, m, n);
    samples->target = ln_linalg_alloc((size_t)m * n, sizeof(double));
    ln_matmul(samples->target, u, false, v, true, m, n, rank);
    for (int i = 0; i < m * n; i++)
        samples->target[i] = ln_conf_real(conf, "scale") / sqrt((double)rank) * samples->target[i] +
                             ln_conf_real(conf, "noise") * z[i];
    free(z);
    free(v);
    free(u);
    return LN_OK;
}

const struct ln_problem_kind ln_problem_low_rank = {
    .entry = {.name = "low_rank",
              .doc =
                  "A Gaussian low-rank target plus Gaussian noise on every entry, whitened inputs.",
              .source = "Tu, Aranguri, Jacot 2024, noisy low-rank target",
              LN_PARAMS(params)},
    .dims = dims,
    .build = build,
};
