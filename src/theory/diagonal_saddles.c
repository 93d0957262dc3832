/* Predictions for diagonal networks from the limit of small scale. Times are in the unit of the
 * point: raw time of its parametrisation, or accelerated for the dual form. */
#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/model_diagonal.h"
#include "linnet/saddles_point.h"
#include "linnet/theory.h"

static int check_diagonal(const struct ln_point *point, const struct ln_shape *shape,
                          const struct ln_problem *problem, struct ln_err *err) {
    (void)point;
    (void)problem;
    if (ln_is_diagonal(shape))
        return LN_OK;
    return ln_err_key(err, "model.kind",
                      "the predicted saddles are those of a diagonal network; take kind: diagonal, "
                      "or leave the prediction out of record.theory");
}

static int check_depth_two(const struct ln_point *point, const struct ln_shape *shape,
                           const struct ln_problem *problem, struct ln_err *err) {
    int status = check_diagonal(point, shape, problem, err);
    if (status == LN_OK && ln_diagonal_depth(shape) != 2)
        status = ln_err_key(err, "model.depth",
                            "first-order times are those of depth 2, not %d; leave "
                            "jump_times_first_order out of record.theory",
                            ln_diagonal_depth(shape));
    return status;
}

/* A point with its limit walked. */
struct view {
    struct ln_limit limit;
    struct ln_saddles saddles;
};

/* Returns false where nothing is predicted; then nothing is owned. */
static bool view_open(const struct ln_outlook *outlook, struct view *view) {
    const struct ln_net *net = &outlook->net;
    struct ln_err err;
    if (!ln_is_diagonal(net->shape) ||
        ln_limit_of(outlook->point, net->shape, net->problem, &view->limit, &err) != LN_OK)
        return false;
    if (ln_saddles_walk(&view->limit.regression, &view->saddles) == LN_SADDLES_DONE)
        return true;
    ln_saddles_clear(&view->saddles);
    ln_limit_clear(&view->limit);
    return false;
}

static void view_close(struct view *view) {
    ln_saddles_clear(&view->saddles);
    ln_limit_clear(&view->limit);
}

static int n_shown(const struct view *view) {
    return view->saddles.n_jumps < LN_MAX_JUMPS ? view->saddles.n_jumps : LN_MAX_JUMPS;
}

static void predict_times(const struct ln_outlook *outlook, double *out) {
    struct view view;
    if (!view_open(outlook, &view))
        return;
    for (int k = 1; k <= n_shown(&view); k++)
        out[k - 1] = view.saddles.time[k] * view.limit.time_unit;
    view_close(&view);
}

static void predict_first_order(const struct ln_outlook *outlook, double *out) {
    struct view view;
    if (!view_open(outlook, &view))
        return;
    struct ln_jump *jumps = ln_linalg_alloc((size_t)view.saddles.n_jumps + 1, sizeof *jumps);
    if (view.limit.depth == 2)
        ln_saddles_jumps(&view.limit.regression, &view.saddles, jumps);
    for (int k = 1; view.limit.depth == 2 && k <= n_shown(&view); k++)
        out[k - 1] = (view.saddles.time[k] + (jumps[k].c + jumps[k].h) / view.limit.log_scale) *
                     view.limit.time_unit;
    free(jumps);
    view_close(&view);
}

static void predict_losses(const struct ln_outlook *outlook, double *out) {
    struct view view;
    if (!view_open(outlook, &view))
        return;
    for (int k = 1; k <= n_shown(&view); k++)
        out[k - 1] = view.saddles.loss[k];
    view_close(&view);
}

static void predict_saddles(const struct ln_outlook *outlook, double *out) {
    struct view view;
    if (!view_open(outlook, &view))
        return;
    int d = view.saddles.d;
    for (int k = 0; k < n_shown(&view) * d; k++)
        out[k] = view.saddles.b[d + k];
    view_close(&view);
}

static void predict_count(const struct ln_outlook *outlook, double *out) {
    struct view view;
    if (!view_open(outlook, &view))
        return;
    out[0] = view.saddles.n_jumps;
    view_close(&view);
}

static void predict_norm(const struct ln_outlook *outlook, double *out) {
    struct view view;
    if (!view_open(outlook, &view))
        return;
    size_t last = (size_t)view.saddles.n_jumps * (size_t)view.saddles.d;
    if (!view.limit.start)
        out[0] = ln_saddles_penalty(&view.limit.regression, view.saddles.b + last);
    view_close(&view);
}

/* At a minimiser grad L = 0, so the Hessian in the weights is J' H J with J J' diagonal: the
 * squared speed of b_i as its weights move. */
static double squared_speed(const struct ln_shape *shape, double log_scale, double k, double b) {
    int depth = ln_diagonal_depth(shape);
    if (depth == 2)
        return 2 * hypot(b, exp(-2 * log_scale * k));
    double z = ln_diagonal_dual_of(depth, log_scale, 1, b);
    double power = -(2.0 * depth - 2) / (depth - 2);
    return (double)depth * depth * exp(-(2 * depth - 2) * log_scale) *
           (pow(1 - z, power) + pow(1 + z, power));
}

static void predict_step_limit(const struct ln_outlook *outlook, double *out) {
    const struct ln_shape *shape = outlook->net.shape;
    struct view view;
    if (!ln_is_diagonal(shape) || ln_diagonal_form(shape) == LN_DIAGONAL_DUAL ||
        !view_open(outlook, &view))
        return;
    const struct ln_regression *regression = &view.limit.regression;
    int d = regression->d, n = regression->n, r = d < n ? d : n;
    const double *b = view.saddles.b + (size_t)view.saddles.n_jumps * (size_t)d;
    double *a = ln_linalg_alloc((size_t)d * n, sizeof *a);
    double *sigma = ln_linalg_alloc((size_t)r, sizeof *sigma);
    for (int i = 0; i < d; i++) {
        double k = view.limit.walls ? view.limit.walls[i] : 1;
        double factor = sqrt(regression->c * squared_speed(shape, view.limit.log_scale, k, b[i]));
        for (int j = 0; j < n; j++)
            a[(size_t)i * n + j] = factor * regression->x[(size_t)i * n + j];
    }
    ln_svd(NULL, sigma, NULL, a, d, n);
    out[0] = 2 / (sigma[0] * sigma[0]);
    free(sigma);
    free(a);
    view_close(&view);
}

const struct ln_prediction ln_prediction_jump_times = {
    .entry = {.name = "jump_times",
              .doc = "Times of the jumps between saddles in the limit of small scale, in the unit "
                     "of the point (accelerated for form dual, else raw time); the first 32.",
              .source = "Pesme, Flammarion 2023, Algorithm 1 and main theorem; depth D >= 3: the "
                        "same times in a unit of its own"},
    .long_name = "predicted jump times",
    .units = "1",
    .extent = LN_PER_JUMP,
    .check = check_diagonal,
    .predict = predict_times,
};

const struct ln_prediction ln_prediction_jump_times_first_order = {
    .entry = {.name = "jump_times_first_order",
              .doc = "The same at the scale of the point, t_k + (c_k + h_k) / ln(1/alpha): when b "
                     "is as far from the saddle before as from the one after.",
              .source = "Pesme, Flammarion 2023, heteroclinic orbits of the jumps; c, h: "
                        "docs/physics.md"},
    .long_name = "predicted jump times to first order",
    .units = "1",
    .extent = LN_PER_JUMP,
    .check = check_depth_two,
    .predict = predict_first_order,
};

const struct ln_prediction ln_prediction_saddle_losses = {
    .entry = {.name = "saddle_losses",
              .doc = "Loss at the saddle after each jump; the first 32.",
              .source = "Pesme, Flammarion 2023, Algorithm 1"},
    .long_name = "loss at the predicted saddles",
    .units = "1",
    .extent = LN_PER_JUMP,
    .check = check_diagonal,
    .predict = predict_losses,
};

const struct ln_prediction ln_prediction_saddles = {
    .entry = {.name = "saddles",
              .doc = "Coefficients b of the saddle after each jump, the first 32; that after jump "
                     "number n_saddles is the minimiser.",
              .source = "Pesme, Flammarion 2023, Algorithm 1"},
    .long_name = "predicted saddles",
    .units = "1",
    .extent = LN_PER_JUMP_INPUT,
    .check = check_diagonal,
    .predict = predict_saddles,
};

const struct ln_prediction ln_prediction_n_saddles = {
    .entry = {.name = "n_saddles",
              .doc = "Number of jumps, that is of saddles after the start, the minimiser included.",
              .source = "Pesme, Flammarion 2023, Algorithm 1"},
    .long_name = "number of predicted jumps",
    .units = "1",
    .check = check_diagonal,
    .predict = predict_count,
};

const struct ln_prediction ln_prediction_min_l1_norm = {
    .entry = {.name = "min_l1_norm",
              .doc = "Least l1 norm over the minimisers of the loss, weighted by the exponents of "
                     "the start: that of the limit (not after a warm start).",
              .source = "Pesme, Flammarion 2023, main theorem; Woodworth et al. 2020"},
    .long_name = "least l1 norm of a minimiser",
    .units = "1",
    .check = check_diagonal,
    .predict = predict_norm,
};

const struct ln_prediction ln_prediction_diagonal_step_limit = {
    .entry = {.name = "diagonal_step_limit",
              .doc = "Largest step of gradient descent at which the minimiser of least l1 norm is "
                     "stable: 2 / lambda_max(S H S), S^2 = diag 2 sqrt(b^2 + alpha^4) at depth 2.",
              .source = "Even, Pesme, Gunasekar, Flammarion 2023, local stability"},
    .long_name = "step size limit at the minimiser of least l1 norm",
    .units = "1",
    .check = check_diagonal,
    .predict = predict_step_limit,
};
