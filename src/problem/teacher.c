/* Generated samples: Gaussian inputs, a linear teacher, noise on the outputs. */
#include <math.h>
#include <stdlib.h>

#include "generate.h"
#include "linnet/linalg.h"
#include "linnet/problem.h"

static const struct ln_param params[] = {
    {.name = "samples",
     .type = LN_INT,
     .fallback = NULL,
     .low = 1,
     .high = 1e7,
     .doc = "Number of samples n."},
    {.name = "inputs", .type = LN_INT, .fallback = NULL, .low = 1, .high = 4096, .doc = "d_in."},
    {.name = "outputs", .type = LN_INT, .fallback = "1", .low = 1, .high = 4096, .doc = "d_out."},
    {.name = "spectrum",
     .type = LN_REALS,
     .fallback = "1",
     .low = 0,
     .high = INFINITY,
     .doc = "Singular values of the teacher."},
    {.name = "basis",
     .type = LN_CHOICE,
     .fallback = "random",
     .choices = "identity random",
     .doc = "Singular vectors of the teacher: the axes, or two seeded random frames."},
    {.name = "noise",
     .type = LN_REAL,
     .fallback = "0",
     .low = 0,
     .high = INFINITY,
     .doc = "Standard deviation of the noise on every output."},
    {.name = "loss",
     .type = LN_CHOICE,
     .fallback = "mean",
     .choices = "sum mean mean_outputs",
     .doc = "Normalisation c of the loss (c/2)||W X - Y||_F^2: 1, 1/n, or 2/(n d_out)."},
};

static int dims(const struct ln_point *point, int *d_in, int *d_out, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    *d_in = (int)ln_conf_int(conf, "inputs");
    *d_out = (int)ln_conf_int(conf, "outputs");
    double numbers = (double)ln_conf_int(conf, "samples") * (*d_in + *d_out);
    if (numbers > 2e8)
        return ln_err_key(err, "problem.samples",
                          "%.3g numbers of samples are more than 2e8; take fewer samples", numbers);
    int count = ln_conf_value(conf, "spectrum")->count, most = *d_in < *d_out ? *d_in : *d_out;
    if (count > most)
        return ln_err_key(err, "problem.spectrum",
                          "%d values do not fit a %d x %d teacher; give at most %d", count, *d_out,
                          *d_in, most);
    return LN_OK;
}

static int build(const struct ln_point *point, struct ln_samples *samples, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    int status = dims(point, &samples->d_in, &samples->d_out, err);
    if (status != LN_OK)
        return status;
    int d_in = samples->d_in, d_out = samples->d_out,
        n = samples->n = (int)ln_conf_int(conf, "samples");
    struct ln_random random = ln_problem_random(point);
    double *teacher = ln_problem_from_spectrum(&random, ln_conf_value(conf, "spectrum"),
                                               ln_conf_value(conf, "basis")->text, d_out, d_in);
    samples->x = ln_problem_gaussian(&random, d_in, n);
    samples->y = ln_problem_gaussian(&random, d_out, n); /* the noise, before the signal is added */
    double *signal = ln_linalg_alloc((size_t)d_out * n, sizeof *signal);
    ln_matmul(signal, teacher, false, samples->x, false, d_out, n, d_in);
    for (size_t i = 0; i < (size_t)d_out * n; i++)
        samples->y[i] = signal[i] + ln_conf_real(conf, "noise") * samples->y[i];
    samples->c = ln_problem_normalisation(conf, n, d_out);
    free(signal);
    free(teacher);
    return LN_OK;
}

const struct ln_problem_kind ln_problem_teacher = {
    .entry = {.name = "teacher",
              .doc = "Least squares on generated samples: Gaussian inputs, linear teacher, "
                     "Gaussian output noise.",
              LN_PARAMS(params)},
    .has_moment = true,
    .dims = dims,
    .build = build,
};
