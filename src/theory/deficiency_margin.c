/* Balanced starts close to the target: with deficiency margin c = sigma_min(Phi) - ||P_0 - Phi||_F
 * > 0 and layers that are balanced to delta <= c^2/(256 N^3 ||Phi||_F^{2(N-1)/N}), a step size up
 * to c^{(4N-2)/N}/(6144 N^3 ||Phi||_F^{(6N-4)/N}) reaches a loss eps within ln(l_0/eps)/(eta
 * c^{2(N-1)/N}) steps. Source: Arora, Cohen, Golowich, Hu 2018, convergence to a global
 * optimum. */
#include <math.h>

#include "linnet/linalg.h"
#include "start.h"

struct setting {
    double n, c, norm, error;
};

static bool applies(const struct ln_outlook *outlook, struct setting *setting) {
    const struct ln_problem *problem = outlook->net.problem;
    double n = outlook->net.shape->n_layers;
    if (!ln_start_is_plain(outlook))
        return false;
    setting->n = n;
    setting->error = ln_start_error(outlook);
    setting->norm = ln_norm(problem->target, (size_t)problem->d_out * problem->d_in);
    setting->c = problem->sigma[problem->n_modes - 1] - setting->error;
    return setting->c > 0 &&
           ln_start_gap(&outlook->net) <=
               setting->c * setting->c / (256 * n * n * n) * pow(setting->norm, -2 * (n - 1) / n);
}

static double limit_of(const struct setting *setting) {
    double n = setting->n;
    return pow(setting->c, (4 * n - 2) / n) /
           (6144 * n * n * n * pow(setting->norm, (6 * n - 4) / n));
}

static void margin(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    if (applies(outlook, &setting))
        out[0] = setting.c;
}

static void limit(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    if (applies(outlook, &setting))
        out[0] = limit_of(&setting);
}

/* l_t <= l_0 (1 - eta c^{2(N-1)/N})^t <= l_0 exp(-eta c^{2(N-1)/N} t). */
static void steps(const struct ln_outlook *outlook, double *out) {
    struct setting setting;
    if (!ln_start_descends(outlook) || !applies(outlook, &setting) ||
        !ln_start_step_within(outlook, limit_of(&setting)))
        return;
    double rate = outlook->step_size * pow(setting.c, 2 * (setting.n - 1) / setting.n);
    out[0] = ln_start_steps(outlook, setting.error, exp(-rate));
}

const struct ln_prediction ln_prediction_deficiency_margin = {
    .entry = {.name = "deficiency_margin",
              .doc = "c = sigma_min(Phi) - ||P_0 - Phi||_F of a start that is balanced closely "
                     "enough; missing where it is not positive.",
              .source = "Arora, Cohen, Golowich, Hu 2018, deficiency margin and convergence"},
    .long_name = "deficiency margin of the start",
    .units = "1",
    .predict = margin,
};

const struct ln_prediction ln_prediction_arora_step_limit = {
    .entry = {.name = "arora_step_limit",
              .doc = "Largest step size for which a balanced start with a deficiency margin is "
                     "proved to converge.",
              .source = "Arora, Cohen, Golowich, Hu 2018, convergence to a global optimum"},
    .long_name = "step size limit with a deficiency margin",
    .units = "1",
    .predict = limit,
};

const struct ln_prediction ln_prediction_arora_steps = {
    .entry = {.name = "arora_steps",
              .doc = "Steps ln(l_0/eps)/(eta c^(2(N-1)/N)) after which the loss is proved to be at "
                     "most eps = stop.loss, with a step size up to arora_step_limit.",
              .source = "Arora, Cohen, Golowich, Hu 2018, convergence to a global optimum"},
    .long_name = "bound on the steps with a deficiency margin",
    .units = "1",
    .predict = steps,
};
