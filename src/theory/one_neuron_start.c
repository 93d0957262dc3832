/* What the start of a one-neuron network says about its gradient flow. */
#include <math.h>

#include "linnet/one_neuron.h"
#include "linnet/theory.h"

/* One number of the flow at time 0, NaN where the statements say nothing. */
static void ask(const struct ln_outlook *outlook, double *out,
                double (*number)(const struct ln_one_neuron *, const struct ln_outlook *)) {
    struct ln_one_neuron flow;
    if (!ln_one_neuron_begin(&flow, &outlook->net))
        return;
    out[0] = number(&flow, outlook);
    ln_one_neuron_clear(&flow);
}

/* alpha of `theory:`, NaN: the best for the point. */
static double alpha_of(const struct ln_outlook *outlook) {
    const struct ln_conf *conf = &outlook->point->conf[LN_THEORY];
    return ln_conf_is_set(conf, "alpha") ? ln_conf_real(conf, "alpha") : (double)NAN;
}

static double alignment(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    (void)outlook;
    return ln_one_neuron_alignment(flow);
}

static double alpha_sup(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    (void)outlook;
    return ln_one_neuron_alpha_sup(flow);
}

static double spectral_gap(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    (void)outlook;
    return ln_one_neuron_gap(flow);
}

/* The common sign of u and v is free. */
static double leading_part(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    (void)outlook;
    return fabs(flow->p[0]);
}

static double kappa(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    return ln_one_neuron_kappa(flow, alpha_of(outlook));
}

static double faraway_slope(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    (void)outlook;
    double n = flow->n_layers;
    return 2 * n * pow(ln_one_neuron_scale(flow), 2 - 2 / n) * flow->lambda;
}

static double late_slope(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    (void)outlook;
    return ln_one_neuron_late_slope(flow);
}

static double accuracy_time(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    double eps = ln_conf_real(&outlook->point->conf[LN_THEORY], "accuracy");
    double ratio = ln_one_neuron_excess(flow) / eps;
    return log(fmax(ratio, 1)) / ln_one_neuron_kappa(flow, alpha_of(outlook));
}

static double limit_mode(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    (void)outlook;
    return ln_one_neuron_limit(flow);
}

static double step_limit(const struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    (void)outlook;
    double n = flow->n_layers;
    return 2 / (n * pow(flow->sigma[0], 2 - 2 / n) * flow->lambda);
}

/* A prediction of one number; `body` is the function above that gives it. */
#define ONE_NUMBER(key, body, title, sentence, statement)                                          \
    static void predict_##key(const struct ln_outlook *outlook, double *out) {                     \
        ask(outlook, out, body);                                                                   \
    }                                                                                              \
    const struct ln_prediction ln_prediction_##key = {                                             \
        .entry = {.name = #key, .doc = sentence, .source = statement},                             \
        .long_name = title,                                                                        \
        .units = "1",                                                                              \
        .check = ln_one_neuron_check,                                                              \
        .predict = predict_##key,                                                                  \
    }

ONE_NUMBER(alignment, alignment, "alignment of the start with the first mode",
           "(u_1^T u)(v_1^T v) of the start s u v^T of a network with one neuron.",
           "Eftekhari 2020, the set N_alpha");
ONE_NUMBER(alpha_sup, alpha_sup, "supremum of alpha of the sets that hold the start",
           "The start is in N_alpha for every alpha between gamma = s_2/s_1 and this; not above "
           "gamma: in none.",
           "Eftekhari 2020, the set N_alpha");
ONE_NUMBER(spectral_gap, spectral_gap, "ratio of the two largest modes of the target",
           "gamma = s_2/s_1 of the target: N_alpha asks for alpha above it.",
           "Eftekhari 2020, nontrivial spectral gap");
ONE_NUMBER(leading_part, leading_part, "part of the start that grows towards the first mode",
           "|u_1^T u + v_1^T v| / 2 of the start; 0: the flow misses the optimum.",
           "Chen, Lin, Zhang 2022, limits of balanced starts");
ONE_NUMBER(kappa, kappa, "guaranteed rate of the excess loss",
           "The excess over the best rank-one map is at most exp(-kappa t) of its start, from a "
           "start in N_alpha: 2 (1 - gamma) alpha f^(2-2/N).",
           "Eftekhari 2020, theorem 20, with constants derived anew");
ONE_NUMBER(faraway_slope, faraway_slope, "rate of the excess loss far from the target",
           "Decay rate of the excess loss while s is much larger than s_1: 2 N s_0^(2-2/N).",
           "Eftekhari 2020, theorem 20, faraway convergence");
ONE_NUMBER(late_slope, late_slope, "rate of the excess loss near the optimum",
           "Limit of the decay rate of the excess loss: 2 (1 - gamma) s_1^(2-2/N) but for special "
           "starts; missing where the limit is not the optimum.",
           "Eftekhari 2020, theorem 20, close-by convergence");
ONE_NUMBER(accuracy_time, accuracy_time, "time within which the accuracy is reached",
           "Upper bound ln(ell(0)/eps)/kappa of the flow time to an excess of theory.accuracy over "
           "the best rank-one map.",
           "Eftekhari 2020, theorem 20, computational complexity");
ONE_NUMBER(limit_mode, limit_mode, "mode that the flow tends to",
           "k of the limit s_k u_k v_k^T of the flow: the first mode with u_k^T u + v_k^T v other "
           "than 0 at the start; 0: the zero map.",
           "Chen, Lin, Zhang 2022, limits of balanced starts");
ONE_NUMBER(one_neuron_step_limit, step_limit, "step size limit of descent at the optimum",
           "Largest step size at which gradient descent is linearly stable at the best rank-one "
           "map: 2 / (N s_1^(2-2/N)).",
           "Mulayoff, Michaeli 2020, flattest minima");
