#include "linnet/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "linnet/clock.h"
#include "linnet/interrupt.h"
#include "linnet/linalg.h"
#include "linnet/work.h"
#include "park.h"

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

enum { MOST_STEPS = 512 }; /* of a run between two looks */

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
    int n_busy, n_fresh;
    bool in_runs;  /* the model takes runs of steps; else the algorithm is asked at every step */
    int64_t every; /* steps between two looks at the clock */
    bool has_signatures; /* signature[] is that of the present states */
    double *signature;   /* [LN_LANES] */
    double *functional;  /* [n_weights] what it is made with */
    struct ln_watch *watch;
    struct ln_steps steps;
    double *eta, *losses, *signatures; /* [MOST_STEPS + 1][LN_LANES] */
};

static bool is_in_window(const struct ln_run *run, int64_t step) {
    return step > run->max_steps - LN_WINDOW && !run->strides;
}

static void plan_event(const struct trainer *t, struct ln_run *run) {
    int64_t next = run->max_steps;
    if (run->record < t->n_records && t->record_steps[run->record] < next)
        next = t->record_steps[run->record];
    int64_t window = run->max_steps - LN_WINDOW + 1, held = run->low_since + run->hold - 1;
    if (run->strides || t->in_runs) /* where it converges, the hold has an end */
        next = run->streak > 0 && held < next ? held : next;
    else if (run->step + 1 >= window)
        next = run->step + 1;
    else if (window < next)
        next = window;
    run->next_event = next;
}

static char *state_of(const struct trainer *t, int lane) {
    return t->states + (size_t)lane * t->algorithm->state_bytes;
}

static void end_state(struct trainer *t, int lane) {
    if (t->algorithm->end)
        t->algorithm->end(state_of(t, lane));
    memset(state_of(t, lane), 0, t->algorithm->state_bytes);
}

static void begin(struct trainer *t, int lane, const struct ln_task *task) {
    struct ln_run *run = &t->runs[lane];
    ln_run_begin(run, task, t->shape->rank);
    run->strides = t->algorithm->strides;
    run->is_invalid = !t->algorithm->start(task, state_of(t, lane), &run->step_size);
    ln_batch_load(t->batch, lane, &task->net);
}

/* A record that was cut short is made once more. */
static void step_back(const struct trainer *t, struct ln_run *run) {
    if (!run->is_cut || run->record == 0 || t->record_steps[run->record - 1] != run->step)
        return;
    run->record--;
    plan_event(t, run);
}

/* Moves a lane that was begun to where it was parked. Every record before is made: what a lane has
 * to do at a step is done before anybody can stop it, or cut short. */
static bool restore(struct trainer *t, int lane, const struct ln_task *task) {
    const struct ln_algorithm *algorithm = t->algorithm;
    struct ln_unpack from = {task->parked, task->parked_size, false};
    struct ln_run *run = &t->runs[lane];
    size_t mark = ln_work_mark();
    double *weights = ln_work_take((size_t)t->shape->n_state);
    bool good = ln_park_take(&from, algorithm, run, weights, t->shape->n_state);
    if (good) {
        while (run->record < t->n_records && t->record_steps[run->record] <= run->step)
            run->record++;
        plan_event(t, run);
        good = !algorithm->unpark || algorithm->unpark(state_of(t, lane), &from, run, weights);
    }
    good = good && ln_unpack_is_over(&from);
    step_back(t, run);
    if (good)
        ln_batch_put_weights(t->batch, lane, weights);
    ln_work_release(mark);
    return good;
}

/* Hands out what a later run needs to go on. What is fresh has not moved. */
static void park(const struct trainer *t) {
    struct ln_pack pack = {0};
    size_t mark = ln_work_mark();
    double *weights = ln_work_take((size_t)t->shape->n_state);
    for (int lane = 0; t->hooks->park && lane < t->shape->lanes; lane++) {
        if (!t->is_busy[lane] || t->is_fresh[lane] || ln_run_is_lost(&t->runs[lane]))
            continue;
        pack.size = 0;
        ln_batch_weights(t->batch, lane, weights);
        ln_park_put(&pack, t->algorithm, &t->runs[lane], weights, t->shape->n_state);
        if (t->algorithm->park)
            t->algorithm->park(state_of(t, lane), &pack);
        if (!pack.is_bad)
            t->hooks->park(t->hooks->ctx, lane, pack.bytes, pack.size);
    }
    ln_work_release(mark);
    ln_pack_clear(&pack);
}

/* Fills every empty lane that gets a task. A start that was cut short refuses nothing. */
static void refill(struct trainer *t) {
    for (int lane = 0; lane < t->shape->lanes && !ln_interrupt_has_cut(); lane++) {
        struct ln_task task = {0};
        if (t->is_busy[lane] || !t->hooks->next(t->hooks->ctx, lane, &task))
            continue;
        begin(t, lane, &task);
        if (task.parked && !ln_interrupt_has_cut() && !restore(t, lane, &task)) {
            end_state(t, lane);
            begin(t, lane, &task);
            if (t->hooks->refuse)
                t->hooks->refuse(t->hooks->ctx, lane);
        }
        t->is_busy[lane] = t->is_fresh[lane] = true;
        t->n_busy++;
        t->n_fresh++;
    }
}

/* Of the state in a lane: tells apart states of equal loss. */
static double signature(struct trainer *t, int lane) {
    if (!t->has_signatures) {
        ln_batch_settle(t->batch);
        ln_lanes_signature(t->signature, t->functional, t->batch->weights, t->shape->n_weights,
                           t->shape->lanes);
    }
    t->has_signatures = true;
    return t->signature[lane];
}

static void remember(struct ln_run *run, int64_t step, double excess, double state) {
    run->loss_window[step % LN_WINDOW] = excess;
    run->state_window[step % LN_WINDOW] = state;
}

/* Records and the oscillation window: rare but for the last LN_WINDOW steps. */
static void attend(struct trainer *t, int lane) {
    struct ln_run *run = &t->runs[lane];
    if (run->record < t->n_records && t->record_steps[run->record] == run->step) {
        t->hooks->record(t->hooks->ctx, lane, run->record, t->batch, run);
        run->is_cut = ln_interrupt_has_cut();
        run->record++;
    }
    if (is_in_window(run, run->step) && (!t->in_runs || run->step == 0))
        remember(run, run->step, run->excess, signature(t, lane));
    if (run->step >= run->max_steps)
        run->is_finished = true;
}

/* LN_STOPPED: what there was to do at this step was cut short, and the point is still in its lane.
 * What is lost would have to be trained anew, so it is seen to its end. */
static int look(struct trainer *t, int lane, double excess, struct ln_err *err) {
    struct ln_run *run = &t->runs[lane];
    int status = LN_OK;
    ln_run_judge(run, excess);
    ln_interrupt_hold(ln_run_is_lost(run));
    if (run->step >= run->next_event)
        attend(t, lane);
    plan_event(t, run);
    if (run->is_finished)
        status = t->hooks->finish(t->hooks->ctx, lane, t->batch, run, err);
    ln_interrupt_hold(false);
    if (!run->is_finished || status == LN_STOPPED)
        return status;
    ln_batch_clear(t->batch, lane);
    end_state(t, lane);
    t->is_busy[lane] = false;
    t->n_busy--;
    return status;
}

/* After a stop the other lanes, which have moved too, are looked at before all are parked. */
static bool is_going(int status) {
    return status == LN_OK || status == LN_STOPPED;
}

static int worse(int before, int now) {
    return now == LN_OK ? before : now;
}

/* The lanes that have to move, and the bands they may move in. */
static void ask_for(struct trainer *t, int64_t most, bool only_fresh) {
    struct ln_steps *steps = &t->steps;
    *steps = (struct ln_steps){
        .most = most, .eta = t->eta, .watch = t->watch, .functional = t->functional};
    for (int lane = 0; lane < LN_LANES; lane++) {
        if (lane >= t->shape->lanes || !t->is_busy[lane] || (only_fresh && !t->is_fresh[lane])) {
            ln_run_watch_nothing(t->watch, lane);
            continue;
        }
        ln_run_watch(&t->runs[lane], t->watch, lane);
        steps->busy |= 1u << lane;
        steps->n_busy++;
    }
}

/* Looks at the states at step 0, or where they were parked: there everything has been decided once,
 * and nothing comes out differently the second time. */
static int look_at_fresh(struct trainer *t, struct ln_err *err) {
    const double *excess = t->batch->excess;
    int status = LN_OK;
    t->has_signatures = false;
    if (t->in_runs) {
        ask_for(t, 0, true);
        t->shape->model->run(t->batch, &t->steps);
        excess = t->watch->excess;
    } else {
        t->shape->model->forward(t->batch);
    }
    for (int lane = 0; lane < t->shape->lanes && is_going(status); lane++) {
        if (!t->is_fresh[lane])
            continue;
        t->is_fresh[lane] = false;
        t->n_fresh--;
        status = worse(status, look(t, lane, excess[lane], err));
    }
    return status;
}

/* Steps to the nearest event of any lane; keeps the history where one is in its window. */
static int64_t plan_steps(const struct trainer *t, bool *keeps) {
    int64_t most = t->every < MOST_STEPS ? t->every : MOST_STEPS;
    for (int lane = 0; lane < t->shape->lanes; lane++)
        if (t->is_busy[lane] && t->runs[lane].next_event - t->runs[lane].step < most)
            most = t->runs[lane].next_event - t->runs[lane].step;
    *keeps = false;
    for (int lane = 0; lane < t->shape->lanes; lane++)
        *keeps |= t->is_busy[lane] && is_in_window(&t->runs[lane], t->runs[lane].step + most);
    return most;
}

/* What the kernel has seen of a lane on the way to where it is now. */
static void take_over(struct trainer *t, int lane, int64_t taken) {
    struct ln_run *run = &t->runs[lane];
    ln_run_take_books(run, t->watch, lane);
    for (int64_t i = 1; t->steps.losses && i <= taken; i++)
        if (is_in_window(run, run->step + i))
            remember(run, run->step + i, t->losses[i * LN_LANES + lane],
                     t->signatures[i * LN_LANES + lane]);
    run->step += taken;
}

/* Idle lanes move along, unless the busy ones are taken one by one. */
static void count_use(const struct trainer *t, const int64_t *taken, bool is_alone) {
    struct ln_train_use *use = t->hooks->use;
    double busy = 0, most = 0;
    for (int lane = 0; use && lane < t->shape->lanes; lane++) {
        double steps = t->is_busy[lane] ? (double)taken[lane] : 0.0;
        busy += steps;
        most = steps > most ? steps : most;
    }
    if (!use)
        return;
    use->busy_steps += busy;
    use->lane_steps += is_alone ? busy : most * t->shape->lanes;
}

/* A run of steps in the model's own kernel. */
static int run_on(struct trainer *t, int64_t *done, struct ln_err *err) {
    bool keeps;
    int status = LN_OK, lanes = t->shape->lanes;
    int64_t most = plan_steps(t, &keeps);
    ask_for(t, most, false);
    bool is_constant = t->algorithm->step_sizes(t->states, t->runs, lanes, most, t->eta);
    t->steps.eta_stride = is_constant ? 0 : LN_LANES;
    t->steps.losses = keeps ? t->losses : NULL;
    t->steps.signatures = keeps ? t->signatures : NULL;
    t->shape->model->run(t->batch, &t->steps);
    *done = 0;
    for (int lane = 0; lane < lanes; lane++)
        *done = t->steps.taken[lane] > *done ? t->steps.taken[lane] : *done;
    count_use(t, t->steps.taken, t->steps.is_alone);
    for (int lane = 0; lane < lanes && is_going(status); lane++) {
        int64_t taken = t->steps.taken[lane];
        if (!t->is_busy[lane])
            continue;
        take_over(t, lane, taken);
        status = worse(status, look(t, lane, t->watch->excess[lane], err));
    }
    return status;
}

/* One step, or stride, of the algorithm's own. */
static int advance(struct trainer *t, int64_t *done, struct ln_err *err) {
    int64_t taken[LN_LANES];
    int status = LN_OK;
    for (int lane = 0; lane < t->shape->lanes; lane++)
        taken[lane] = 1;
    t->algorithm->advance(t->batch, t->states, t->runs, taken);
    t->has_signatures = false;
    t->shape->model->forward(t->batch);
    count_use(t, taken, false);
    for (int lane = 0; lane < t->shape->lanes && is_going(status); lane++) {
        t->runs[lane].step += taken[lane];
        if (t->is_busy[lane])
            status = worse(status, look(t, lane, t->batch->excess[lane], err));
    }
    *done = 1;
    return status;
}

/* Steps between two looks at the clock: half a millisecond of the kernels that take runs, a tenth
 * of the others. A run also ends there, and what goes before one and after it is done again: many
 * steps to a run keep that small. */
static int64_t steps_between_polls(const struct trainer *t) {
    double flops = t->in_runs ? 3e7 : 1e6;
    double steps = flops / (t->shape->model->step_flops(t->shape) * t->shape->lanes + 100.0);
    return steps < 1 ? 1 : (int64_t)steps;
}

static int stop(struct trainer *t, struct ln_err *err) {
    park(t);
    return ln_err_set(err, LN_STOPPED, "stopped");
}

static int loop(struct trainer *t, struct ln_err *err) {
    int64_t left = t->every, done;
    double last = ln_clock();
    bool asks = true; /* for tasks: at the start, after a finish, and at every poll while lanes are
                         empty */
    for (;;) {
        if (asks)
            refill(t);
        if (ln_interrupt_has_cut()) /* a start that was cut short is still fresh */
            return stop(t, err);
        if (t->n_busy == 0)
            return LN_OK;
        int n_busy = t->n_busy;
        int status;
        if (t->n_fresh > 0) { /* looked at before anything moves */
            status = look_at_fresh(t, err);
            done = 1;
        } else {
            status = t->in_runs ? run_on(t, &done, err) : advance(t, &done, err);
        }
        if (status == LN_STOPPED || (status == LN_OK && ln_interrupt_has_cut()))
            return stop(t, err);
        if (status != LN_OK)
            return status;
        asks = t->n_busy < n_busy;
        left -= done;
        if (left > 0)
            continue;
        left = t->every;
        asks |= t->n_busy < t->shape->lanes;
        double time = ln_clock();
        if (time - last > ln_poll_seconds || t->hooks->poll_steps > 0) {
            last = time;
            if (t->hooks->poll(t->hooks->ctx))
                return stop(t, err);
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
    if (algorithm->is_single) {
        shape->lanes = 1;
        shape->shares_problem = false;
    }
    return LN_OK;
}

static double *numbers(size_t n) {
    return ln_linalg_alloc(n, sizeof(double));
}

/* Weights of the signature: no two alike, none small. */
static double *functional_create(int n) {
    double *functional = numbers((size_t)n), c = 1.0;
    for (int i = 0; i < n; i++) {
        functional[i] = c;
        c = c > 0.5 ? c - 0.381966 : c + 0.618034;
    }
    return functional;
}

static void trainer_open(struct trainer *t) {
    size_t lanes = (size_t)t->shape->lanes, history = (size_t)(MOST_STEPS + 1) * LN_LANES;
    t->batch = ln_batch_create(t->shape);
    t->runs = ln_linalg_alloc(lanes, sizeof *t->runs);
    t->is_busy = ln_linalg_alloc(lanes, sizeof *t->is_busy);
    t->is_fresh = ln_linalg_alloc(lanes, sizeof *t->is_fresh);
    t->states = ln_linalg_alloc(lanes, t->algorithm->state_bytes);
    t->in_runs = t->shape->runs && t->algorithm->step_sizes;
    t->every = t->algorithm->strides ? 1 : steps_between_polls(t);
    if (t->hooks->poll_steps > 0 && t->hooks->poll_steps < t->every)
        t->every = t->hooks->poll_steps;
    t->watch = ln_linalg_alloc(1, sizeof *t->watch);
    t->signature = numbers(LN_LANES);
    t->functional = functional_create(t->shape->n_weights);
    t->eta = numbers(history);
    t->losses = numbers(history);
    t->signatures = numbers(history);
}

static void trainer_close(struct trainer *t) {
    for (int lane = 0; lane < t->shape->lanes; lane++)
        if (t->is_busy[lane])
            end_state(t, lane);
    ln_batch_free(t->batch);
    free(t->runs);
    free(t->is_busy);
    free(t->is_fresh);
    free(t->states);
    free(t->watch);
    free(t->signature);
    free(t->functional);
    free(t->eta);
    free(t->losses);
    free(t->signatures);
}

int ln_train(const struct ln_shape *shape, const struct ln_algorithm *algorithm,
             const int64_t *record_steps, int n_records, const struct ln_train_hooks *hooks,
             struct ln_err *err) {
    struct trainer t = {.shape = shape,
                        .algorithm = algorithm,
                        .record_steps = record_steps,
                        .n_records = n_records,
                        .hooks = hooks};
    trainer_open(&t);
    int status = loop(&t, err);
    trainer_close(&t);
    return status;
}
