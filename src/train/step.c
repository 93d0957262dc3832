#include "step.h"

#include <string.h>

bool ln_step_begin(struct ln_step *step, const struct ln_task *task) {
    const struct ln_conf *conf = &task->point->conf[LN_TRAIN];
    double unit = 1.0;
    if (ln_conf_is(conf, "step_unit", "minimum"))
        unit = 2.0 / ln_minimum_sharpness(&task->net);
    else if (ln_conf_is(conf, "step_unit", "start"))
        unit = 2.0 / ln_hessian_extreme(&task->net, +1, NULL);
    step->size = unit * ln_conf_real(conf, "step_size");
    step->decay = ln_conf_real(conf, "decay");
    return step->size > 0 && isfinite(step->size);
}

double ln_step_at(const struct ln_step *step, int64_t k) {
    return step->decay == 0.0 ? step->size : step->size * pow((double)(k + 1), -step->decay);
}

/* Sharpness of the balanced minimum as if M were tr(M)/d times the identity: good enough to plan,
 * and free. */
static double rough_sharpness(const struct ln_shape *shape, const struct ln_problem *problem) {
    double n = shape->n_layers, mean = 0;
    for (int i = 0; problem->moment && i < problem->d_in; i++)
        mean += problem->moment[i * problem->d_in + i] / problem->d_in;
    return n * pow(problem->sigma[0], 2.0 - 2.0 / n) * (problem->moment ? pow(mean, 1.0 / n) : 1.0);
}

/* Scale of one layer at the start. */
static double layer_scale(const struct ln_conf *init, double n_layers) {
    double scale = fabs(ln_conf_real(init, "scale"));
    for (int i = 0; i < init->n_params; i++)
        if (strcmp(init->params[i].name, "scale_of") == 0 &&
            ln_conf_is(init, "scale_of", "product"))
            return pow(scale, 1.0 / n_layers);
    return scale;
}

/* Steps to fit the slowest mode s from a start of scale alpha, the time to leave the origin and the
 * tail to the tolerance: ln(sqrt(s)/alpha)/(s eta) for N = 2, alpha^(2-N)/((N-2) s eta) for N > 2,
 * then ln(1/tol)/(2 N s^(2-2/N) eta). Source: Bartlett et al. 2018, plateau times. Above the local
 * step limit a run either blows up at once or oscillates to the horizon. */
double ln_step_count(const struct ln_point *point, const struct ln_shape *shape,
                     const struct ln_problem *problem) {
    const struct ln_conf *conf = &point->conf[LN_TRAIN], *limits = &point->conf[LN_LIMITS];
    double limit = 2.0 / rough_sharpness(shape, problem);
    double horizon = (double)ln_conf_int(limits, "max_steps");
    double eta =
        ln_conf_real(conf, "step_size") * (ln_conf_is(conf, "step_unit", "absolute") ? 1.0 : limit);
    double n = shape->n_layers, s = problem->sigma[0],
           alpha = layer_scale(&point->conf[LN_INIT], n);
    for (int i = 0; i < shape->rank && i < problem->n_modes; i++)
        s = problem->sigma[i] > 1e-8 * problem->sigma[0] ? problem->sigma[i] : s;
    if (!(s > 0) || eta > limit)
        return eta > 4 * limit ? fmin(100.0, horizon) : horizon;
    double leave =
        n < 2.5 ? log(fmax(sqrt(s) / fmax(alpha, 1e-300), 1.0)) / (s * eta)
                : fmax(pow(alpha, 2.0 - n) - pow(s, (2.0 - n) / n), 0.0) / ((n - 2.0) * s * eta);
    double tail = log(1.0 / fmax(ln_conf_real(limits, "stop.loss"), 1e-30)) /
                  (2.0 * n * pow(s, 2.0 - 2.0 / n) * eta);
    return fmin(leave + tail + (double)ln_conf_int(limits, "stop.hold"), horizon);
}
