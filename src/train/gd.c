/* Gradient descent: every layer moves at once, from old weights. Source: Bartlett et al. 2018,
 * section 2a; Nguegnang et al. 2021, section 1 (step sizes eta_0 / (k + 1)^decay). */
#include <math.h>

#include "linnet/lanes.h"
#include "linnet/train.h"

static const struct ln_param params[] = {
    {.name = "step_size",
     .type = LN_REAL,
     .fallback = "0.01",
     .low = 0,
     .high = INFINITY,
     .low_open = true,
     .doc = "eta, in units of step_unit."},
    {.name = "step_unit",
     .type = LN_CHOICE,
     .fallback = "absolute",
     .choices = "absolute minimum start",
     .doc = "absolute; or 2/lambda_max at the balanced global minimum (N sigma_1^(2-2/N) for "
            "whitened inputs); or 2/lambda_max "
            "at the start."},
    {.name = "decay",
     .type = LN_REAL,
     .fallback = "0",
     .low = 0,
     .high = 10,
     .doc = "Exponent g of the schedule eta / (k + 1)^g, k = 0, 1, ..."},
};

struct state {
    double step_size, decay;
};

/* A unit that is no positive number (a target or start without curvature) leaves the point without
 * a step size. */
static bool start(const struct ln_task *task, void *memory, double *step_size) {
    const struct ln_conf *conf = &task->point->conf[LN_TRAIN];
    struct state *state = memory;
    double unit = 1.0;
    if (ln_conf_is(conf, "step_unit", "minimum"))
        unit = 2.0 / ln_minimum_sharpness(&task->net);
    else if (ln_conf_is(conf, "step_unit", "start"))
        unit = 2.0 / ln_hessian_extreme(&task->net, +1, NULL);
    *step_size = state->step_size = unit * ln_conf_real(conf, "step_size");
    state->decay = ln_conf_real(conf, "decay");
    return state->step_size > 0 && isfinite(state->step_size);
}

/* Sharpness of the balanced minimum as if M were tr(M)/d times the identity: good enough to plan,
 * and free. */
static double rough_sharpness(const struct ln_shape *shape, const struct ln_problem *problem) {
    double n = shape->n_layers, mean = 0;
    for (int i = 0; problem->moment && i < problem->d_in; i++)
        mean += problem->moment[i * problem->d_in + i] / problem->d_in;
    return n * pow(problem->sigma[0], 2.0 - 2.0 / n) * (problem->moment ? pow(mean, 1.0 / n) : 1.0);
}

/* Steps to fit the slowest mode s from a start of scale alpha, the time to leave the origin and the
 * tail to the tolerance: ln(sqrt(s)/alpha)/(s eta) for N = 2, alpha^(2-N)/((N-2) s eta) for N > 2,
 * then ln(1/tol)/(2 N s^(2-2/N) eta). Source: Bartlett et al. 2018, plateau times. Above the local
 * step limit a run either blows up at once or oscillates to the horizon. */
static double predicted_steps(const struct ln_point *point, const struct ln_shape *shape,
                              const struct ln_problem *problem) {
    const struct ln_conf *conf = &point->conf[LN_TRAIN], *limits = &point->conf[LN_LIMITS];
    double limit = 2.0 / rough_sharpness(shape, problem);
    double horizon = (double)ln_conf_int(limits, "max_steps");
    double eta =
        ln_conf_real(conf, "step_size") * (ln_conf_is(conf, "step_unit", "absolute") ? 1.0 : limit);
    double s = problem->sigma[0], alpha = fabs(ln_conf_real(&point->conf[LN_INIT], "scale")),
           n = shape->n_layers;
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

static void advance(struct ln_batch *batch, void *memory, const struct ln_run *runs,
                    int64_t *taken) {
    (void)taken; /* one step, as set */
    _Alignas(64) double eta[LN_LANES];
    const struct state *states = memory;
    for (int lane = 0; lane < batch->shape->lanes; lane++)
        eta[lane] =
            states[lane].decay == 0.0
                ? states[lane].step_size
                : states[lane].step_size * pow((double)(runs[lane].step + 1), -states[lane].decay);
    batch->shape->model->descend(batch, eta);
}

const struct ln_algorithm ln_algorithm_gd = {
    .entry = {.name = "gd",
              .doc = "Gradient descent, all layers updated simultaneously.",
              .source = "Bartlett, Helmbold, Long 2018, section 2; Nguegnang, Rauhut, Terstiege "
                        "2021, section 1",
              LN_PARAMS(params)},
    .state_bytes = sizeof(struct state),
    .start = start,
    .advance = advance,
    .predicted_steps = predicted_steps,
};
