/* Power projection: with Mb = ||Phi||_2 + ||E_0||_F and
 *
 *   eta L <= min(Mb^{-(2-2/L)}, gamma^{2-2/L} / (e Mb^{3-4/L} ||E_0||_F))
 *
 * every step shrinks ||E||_F by 1 - (1/2) eta L gamma^{2-2/L}: the first-order operator is at least
 * L gamma^{2-2/L}, the rest at most half of it, and the projection never moves away. Source:
 * Bartlett, Helmbold, Long 2018, power projection, with explicit constants. */
#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/polar.h"
#include "start.h"

struct setting {
    double n, gamma, error;
};

/* The start is balanced and has the margin, up to rounding. */
static bool starts_well(const struct ln_outlook *outlook, double gamma) {
    const struct ln_net *net = &outlook->net;
    int d = net->problem->d_in;
    double *p = ln_linalg_alloc((size_t)d * d, sizeof *p);
    net->shape->model->end_to_end(net, p);
    bool is_well =
        ln_margin(p, d) >= gamma * (1 - 1e-12) &&
        ln_start_gap(net) <= 1e-12 * ln_norm(net->weights, (size_t)net->shape->n_weights);
    free(p);
    return is_well;
}

static bool applies(const struct ln_outlook *outlook, struct setting *setting) {
    if (!ln_start_algorithm_is(outlook, "power_projection") || !ln_start_is_plain(outlook))
        return false;
    setting->n = outlook->net.shape->n_layers;
    setting->gamma = ln_train_gamma(outlook->point, outlook->net.problem);
    setting->error = ln_start_error(outlook);
    return starts_well(outlook, setting->gamma);
}

static double limit_of(const struct ln_outlook *outlook, const struct setting *setting) {
    double n = setting->n, norm = outlook->net.problem->sigma[0] + setting->error;
    return fmin(pow(norm, -(2 - 2 / n)),
                pow(setting->gamma, 2 - 2 / n) / (exp(1) * pow(norm, 3 - 4 / n) * setting->error)) /
           n;
}

static double factor_of(const struct ln_outlook *outlook, struct setting *setting) {
    if (!applies(outlook, setting) || ln_conf_real(&outlook->point->conf[LN_TRAIN], "decay") > 0 ||
        !ln_start_step_within(outlook, limit_of(outlook, setting)))
        return NAN;
    return 1 - 0.5 * outlook->step_size * setting->n * pow(setting->gamma, 2 - 2 / setting->n);
}

static void limit(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    if (applies(outlook, &setting))
        out[0] = limit_of(outlook, &setting);
}

static void contraction(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    out[0] = factor_of(outlook, &setting);
}

static void steps(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    double factor = factor_of(outlook, &setting);
    if (!isnan(factor))
        out[0] = ln_start_steps(outlook, setting.error, factor * factor);
}

const struct ln_prediction ln_prediction_power_step_limit = {
    .entry = {.name = "power_step_limit",
              .doc = "Largest step size for which power projection is proved to converge linearly, "
                     "from a balanced start of margin gamma.",
              .source = "Bartlett, Helmbold, Long 2018, power projection; constants derived in "
                        "docs/physics.md"},
    .long_name = "step size limit of power projection",
    .units = "1",
    .predict = limit,
};

const struct ln_prediction ln_prediction_power_contraction = {
    .entry = {.name = "power_contraction",
              .doc = "Factor 1 - eta N gamma^(2-2/N)/2 by which power projection shrinks ||P - "
                     "Phi||_F at least in every step, with a step size up to power_step_limit.",
              .source = "Bartlett, Helmbold, Long 2018, power projection; constants derived in "
                        "docs/physics.md"},
    .long_name = "contraction of power projection",
    .units = "1",
    .predict = contraction,
};

const struct ln_prediction ln_prediction_power_steps = {
    .entry = {.name = "power_steps",
              .doc = "Steps after which power_contraction guarantees a loss of stop.loss.",
              .source = "Bartlett, Helmbold, Long 2018, power projection; constants derived in "
                        "docs/physics.md"},
    .long_name = "bound on the steps of power projection",
    .units = "1",
    .predict = steps,
};
