#include "step.h"

#include "fit_time.h"

int ln_step_check(const struct ln_point *point, const struct ln_shape *shape,
                  const struct ln_problem *problem, struct ln_err *err) {
    (void)problem;
    if (shape->model->has_layers || !ln_conf_is(&point->conf[LN_TRAIN], "step_unit", "minimum"))
        return LN_OK;
    return ln_err_key(
        err, "train.step_unit",
        "the model '%s' has no layers, so no balanced minimum; take absolute or start",
        shape->model->entry.name);
}

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

/* Whether rounding lets E come down to stop.loss at all: its last digit is about 1e-32 s^2. */
static bool can_converge(const struct ln_conf *limits, const struct ln_problem *problem) {
    return ln_conf_real(limits, "stop.loss") > 1e-32 * problem->sigma[0] * problem->sigma[0];
}

/* Time to fit over eta. Above the local step limit a run either blows up at once or oscillates to
 * the horizon; without layers the horizon is the guess. */
double ln_step_count(const struct ln_point *point, const struct ln_shape *shape,
                     const struct ln_problem *problem) {
    const struct ln_conf *conf = &point->conf[LN_TRAIN], *limits = &point->conf[LN_LIMITS];
    double limit = 2.0 / ln_fit_sharpness(shape, problem);
    double horizon = (double)ln_conf_int(limits, "max_steps");
    if (!shape->model->has_layers)
        return horizon;
    double eta =
        ln_conf_real(conf, "step_size") * (ln_conf_is(conf, "step_unit", "absolute") ? 1.0 : limit);
    double time = ln_fit_time(point, shape, problem);
    if (isnan(time) || eta > limit)
        return eta > 4 * limit ? fmin(100.0, horizon) : horizon;
    if (!can_converge(limits, problem))
        return horizon;
    return fmin(time / eta + (double)ln_conf_int(limits, "stop.hold"), horizon);
}

double ln_step_lapack(const struct ln_shape *shape, int n) {
    double d = shape->max_width;
    return n * (2e-6 + 25 * d * d * d / 1.5e9);
}
