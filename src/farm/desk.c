#include "desk.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/clock.h"
#include "mpi_check.h"

static const double seconds_between_shows = 0.25, seconds_between_margins = 0.1;

int ln_desk_open(struct ln_desk *desk, const struct ln_plan *plan, MPI_Comm comm,
                 const struct ln_farm_options *options, struct ln_err *err) {
    *desk = (struct ln_desk){.comm = comm, .plan = plan, .options = options};
    MPI_Comm_size(comm, &desk->n_ranks);
    desk->n_working = desk->n_ranks - 1;
    desk->coordinator = ln_coordinator_create(plan, desk->n_ranks);
    desk->halts = malloc((size_t)desk->n_ranks * sizeof(MPI_Request));
    desk->has_halt = calloc((size_t)desk->n_ranks, sizeof *desk->has_halt);
    if (!desk->coordinator || !desk->halts || !desk->has_halt)
        return ln_err_set(err, LN_FATAL, "out of memory for the coordinator");
    for (int r = 0; r < desk->n_ranks; r++)
        desk->halts[r] = MPI_REQUEST_NULL;
    desk->silence = options->deadline.silence;
    desk->started = desk->seen = ln_clock();
    desk->work_seen = ln_clock_work();
    return LN_OK;
}

void ln_desk_close(struct ln_desk *desk) {
    ln_coordinator_free(desk->coordinator);
    free(desk->halts);
    free(desk->has_halt);
}

void ln_desk_report(struct ln_desk *desk, int rank, const struct ln_report *report) {
    for (int i = 0; i < report->n_parts; i++)
        ln_coordinator_done(desk->coordinator, rank, report->parts[i].group,
                            &report->parts[i].tally);
    for (int i = 0; i < LN_MAX_LABELS; i++)
        desk->labels[i] += report->labels[i];
    desk->use.lane_steps += report->use.lane_steps;
    desk->use.busy_steps += report->use.busy_steps;
    desk->n_refused += report->n_refused;
    desk->silence = report->silence > desk->silence ? report->silence : desk->silence;
}

const char *ln_desk_why_stopped(const struct ln_desk *desk) {
    return desk->is_late ? "stopped before the wall time is over" : "stopped on request";
}

static void pack_grant(struct ln_grant grant, double *words) {
    words[LN_GRANT_FIRST] = (double)grant.first;
    words[LN_GRANT_COUNT] = (double)grant.count;
    words[LN_GRANT_FACTOR] = grant.factor;
    words[LN_GRANT_REST] = grant.rest;
}

struct ln_grant ln_desk_unpack(const double *words) {
    return (struct ln_grant){(int64_t)words[LN_GRANT_FIRST], (int64_t)words[LN_GRANT_COUNT],
                             words[LN_GRANT_FACTOR], (enum ln_rest)words[LN_GRANT_REST]};
}

int ln_desk_deal(struct ln_desk *desk, MPI_Comm comm, struct ln_grant *grant, struct ln_err *err) {
    int rank, n_ranks, rc;
    double mine[LN_N_GRANT_WORDS], *words = NULL;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n_ranks);
    if (rank == 0) {
        words = malloc((size_t)n_ranks * LN_N_GRANT_WORDS * sizeof *words);
        if (!words)
            return ln_err_set(err, LN_FATAL, "out of memory for the first grants");
        for (int r = 0; r < n_ranks; r++)
            pack_grant(ln_coordinator_ask(desk->coordinator, r),
                       words + (size_t)r * LN_N_GRANT_WORDS);
    }
    rc = MPI_Scatter(words, LN_N_GRANT_WORDS, MPI_DOUBLE, mine, LN_N_GRANT_WORDS, MPI_DOUBLE, 0,
                     comm);
    free(words);
    *grant = ln_desk_unpack(mine);
    return ln_mpi_check(rc, "MPI_Scatter", err);
}

static int send_halt(struct ln_desk *desk, int rank, struct ln_err *err) {
    if (rank == 0 || desk->has_halt[rank])
        return LN_OK;
    desk->has_halt[rank] = true;
    int rc = MPI_Isend(NULL, 0, MPI_BYTE, rank, LN_TAG_HALT, desk->comm, &desk->halts[rank]);
    return ln_mpi_check(rc, "MPI_Isend", err);
}

static int halt_all(struct ln_desk *desk, struct ln_err *err) {
    desk->is_halted = true;
    ln_coordinator_stop(desk->coordinator);
    int status = LN_OK;
    for (int r = 0; r < desk->n_ranks && status == LN_OK; r++)
        status = send_halt(desk, r, err);
    return status;
}

static int severity(int status) {
    switch (status) {
    case LN_OK:
        return 0;
    case LN_STOPPED:
        return 1;
    case LN_INPUT:
        return 2;
    default:
        return 3;
    }
}

int ln_desk_farewell(struct ln_desk *desk, int rank, int status, const struct ln_err *err,
                     struct ln_err *failure) {
    if (severity(status) > severity((int)desk->worst.status))
        desk->worst = *err;
    if (status != LN_OK && !desk->is_halted)
        return halt_all(desk, failure);
    return send_halt(desk, rank, failure);
}

static void unpack_report(const double *words, struct ln_report *report) {
    ln_report_unpack(report, words + LN_WORD_PARTS);
    report->use.lane_steps = words[LN_WORD_LANE_STEPS];
    report->use.busy_steps = words[LN_WORD_BUSY_STEPS];
    report->n_refused = (int64_t)words[LN_WORD_REFUSED];
    report->silence = words[LN_WORD_SILENCE];
    for (int i = 0; i < LN_MAX_LABELS; i++)
        report->labels[i] = (int64_t)words[LN_WORD_LABELS + i];
}

static int answer_ask(struct ln_desk *desk, int rank, const double *words, struct ln_err *err) {
    enum ln_wish wish = (enum ln_wish)words[LN_WORD_KIND];
    struct ln_grant grant = ln_coordinator_serve(desk->coordinator, rank, wish);
    double answer[LN_N_GRANT_WORDS];
    pack_grant(grant, answer);
    int rc = MPI_Send(answer, LN_N_GRANT_WORDS, MPI_DOUBLE, rank, LN_TAG_GRANT, desk->comm);
    return ln_mpi_check(rc, "MPI_Send", err);
}

static int take_farewell(struct ln_desk *desk, int rank, const double *words, struct ln_err *err) {
    struct ln_err reason = {.status = (enum ln_status)words[LN_WORD_KIND]};
    if (reason.status != LN_OK) {
        int rc = MPI_Recv(&reason, sizeof reason, MPI_BYTE, rank, LN_TAG_REASON, desk->comm,
                          MPI_STATUS_IGNORE);
        if (rc != MPI_SUCCESS)
            return ln_mpi_check(rc, "MPI_Recv", err);
    }
    desk->n_working--;
    return ln_desk_farewell(desk, rank, (int)reason.status, &reason, err);
}

static int receive_signal(struct ln_desk *desk, int rank, struct ln_err *err) {
    desk->n_signals++;
    int rc = MPI_Recv(NULL, 0, MPI_BYTE, rank, LN_TAG_SIGNAL, desk->comm, MPI_STATUS_IGNORE);
    return ln_mpi_check(rc, "MPI_Recv", err);
}

/* A rank that has nothing left to do was told to stop: the others have not heard of it. */
static int take_signal(struct ln_desk *desk, int rank, struct ln_err *err) {
    struct ln_err reason;
    int status = receive_signal(desk, rank, err);
    if (status != LN_OK || desk->is_halted)
        return status;
    ln_err_set(&reason, LN_STOPPED, "%s", ln_desk_why_stopped(desk));
    return ln_desk_farewell(desk, rank, LN_STOPPED, &reason, err);
}

int ln_desk_drain(struct ln_desk *desk, int n_sent, struct ln_err *err) {
    int status = LN_OK;
    while (status == LN_OK && desk->n_signals < n_sent)
        status = receive_signal(desk, MPI_ANY_SOURCE, err);
    return status;
}

static int take_message(struct ln_desk *desk, const MPI_Status *envelope, struct ln_err *err) {
    double words[LN_N_WORDS];
    struct ln_report report;
    int rank = envelope->MPI_SOURCE;
    if (envelope->MPI_TAG == LN_TAG_SIGNAL)
        return take_signal(desk, rank, err);
    int rc = MPI_Recv(words, LN_N_WORDS, MPI_DOUBLE, rank, envelope->MPI_TAG, desk->comm,
                      MPI_STATUS_IGNORE);
    if (rc != MPI_SUCCESS)
        return ln_mpi_check(rc, "MPI_Recv", err);
    unpack_report(words, &report);
    ln_desk_report(desk, rank, &report);
    return envelope->MPI_TAG == LN_TAG_ASK ? answer_ask(desk, rank, words, err)
                                           : take_farewell(desk, rank, words, err);
}

/* The share of a core that a rank gets which computes, as rank 0 sees it of itself. */
static double core_share(struct ln_desk *desk, double now) {
    double work = ln_clock_work();
    if (ln_coordinator_is_busy(desk->coordinator, 0)) {
        desk->worked += work - desk->work_seen;
        desk->watched += now - desk->seen;
    }
    desk->work_seen = work;
    desk->seen = now;
    return desk->watched > 0 && desk->worked < desk->watched ? desk->worked / desk->watched : 1.0;
}

static void show(struct ln_desk *desk, bool is_final) {
    double now = ln_clock();
    if (!desk->options->progress || (!is_final && now - desk->shown < seconds_between_shows))
        return;
    struct ln_progress progress = {
        .n_points = desk->plan->n_points,
        .n_done = ln_coordinator_n_done(desk->coordinator),
        .seconds_left = ln_coordinator_seconds_left(desk->coordinator),
        .seconds_done = ln_coordinator_seconds_done(desk->coordinator),
        .seconds = now - desk->started,
        .n_ranks = desk->n_ranks,
    };
    ln_coordinator_flight(desk->coordinator, core_share(desk, now) * progress.seconds,
                          &progress.seconds_spent, &progress.seconds_longest);
    memcpy(progress.labels, desk->labels, sizeof progress.labels);
    desk->options->progress(desk->options->ctx, &progress, is_final);
    desk->shown = now;
}

static void give_account(const struct ln_desk *desk) {
    struct ln_account account = {
        .plan = desk->plan,
        .groups = ln_coordinator_tallies(desk->coordinator),
        .use = desk->use,
        .n_refused = desk->n_refused,
        .silence = desk->silence,
    };
    if (desk->options->account)
        desk->options->account(desk->options->ctx, &account);
}

/* The margin follows what is learnt of the points while they run. */
static void look_at_clock(struct ln_desk *desk) {
    const struct ln_deadline *deadline = &desk->options->deadline;
    if (deadline->at <= 0)
        return;
    double now = ln_clock();
    if (desk->weighed == 0 || now - desk->weighed > seconds_between_margins) {
        desk->margin = ln_deadline_margin(deadline, desk->plan, desk->coordinator, desk->silence);
        desk->weighed = now;
    }
    desk->is_late |= ln_deadline_is_near(deadline, now, desk->margin);
}

int ln_desk_serve(struct ln_desk *desk, struct ln_err *err) {
    while (desk->n_ranks > 1) {
        int arrived = 0;
        MPI_Status envelope;
        int rc = MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, desk->comm, &arrived, &envelope);
        if (rc != MPI_SUCCESS)
            return ln_mpi_check(rc, "MPI_Iprobe", err);
        if (!arrived)
            break;
        int status = take_message(desk, &envelope, err);
        if (status != LN_OK)
            return status;
    }
    look_at_clock(desk);
    show(desk, false);
    return LN_OK;
}

int ln_desk_conclude(struct ln_desk *desk, struct ln_err *err) {
    int rc = MPI_Waitall(desk->n_ranks, desk->halts, MPI_STATUSES_IGNORE);
    if (rc != MPI_SUCCESS)
        return ln_mpi_check(rc, "MPI_Waitall", err);
    show(desk, true);
    give_account(desk);
    bool is_complete = ln_coordinator_n_done(desk->coordinator) == desk->plan->n_points;
    if (desk->worst.status == LN_OK || (desk->worst.status == LN_STOPPED && is_complete))
        return LN_OK; /* a stop that came too late to leave anything undone */
    *err = desk->worst;
    return (int)err->status;
}
