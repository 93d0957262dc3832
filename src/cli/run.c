#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linnet/agree.h"
#include "linnet/engine.h"
#include "linnet/farm.h"
#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/train.h"
#include "linnet/view.h"

/* Rank 0 reads the text; every rank parses the same bytes. */
static int share_text(struct run_job *job, struct ln_err *err) {
    int status =
        job->rank == 0 ? cli_read_text(job->sweep_path, &job->text, &job->size, err) : LN_OK;
    status = ln_agree(MPI_COMM_WORLD, status, err);
    if (status != LN_OK)
        return status;
    unsigned long size = job->size;
    MPI_Bcast(&size, 1, MPI_UNSIGNED_LONG, 0, MPI_COMM_WORLD);
    if (job->rank != 0)
        job->text = ln_linalg_alloc(size + 1, 1);
    job->size = size;
    MPI_Bcast(job->text, (int)size + 1, MPI_BYTE, 0, MPI_COMM_WORLD);
    job->is_there = job->rank == 0 && access(job->output, F_OK) == 0;
    MPI_Bcast(&job->is_there, 1, MPI_C_BOOL, 0, MPI_COMM_WORLD);
    return LN_OK;
}

/* Everything that can be wrong with the input is found here, before the output is touched. An
 * output that is there was checked when it was made, or is refused: its plan can wait until it is
 * known which points are done. What is in a shard depends on all points, done or not. */
static int read_sweep(struct run_job *job, struct ln_err *err) {
    int status = share_text(job, err);
    if (status != LN_OK)
        return status;
    status = ln_sweep_parse(job->sweep_path, job->text, job->size, job->sets, job->n_sets,
                            ln_view_read_matrix, &job->sweep, err);
    if (status == LN_OK)
        status = run_check_size(job, err);
    status = ln_agree(MPI_COMM_WORLD, status, err);
    if (status == LN_OK)
        status = ln_engine_layout(job->sweep, &job->layout, err);
    if (status == LN_OK && (!job->is_there || job->n_shards > 0))
        status = ln_plan_create(job->sweep, NULL, &job->plan, err);
    if (status == LN_OK && job->n_shards > 0)
        status = ln_plan_take_shard(job->plan, job->shard, job->n_shards, err);
    return ln_agree(MPI_COMM_WORLD, status, err);
}

/* done: [n_cells], or NULL. */
static int make_plan(struct run_job *job, const uint8_t *done, struct ln_err *err) {
    if (job->plan && done) {
        ln_plan_drop_done(job->plan, done);
        return LN_OK;
    }
    return ln_agree(MPI_COMM_WORLD, ln_plan_create(job->sweep, done, &job->plan, err), err);
}

static void say_resumed(const struct run_job *job) {
    fprintf(stderr, "linnet: resuming %s: %lld points%s are there, %lld to go",
            cli_shown(job->output), (long long)(job->plan->n_done - job->n_failed),
            job->n_shards > 0 ? " of this shard" : "", (long long)job->plan->n_points);
    if (job->parked_news.n > 0)
        fprintf(stderr, ", %lld of them parked on their way", (long long)job->parked_news.n);
    fprintf(stderr, "\n");
}

static int open_output(struct run_job *job, struct ln_err *err) {
    int64_t n_bad = 0;
    int status = ln_store_open(job->output, MPI_COMM_WORLD, job->sweep, &job->layout, &job->store,
                               &job->is_resumed, err);
    if (status == LN_OK && job->rank == 0 && ln_store_taken_from(job->store)[0])
        fprintf(stderr, "linnet: took over the lock of %s from a run that is gone (%s)\n",
                cli_shown(job->output), cli_shown(ln_store_taken_from(job->store)));
    if (status == LN_OK && !job->is_resumed && !job->plan) /* it has vanished in between */
        status = make_plan(job, NULL, err);
    if (status == LN_OK && !job->is_resumed) {
        run_begin_deaths(job);
        return run_open_parked(job, NULL, err);
    }
    if (status != LN_OK)
        return status;
    uint8_t *done = ln_linalg_alloc((size_t)ln_sweep_n_cells(job->sweep), 1);
    status = ln_store_scan(job->store, done, &n_bad, err);
    if (status == LN_OK)
        status = run_look_back(job, done, err);
    if (status == LN_OK)
        status = make_plan(job, done, err);
    if (status == LN_OK)
        status = run_open_parked(job, done, err);
    free(done);
    if (status == LN_OK && job->rank == 0 && !job->is_quiet)
        say_resumed(job);
    if (status == LN_OK && job->rank == 0 && n_bad > 0)
        fprintf(stderr, "linnet: %lld damaged rows will be trained again\n", (long long)n_bad);
    if (status == LN_OK)
        run_set_apart(job);
    return status;
}

int run_train_plan(struct run_job *job, const struct ln_plan *plan, struct ln_farm_options *options,
                   struct ln_err *err) {
    struct progress *progress = options->ctx;
    if (plan->n_points == 0)
        return LN_OK;
    progress->seconds_after -= plan->total_cost;
    int status =
        ln_farm_run(job->sweep, &job->layout, plan, job->store, MPI_COMM_WORLD, options, err);
    options->deadline.silence = progress->silence;
    return status;
}

static int train(struct run_job *job, struct ln_err *err) {
    /* Under mpirun stderr is a pipe even on a terminal: LINNET_PROGRESS=bar says that somebody
     * watches. */
    const char *wish = getenv("LINNET_PROGRESS");
    bool is_watched = wish ? strcmp(wish, "bar") == 0 : isatty(STDERR_FILENO);
    struct progress progress = {.output = job->output,
                                .is_terminal = is_watched,
                                .is_quiet = job->is_quiet,
                                .running = job->running,
                                .seconds_parked = job->parked_news.seconds,
                                .n_points = run_n_points(job),
                                .seconds_after = job->plan->total_cost};
    if (job->suspects)
        progress.seconds_after += job->suspects->total_cost;
    struct ln_farm_options options = {.progress = cli_progress,
                                      .account = cli_account,
                                      .ctx = &progress,
                                      .stop_asked = &run_stop_asked,
                                      .running = job->running,
                                      .deadline = job->deadline,
                                      .parked = job->parked};
    if (job->rank == 0 && !job->is_quiet && !job->is_resumed)
        fprintf(stderr, "linnet: %s: %lld points%s%s on %d rank%s -> %s\n",
                cli_shown(ln_sweep_name(job->sweep)), (long long)job->plan->n_points,
                job->n_shards > 0 ? " of this shard" : "",
                job->plan->n_excluded ? " (some cells left out by where)" : "", job->n_ranks,
                job->n_ranks == 1 ? "" : "s", cli_shown(job->output));
    if (job->rank == 0)
        cli_log_start(job->output, job->n_ranks, run_n_points(job), job->is_resumed);
    double start = MPI_Wtime();
    int status = run_train_plan(job, job->plan, &options, err);
    if (status == LN_OK && job->suspects)
        status = run_train_apart(job, &options, err);
    if (status == LN_OK || status == LN_STOPPED)
        run_park(job, status == LN_STOPPED);
    if (job->rank == 0)
        cli_log_end(job->output, MPI_Wtime() - start, run_verdict(job, status));
    return status;
}

static void finish(struct run_job *job) {
    ln_parked_close(job->parked);
    ln_plan_free(job->plan);
    run_forget_deaths(job);
    ln_sweep_free(job->sweep);
    free(job->text);
}

/* An instruction set that cannot be had must not be replaced silently: it decides the bits. */
static int check_isa(struct ln_err *err) {
    const char *forced = getenv("LINNET_ISA");
    if (!forced || strcmp(forced, ln_lanes_isa()) == 0)
        return LN_OK;
    return ln_err_set(
        err, LN_INPUT,
        "LINNET_ISA=%s: this CPU has no such set; unset it, or take avx512, avx2 or portable",
        forced);
}

/* After an I/O error nothing is closed: a collective close can wait for ever. From training one
 * rank comes back, from everything else all do, and then rank 0 prints before anybody ends the
 * others. */
static void give_up(const struct run_job *job, const struct ln_err *err, bool is_alone) {
    if (!is_alone && job->rank != 0)
        ln_agree_meet(MPI_COMM_WORLD); /* it aborts, unless it hangs where this rank has failed */
    cli_fail(err);
    fflush(stderr);
    ln_running_gives_up();
    MPI_Abort(MPI_COMM_WORLD, LN_FATAL);
}

static int do_job(struct run_job *job) {
    struct ln_err err = job->trial, close_err = {0};
    int status = ln_agree(MPI_COMM_WORLD, (int)job->trial.status, &err);
    if (status == LN_OK)
        status = ln_agree(MPI_COMM_WORLD, check_isa(&err), &err);
    if (status == LN_OK)
        status = read_sweep(job, &err);
    if (status == LN_OK)
        status = ln_farm_check(MPI_COMM_WORLD, &err);
    if (status == LN_OK)
        status = open_output(job, &err);
    bool is_alone = status == LN_OK;
    if (status == LN_OK && run_is_too_late(job, &err)) {
        status = LN_STOPPED;
    } else if (status == LN_OK) {
        run_watch_deaths(job);
        status = train(job, &err);
        if (status != LN_FATAL)
            run_settle_deaths(job, status);
    }
    if (status != LN_FATAL && job->store && ln_store_close(job->store, &close_err) != LN_OK) {
        err = close_err;
        status = (int)err.status;
        is_alone = false;
    }
    if (status == LN_FATAL)
        give_up(job, &err, is_alone);
    if (job->rank == 0 && status == LN_STOPPED)
        run_say_stopped(job, &err);
    else if (job->rank == 0 && status != LN_OK)
        cli_fail(&err);
    else if (status == LN_OK)
        run_say_failed(job);
    status = run_verdict(job, status);
    finish(job);
    return status;
}

static int run(int argc, char **argv) {
    struct run_job *job = ln_linalg_alloc(1, sizeof *job);
    int status = run_read_options(job, argc, argv);
    if (status == LN_OK) {
        setenv("OMPI_MCA_mpi_yield_when_idle", "1",
               0); /* a spinning rank costs a core where ranks share cores */
        if (run_is_first()) {
            ln_view_try(job->output, &job->trial);
            run_find_deadline(job);
        }
        MPI_Init(NULL, NULL);
        MPI_Comm_rank(MPI_COMM_WORLD, &job->rank);
        MPI_Comm_size(MPI_COMM_WORLD, &job->n_ranks);
        ln_linalg_start();
        run_catch_signals();
        status = run_check_launcher(job->n_ranks);
        if (status == LN_OK)
            status = do_job(job);
        MPI_Finalize();
    }
    free(job);
    return status == -1 ? LN_OK : status;
}

const struct command command_run = {
    "run",
    "linnet run SWEEP.yaml [-o OUT.h5] [--set key=value]... [--shard K/N] [--retry failed] "
    "[--walltime TIME [--margin SECONDS]] "
    "[--quiet]",
    "Trains every point of a sweep; on an existing file of the same sweep, goes on where it "
    "stopped.",
    "\n  -o, --output OUT.h5   results file; default: the sweep's name with .h5, here\n"
    "      --set key=value   overrides a key of the sweep file: --set train.max_steps=1000 --set "
    "axes.depth=[2,3]\n"
    "      --shard K/N       only the Kth of N parts of about equal cost, for as many jobs; "
    "`linnet "
    "merge` joins their files\n"
    "      --retry failed    tries points again that were given up after their process had died "
    "three times\n"
    "      --walltime TIME   stop in time to be resumed: 3:55:00, 1-12:00:00, 90min, 4h (a bare "
    "number: minutes, as for\n"
    "                        Slurm), none; default: the end of the Slurm job, if this is one\n"
    "      --margin SECONDS  how long before that, less than the wall time; default: what stopping "
    "can take, seen from the\n"
    "                        points so far\n"
    "  -q, --quiet           no progress\n\n"
    "Alone or under mpirun -n P or srun --mpi=pmix; the results are the same bits for any P.\n"
    "SIGINT, SIGTERM, SIGUSR1: stop, exit code 75; a second one: at once. Nothing finished is lost "
    "either way.\nExit code 3: all is done but points that failed (`linnet status`).\n",
    run};
