/* Symmetric targets with negative eigenvalues from alpha I. While all layers are equal every
 * eigenvalue follows theta -= eta theta^{L-1} (theta^L - lambda), and then the regulariser. L even:
 * theta^L >= 0, so the loss stays above 1/2 sum lambda_-^2 for every step size. L odd: theta stays
 * at or above 0 as long as eta <= 1/(alpha^{L-2} (alpha^L + |lambda|)); above, it jumps to the
 * negative side and converges. Source: Bartlett, Helmbold, Long 2018, theorem 4. */
#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "resting_point.h"
#include "start.h"

struct setting {
    double alpha, n, eta;
    bool is_flow;
    enum ln_pull pull;
    double strength; /* kappa, or psi */
    double *lambda;  /* [d] ascending; NULL: the target is not symmetric */
    int d;
};

/* Ownership: free lambda, in any case. */
static bool setting_of(const struct ln_outlook *outlook, struct setting *setting) {
    const struct ln_conf *conf = &outlook->point->conf[LN_TRAIN];
    *setting = (struct setting){.n = outlook->net.shape->n_layers,
                                .eta = outlook->step_size,
                                .d = outlook->net.problem->d_in};
    if (!ln_start_is_identity(outlook, &setting->alpha) || !(setting->alpha > 0))
        return false;
    setting->lambda = ln_start_eigenvalues(outlook);
    setting->is_flow = ln_start_algorithm_is(outlook, "flow");
    if (setting->is_flow || ln_start_algorithm_is(outlook, "gd"))
        return true;
    if (!ln_start_algorithm_is(outlook, "step_and_project"))
        return false;
    if (ln_conf_is(conf, "regulariser", "penalty"))
        setting->pull = LN_PULL_PENALTY;
    else if (ln_conf_is(conf, "regulariser", "proximal"))
        setting->pull = LN_PULL_PROXIMAL;
    else if (ln_conf_is(conf, "regulariser", "spectral_ball"))
        setting->pull = LN_PULL_SPECTRAL_BALL;
    else if (ln_conf_is(conf, "regulariser", "frobenius_ball"))
        setting->pull = LN_PULL_FROBENIUS_BALL;
    if (setting->pull == LN_PULL_PENALTY || setting->pull == LN_PULL_PROXIMAL)
        setting->strength = ln_conf_real(conf, "kappa");
    else if (setting->pull != LN_PULL_NONE)
        setting->strength = ln_conf_real(conf, "psi");
    return true;
}

/* theta changes its sign at the first step beyond this step size. */
static double crossing_of(const struct setting *setting, double lambda) {
    return 1 / (pow(setting->alpha, setting->n - 2) * (pow(setting->alpha, setting->n) - lambda));
}

/* theta^L never falls below 0 in the direction of lambda < 0. */
static bool never_crosses(const struct setting *setting, double lambda) {
    double room = 1 - lambda + (setting->pull == LN_PULL_PENALTY ? setting->strength : 0);
    bool is_ball =
        setting->pull == LN_PULL_SPECTRAL_BALL || setting->pull == LN_PULL_FROBENIUS_BALL;
    if (setting->is_flow || fmod(setting->n, 2) == 0 || setting->n < 2)
        return setting->n >= 2;
    if (setting->pull == LN_PULL_NONE)
        return setting->eta <= crossing_of(setting, lambda);
    return setting->alpha == 1 && (setting->eta * room <= 1 || (is_ball && setting->strength <= 1));
}

static double symmetric_floor(const struct setting *setting) {
    double floor = 0;
    for (int k = 0; k < setting->d && setting->lambda[k] < 0; k++)
        if (never_crosses(setting, setting->lambda[k]))
            floor += 0.5 * setting->lambda[k] * setting->lambda[k];
    return floor;
}

/* Targets that are not symmetric. The flow from a balanced start with det P > 0 keeps det P > 0.
 * Gradient descent does for d = 2 and L even: there is an orthogonal S with S^2 = I and S Phi^T S =
 * Phi, W_{L+1-i} = S W_i^T S is kept, and det P = det(W_{L/2} ... W_1)^2 >= 0. */
static double determinant_floor(const struct ln_outlook *outlook, const struct setting *setting) {
    const struct ln_problem *problem = outlook->net.problem;
    double least = problem->sigma[problem->n_modes - 1];
    bool keeps_sign = setting->is_flow ? setting->n >= 2
                                       : setting->d == 2 && fmod(setting->n, 2) == 0 &&
                                             setting->pull == LN_PULL_NONE;
    if (!keeps_sign)
        return NAN;
    return ln_det(problem->target, setting->d) < 0 ? 0.5 * least * least : 0;
}

static void floor_of(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    if (setting_of(outlook, &setting))
        out[0] = setting.lambda ? symmetric_floor(&setting) : determinant_floor(outlook, &setting);
    free(setting.lambda);
}

/* A regularised start is the identity itself; every direction with lambda < 0 stays above 0. */
static bool is_settled(const struct setting *setting) {
    for (int k = 0; k < setting->d; k++)
        if (setting->pull != LN_PULL_NONE && setting->lambda[k] < 0 &&
            !never_crosses(setting, setting->lambda[k]))
            return false;
    return setting->pull == LN_PULL_NONE || setting->alpha == 1;
}

static void limit_of(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    bool applies = setting_of(outlook, &setting) && setting.lambda && is_settled(&setting);
    if (applies && setting.pull == LN_PULL_NONE) {
        out[0] = symmetric_floor(&setting);
    } else if (applies) {
        double *theta = ln_linalg_alloc(setting.d, sizeof *theta), error;
        ln_resting_points(theta, setting.lambda, setting.d, (int)setting.n, setting.pull,
                          setting.strength);
        out[0] = 0;
        for (int k = 0; k < setting.d; k++) {
            error = pow(theta[k], setting.n) - setting.lambda[k];
            out[0] += 0.5 * error * error;
        }
        free(theta);
    }
    free(setting.lambda);
}

static void crossing(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    if (setting_of(outlook, &setting) && !setting.is_flow && setting.lambda &&
        setting.lambda[0] < 0)
        out[0] = crossing_of(&setting, setting.lambda[0]);
    free(setting.lambda);
}

static void divergence(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    if (setting_of(outlook, &setting) && setting.lambda && ln_start_descends(outlook) &&
        fmod(setting.n, 2) == 0 && pow(setting.alpha, setting.n) > setting.lambda[0])
        out[0] = 2 * crossing_of(&setting, setting.lambda[0]);
    free(setting.lambda);
}

const struct ln_prediction ln_prediction_failure_floor = {
    .entry =
        {.name = "failure_floor",
         .doc =
             "Loss below which gradient descent, step and project, or the flow never falls from "
             "alpha I: half the squares of the negative eigenvalues of a symmetric target (at odd "
             "depth: of those that gradient descent does not step over 0 for); 1/2 sigma_min^2 if "
             "det Phi < 0, for the flow, and for gradient descent if d = 2 and the depth is even.",
         .source =
             "Bartlett, Helmbold, Long 2018, theorem 4; in this form derived in docs/physics.md"},
    .long_name = "floor of the loss from the identity start",
    .units = "1",
    .predict = floor_of,
};

const struct ln_prediction ln_prediction_failure_limit = {
    .entry =
        {.name = "failure_limit",
         .doc = "Loss at which gradient descent, step and project, or the flow comes to rest from "
                "alpha I for a symmetric target and a small step size; the penalty, its proximal "
                "form and the balls lift it above failure_floor (alpha = 1).",
         .source =
             "Bartlett, Helmbold, Long 2018, theorem 4; in this form derived in docs/physics.md"},
    .long_name = "limit of the loss from the identity start",
    .units = "1",
    .predict = limit_of,
};

const struct ln_prediction ln_prediction_crossing_step = {
    .entry = {.name = "crossing_step",
              .doc = "Step size beyond which the first step from alpha I takes the layers' "
                     "eigenvalue of the most negative eigenvalue lambda of a symmetric target past "
                     "0, 1/(alpha^(N-2) (alpha^N + |lambda|)): odd depth then learns it.",
              .source = "Bartlett, Helmbold, Long 2018, theorem 4; limits for odd depth derived in "
                        "docs/physics.md"},
    .long_name = "step size that crosses the saddle",
    .units = "1",
    .predict = crossing,
};

const struct ln_prediction ln_prediction_divergence_step = {
    .entry = {.name = "divergence_step",
              .doc = "Step size beyond which gradient descent of even depth from alpha I grows for "
                     "ever from its first step, 2/(alpha^(N-2) (alpha^N - lambda_min)), for "
                     "symmetric targets with lambda_min < alpha^N; a cycle w, -w at it.",
              .source = "Bartlett, Helmbold, Long 2018, scalar recursion of lemma 6"},
    .long_name = "step size of immediate divergence",
    .units = "1",
    .predict = divergence,
};
