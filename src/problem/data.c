/* Given samples: loss (c/2) ||W X - Y||_F^2. Source: Nguegnang et al. 2021, setting (c = 1). */
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/problem.h"

static const struct ln_param params[] = {
    {.name = "x",
     .type = LN_MATRIX,
     .fallback = NULL,
     .doc = "Inputs, d_in rows, one column a sample; or a file."},
    {.name = "y",
     .type = LN_MATRIX,
     .fallback = NULL,
     .doc = "Outputs, d_out rows, one column a sample; or a file."},
    {.name = "loss",
     .type = LN_CHOICE,
     .fallback = "sum",
     .choices = "sum mean mean_outputs",
     .doc = "Normalisation c of the loss (c/2)||W X - Y||_F^2: 1, 1/n, or 2/(n d_out)."},
};

/* The moments are d_in^2 numbers, counted by an int. */
enum { MOST_INPUTS = 46340 };

static int dims(const struct ln_point *point, int *d_in, int *d_out, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    const struct ln_matrix *x = ln_conf_matrix(conf, "x"), *y = ln_conf_matrix(conf, "y");
    if (x->cols != y->cols)
        return ln_err_key(err, "problem.y",
                          "y has %d samples (columns), x has %d; give both the same number",
                          y->cols, x->cols);
    if (x->rows > MOST_INPUTS)
        return ln_err_key(
            err, "problem.x",
            "x has %d inputs (rows), and their moments would not fit; give at most %d", x->rows,
            MOST_INPUTS);
    *d_in = x->rows;
    *d_out = y->rows;
    return LN_OK;
}

static double *copy_of(const struct ln_matrix *matrix) {
    size_t size = (size_t)matrix->rows * matrix->cols;
    double *copy = ln_linalg_alloc(size, sizeof *copy);
    memcpy(copy, matrix->data, size * sizeof *copy);
    return copy;
}

static int build(const struct ln_point *point, struct ln_samples *samples, struct ln_err *err) {
    const struct ln_conf *conf = &point->conf[LN_PROBLEM];
    int status = dims(point, &samples->d_in, &samples->d_out, err);
    if (status != LN_OK)
        return status;
    samples->x = copy_of(ln_conf_matrix(conf, "x"));
    samples->y = copy_of(ln_conf_matrix(conf, "y"));
    samples->n = ln_conf_matrix(conf, "x")->cols;
    samples->c = ln_problem_normalisation(conf, samples->n, samples->d_out);
    return LN_OK;
}

const struct ln_problem_kind ln_problem_data = {
    .entry = {.name = "data",
              .doc = "Least squares on given samples X, Y.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, setting",
              LN_PARAMS(params)},
    .has_moment = true,
    .is_given = true,
    .dims = dims,
    .build = build,
};
