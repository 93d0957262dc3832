/* Step and project: gradient descent whose layers are drawn back towards the identity after every
 * step, by the same map in every layer. Source: Bartlett, Helmbold, Long 2018, lower bound (theorem
 * 4): no member of the class learns a negative eigenvalue from the identity. */
#include <stdlib.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/work.h"
#include "step.h"

static const struct ln_param params[] = {
    LN_STEP_PARAMS,
    {.name = "regulariser",
     .type = LN_CHOICE,
     .fallback = "none",
     .choices = "none penalty proximal spectral_ball frobenius_ball",
     .doc = "What draws every layer W to the identity: nothing; W -= eta kappa (W - I) with the "
            "step; W = (W + eta kappa I)/(1 + eta kappa) after it; or singular values of W - I, or "
            "its Frobenius norm, cut at psi."},
    {.name = "kappa",
     .type = LN_REAL,
     .fallback = "~",
     .low = 0,
     .high = INFINITY,
     .doc = "Strength of penalty and proximal, (kappa/2) sum ||W_j - I||_F^2, which need it; the "
            "others do not look at it."},
    {.name = "psi",
     .type = LN_REAL,
     .fallback = "~",
     .low = 0,
     .high = INFINITY,
     .doc = "Radius of the balls, which need it; the others do not look at it."},
};

enum kind { NONE, PENALTY, PROXIMAL, SPECTRAL_BALL, FROBENIUS_BALL };

struct state {
    struct ln_step step;
    enum kind kind;
    double strength; /* kappa, or psi */
    double *before;  /* [n_state] before the step (penalty) */
};

static int check(const struct ln_point *point, const struct ln_shape *shape,
                 const struct ln_problem *problem, struct ln_err *err) {
    (void)problem;
    const struct ln_conf *conf = &point->conf[LN_TRAIN];
    int kind = (int)ln_conf_value(conf, "regulariser")->integer;
    const char *strength = kind == PENALTY || kind == PROXIMAL ? "kappa" : "psi";
    if (!shape->model->has_layers)
        return ln_err_key(err, "train.algorithm",
                          "step_and_project draws layers to the identity, and the model '%s' has "
                          "none; take gd",
                          shape->model->entry.name);
    if (kind != NONE && !ln_conf_is_set(conf, strength))
        return ln_err_key(err, "train.regulariser", "the regulariser %s needs %s; give train.%s",
                          ln_conf_value(conf, "regulariser")->text, strength, strength);
    return LN_OK;
}

static bool start(const struct ln_task *task, void *memory, double *step_size) {
    const struct ln_conf *conf = &task->point->conf[LN_TRAIN];
    struct state *state = memory;
    bool can_start = ln_step_begin(&state->step, task);
    *step_size = state->step.size;
    state->kind = (enum kind)ln_conf_value(conf, "regulariser")->integer;
    if (state->kind == PENALTY || state->kind == PROXIMAL)
        state->strength = ln_conf_real(conf, "kappa");
    else if (state->kind != NONE)
        state->strength = ln_conf_real(conf, "psi");
    if (state->kind == PENALTY)
        state->before = ln_linalg_alloc(task->net.shape->n_state, sizeof(double));
    return can_start;
}

static void end(void *memory) {
    free(((struct state *)memory)->before);
}

/* Adds factor to the diagonal of every layer. */
static void add_identity(const struct ln_shape *shape, double *weights, double factor) {
    for (int j = 1; j <= shape->n_layers; j++)
        for (int i = 0; i < shape->widths[j] && i < shape->widths[j - 1]; i++)
            weights[shape->offset[j - 1] + i * shape->widths[j - 1] + i] += factor;
}

/* Singular values of a gap W - I [m x n] cut at psi. */
static void cut_spectrum(double *gap, double psi, int m, int n) {
    int modes = m < n ? m : n;
    size_t mark = ln_work_mark();
    double *u = ln_work_take((size_t)m * modes), *v = ln_work_take((size_t)n * modes),
           *s = ln_work_take((size_t)modes);
    ln_svd(u, s, v, gap, m, n);
    if (s[0] > psi) {
        for (int i = 0; i < m; i++)
            for (int k = 0; k < modes; k++)
                u[i * modes + k] *= fmin(s[k], psi);
        ln_matmul(gap, u, false, v, true, m, n, modes);
    }
    ln_work_release(mark);
}

static void cut_norm(double *gap, double psi, size_t size) {
    double norm = ln_norm(gap, size);
    for (size_t i = 0; i < size && norm > psi; i++)
        gap[i] *= psi / norm;
}

/* The map R of one lane. Weights that are not finite are left to the stopping rule. */
static void regularise(const struct ln_shape *shape, const struct state *state, double eta,
                       double *weights) {
    size_t n = (size_t)shape->n_weights;
    double pull = eta * state->strength;
    if (!isfinite(ln_norm(weights, n)))
        return;
    if (state->kind == PENALTY) {
        for (size_t i = 0; i < n; i++)
            weights[i] -= pull * state->before[i];
        add_identity(shape, weights, pull);
        return;
    }
    if (state->kind == PROXIMAL) {
        add_identity(shape, weights, pull);
        for (size_t i = 0; i < n; i++)
            weights[i] /= 1.0 + pull;
        return;
    }
    add_identity(shape, weights, -1.0);
    for (int j = 1; j <= shape->n_layers; j++) {
        int rows = shape->widths[j], cols = shape->widths[j - 1];
        if (state->kind == SPECTRAL_BALL)
            cut_spectrum(weights + shape->offset[j - 1], state->strength, rows, cols);
        else
            cut_norm(weights + shape->offset[j - 1], state->strength, (size_t)rows * cols);
    }
    add_identity(shape, weights, 1.0);
}

static void advance(struct ln_batch *batch, void *memory, const struct ln_run *runs,
                    int64_t *taken) {
    (void)taken; /* one step, as set */
    const struct ln_shape *shape = batch->shape;
    _Alignas(64) double eta[LN_LANES];
    struct state *states = memory;
    size_t mark = ln_work_mark();
    double *weights = ln_work_take((size_t)shape->n_state);
    for (int lane = 0; lane < shape->lanes; lane++) {
        eta[lane] = ln_step_at(&states[lane].step, runs[lane].step);
        if (states[lane].kind == PENALTY)
            ln_batch_weights(batch, lane, states[lane].before);
    }
    shape->model->descend(batch, eta);
    for (int lane = 0; lane < shape->lanes; lane++) {
        if (states[lane].kind == NONE)
            continue;
        ln_batch_weights(batch, lane, weights);
        regularise(shape, &states[lane], eta[lane], weights);
        ln_batch_put_weights(batch, lane, weights);
    }
    ln_work_release(mark);
}

static double extra_seconds(const struct ln_point *point, const struct ln_shape *shape) {
    bool factors = ln_conf_value(&point->conf[LN_TRAIN], "regulariser")->integer == SPECTRAL_BALL;
    return factors ? ln_step_lapack(shape, shape->n_layers) : 0.0;
}

const struct ln_algorithm ln_algorithm_step_and_project = {
    .entry = {.name = "step_and_project",
              .doc = "Gradient descent that draws every layer towards the identity after each "
                     "step, by the same map.",
              .source = "Bartlett, Helmbold, Long 2018, theorem 4 (class of algorithms that fail)",
              LN_PARAMS(params)},
    .state_bytes = sizeof(struct state),
    .check = check,
    .check_is_blind = true,
    .start = start,
    .advance = advance,
    .end = end,
    .predicted_steps = ln_step_count,
    .extra_seconds = extra_seconds,
};
