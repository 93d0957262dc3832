/* What theorem 1 says of a point, number by number. */
#include <math.h>

#include "linnet/descent_bound.h"

static struct ln_descent_bound bound_of(const struct ln_outlook *outlook,
                                        enum ln_descent_form form) {
    struct ln_descent_bound bound;
    if (ln_descent_bound_of(outlook, form, &bound))
        return bound;
    return (struct ln_descent_bound){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
}

static void predict_product_bound(const struct ln_outlook *outlook, double *out) {
    out[0] = bound_of(outlook, LN_DESCENT_PAPER).product;
}

const struct ln_prediction ln_prediction_product_bound = {
    .entry = {.name = "product_bound",
              .doc = "M = (||Y|| + sqrt(2 L(0))) / sigma_min(X), which the spectral norm of the "
                     "end-to-end matrix never exceeds while the loss does not grow.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1 (bounded weights)"},
    .long_name = "bound on the norm of the end-to-end matrix",
    .units = "1",
    .check = ln_descent_check,
    .predict = predict_product_bound,
};

static void predict_layer_bound(const struct ln_outlook *outlook, double *out) {
    out[0] = sqrt(bound_of(outlook, LN_DESCENT_PAPER).layer_squared);
}

const struct ln_prediction ln_prediction_layer_bound = {
    .entry = {.name = "layer_bound",
              .doc = "sqrt(K_delta), K_delta = M^(2/N) + (N+1)^2 delta, which no layer's spectral "
                     "norm exceeds below bound_paper.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1 (bounded weights)"},
    .long_name = "bound on the norm of every layer",
    .units = "1",
    .check = ln_descent_check,
    .predict = predict_layer_bound,
};

static void predict_smoothness_bound(const struct ln_outlook *outlook, double *out) {
    out[0] = bound_of(outlook, LN_DESCENT_PAPER).smoothness;
}

const struct ln_prediction ln_prediction_smoothness_bound = {
    .entry = {.name = "smoothness_bound",
              .doc = "B_delta, the bound on the largest Hessian eigenvalue along the run.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1, local smoothness"},
    .long_name = "bound on the smoothness along the run",
    .units = "1",
    .check = ln_descent_check,
    .predict = predict_smoothness_bound,
};

static void predict_descent_step(const struct ln_outlook *outlook, double *out) {
    out[0] = bound_of(outlook, LN_DESCENT_PAPER).descent_step;
}

const struct ln_prediction ln_prediction_descent_step = {
    .entry = {.name = "descent_step",
              .doc = "2 (1 - sigma) / B_delta, the step size below which every step descends.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1, first term"},
    .long_name = "step size for descent",
    .units = "1",
    .check = ln_descent_check,
    .predict = predict_descent_step,
};

static void predict_balance_step(const struct ln_outlook *outlook, double *out) {
    out[0] = bound_of(outlook, LN_DESCENT_PAPER).balance_step;
}

const struct ln_prediction ln_prediction_balance_step = {
    .entry = {.name = "balance_step",
              .doc = "(1 - alpha) delta sigma / (4 L(0)), the step size below which the layers "
                     "stay balanced up to delta.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1, second term"},
    .long_name = "step size for balance",
    .units = "1",
    .check = ln_descent_check,
    .predict = predict_balance_step,
};

static void predict_bound_paper(const struct ln_outlook *outlook, double *out) {
    out[0] = bound_of(outlook, LN_DESCENT_PAPER).step;
}

const struct ln_prediction ln_prediction_bound_paper = {
    .entry = {.name = "bound_paper",
              .doc = "Step size below which gradient descent is proved to converge to a critical "
                     "point: the smaller of descent_step and balance_step.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1"},
    .long_name = "step size with proved convergence",
    .units = "1",
    .check = ln_descent_check,
    .predict = predict_bound_paper,
};

static void predict_bound_derived(const struct ln_outlook *outlook, double *out) {
    out[0] = bound_of(outlook, LN_DESCENT_DERIVED).step;
}

const struct ln_prediction ln_prediction_bound_derived = {
    .entry = {.name = "bound_derived",
              .doc = "The same with 3/2 (N-1) delta in K_delta and L(0) in place of 4 L(0), which "
                     "the proof allows.",
              .source =
                  "Nguegnang, Rauhut, Terstiege 2021, theorem 1, constants sharpened in its proof"},
    .long_name = "step size with proved convergence, sharpened",
    .units = "1",
    .check = ln_descent_check,
    .predict = predict_bound_derived,
};

static void predict_delta(const struct ln_outlook *outlook, double *out) {
    out[0] = bound_of(outlook, LN_DESCENT_PAPER).delta;
}

const struct ln_prediction ln_prediction_delta = {
    .entry = {.name = "delta",
              .doc = "The balance up to which the descent bound is taken: theory.delta, or as "
                     "theory.delta_choice says.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 1"},
    .long_name = "balance the bound is taken at",
    .units = "1",
    .check = ln_descent_check,
    .predict = predict_delta,
};
