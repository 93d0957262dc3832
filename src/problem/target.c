/* A population target: loss 1/2 ||P - Phi||_F^2 (whitened inputs). Source: Bartlett et al. 2018,
 * setting. */
#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "linnet/linalg.h"
#include "linnet/problem.h"

static const struct ln_param params[] = {
    {.name = "matrix",
     .type = LN_MATRIX,
     .fallback = "~",
     .doc = "Phi itself, d_out rows of d_in numbers; or a file."},
    {.name = "spectrum",
     .type = LN_REALS,
     .fallback = "~",
     .doc = "Singular values of Phi (eigenvalues, of either sign, for the identity and symmetric "
            "bases)."},
    {.name = "basis",
     .type = LN_CHOICE,
     .fallback = "identity",
     .choices = "identity random symmetric",
     .doc = "Singular vectors: the axes; two seeded random frames; or one frame on both sides "
            "(symmetric Phi)."},
    {.name = "rows",
     .type = LN_INT,
     .fallback = "~",
     .low = 1,
     .high = 4096,
     .doc = "d_out; default: length of spectrum."},
    {.name = "cols",
     .type = LN_INT,
     .fallback = "~",
     .low = 1,
     .high = 4096,
     .doc = "d_in; default: length of spectrum."},
    {.name = "scale", .type = LN_REAL, .fallback = "1", .doc = "Factor on the whole target."},
};

static int spectrum_dims(const struct ln_conf *conf, int *d_in, int *d_out, struct ln_err *err) {
    int count = ln_conf_value(conf, "spectrum")->count;
    *d_out = ln_conf_is_set(conf, "rows") ? (int)ln_conf_int(conf, "rows") : count;
    *d_in = ln_conf_is_set(conf, "cols") ? (int)ln_conf_int(conf, "cols") : count;
    if (count > *d_out || count > *d_in)
        return ln_err_key(err, "problem.spectrum",
                          "%d values do not fit a %d x %d target; give at most %d", count, *d_out,
                          *d_in, *d_out < *d_in ? *d_out : *d_in);
    for (int i = 0; i < count && ln_conf_is(conf, "basis", "random"); i++)
        if (ln_conf_value(conf, "spectrum")->reals[i] < 0)
            return ln_err_key(
                err, "problem.spectrum",
                "%g: singular values are not negative; basis: symmetric takes eigenvalues "
                "of either sign",
                ln_conf_value(conf, "spectrum")->reals[i]);
    if (*d_out != *d_in && ln_conf_is(conf, "basis", "symmetric"))
        return ln_err_key(err, "problem.basis",
                          "a symmetric target must be square, not %d x %d; use basis: random",
                          *d_out, *d_in);
    return LN_OK;
}

static int dims(const struct ln_point *point, int *d_in, int *d_out, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    const struct ln_matrix *matrix = ln_conf_matrix(conf, "matrix");
    if (!matrix == !ln_conf_is_set(conf, "spectrum"))
        return ln_err_key(err, "problem",
                          "a target needs either `matrix` or `spectrum`, and not both");
    if (matrix && (ln_conf_is_set(conf, "rows") || ln_conf_is_set(conf, "cols") ||
                   !ln_conf_is(conf, "basis", "identity")))
        return ln_err_key(
            err, "problem",
            "rows, cols and basis belong to a spectrum; leave them out beside a matrix");
    if (!matrix)
        return spectrum_dims(conf, d_in, d_out, err);
    *d_out = matrix->rows;
    *d_in = matrix->cols;
    return LN_OK;
}

static int build(const struct ln_point *point, struct ln_samples *samples, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    int status = dims(point, &samples->d_in, &samples->d_out, err);
    if (status != LN_OK)
        return status;
    const struct ln_matrix *matrix = ln_conf_matrix(conf, "matrix");
    size_t size = (size_t)samples->d_out * samples->d_in;
    if (matrix) {
        samples->target = ln_linalg_alloc(size, sizeof(double));
        memcpy(samples->target, matrix->data, size * sizeof(double));
    } else {
        struct ln_random random = ln_problem_random(point);
        samples->target = ln_problem_from_spectrum(&random, ln_conf_value(conf, "spectrum"),
                                                   ln_conf_value(conf, "basis")->text,
                                                   samples->d_out, samples->d_in);
    }
    for (size_t i = 0; i < size; i++)
        samples->target[i] *= ln_conf_real(conf, "scale");
    return LN_OK;
}

const struct ln_problem_kind ln_problem_target = {
    .entry = {.name = "target",
              .doc = "A linear map to be learnt from whitened inputs: loss 1/2 ||P - Phi||_F^2.",
              .source = "Bartlett, Helmbold, Long 2018, setting",
              LN_PARAMS(params)},
    .dims = dims,
    .build = build,
};
