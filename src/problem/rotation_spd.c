/* A rotation times a symmetric positive definite matrix: the polar form that decides whether plain
 * gradient descent from the identity converges. Source: Bartlett et al. 2018, margin of the target;
 * angles beyond pi/2 leave it. */
#include <math.h>
#include <stdlib.h>

#include "generate.h"
#include "linnet/linalg.h"
#include "linnet/problem.h"

static const double pi = 3.14159265358979323846;

static const struct ln_param params[] = {
    {.name = "angle",
     .type = LN_REAL,
     .fallback = "0",
     .low = -1,
     .high = 1,
     .units = "pi rad",
     .doc = "Rotation angle in units of pi, in the coordinate planes (1,2), (3,4), ...; an odd "
            "last axis stays."},
    {.name = "spectrum",
     .type = LN_REALS,
     .fallback = NULL,
     .low = 0,
     .high = INFINITY,
     .low_open = true,
     .doc = "Eigenvalues of the positive definite factor."},
    {.name = "basis",
     .type = LN_CHOICE,
     .fallback = "identity",
     .choices = "identity symmetric",
     .doc = "Eigenvectors of the positive definite factor: the axes, or a seeded random frame."},
};

static int dims(const struct ln_point *point, int *d_in, int *d_out, struct ln_err *err) {
    (void)err;
    *d_in = *d_out = ln_conf_value(&point->conf[LN_PROBLEM], "spectrum")->count;
    return LN_OK;
}

static int build(const struct ln_point *point, struct ln_samples *samples, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    dims(point, &samples->d_in, &samples->d_out, err);
    int d = samples->d_in;
    struct ln_random random = ln_problem_random(point);
    double *spd = ln_problem_from_spectrum(&random, ln_conf_value(conf, "spectrum"),
                                           ln_conf_value(conf, "basis")->text, d, d);
    double *rotation = ln_linalg_alloc((size_t)d * d, sizeof *rotation);
    double c = cos(ln_conf_real(conf, "angle") * pi), s = sin(ln_conf_real(conf, "angle") * pi);
    for (int i = 0; i < d; i++)
        rotation[i * d + i] = 1;
    for (int i = 0; i + 1 < d; i += 2) {
        rotation[i * d + i] = rotation[(i + 1) * d + i + 1] = c;
        rotation[(i + 1) * d + i] = s;
        rotation[i * d + i + 1] = -s;
    }
    samples->target = ln_linalg_alloc((size_t)d * d, sizeof(double));
    ln_matmul(samples->target, rotation, false, spd, false, d, d, d);
    free(rotation);
    free(spd);
    return LN_OK;
}

const struct ln_problem_kind ln_problem_rotation_spd = {
    .entry = {.name = "rotation_spd",
              .doc =
                  "A plane rotation times a symmetric positive definite matrix, whitened inputs.",
              .source = "Bartlett, Helmbold, Long 2018, margin of the target",
              LN_PARAMS(params)},
    .dims = dims,
    .build = build,
};
