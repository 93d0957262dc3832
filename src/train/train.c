#include "linnet/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"

#define LN_ALGORITHM(name) extern const struct ln_algorithm ln_algorithm_##name;
#include "list.h"
#undef LN_ALGORITHM

static const struct ln_entry *const entries[] = {
#define LN_ALGORITHM(name) &ln_algorithm_##name.entry,
#include "list.h"
#undef LN_ALGORITHM
};

const struct ln_catalogue ln_algorithms = {"algorithm", entries,
                                           sizeof entries / sizeof entries[0]};

const struct ln_param ln_limits[] = {
    {.name = "max_steps",
     .type = LN_INT,
     .fallback = "10000",
     .low = 1,
     .high = 1e12,
     .doc = "The horizon: no point runs longer."},
    {.name = "stop.loss",
     .type = LN_REAL,
     .fallback = "1e-10",
     .low = 0,
     .high = INFINITY,
     .doc =
         "Converged: excess loss over the best level the widths allow is at most this; 0 never."},
    {.name = "stop.hold",
     .type = LN_INT,
     .fallback = "50",
     .low = 1,
     .high = 1e9,
     .doc = "... for so many steps in a row (an orbit can cross once by chance)."},
    {.name = "stop.diverged",
     .type = LN_REAL,
     .fallback = "1e100",
     .low = 0,
     .high = INFINITY,
     .low_open = true,
     .doc = "Diverged: excess loss above this, or not a number."},
};
const int ln_n_limits = sizeof ln_limits / sizeof ln_limits[0];

struct trainer {
    const struct ln_shape *shape;
    const struct ln_algorithm *algorithm;
    const int64_t *record_steps;
    int n_records;
    const struct ln_train_hooks *hooks;
    struct ln_batch *batch;
    struct ln_run *runs;      /* [lanes] */
    bool *is_busy, *is_fresh; /* [lanes]; fresh: its state has not been looked at yet */
    char *states;
    int n_busy;
};

static void plan_event(const struct trainer *t, struct ln_run *run) {
    int64_t next = run->max_steps;
    if (run->record < t->n_records && t->record_steps[run->record] < next)
        next = t->record_steps[run->record];
    int64_t window = run->max_steps - LN_WINDOW + 1, held = run->low_since + run->hold - 1;
    if (run->strides) /* a flow does not oscillate; where it converges, the hold has an end */
        next = run->streak > 0 && held < next ? held : next;
    else if (run->step + 1 >= window)
        next = run->step + 1;
    else if (window < next)
        next = window;
    run->next_event = next;
}

/* The excess loss at which the plateau position moves on; none: -1, below any E. */
static double plateau_threshold(const struct ln_run *run) {
    int r = run->plateau_position / 2;
    if (r >= run->n_plateaus)
        return -1.0;
    double gap = 0.5 * run->problem->sigma[r] * run->problem->sigma[r];
    return ln_problem_level(run->problem, r) + (run->plateau_position % 2 ? -0.01 : 0.01) * gap;
}

static void begin_plateaus(struct ln_run *run, int rank) {
    const struct ln_problem *problem = run->problem;
    while (run->n_plateaus < LN_MAX_PLATEAUS && run->n_plateaus < rank &&
           run->n_plateaus < problem->n_modes &&
           problem->sigma[run->n_plateaus] > 1e-6 * problem->sigma[0])
        run->n_plateaus++;
    for (int r = 0; r < LN_MAX_PLATEAUS; r++)
        run->plateau_enter[r] = run->plateau_leave[r] = -1;
    run->plateau_next = plateau_threshold(run);
}

static void pass_plateaus(struct ln_run *run, double excess) {
    while (excess <= run->plateau_next) {
        int r = run->plateau_position / 2;
        *(run->plateau_position % 2 ? &run->plateau_leave[r] : &run->plateau_enter[r]) = run->step;
        run->plateau_position++;
        run->plateau_next = plateau_threshold(run);
    }
}

static void begin(struct trainer *t, int lane, const struct ln_task *task, double step_size,
                  bool is_invalid) {
    struct ln_run *run = &t->runs[lane];
    const struct ln_conf *limits = &task->point->conf[LN_LIMITS];
    memset(run, 0, sizeof *run);
    run->step_size = step_size;
    run->is_invalid = is_invalid;
    run->max_steps = ln_conf_int(limits, "max_steps");
    run->hold = ln_conf_int(limits, "stop.hold");
    run->stop_loss = ln_conf_real(limits, "stop.loss");
    run->stop_diverged = ln_conf_real(limits, "stop.diverged");
    const struct ln_problem *problem = task->net.problem;
    run->level = ln_problem_level(problem, t->shape->rank < problem->n_modes ? t->shape->rank
                                                                             : problem->n_modes);
    run->problem = problem;
    run->strides = t->algorithm->strides;
    begin_plateaus(run, t->shape->rank);
    run->converged_step = run->diverged_step = -1;
    ln_batch_load(t->batch, lane, &task->net);
    t->is_busy[lane] = t->is_fresh[lane] = true;
    t->n_busy++;
}

/* Fills every empty lane that gets a task. *changed: forward has to run again. */
static void refill(struct trainer *t, bool *changed) {
    for (int lane = 0; lane < t->shape->lanes; lane++) {
        struct ln_task task;
        if (t->is_busy[lane] || !t->hooks->next(t->hooks->ctx, lane, &task))
            continue;
        double step_size = 0;
        bool can_start = t->algorithm->start(
            &task, t->states + (size_t)lane * t->algorithm->state_bytes, &step_size);
        begin(t, lane, &task, step_size, !can_start);
        *changed = true;
    }
}

/* A fixed linear functional of the weights: tells apart states of equal loss (w and -w). */
static double signature(const struct ln_batch *batch, int lane) {
    double sum = 0, c = 1.0;
    for (int i = 0; i < batch->shape->n_weights; i++) {
        sum += c * batch->weights[(size_t)i * batch->shape->lanes + lane];
        c = c > 0.5 ? c - 0.381966 : c + 0.618034;
    }
    return sum;
}

/* The stopping rules, each step. Rises count while they are more than rounding and above the
 * tolerance. */
static void judge(struct ln_run *run, double excess) {
    run->excess = excess;
    double above = excess - run->level;
    if (run->step == 0) {
        run->initial = run->previous = run->worst = excess;
        run->is_invalid |= !isfinite(excess);
        run->is_finished = run->is_invalid;
    }
    if (!(excess <= run->worst))
        run->worst = isnan(excess) ? HUGE_VAL : excess;
    if (run->step == 0)
        run->best = excess;
    if (!(above < run->stop_diverged)) {
        run->diverged_step = run->step;
        run->is_finished = true;
        return;
    }
    if (excess > run->previous * (1.0 + 1e-9) && above > run->stop_loss)
        run->n_rises++;
    if (excess <= run->plateau_next)
        pass_plateaus(run, excess);
    if (excess < run->best) {
        run->best = excess;
        run->best_step = run->step;
    }
    run->previous = excess;
    bool is_low = above <= run->stop_loss && run->stop_loss > 0;
    if (is_low && run->streak == 0)
        run->low_since = run->step;
    run->streak = is_low ? run->step - run->low_since + 1 : 0;
    if (run->streak >= run->hold) {
        run->converged_step = run->low_since;
        run->is_finished = true;
    }
}

/* Records and the oscillation window: rare but for the last LN_WINDOW steps. */
static void attend(struct trainer *t, int lane) {
    struct ln_run *run = &t->runs[lane];
    if (run->record < t->n_records && t->record_steps[run->record] == run->step) {
        t->hooks->record(t->hooks->ctx, lane, run->record, t->batch, run);
        run->record++;
    }
    if (run->step > run->max_steps - LN_WINDOW && !run->strides) {
        run->loss_window[run->step % LN_WINDOW] = run->excess;
        run->state_window[run->step % LN_WINDOW] = signature(t->batch, lane);
    }
    if (run->step >= run->max_steps)
        run->is_finished = true;
    plan_event(t, run);
}

static void end_state(struct trainer *t, int lane) {
    char *state = t->states + (size_t)lane * t->algorithm->state_bytes;
    if (t->algorithm->end)
        t->algorithm->end(state);
    memset(state, 0, t->algorithm->state_bytes);
}

static int look(struct trainer *t, bool *emptied, struct ln_err *err) {
    for (int lane = 0; lane < t->shape->lanes; lane++) {
        struct ln_run *run = &t->runs[lane];
        if (!t->is_busy[lane] || !t->is_fresh[lane])
            continue;
        t->is_fresh[lane] = false;
        judge(run, t->batch->excess[lane]);
        if (run->step >= run->next_event)
            attend(t, lane);
        else if (run->strides)
            plan_event(t, run);
        if (!run->is_finished)
            continue;
        int status = t->hooks->finish(t->hooks->ctx, lane, t->batch, run, err);
        if (status != LN_OK)
            return status;
        ln_batch_clear(t->batch, lane);
        end_state(t, lane);
        t->is_busy[lane] = false;
        t->n_busy--;
        *emptied = true;
    }
    return LN_OK;
}

static void advance(struct trainer *t) {
    int64_t taken[LN_LANES];
    for (int lane = 0; lane < t->shape->lanes; lane++)
        taken[lane] = 1;
    t->algorithm->advance(t->batch, t->states, t->runs, taken);
    for (int lane = 0; lane < t->shape->lanes; lane++) {
        t->runs[lane].step += taken[lane];
        t->is_fresh[lane] = true;
    }
}

/* Steps between two looks at the clock: about a tenth of a millisecond. */
static int steps_between_polls(const struct ln_shape *shape) {
    double steps = 1e6 / (shape->model->step_flops(shape) * shape->lanes + 100.0);
    return steps < 1 ? 1 : (int)steps;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int loop(struct trainer *t, struct ln_err *err) {
    int every = t->algorithm->strides ? 1 : steps_between_polls(t->shape), left = every,
        status = LN_OK;
    double last = now();
    bool changed = true; /* lanes to fill: at the start, after a finish, and at every poll while
                            some are empty */
    for (;;) {
        if (changed) {
            changed = false;
            refill(t, &changed);
            if (t->n_busy == 0)
                return LN_OK;
        }
        t->shape->model->forward(t->batch);
        bool emptied = false;
        status = look(t, &emptied, err);
        if (status != LN_OK)
            return status;
        if (emptied) { /* new lanes are looked at before anything moves; the others keep their state
                        */
            changed = true;
            left = 1;
        } else {
            advance(t);
        }
        if (--left > 0)
            continue;
        left = every;
        changed |= t->n_busy < t->shape->lanes;
        double time = now();
        if (time - last > 1e-3) {
            last = time;
            if (t->hooks->poll(t->hooks->ctx))
                return ln_err_set(err, LN_STOPPED, "stopped");
        }
    }
}

int ln_train_shape(const struct ln_point *point, struct ln_shape *shape, struct ln_err *err) {
    const struct ln_algorithm *algorithm = (const struct ln_algorithm *)point->entry[LN_TRAIN];
    int status = ln_shape_of(point, shape, err);
    if (status != LN_OK)
        return status;
    if (!algorithm->strides && (!shape->model->descend || shape->is_flow_only))
        return ln_err_key(err, "train.algorithm",
                          "the model '%s' %smoves by its flow only; take flow",
                          shape->model->entry.name, shape->model->descend ? "in this form " : "");
    if (algorithm->is_single)
        shape->lanes = 1;
    return LN_OK;
}

double ln_run_threshold(const struct ln_run *run) {
    double stop = run->stop_loss > 0 && run->streak == 0 ? run->level + run->stop_loss : -1.0;
    return stop > run->plateau_next ? stop : run->plateau_next;
}

int ln_train(const struct ln_shape *shape, const struct ln_algorithm *algorithm,
             const int64_t *record_steps, int n_records, const struct ln_train_hooks *hooks,
             struct ln_err *err) {
    size_t lanes = (size_t)shape->lanes;
    struct trainer t = {.shape = shape,
                        .algorithm = algorithm,
                        .record_steps = record_steps,
                        .n_records = n_records,
                        .hooks = hooks};
    t.batch = ln_batch_create(shape);
    t.runs = ln_linalg_alloc(lanes, sizeof *t.runs);
    t.is_busy = ln_linalg_alloc(lanes, sizeof *t.is_busy);
    t.is_fresh = ln_linalg_alloc(lanes, sizeof *t.is_fresh);
    t.states = ln_linalg_alloc(lanes, algorithm->state_bytes);
    int status = loop(&t, err);
    for (int lane = 0; lane < shape->lanes; lane++)
        if (t.is_busy[lane])
            end_state(&t, lane);
    free(t.states);
    free(t.is_fresh);
    free(t.is_busy);
    free(t.runs);
    ln_batch_free(t.batch);
    return status;
}
