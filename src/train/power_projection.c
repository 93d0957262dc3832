/* Power projection: a gradient step of all layers, then the end-to-end matrix is brought back to
 * margin gamma and factored anew into balanced layers. Source: Bartlett, Helmbold, Long 2018,
 * power projection. */
#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/polar.h"
#include "linnet/work.h"
#include "step.h"

static const struct ln_param params[] = {
    LN_STEP_PARAMS,
    {.name = "gamma",
     .type = LN_REAL,
     .fallback = "0.9",
     .low = 0,
     .high = INFINITY,
     .low_open = true,
     .doc = "Margin that the end-to-end matrix is kept at, in units of gamma_unit; at most that of "
            "the target."},
    {.name = "gamma_unit",
     .type = LN_CHOICE,
     .fallback = "margin",
     .choices = "margin absolute",
     .doc = "The margin of the target, mu = lambda_min((Phi + Phi^T)/2); or absolute."},
    {.name = "gauge",
     .type = LN_CHOICE,
     .fallback = "polar",
     .choices = "polar simple",
     .doc = "Balanced factors by powers of the polar factors, which stay near the identity; or "
            "singular vectors in the outer layers and diagonal layers between. The end-to-end "
            "matrix does not depend on it."},
};

struct state {
    struct ln_step step;
    double gamma; /* absolute */
    bool is_polar;
};

double ln_train_gamma(const struct ln_point *point, const struct ln_problem *problem) {
    const struct ln_conf *conf = &point->conf[LN_TRAIN];
    double gamma = ln_conf_real(conf, "gamma");
    return ln_conf_is(conf, "gamma_unit", "margin")
               ? gamma * ln_margin(problem->target, problem->d_in)
               : gamma;
}

static int check_shape(const struct ln_shape *shape, struct ln_err *err) {
    int d_in = shape->widths[0], d_out = shape->widths[shape->n_layers];
    if (!shape->model->has_layers)
        return ln_err_key(err, "train.algorithm",
                          "power_projection refactors layers, and the model '%s' has none; take gd",
                          shape->model->entry.name);
    if (d_in != d_out)
        return ln_err_key(err, "problem",
                          "power_projection needs a square target, this one is %d x %d; take gd",
                          d_out, d_in);
    for (int j = 1; j < shape->n_layers; j++)
        if (shape->widths[j] != d_in)
            return ln_err_key(err, "model.width",
                              "power_projection needs layers of one width; %d differs from the %d "
                              "of the target",
                              shape->widths[j], d_in);
    return LN_OK;
}

static int check(const struct ln_point *point, const struct ln_shape *shape,
                 const struct ln_problem *problem, struct ln_err *err) {
    int status = check_shape(shape, err);
    if (status != LN_OK)
        return status;
    double mu = ln_margin(problem->target, problem->d_in), gamma = ln_train_gamma(point, problem);
    if (!(mu > 0))
        return ln_err_key(err, "train.algorithm",
                          "power_projection needs a target of positive margin; that of this one is "
                          "mu = %.13g; take gd",
                          mu);
    if (gamma > mu)
        return ln_err_key(err, "train.gamma",
                          "gamma = %.13g is above the margin of the target, mu = %.13g, which "
                          "could then not be learnt; give at most mu",
                          gamma, mu);
    return LN_OK;
}

static bool start(const struct ln_task *task, void *memory, double *step_size) {
    struct state *state = memory;
    bool can_start = ln_step_begin(&state->step, task);
    *step_size = state->step.size;
    state->gamma = ln_train_gamma(task->point, task->net.problem);
    state->is_polar = ln_conf_is(&task->point->conf[LN_TRAIN], "gauge", "polar");
    return can_start;
}

/* Weights that are not finite are left to the stopping rule. */
static void restore(const struct ln_shape *shape, const struct ln_problem *problem,
                    const struct state *state, double *weights) {
    int n = shape->widths[0];
    size_t mark = ln_work_mark();
    double *p = ln_work_take((size_t)n * n);
    const struct ln_net net = {.shape = shape, .problem = problem, .weights = weights};
    shape->model->end_to_end(&net, p);
    if (isfinite(ln_norm(p, (size_t)n * n))) {
        ln_margin_project(p, state->gamma, n);
        if (state->is_polar)
            ln_polar_layers(weights, p, n, shape->n_layers);
        else
            ln_balanced_factors(shape, p, weights);
    }
    ln_work_release(mark);
}

static void advance(struct ln_batch *batch, void *memory, const struct ln_run *runs,
                    int64_t *taken) {
    (void)taken; /* one step, as set */
    const struct ln_shape *shape = batch->shape;
    _Alignas(64) double eta[LN_LANES];
    const struct state *states = memory;
    size_t mark = ln_work_mark();
    double *weights = ln_work_take((size_t)shape->n_state);
    for (int lane = 0; lane < shape->lanes; lane++)
        eta[lane] = ln_step_at(&states[lane].step, runs[lane].step);
    shape->model->descend(batch, eta);
    for (int lane = 0; lane < shape->lanes; lane++) {
        if (!(states[lane].gamma > 0)) /* idle */
            continue;
        ln_batch_weights(batch, lane, weights);
        restore(shape, runs[lane].problem, &states[lane], weights);
        ln_batch_put_weights(batch, lane, weights);
    }
    ln_work_release(mark);
}

/* The projection, the polar factors, and a root of these for each layer. */
static double extra_seconds(const struct ln_point *point, const struct ln_shape *shape) {
    (void)point;
    return ln_step_lapack(shape, 2 + shape->n_layers);
}

const struct ln_algorithm ln_algorithm_power_projection = {
    .entry = {.name = "power_projection",
              .doc = "Gradient step, projection of the end-to-end matrix to margin gamma, balanced "
                     "refactorisation: for targets of positive margin, symmetric or not.",
              .source = "Bartlett, Helmbold, Long 2018, power projection",
              LN_PARAMS(params)},
    .state_bytes = sizeof(struct state),
    .check = check,
    .start = start,
    .advance = advance,
    .predicted_steps = ln_step_count,
    .extra_seconds = extra_seconds,
};
