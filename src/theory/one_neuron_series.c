/* The one-neuron flow at the recorded steps: its closed form, and the bound on its excess loss. */
#include <math.h>

#include "linnet/one_neuron.h"
#include "start.h"

/* A step of gradient descent is its step size in time, to first order; a flow's is exact. */
static bool begin(struct ln_one_neuron *flow, const struct ln_outlook *outlook) {
    return ln_start_follows_flow(outlook) && ln_one_neuron_begin(flow, &outlook->net);
}

static void follow(const struct ln_outlook *outlook, double *out,
                   double (*number)(const struct ln_one_neuron *)) {
    struct ln_one_neuron flow;
    if (!begin(&flow, outlook))
        return;
    for (int i = 0; i < outlook->n_records; i++) {
        if (!ln_one_neuron_advance(&flow, ln_outlook_time(outlook, i)))
            break;
        out[i] = number(&flow);
    }
    ln_one_neuron_clear(&flow);
}

static void predict_excess(const struct ln_outlook *outlook, double *out) {
    follow(outlook, out, ln_one_neuron_excess);
}

static void predict_scale(const struct ln_outlook *outlook, double *out) {
    follow(outlook, out, ln_one_neuron_scale);
}

static void predict_bound(const struct ln_outlook *outlook, double *out) {
    const struct ln_conf *conf = &outlook->point->conf[LN_THEORY];
    struct ln_one_neuron flow;
    if (!begin(&flow, outlook))
        return;
    double alpha = ln_conf_is_set(conf, "alpha") ? ln_conf_real(conf, "alpha") : (double)NAN;
    double kappa = ln_one_neuron_kappa(&flow, alpha), start = ln_one_neuron_excess(&flow);
    for (int i = 0; i < outlook->n_records; i++)
        out[i] = start * exp(-kappa * ln_outlook_time(outlook, i));
    ln_one_neuron_clear(&flow);
}

const struct ln_prediction ln_prediction_one_neuron_excess = {
    .entry = {.name = "one_neuron_excess",
              .doc = "Excess loss over the best rank-one map along the gradient flow of a balanced "
                     "network with one neuron, in closed form.",
              .source = "Eftekhari 2020 (the flow); Chen, Lin, Zhang 2022; closed form in "
                        "docs/physics.md"},
    .long_name = "excess loss over the best rank-one map",
    .units = "1",
    .extent = LN_PER_RECORD,
    .check = ln_one_neuron_check,
    .predict = predict_excess,
};

const struct ln_prediction ln_prediction_one_neuron_scale = {
    .entry = {.name = "one_neuron_scale",
              .doc =
                  "Singular value s of the product along the gradient flow of a balanced network "
                  "with one neuron, in closed form.",
              .source = "Eftekhari 2020 (the flow); Chen, Lin, Zhang 2022; closed form in "
                        "docs/physics.md"},
    .long_name = "singular value of the product",
    .units = "1",
    .extent = LN_PER_RECORD,
    .check = ln_one_neuron_check,
    .predict = predict_scale,
};

const struct ln_prediction ln_prediction_one_neuron_bound = {
    .entry = {.name = "one_neuron_bound",
              .doc = "Upper bound ell(0) exp(-kappa t) of the excess loss over the best rank-one "
                     "map, from starts in N_alpha.",
              .source = "Eftekhari 2020, theorem 20, with constants derived anew"},
    .long_name = "bound of the excess loss over the best rank-one map",
    .units = "1",
    .extent = LN_PER_RECORD,
    .check = ln_one_neuron_check,
    .predict = predict_bound,
};
