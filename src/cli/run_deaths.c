/* Points over which processes died: counted when a run starts, tried alone, given up in the end.
 *
 * They come last. Each of their deaths ends the whole run, so what others have in hand then is
 * lost: a job that is started again and again finishes all that can be finished in its first
 * starts. */
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "run.h"

/* What is wrong with a side file is said, and the file ignored. */
static void say_ignored(const struct ln_err *err) {
    fprintf(stderr, "linnet: %s; ignored\n", cli_shown(err->text));
}

struct state {
    const struct run_job *job;
    const uint8_t *done;
};

/* Finished points are no longer suspect, and what the sweep leaves out never was. */
static bool is_open(const struct ln_death *death, const void *ctx) {
    static struct ln_point point;
    const struct state *state = ctx;
    return state->done[death->cell] != LN_ROW_DONE &&
           ln_sweep_point(state->job->sweep, death->cell, &point);
}

static bool is_given_up(const struct ln_death *death, const void *ctx) {
    (void)ctx;
    return ln_deaths_apart(death) == LN_APART_NEVER;
}

static bool is_suspect(const struct ln_death *death, const void *ctx) {
    (void)ctx;
    return death->count > 0 || death->vanished > 0;
}

static void write_deaths(const struct run_job *job) {
    struct ln_err err = {0};
    if (!job->is_unread && ln_deaths_write(job->output, &job->deaths, &err) != LN_OK)
        say_ignored(&err);
}

/* What earlier runs have left, and the one that did not come to its end. */
static void read_deaths(struct run_job *job, const uint8_t *done) {
    struct ln_err err = {0};
    int64_t n;
    const struct state state = {job, done};
    int status = ln_deaths_read(job->output, ln_sweep_n_cells(job->sweep), &job->deaths, &err);
    job->is_unread = status == LN_FATAL; /* the next run may be able to */
    if (status != LN_OK)
        say_ignored(&err);
    if (ln_deaths_fold(job->output, job->sweep, done, &job->deaths, &n, &err) != LN_OK)
        say_ignored(&err);
    else if (n > 0)
        fprintf(stderr, "linnet: the last run died over %lld point%s\n", (long long)n,
                n == 1 ? "" : "s");
    ln_deaths_filter(&job->deaths, is_open, &state);
}

/* Failed points become pending, and their deaths are forgotten; not how they were found out. */
static int take_back(struct run_job *job, uint8_t *done, struct ln_err *err) {
    int64_t n = ln_sweep_n_cells(job->sweep);
    for (int64_t i = 0; i < job->deaths.n; i++)
        if (is_given_up(&job->deaths.items[i], NULL)) {
            job->deaths.items[i].count = 0;
            job->apart[job->deaths.items[i].cell] = 1;
        }
    ln_deaths_filter(&job->deaths, is_suspect, NULL);
    for (int64_t cell = 0; cell < n; cell++) {
        if (done[cell] != LN_ROW_FAILED)
            continue;
        if (ln_store_mark(job->store, cell, LN_ROW_PENDING, err) != LN_OK)
            return (int)err->status;
        done[cell] = 0;
        job->apart[cell] = 1;
    }
    return LN_OK;
}

static uint8_t worse(uint8_t a, uint8_t b) {
    return a > b ? a : b;
}

/* Points that have died too often fail; the others are to be alone. */
static int sort_out(struct run_job *job, uint8_t *done, struct ln_err *err) {
    for (int64_t i = 0; i < job->deaths.n; i++) {
        const struct ln_death *death = &job->deaths.items[i];
        if (!is_given_up(death, NULL))
            job->apart[death->cell] = worse(job->apart[death->cell], ln_deaths_apart(death));
        else if (done[death->cell] != LN_ROW_FAILED &&
                 ln_store_mark(job->store, death->cell, LN_ROW_FAILED, err) != LN_OK)
            return (int)err->status;
        else
            done[death->cell] = LN_ROW_FAILED;
    }
    return LN_OK;
}

static int look_back(struct run_job *job, uint8_t *done, struct ln_err *err) {
    int status = LN_OK;
    ln_deaths_begin(&job->deaths, job->sweep);
    read_deaths(job, done);
    if (job->retries_failed)
        status = take_back(job, done, err);
    write_deaths(job); /* the reason is there before the row is called failed */
    if (status == LN_OK)
        status = sort_out(job, done, err);
    return status == LN_OK ? ln_store_sync(job->store, err) : status;
}

int run_look_back(struct run_job *job, uint8_t *done, struct ln_err *err) {
    int n = (int)ln_sweep_n_cells(job->sweep);
    job->apart = ln_linalg_alloc((size_t)n, 1);
    int status = job->rank == 0 ? look_back(job, done, err) : LN_OK;
    status = ln_agree(MPI_COMM_WORLD, status, err);
    if (status != LN_OK)
        return status;
    MPI_Bcast(done, n, MPI_UINT8_T, 0, MPI_COMM_WORLD);
    MPI_Bcast(job->apart, n, MPI_UINT8_T, 0, MPI_COMM_WORLD);
    for (int cell = 0; cell < n; cell++)
        job->n_failed += done[cell] == LN_ROW_FAILED;
    return LN_OK;
}

void run_begin_deaths(const struct run_job *job) {
    if (job->rank == 0)
        ln_deaths_forget(job->output);
}

void run_set_apart(struct run_job *job) {
    job->suspects = ln_plan_set_apart(job->plan, job->apart);
    if (job->rank == 0 && !job->is_quiet && job->suspects->n_points > 0)
        fprintf(stderr, "linnet: %lld point%s over which runs died %s tried last, each alone\n",
                (long long)job->suspects->n_points, job->suspects->n_points == 1 ? "" : "s",
                job->suspects->n_points == 1 ? "is" : "are");
}

int64_t run_n_points(const struct run_job *job) {
    return job->plan->n_points + (job->suspects ? job->suspects->n_points : 0);
}

static int train_level(struct run_job *job, const struct ln_plan *level, int64_t company,
                       struct ln_farm_options *options, struct ln_err *err) {
    int status = LN_OK;
    for (int64_t i = 0; i < level->n_points && status == LN_OK; i += company) {
        int64_t left = level->n_points - i;
        struct ln_plan *part = ln_plan_part(level, i, left < company ? left : company);
        status = run_train_plan(job, part, options, err);
        ln_plan_free(part);
    }
    return status;
}

int run_train_apart(struct run_job *job, struct ln_farm_options *options, struct ln_err *err) {
    struct progress *progress = options->ctx;
    int64_t n_cells = job->plan->n_cells;
    uint8_t *flags = ln_linalg_alloc((size_t)n_cells, 1);
    int status = LN_OK;
    progress->is_apart = true;
    for (int apart = 1; status == LN_OK && job->suspects->n_points > 0; apart++) {
        for (int64_t cell = 0; cell < n_cells; cell++)
            flags[cell] = job->apart[cell] == apart;
        struct ln_plan *level = ln_plan_set_apart(job->suspects, flags);
        int company = ln_deaths_company((uint8_t)apart, job->n_ranks);
        /* Of the first level every rank has one at a time, however many there are. */
        status = train_level(job, level, apart == 1 ? level->n_points : company, options, err);
        ln_plan_free(level);
    }
    free(flags);
    return status;
}

void run_watch_deaths(struct run_job *job) {
    struct ln_err err = {0};
    if (ln_running_open(job->output, MPI_COMM_WORLD, job->sweep, &job->running, &err) != LN_OK &&
        job->rank == 0)
        fprintf(stderr, "linnet: %s; deaths will not be counted\n", cli_shown(err.text));
}

void run_settle_deaths(struct run_job *job, int status) {
    ln_running_close(job->running);
    job->running = NULL;
    /* All that was pending is done now; a shard may have left suspects to others. */
    if (job->rank != 0 || !job->is_resumed || status != LN_OK || job->n_shards > 0)
        return;
    ln_deaths_filter(&job->deaths, is_given_up, NULL);
    write_deaths(job);
}

int run_verdict(const struct run_job *job, int status) {
    return status == LN_OK && job->n_failed > 0 ? LN_INCOMPLETE : status;
}

void run_say_failed(const struct run_job *job) {
    if (job->rank == 0 && job->n_failed > 0)
        fprintf(
            stderr,
            "linnet: %lld point%s failed (linnet status %s names %s); everything else is done\n",
            (long long)job->n_failed, job->n_failed == 1 ? "" : "s", cli_shown(job->output),
            job->n_failed == 1 ? "it" : "them");
}

void run_forget_deaths(struct run_job *job) {
    ln_deaths_clear(&job->deaths);
    ln_plan_free(job->suspects);
    free(job->apart);
}
