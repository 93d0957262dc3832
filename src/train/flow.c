/* Gradient flow dW/dt = -dL/dW, or the flow of the model, by an integrator with error control. Step
 * k of the run is the time k time_step; the integrator takes the steps it needs and lands on the
 * grid where something has to be looked at. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit_time.h"
#include "linnet/linalg.h"
#include "linnet/ode.h"
#include "linnet/train.h"

static const struct ln_param params[] = {
    {.name = "time_step",
     .type = LN_REAL,
     .fallback = "0.01",
     .low = 0,
     .high = INFINITY,
     .low_open = true,
     .doc = "Time between two steps of the run: step k is the time k time_step."},
    {.name = "rtol",
     .type = LN_REAL,
     .fallback = "1e-10",
     .low = 1e-15,
     .high = 0.1,
     .doc = "Relative part of the local error that is allowed in every weight."},
    {.name = "atol",
     .type = LN_REAL,
     .fallback = "1e-14",
     .low = 0,
     .high = INFINITY,
     .doc = "Absolute part of it."},
    {.name = "most_steps",
     .type = LN_INT,
     .fallback = "10000000",
     .low = 1,
     .high = 1e15,
     .doc = "Steps of the integrator after which a point is given up: its loss is then no number."},
};

struct state {
    double time_step, t;
    int64_t most_steps;
    int64_t target; /* step to land on next; 0: none yet */
    bool seeks;     /* the threshold of the loss lies before it */
    double *y;      /* [n_state] at the time t */
    double *anchor; /* [n_state] at the step of the run */
    struct ln_ode ode;
};

/* What the integrator asks about; `threshold` is an excess loss. */
struct question {
    struct ln_batch *batch;
    double threshold;
};

static void put(struct ln_batch *batch, const double *y) {
    memcpy(batch->weights, y, (size_t)batch->shape->n_state * sizeof *y);
}

static void forward(struct ln_batch *batch, const double *y) {
    put(batch, y);
    batch->shape->model->forward(batch);
}

static void velocity(void *ctx, double t, const double *y, double *dydt) {
    struct ln_batch *batch = ((struct question *)ctx)->batch;
    const struct ln_shape *shape = batch->shape;
    (void)t;
    forward(batch, y);
    if (shape->model->velocity) {
        shape->model->velocity(batch, dydt);
        return;
    }
    shape->model->gradient(batch, dydt);
    for (int i = 0; i < shape->n_state; i++)
        dydt[i] = i < shape->n_weights ? -dydt[i] : 0;
}

static double above_threshold(void *ctx, double t, const double *y) {
    const struct question *question = ctx;
    (void)t;
    forward(question->batch, y);
    return question->batch->excess[0] - question->threshold;
}

static double longest_step(void *ctx, double t, const double *y) {
    struct ln_batch *batch = ((struct question *)ctx)->batch;
    (void)t;
    forward(batch, y);
    return batch->shape->model->longest_step(batch, 0);
}

/* Evaluations of the velocity in a step of the integrator, and the floating-point operations that
 * take as long as calling the kernels of one layer. */
static const double evaluations = 13, overhead = 16e3;

static double step_flops(const struct ln_shape *shape) {
    return evaluations * (shape->model->step_flops(shape) + overhead * shape->n_layers);
}

static bool start(const struct ln_task *task, void *memory, double *step_size) {
    const struct ln_conf *conf = &task->point->conf[LN_TRAIN];
    const struct ln_shape *shape = task->net.shape;
    struct state *state = memory;
    *step_size = state->time_step = ln_conf_real(conf, "time_step");
    state->most_steps = ln_conf_int(conf, "most_steps");
    state->y = ln_linalg_alloc(shape->n_state, sizeof(double));
    state->anchor = ln_linalg_alloc(shape->n_state, sizeof(double));
    ln_ode_init(&state->ode, shape->n_state, velocity, NULL);
    state->ode.rtol = ln_conf_real(conf, "rtol");
    state->ode.atol = ln_conf_real(conf, "atol");
    if (shape->model->longest_step)
        state->ode.bound = longest_step;
    /* About a millisecond, so that others are not kept waiting. */
    state->ode.pause_after = 1 + (int64_t)(2e7 / step_flops(shape));
    return isfinite(state->time_step);
}

static void end(void *memory) {
    struct state *state = memory;
    ln_ode_clear(&state->ode);
    free(state->y);
    free(state->anchor);
}

/* To the next step at which something has to be looked at; sooner if the loss, which falls, passes
 * the threshold before. */
static void begin_stretch(struct state *state, const struct ln_batch *batch,
                          const struct ln_run *run) {
    size_t size = (size_t)batch->shape->n_state * sizeof(double);
    memcpy(state->y, batch->weights, size);
    memcpy(state->anchor, batch->weights, size);
    state->t = (double)run->step * state->time_step;
    state->target = run->next_event;
    state->seeks = ln_run_threshold(run) > 0;
}

static enum ln_ode_status march(struct state *state, struct ln_batch *batch,
                                const struct ln_run *run) {
    struct question question = {batch, ln_run_threshold(run)};
    double t_end = (double)state->target * state->time_step;
    if (state->ode.n_steps >= state->most_steps)
        return LN_ODE_FAILED;
    state->ode.ctx = &question;
    state->ode.event = state->seeks ? above_threshold : NULL;
    return state->t < t_end ? ln_ode_advance(&state->ode, &state->t, t_end, state->y)
                            : LN_ODE_REACHED;
}

/* First step of the grid at or after the time reached. */
static int64_t next_step(const struct state *state, const struct ln_run *run) {
    double step = ceil(state->t / state->time_step);
    return step > (double)run->step + 1 ? (int64_t)step : run->step + 1;
}

/* A call may end between two steps of the grid (*taken = 0): the run then still stands at the step
 * before, and the integrator goes on from where it is when called again. */
static void advance(struct ln_batch *batch, void *memory, const struct ln_run *runs,
                    int64_t *taken) {
    struct state *state = memory;
    if (state->target == 0)
        begin_stretch(state, batch, runs);
    enum ln_ode_status status = march(state, batch, runs);
    *taken = 0;
    put(batch, state->anchor);
    if (status == LN_ODE_EVENT) {
        int64_t step = next_step(state, runs);
        state->target = step < state->target ? step : state->target;
        state->seeks = false;
    } else if (status == LN_ODE_REACHED) {
        put(batch, state->y);
        *taken = state->target - runs->step;
        state->target = 0;
    } else if (status == LN_ODE_FAILED) {
        for (int i = 0; i < batch->shape->n_state; i++)
            batch->weights[i] = NAN;
        *taken = next_step(state, runs) - runs->step;
    }
}

/* The integrator carries nothing from one call to the next but the length of its step: it begins
 * every call with the slope where it stands. */
static void park(const void *memory, struct ln_pack *pack) {
    const struct state *state = memory;
    ln_pack_number(pack, state->ode.step);
    ln_pack_int(pack, state->ode.n_steps);
    ln_pack_int(pack, state->target);
    if (state->target == 0)
        return; /* the next stretch begins at the step of the run */
    ln_pack_int(pack, state->seeks);
    ln_pack_number(pack, state->t);
    ln_pack_numbers(pack, state->y, (size_t)state->ode.n);
}

/* Inside a stretch: from the step of the run, which is the anchor, to the target. */
static bool unpark_stretch(struct state *state, struct ln_unpack *unpack, const struct ln_run *run,
                           const double *weights) {
    if (state->target <= run->step || state->target > run->next_event)
        return false;
    double begin = (double)run->step * state->time_step;
    double end = (double)(state->target + 1) * state->time_step; /* next_step may round down */
    int64_t seeks = ln_unpack_int(unpack);
    state->seeks = seeks != 0;
    state->t = ln_unpack_number(unpack);
    ln_unpack_numbers(unpack, state->y, (size_t)state->ode.n);
    memcpy(state->anchor, weights, (size_t)state->ode.n * sizeof *weights);
    bool is_finite = true;
    for (int i = 0; i < state->ode.n; i++)
        is_finite &= isfinite(state->y[i]);
    return is_finite && (seeks == 0 || seeks == 1) && state->t >= begin && state->t <= end;
}

static bool unpark(void *memory, struct ln_unpack *unpack, const struct ln_run *run,
                   const double *weights) {
    struct state *state = memory;
    state->ode.step = ln_unpack_number(unpack);
    state->ode.n_steps = ln_unpack_int(unpack);
    state->target = ln_unpack_int(unpack);
    /* The limit is looked at before a call of the integrator: the last one may pass it. */
    bool good = isfinite(state->ode.step) && state->ode.step >= 0 && state->ode.n_steps >= 0 &&
                state->ode.n_steps <= state->most_steps + state->ode.pause_after;
    return good && (state->target == 0 || unpark_stretch(state, unpack, run, weights));
}

/* The integrator steps with its error control, or as the sharpness at the end allows, whichever is
 * shorter; in steps of the model as the planner counts them. */
static double predicted_steps(const struct ln_point *point, const struct ln_shape *shape,
                              const struct ln_problem *problem) {
    const struct ln_conf *conf = &point->conf[LN_TRAIN], *limits = &point->conf[LN_LIMITS];
    double time_step = ln_conf_real(conf, "time_step");
    double time =
        ln_fit_time(point, shape, problem) + time_step * (double)ln_conf_int(limits, "stop.hold");
    double horizon = time_step * (double)ln_conf_int(limits, "max_steps");
    double tolerance = pow(1e-10 / ln_conf_real(conf, "rtol"), 1.0 / 8);
    double landings = 16;
    double steps = landings + tolerance * (30 + 0.3 * fmin(isnan(time) ? horizon : time, horizon) *
                                                    ln_fit_sharpness(shape, problem));
    return fmin(steps, (double)ln_conf_int(conf, "most_steps")) * step_flops(shape) /
           shape->model->step_flops(shape);
}

const struct ln_algorithm ln_algorithm_flow = {
    .entry = {.name = "flow",
              .doc =
                  "Gradient flow, integrated with error control; step k is the time k time_step.",
              .source = "Arora, Cohen, Hazan 2018; Eftekhari 2020; Prince, Dormand 1981 (the "
                        "integrator, orders 8 and 9)",
              LN_PARAMS(params)},
    .is_single = true,
    .strides = true,
    .state_bytes = sizeof(struct state),
    .start = start,
    .advance = advance,
    .end = end,
    .park = park,
    .unpark = unpark,
    .predicted_steps = predicted_steps,
};
