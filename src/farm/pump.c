#include "pump.h"

#include <sched.h>
#include <string.h>
#include <time.h>

#include "linnet/clock.h"
#include "mpi_check.h"

static const int yields_before_sleep = 200;
static const double patience_seconds = 30.0; /* for rank 0 to abort the run after a fatal error */

void ln_backoff_wait(struct ln_backoff *backoff) {
    if (backoff->n_waits < yields_before_sleep) {
        backoff->n_waits++;
        sched_yield();
        return;
    }
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

int ln_pump_open(struct ln_pump *pump, const struct ln_plan *plan, MPI_Comm comm,
                 const struct ln_farm_options *options, struct ln_err *err) {
    memset(pump, 0, sizeof *pump);
    pump->comm = MPI_COMM_NULL;
    pump->stop_asked = options->stop_asked;
    int rc = MPI_Comm_dup(comm, &pump->comm);
    if (rc == MPI_SUCCESS)
        rc = MPI_Comm_set_errhandler(pump->comm, MPI_ERRORS_RETURN);
    if (rc != MPI_SUCCESS)
        return ln_mpi_check(rc, "MPI_Comm_dup", err);
    MPI_Comm_rank(pump->comm, &pump->rank);
    int status =
        pump->rank == 0 ? ln_desk_open(&pump->desk, plan, pump->comm, options, err) : LN_OK;
    if (status != LN_OK)
        return status;
    pump->has_answer = true;
    return ln_desk_deal(&pump->desk, pump->comm, &pump->answer, err);
}

void ln_pump_close(struct ln_pump *pump) {
    if (pump->rank == 0)
        ln_desk_close(&pump->desk);
    if (pump->comm != MPI_COMM_NULL)
        MPI_Comm_free(&pump->comm);
}

/* Rank 0 reports at once, the others with their next message. */
static void tell_desk(struct ln_pump *pump) {
    if (pump->rank > 0)
        return;
    ln_desk_report(&pump->desk, 0, &pump->report);
    memset(&pump->report, 0, sizeof pump->report);
}

void ln_pump_count(struct ln_pump *pump, int group, double predicted, double actual, double earlier,
                   int label) {
    struct ln_report *report = &pump->report;
    ln_report_point(report, group, predicted, actual, earlier, label);
    tell_desk(pump);
}

void ln_pump_refuse(struct ln_pump *pump) {
    pump->report.n_refused++;
    tell_desk(pump);
}

void ln_pump_silence(struct ln_pump *pump, double seconds) {
    if (seconds <= pump->longest)
        return;
    pump->longest = pump->report.silence = seconds;
    tell_desk(pump);
}

void ln_pump_use(struct ln_pump *pump, const struct ln_train_use *use) {
    pump->report.use = *use;
    tell_desk(pump);
}

/* Sends an ASK or a FAREWELL with what was finished since the last one. */
static int send_words(struct ln_pump *pump, enum ln_tag tag, int kind, struct ln_err *err) {
    struct ln_report *report = &pump->report;
    double words[LN_N_WORDS];
    words[LN_WORD_KIND] = kind;
    words[LN_WORD_LANE_STEPS] = report->use.lane_steps;
    words[LN_WORD_BUSY_STEPS] = report->use.busy_steps;
    words[LN_WORD_REFUSED] = (double)report->n_refused;
    words[LN_WORD_SILENCE] = report->silence;
    ln_report_pack(report, words + LN_WORD_PARTS);
    for (int i = 0; i < LN_MAX_LABELS; i++)
        words[LN_WORD_LABELS + i] = (double)report->labels[i];
    memset(report, 0, sizeof *report);
    int rc = MPI_Send(words, LN_N_WORDS, MPI_DOUBLE, 0, (int)tag, pump->comm);
    return ln_mpi_check(rc, "MPI_Send", err);
}

int ln_pump_ask(struct ln_pump *pump, enum ln_wish wish, struct ln_err *err) {
    if (pump->rank > 0) {
        pump->is_asking = true;
        return send_words(pump, LN_TAG_ASK, (int)wish, err);
    }
    pump->answer = ln_coordinator_serve(pump->desk.coordinator, 0, wish);
    pump->has_answer = true;
    return LN_OK;
}

bool ln_pump_take(struct ln_pump *pump, struct ln_grant *grant) {
    if (!pump->has_answer)
        return false;
    *grant = pump->answer;
    pump->has_answer = false;
    return true;
}

static int take_grant(struct ln_pump *pump, struct ln_err *err) {
    double words[LN_N_GRANT_WORDS] = {0};
    int rc = MPI_Recv(words, LN_N_GRANT_WORDS, MPI_DOUBLE, 0, LN_TAG_GRANT, pump->comm,
                      MPI_STATUS_IGNORE);
    pump->answer = ln_desk_unpack(words);
    pump->has_answer = true;
    pump->is_asking = false;
    return ln_mpi_check(rc, "MPI_Recv", err);
}

static int take_halt(struct ln_pump *pump, struct ln_err *err) {
    int rc = MPI_Recv(NULL, 0, MPI_BYTE, 0, LN_TAG_HALT, pump->comm, MPI_STATUS_IGNORE);
    pump->is_halted = true;
    return ln_mpi_check(rc, "MPI_Recv", err);
}

int ln_pump_poll(struct ln_pump *pump, struct ln_err *err) {
    if (pump->rank == 0)
        return ln_desk_serve(&pump->desk, err);
    int arrived = 0;
    MPI_Status envelope;
    int rc = MPI_Iprobe(0, MPI_ANY_TAG, pump->comm, &arrived, &envelope);
    if (rc != MPI_SUCCESS || !arrived)
        return ln_mpi_check(rc, "MPI_Iprobe", err);
    return envelope.MPI_TAG == LN_TAG_GRANT ? take_grant(pump, err) : take_halt(pump, err);
}

bool ln_pump_is_halted(const struct ln_pump *pump) {
    return pump->rank == 0 ? pump->desk.is_halted : pump->is_halted;
}

bool ln_pump_is_late(const struct ln_pump *pump) {
    return pump->rank == 0 && pump->desk.is_late;
}

/* Rank 0 has nothing left to train, but others have: a stop is for them now. */
static int stop_others(struct ln_desk *desk, struct ln_err *err) {
    const volatile int *asked = desk->options->stop_asked;
    struct ln_err reason;
    if (desk->is_halted || !(desk->is_late || (asked && *asked)))
        return LN_OK;
    ln_err_set(&reason, LN_STOPPED, "%s", ln_desk_why_stopped(desk));
    return ln_desk_farewell(desk, 0, LN_STOPPED, &reason, err);
}

/* Rank 0: says its own farewell, then waits for those of the others. */
static int leave_desk(struct ln_pump *pump, int status, struct ln_err *err) {
    struct ln_desk *desk = &pump->desk;
    struct ln_backoff backoff = {0};
    int rc = ln_desk_farewell(desk, 0, status, err, err);
    while (rc == LN_OK && desk->worst.status != LN_FATAL && desk->n_working > 0) {
        ln_backoff_wait(&backoff);
        rc = ln_desk_serve(desk, err);
        if (rc == LN_OK)
            rc = stop_others(desk, err);
    }
    if (rc != LN_OK)
        return rc;
    if (desk->worst.status == LN_FATAL) {
        *err = desk->worst;
        return LN_FATAL;
    }
    return ln_desk_conclude(desk, err);
}

/* Worker: waits for an answer that is due, so that none is under way afterwards. */
static int drop_answer(struct ln_pump *pump, struct ln_err *err) {
    struct ln_backoff backoff = {0};
    int rc = LN_OK;
    while (rc == LN_OK && pump->is_asking) {
        ln_backoff_wait(&backoff);
        rc = ln_pump_poll(pump, err);
    }
    pump->has_answer = false;
    return rc;
}

static int say_farewell(struct ln_pump *pump, int status, const struct ln_err *reason,
                        struct ln_err *err) {
    int rc = send_words(pump, LN_TAG_FAREWELL, status, err);
    if (rc != LN_OK || status == LN_OK)
        return rc;
    rc = MPI_Send(reason, sizeof *reason, MPI_BYTE, 0, LN_TAG_REASON, pump->comm);
    return ln_mpi_check(rc, "MPI_Send", err);
}

static int leave_worker(struct ln_pump *pump, int status, struct ln_err *err) {
    struct ln_err reason = *err;
    struct ln_backoff backoff = {0};
    int rc = drop_answer(pump, err);
    if (rc == LN_OK)
        rc = say_farewell(pump, status, &reason, err);
    double started = ln_clock();
    /* After a fatal error rank 0 aborts everyone: this is where the worker waits for it. */
    while (rc == LN_OK && (!pump->is_halted || status == LN_FATAL)) {
        ln_backoff_wait(&backoff);
        if (status == LN_FATAL && ln_clock() - started > patience_seconds)
            return LN_FATAL;
        rc = ln_pump_poll(pump, err);
    }
    return rc;
}

/* Takes over rank 0's verdict. A worker may wait here for as long as the others train: it listens,
 * and tells rank 0 once if it is asked to stop; *signal is what it sends then. */
static int await_verdict(struct ln_pump *pump, int *verdict, MPI_Request *signal) {
    struct ln_backoff backoff = {0};
    MPI_Request request;
    int is_there = 0, rc = MPI_Ibcast(verdict, 1, MPI_INT, 0, pump->comm, &request);
    while (rc == MPI_SUCCESS) {
        rc = MPI_Test(&request, &is_there, MPI_STATUS_IGNORE);
        if (rc != MPI_SUCCESS || is_there)
            break;
        bool is_asked = pump->rank > 0 && pump->stop_asked && *pump->stop_asked;
        if (is_asked && *signal == MPI_REQUEST_NULL)
            rc = MPI_Isend(NULL, 0, MPI_BYTE, 0, LN_TAG_SIGNAL, pump->comm, signal);
        else
            ln_backoff_wait(&backoff);
    }
    return rc;
}

/* Leaves no SIGNAL under way. */
static int settle_signals(struct ln_pump *pump, int n_mine, MPI_Request *signal,
                          struct ln_err *err) {
    int n_sent = 0;
    int rc = MPI_Reduce(&n_mine, &n_sent, 1, MPI_INT, MPI_SUM, 0, pump->comm);
    if (rc == MPI_SUCCESS && pump->rank == 0)
        return ln_desk_drain(&pump->desk, n_sent, err);
    if (rc == MPI_SUCCESS)
        rc = MPI_Wait(signal, MPI_STATUS_IGNORE);
    return ln_mpi_check(rc, "MPI_Reduce", err);
}

/* Everyone takes over rank 0's verdict and message. */
static int share_verdict(struct ln_pump *pump, int verdict, struct ln_err *err) {
    MPI_Request signal = MPI_REQUEST_NULL;
    int rc = await_verdict(pump, &verdict, &signal);
    if (rc == MPI_SUCCESS && settle_signals(pump, signal != MPI_REQUEST_NULL, &signal, err))
        return LN_FATAL;
    if (rc == MPI_SUCCESS && verdict != LN_OK)
        rc = MPI_Bcast(err, sizeof *err, MPI_BYTE, 0, pump->comm);
    return rc == MPI_SUCCESS ? verdict : ln_mpi_check(rc, "MPI_Bcast", err);
}

int ln_pump_leave(struct ln_pump *pump, int status, struct ln_err *err) {
    int verdict = pump->rank == 0 ? leave_desk(pump, status, err) : leave_worker(pump, status, err);
    return verdict == LN_FATAL ? LN_FATAL : share_verdict(pump, verdict, err);
}
