/* The end of the wall time, and what becomes of the points in flight when a run is stopped. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "deadline.h"
#include "linnet/clock.h"
#include "run.h"

/* Unix time. */
static double date(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void run_find_deadline(struct run_job *job) {
    double now = ln_clock();
    double wall = job->walltime;
    if (wall == 0) {
        double end = deadline_of_job();
        wall = end > 0 ? fmax(end - date(), 1e-3) : 0;
        job->is_of_slurm = wall > 0;
    }
    if (wall > 0)
        job->deadline = (struct ln_deadline){.at = now + wall, .wall = wall};
    job->deadline.margin = job->margin;
}

bool run_read_walltime(struct run_job *job, const char *text) {
    job->walltime = -1;
    if (strcmp(text, "none") == 0 || deadline_read_duration(text, &job->walltime))
        return true;
    cli_usage(&command_run, "--walltime is '%s'; write " DEADLINE_FORMS "; none switches it off",
              text);
    return false;
}

bool run_read_margin(struct run_job *job, const char *text) {
    char *end;
    job->margin = strtod(text, &end);
    if (end != text && *end == '\0' && job->margin >= 0 && job->margin <= 86400)
        return true;
    cli_usage(&command_run, "--margin is '%s'; write the seconds to keep for stopping: 30", text);
    return false;
}

/* A point over which processes died goes on where it was parked, as it may have died of something
 * else; but the last time it begins anew, as it may have died of that. */
static void drop_last_tries(const struct run_job *job, uint8_t *done) {
    for (int64_t i = 0; done && i < job->deaths.n; i++)
        if (job->deaths.items[i].count >= LN_DEATHS_MOST - 1)
            done[job->deaths.items[i].cell] = 1;
}

int run_open_parked(struct run_job *job, uint8_t *done, struct ln_err *err) {
    struct ln_parked_news *news = &job->parked_news;
    if (job->rank == 0)
        drop_last_tries(job, done);
    int status = ln_parked_open(job->output, MPI_COMM_WORLD, job->sweep, &job->layout, done,
                                &job->parked, news, err);
    if (status != LN_OK || job->rank != 0)
        return status;
    if (news->note[0])
        fprintf(stderr, "linnet: %s; points that were parked begin anew\n", cli_shown(news->note));
    if (news->n_bad > 0)
        fprintf(stderr, "linnet: %lld parked points are damaged and begin anew\n",
                (long long)news->n_bad);
    return LN_OK;
}

/* "14:03:10", with the day if that is not near. */
static const char *time_text(double in_seconds, char text[32]) {
    time_t when = (time_t)(date() + in_seconds);
    struct tm local;
    localtime_r(&when, &local);
    strftime(text, 32, in_seconds < 72000 ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &local);
    return text;
}

/* Rank 0: what is known before the first point. */
static double margin_of(struct run_job *job) {
    struct ln_deadline *deadline = &job->deadline;
    deadline->n_ranks = job->n_ranks;
    deadline->row_bytes = (double)job->layout.row_bytes;
    deadline->parked_bytes = (double)job->parked_news.bytes;
    return ln_deadline_margin(deadline, job->plan, NULL, 0);
}

/* A run that is started again and again must not stop here each time without a word of what to do.
 */
static void say_too_late(const struct run_job *job, double left, double margin,
                         struct ln_err *err) {
    char when[32], asked[64] = "";
    time_text(left, when);
    if (job->margin >= 0)
        snprintf(asked, sizeof asked, " or a smaller --margin");
    if (job->is_of_slurm)
        ln_err_set(
            err, LN_STOPPED,
            "stopped before the first point: the Slurm job ends at %s, in %.3g s, and %.3g s "
            "are kept for stopping; give it more time (sbatch --time)%s",
            when, fmax(left, 0), margin, asked);
    else
        ln_err_set(
            err, LN_STOPPED,
            "stopped before the first point: the wall time ends at %s, in %.3g s, and %.3g s "
            "are kept for stopping; give it more time (--walltime)%s",
            when, fmax(left, 0), margin, asked);
}

bool run_is_too_late(struct run_job *job, struct ln_err *err) {
    struct ln_deadline *deadline = &job->deadline;
    char when[32];
    int is_late = 0;
    int64_t n_points = run_n_points(job);
    if (job->rank == 0 && deadline->at <= 0 && job->margin >= 0)
        fprintf(stderr, "linnet: --margin does nothing here: there is neither a --walltime nor a "
                        "Slurm job with an end\n");
    if (job->rank == 0 && deadline->at > 0 && n_points > 0) {
        double left = deadline->at - ln_clock(), margin = margin_of(job);
        is_late = job->is_too_late = left <= margin;
        if (is_late)
            say_too_late(job, left, margin, err);
        else if (!job->is_quiet)
            fprintf(stderr, "linnet: stops at %s, %.3g s before the limit%s\n",
                    time_text(left - margin, when), margin,
                    job->is_of_slurm ? " of the Slurm job" : "");
        cli_log_deadline(job->output, date() + left, margin);
    }
    MPI_Bcast(&is_late, 1, MPI_INT, 0, MPI_COMM_WORLD);
    return is_late != 0;
}

void run_park(struct run_job *job, bool is_stopped) {
    struct ln_err err = {0};
    if (ln_parked_write(job->parked, &job->n_parked, &err) == LN_OK || job->rank != 0)
        return;
    if (is_stopped)
        ln_err_prefix(&err,
                      "points in flight are not parked, and lose what this run did for them: ");
    cli_fail(&err);
}

void run_say_stopped(const struct run_job *job, const struct ln_err *err) {
    char parked[64] = "";
    if (!job->store && !job->is_there) {
        fprintf(stderr, "linnet: %s; nothing was written\n", err->text);
        return;
    }
    if (job->n_parked > 0)
        snprintf(parked, sizeof parked, ": %lld point%s parked", (long long)job->n_parked,
                 job->n_parked == 1 ? "" : "s");
    fprintf(stderr, "linnet: %s%s; ", err->text, parked);
    if (job->is_too_late)
        fprintf(stderr, "nothing of %s is lost\n", cli_shown(job->output));
    else
        fprintf(stderr, "the same command resumes %s\n", cli_shown(job->output));
}
