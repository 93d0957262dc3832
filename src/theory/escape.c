/* How fast gradient descent leaves the saddle it starts near. Along an eigenvector of the Hessian
 * with eigenvalue lambda < 0 a deviation grows by 1 + eta |lambda| a step. Source: Zhu, Soudry,
 * Eldar, Wakin 2018 (strict saddles); Lee, Simchowitz, Jordan, Recht 2016 (linearised map). */
#include <math.h>
#include <stdlib.h>

#include "linnet/landscape.h"
#include "linnet/linalg.h"
#include "linnet/mode_time.h"
#include "start.h"

static void predict_rate(const struct ln_outlook *outlook, double *out) {
    double least = ln_hessian_extreme(&outlook->net, -1, NULL);
    if (least < 0)
        out[0] = -least;
}

static void predict_time(const struct ln_outlook *outlook, double *out) {
    double rate = NAN;
    predict_rate(outlook, &rate);
    if (ln_start_descends(outlook) && isfinite(rate))
        out[0] = 1.0 / log1p(outlook->step_size * rate);
}

/* The loss of gradient descent on the quadratic model of the start,
 *   E(t) = E(0) + sum_i g_i^2 / (2 lambda_i) ((1 - eta lambda_i)^{2t} - 1),
 * g_i the gradient along eigenvector i. */
struct model {
    int n;
    double eta, *lambda, *g;
};

static struct model model_create(const struct ln_outlook *outlook, double *excess) {
    const struct ln_net *net = &outlook->net;
    int n = net->shape->n_weights;
    struct model model = {n, outlook->step_size, ln_linalg_alloc(n, sizeof(double)),
                          ln_linalg_alloc(n, sizeof(double))};
    double *hessian = ln_linalg_alloc((size_t)n * n, sizeof *hessian),
           *v = ln_linalg_alloc((size_t)n * n, sizeof *v),
           *gradient = ln_linalg_alloc(n, sizeof *gradient);
    *excess = ln_net_gradient(net, gradient);
    net->shape->model->hessian(net, hessian);
    ln_sym_eig(model.lambda, v, hessian, n);
    ln_matmul(model.g, v, true, gradient, false, n, 1, n);
    free(gradient);
    free(v);
    free(hessian);
    return model;
}

static double drop_after(const struct model *model, double t) {
    double drop = 0;
    for (int i = 0; i < model->n; i++) {
        double lambda = model->lambda[i], step = fabs(1 - model->eta * lambda);
        double grown = fabs(lambda * model->eta) > 1e-12 && step > 0
                           ? expm1(2 * t * log(step)) / (2 * lambda)
                       : step > 0 ? -model->eta * t
                                  : -1 / (2 * lambda);
        drop -= model->g[i] * model->g[i] * grown;
    }
    return drop;
}

/* First t with that drop; E never rises where eta lambda_max < 2. */
static double time_of_drop(const struct model *model, double drop) {
    double low = 0, high = 1;
    if (!(model->eta * model->lambda[model->n - 1] < 2))
        return (double)NAN;
    while (high < 1e18 && drop_after(model, high) < drop)
        high *= 2;
    if (high >= 1e18)
        return (double)NAN;
    for (int i = 0; i < 100; i++) {
        double middle = 0.5 * (low + high);
        *(drop_after(model, middle) < drop ? &low : &high) = middle;
    }
    return high;
}

static void predict_steps(const struct ln_outlook *outlook, double *out) {
    const struct ln_net *net = &outlook->net;
    const struct ln_shape *shape = net->shape;
    if (!ln_start_descends(outlook) || !shape->model->hessian || shape->n_weights > LN_DENSE_UP_TO)
        return;
    double excess;
    struct model model = model_create(outlook, &excess);
    int rank = shape->rank < net->problem->n_modes ? shape->rank : net->problem->n_modes;
    double target = ln_conf_real(&outlook->point->conf[LN_LIMITS], "stop.loss") +
                    ln_problem_level(net->problem, rank);
    if (model.lambda[0] < 0 && excess > target)
        out[0] = time_of_drop(&model, excess - target);
    free(model.g);
    free(model.lambda);
}

static void predict_chain(const struct ln_outlook *outlook, double *out) {
    const struct ln_shape *shape = outlook->net.shape;
    const double *w = outlook->net.weights;
    bool is_steady = ln_start_algorithm_is(outlook, "flow") || ln_start_descends(outlook);
    if (!is_steady || !shape->model->has_layers || shape->max_width > 1 ||
        outlook->net.problem->moment)
        return;
    for (int i = 1; i < shape->n_layers; i++)
        if (w[i] != w[0])
            return;
    double sigma = outlook->net.problem->target[0];
    if (sigma > 0 && w[0] > 0)
        out[0] = ln_mode_time(shape->n_layers, sigma, pow(w[0], shape->n_layers), 0.9 * sigma) /
                 outlook->step_size;
}

static void predict_flattest(const struct ln_outlook *outlook, double *out) {
    const struct ln_net *net = &outlook->net;
    if (net->shape->model->has_layers && net->shape->n_layers == 2 && !net->problem->moment)
        out[0] =
            ln_flattest_saddle(net->problem->sigma, net->problem->n_modes, net->shape->widths[1]);
}

const struct ln_prediction ln_prediction_escape_rate = {
    .entry = {.name = "escape_rate",
              .doc = "-lambda_min of the Hessian at the start: growth per unit time of a deviation "
                     "from a strict saddle; missing where nothing is negative.",
              .source = "Zhu, Soudry, Eldar, Wakin 2018; Lee, Simchowitz, Jordan, Recht 2016"},
    .long_name = "escape rate of the start",
    .units = "1",
    .with_penalty = true,
    .predict = predict_rate,
};

const struct ln_prediction ln_prediction_escape_time = {
    .entry = {.name = "escape_time",
              .doc = "1/ln(1 + eta |lambda_min|): steps in which gradient descent lets a "
                     "deviation from the saddle at the start grow by e.",
              .source = "Zhu, Soudry, Eldar, Wakin 2018; Lee, Simchowitz, Jordan, Recht 2016"},
    .long_name = "e-folding time of the escape",
    .units = "1",
    .with_penalty = true,
    .predict = predict_time,
};

const struct ln_prediction ln_prediction_escape_steps = {
    .entry = {.name = "escape_steps",
              .doc = "Steps until gradient descent on the quadratic model of the start brings the "
                     "excess loss down to stop.loss; missing where nothing is negative, where eta "
                     "lambda_max >= 2, and above 200 weights.",
              .source = "Zhu, Soudry, Eldar, Wakin 2018; Lee, Simchowitz, Jordan, Recht 2016"},
    .long_name = "predicted steps of the escape",
    .units = "1",
    .with_penalty = true,
    .predict = predict_steps,
};

const struct ln_prediction ln_prediction_chain_escape = {
    .entry = {.name = "chain_escape",
              .doc = "Scalar chain of equal weights: steps of the flow until the product is 0.9 of "
                     "its target, about ln(1/alpha^2)/(2 eta sigma) for two layers, "
                     "alpha^(2-N)/((N-2) eta sigma) for more.",
              .source = "Achour, Malgouyres, Gerchinovitz 2021 (strict and non-strict origin); "
                        "Saxe, McClelland, Ganguli 2014"},
    .long_name = "predicted steps of a scalar chain",
    .units = "1",
    .predict = predict_chain,
};

const struct ln_prediction ln_prediction_flattest_saddle = {
    .entry = {.name = "flattest_saddle",
              .doc = "Largest lambda_min (least curvature) over the balanced saddles of two "
                     "layers, whitened inputs: minus the smallest singular value, or the gap at "
                     "the hidden width.",
              .source = "Zhu, Soudry, Eldar, Wakin 2018, closed forms at balanced points"},
    .long_name = "lambda_min of the flattest balanced saddle",
    .units = "1",
    .with_penalty = true,
    .predict = predict_flattest,
};
