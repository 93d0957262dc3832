#include "worker.h"

#include "linnet/clock.h"
#include "linnet/interrupt.h"

static const double seconds_between_syncs = 5.0;

/* An error inside a hook that has no way to say so: poll ends the engine, ln_worker_run puts the
 * status right. */
static void fail(struct ln_worker *worker, const struct ln_err *err) {
    if (worker->failure.status == LN_OK)
        worker->failure = *err;
}

static bool is_ending(const struct ln_worker *worker) {
    bool is_asked = worker->stop_asked && *worker->stop_asked;
    return is_asked || ln_pump_is_late(worker->pump) || ln_pump_is_halted(worker->pump) ||
           worker->failure.status != LN_OK;
}

/* Takes in the answer of rank 0, if it is there. */
static void collect(struct ln_worker *worker) {
    struct ln_grant grant;
    if (ln_pump_take(worker->pump, &grant))
        ln_hand_answer(&worker->hand, grant);
}

/* Asks for what the hand wishes; on rank 0 the answer is there at once. */
static void ask_if_wished(struct ln_worker *worker) {
    enum ln_wish wish = ln_hand_ask(&worker->hand);
    struct ln_err err;
    if (wish == LN_WISH_NOTHING)
        return;
    if (ln_pump_ask(worker->pump, wish, &err) != LN_OK)
        fail(worker, &err);
    collect(worker);
}

static bool next(void *ctx, int64_t *cell) {
    struct ln_worker *worker = ctx;
    struct ln_err err;
    if (!ln_hand_reserve(&worker->hand)) {
        ln_err_set(&err, LN_FATAL, "out of memory for the points in hand");
        fail(worker, &err);
    }
    if (is_ending(worker))
        return false;
    collect(worker);
    double time = ln_clock_work();
    bool has_started = ln_hand_start(&worker->hand, time, cell);
    if (!has_started || worker->hand.ahead.count == 0)
        ask_if_wished(worker);
    has_started = has_started || ln_hand_start(&worker->hand, time, cell);
    if (has_started)
        ln_running_enter(worker->running, *cell);
    return has_started;
}

static int label_of(const struct ln_worker *worker, const void *row) {
    if (!worker->label || worker->label->type != LN_I8)
        return -1;
    return *((const int8_t *)row + worker->label->offset);
}

static int sync_store(struct ln_worker *worker, struct ln_err *err) {
    worker->synced = ln_clock();
    return ln_store_sync(worker->store, err);
}

static int finish(void *ctx, int64_t cell, const void *row, struct ln_err *err) {
    struct ln_worker *worker = ctx;
    int status = ln_store_write(worker->store, cell, row, err);
    if (status != LN_OK)
        return status;
    ln_running_leave(worker->running, cell);
    if (worker->parked)
        ln_parked_settle(worker->parked, cell);
    double predicted, actual, earlier = ln_hand_earlier(&worker->hand, cell);
    ln_hand_finish(&worker->hand, ln_clock_work(), cell, &predicted, &actual);
    ln_pump_count(worker->pump, worker->hand.group, predicted, actual, earlier,
                  label_of(worker, row));
    bool is_due = ln_clock() - worker->synced > seconds_between_syncs;
    return is_due ? sync_store(worker, err) : LN_OK;
}

/* What an earlier run has left of the point that was just started. */
static const void *parked(void *ctx, int64_t cell, size_t *size) {
    struct ln_worker *worker = ctx;
    const void *bytes = NULL;
    if (worker->parked)
        bytes = ln_parked_find(worker->parked, cell, size, &worker->credit);
    if (bytes)
        ln_hand_credit(&worker->hand, cell, worker->credit);
    return bytes;
}

static void refuse(void *ctx, int64_t cell) {
    struct ln_worker *worker = ctx;
    ln_hand_credit(&worker->hand, cell, -worker->credit);
    ln_pump_refuse(worker->pump);
}

static void park(void *ctx, int64_t cell, const void *bytes, size_t size) {
    struct ln_worker *worker = ctx;
    double seconds = ln_hand_spent(&worker->hand, ln_clock_work(), cell);
    ln_parked_keep(worker->parked, cell, seconds, bytes, size);
}

/* Nobody can stop a rank between two polls: where there is a deadline, rank 0 has to know how long
 * that may be. Work time: what the machine does to a process says nothing of the points. */
static void time_silence(struct ln_worker *worker) {
    double now = ln_clock_work();
    if (worker->listened > 0)
        ln_pump_silence(worker->pump, now - worker->listened);
    worker->listened = now;
}

static bool poll(void *ctx) {
    struct ln_worker *worker = ctx;
    struct ln_err err;
    time_silence(worker);
    if (ln_pump_poll(worker->pump, &err) != LN_OK)
        fail(worker, &err);
    ln_store_renew(worker->store);
    return is_ending(worker);
}

/* Waits until points are in hand; returns false when there will be none, or the run is ending. */
static bool wait_for_points(struct ln_worker *worker) {
    struct ln_backoff backoff = {0};
    while (!poll(worker)) {
        collect(worker);
        ask_if_wished(worker);
        if (ln_hand_has_points(&worker->hand)) {
            ln_hand_turn(&worker->hand);
            return true;
        }
        if (worker->hand.is_retired)
            return false;
        if (worker->hand.asked != LN_WISH_NOTHING)
            ln_backoff_wait(&backoff);
    }
    return false;
}

static int train(struct ln_worker *worker, struct ln_engine *engine, struct ln_err *err) {
    const struct ln_engine_hooks hooks = {
        .ctx = worker,
        .next = next,
        .finish = finish,
        .poll = poll,
        .park = worker->parked ? park : NULL,
        .parked = parked,
        .refuse = refuse,
    };
    int status = LN_OK;
    while (status == LN_OK && wait_for_points(worker))
        status = ln_engine_run(engine, &hooks, err);
    if (worker->failure.status != LN_OK) {
        *err = worker->failure;
        return (int)err->status;
    }
    if (status == LN_STOPPED || (status == LN_OK && is_ending(worker)))
        return ln_err_set(err, LN_STOPPED, "%s", ln_desk_why_stopped(&worker->pump->desk));
    return status;
}

int ln_worker_run(struct ln_worker *worker, struct ln_err *err) {
    struct ln_engine *engine = NULL;
    struct ln_err sync_err;
    worker->label = ln_layout_find(worker->layout, "label");
    worker->synced = ln_clock();
    int status = ln_engine_create(worker->sweep, worker->layout, &engine, err);
    struct ln_interrupt before = ln_interrupt_by((struct ln_interrupt){poll, worker});
    if (status == LN_OK)
        status = train(worker, engine, err);
    ln_interrupt_by(before);
    ln_running_clear(worker->running); /* what was not finished is parked or given up */
    /* After a stop points are parked first: a launcher that sends SIGTERM sends SIGKILL a second
     * later. Closing the store syncs it. */
    if (status != LN_FATAL && status != LN_STOPPED && sync_store(worker, &sync_err) != LN_OK) {
        *err = sync_err;
        status = LN_FATAL;
    }
    if (engine) {
        ln_pump_use(worker->pump, ln_engine_use(engine));
        ln_engine_free(engine);
    }
    ln_hand_clear(&worker->hand);
    return status;
}
