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

/* A prediction of one number of `bound`, in the form of the paper or with sharper constants. */
#define ONE_NUMBER(key, form, number, title, sentence, statement)                                  \
    static void predict_##key(const struct ln_outlook *outlook, double *out) {                     \
        struct ln_descent_bound bound = bound_of(outlook, form);                                   \
        out[0] = number;                                                                           \
    }                                                                                              \
    const struct ln_prediction ln_prediction_##key = {                                             \
        .entry = {.name = #key, .doc = sentence, .source = statement},                             \
        .long_name = title,                                                                        \
        .units = "1",                                                                              \
        .check = ln_descent_check,                                                                 \
        .predict = predict_##key,                                                                  \
    }

ONE_NUMBER(product_bound, LN_DESCENT_PAPER, bound.product,
           "bound on the norm of the end-to-end matrix",
           "M = (||Y|| + sqrt(2 L(0))) / sigma_min(X), which the spectral norm of the "
           "end-to-end matrix never exceeds while the loss does not grow.",
           "Nguegnang, Rauhut, Terstiege 2021, theorem 1 (bounded weights)");
ONE_NUMBER(layer_bound, LN_DESCENT_PAPER, sqrt(bound.layer_squared),
           "bound on the norm of every layer",
           "sqrt(K_delta), K_delta = M^(2/N) + (N+1)^2 delta, which no layer's spectral "
           "norm exceeds below bound_paper.",
           "Nguegnang, Rauhut, Terstiege 2021, theorem 1 (bounded weights)");
ONE_NUMBER(smoothness_bound, LN_DESCENT_PAPER, bound.smoothness,
           "bound on the smoothness along the run",
           "B_delta, the bound on the largest Hessian eigenvalue along the run.",
           "Nguegnang, Rauhut, Terstiege 2021, theorem 1, local smoothness");
ONE_NUMBER(descent_step, LN_DESCENT_PAPER, bound.descent_step, "step size for descent",
           "2 (1 - sigma) / B_delta, the step size below which every step descends.",
           "Nguegnang, Rauhut, Terstiege 2021, theorem 1, first term");
ONE_NUMBER(balance_step, LN_DESCENT_PAPER, bound.balance_step, "step size for balance",
           "(1 - alpha) delta sigma / (4 L(0)), the step size below which the layers "
           "stay balanced up to delta.",
           "Nguegnang, Rauhut, Terstiege 2021, theorem 1, second term");
ONE_NUMBER(bound_paper, LN_DESCENT_PAPER, bound.step, "step size with proved convergence",
           "Step size below which gradient descent is proved to converge to a critical "
           "point: the smaller of descent_step and balance_step.",
           "Nguegnang, Rauhut, Terstiege 2021, theorem 1");
ONE_NUMBER(bound_derived, LN_DESCENT_DERIVED, bound.step,
           "step size with proved convergence, sharpened",
           "The same with 3/2 (N-1) delta in K_delta and L(0) in place of 4 L(0), which "
           "the proof allows.",
           "Nguegnang, Rauhut, Terstiege 2021, theorem 1, constants sharpened in its proof");
ONE_NUMBER(delta, LN_DESCENT_PAPER, bound.delta, "balance the bound is taken at",
           "The balance up to which the descent bound is taken: theory.delta, or as "
           "theory.delta_choice says.",
           "Nguegnang, Rauhut, Terstiege 2021, theorem 1");
