/* What `linnet status` says of who is at work on a file, or of how the last one ended. */
#include <string.h>
#include <time.h>

#include "status.h"

static void date_text(double unix_time, char text[32]) {
    time_t when = (time_t)unix_time;
    struct tm utc;
    gmtime_r(&when, &utc);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* What a run that came to its end has left behind makes no dead one of it. */
void status_settle(struct status_run *run, int64_t n_pending) {
    struct ln_activity *activity = &run->activity;
    struct tm end = {0};
    bool is_gone = activity->kind == LN_ACTIVITY_DIED;
    bool may_live = activity->kind == LN_ACTIVITY_UNKNOWN && activity->pid != 0;
    bool has_ended = run->last.has_end && strptime(run->last.end, "%Y-%m-%dT%H:%M:%SZ", &end) &&
                     timegm(&end) >= activity->died;
    if ((is_gone && n_pending == 0) || ((is_gone || may_live) && has_ended))
        activity->kind = LN_ACTIVITY_NONE;
}

const char *status_word(const struct status_run *run, int64_t n_pending) {
    switch (run->activity.kind) {
    case LN_ACTIVITY_RUN:
        return "running";
    case LN_ACTIVITY_WRITER:
        return "written";
    case LN_ACTIVITY_DIED:
        return "died";
    case LN_ACTIVITY_UNKNOWN:
        return "unknown";
    case LN_ACTIVITY_NONE:
        break;
    }
    if (n_pending == 0)
        return "finished";
    if (run->last.has_start && !run->last.has_end)
        return run->activity.gave_up ? "ended" : "died";
    return !run->last.has_start ? "idle" : run->last.exit == LN_STOPPED ? "stopped" : "ended";
}

/* "host n1, process 17, Slurm job 4, since ..." */
static void print_holder(const struct ln_activity *activity) {
    if (activity->pid == 0) {
        printf("who it is cannot be read");
        return;
    }
    printf("host %s, process %lld", activity->host, (long long)activity->pid);
    if (activity->job[0])
        printf(", Slurm job %s", activity->job);
    if (activity->since[0])
        printf(", since %s", activity->since);
    if (activity->silent > 0)
        printf(", last sign of life %ld s ago", activity->silent);
}

/* In place of seconds that were left a while ago those that are left now, as it seems. */
static double left_now(const struct ln_activity *activity, double now) {
    double left = activity->seconds_left - (now - activity->when);
    return left > 0 ? left : 0;
}

static void print_pace(const struct ln_activity *activity) {
    char left[32];
    double now = (double)time(NULL);
    if (activity->has_pace) {
        cli_duration(left_now(activity, now), left);
        printf("  %lld of its %lld points done, %lld in hand; about %s left",
               (long long)activity->n_done, (long long)activity->n_points,
               (long long)activity->n_in_hand, left_now(activity, now) < 1 ? "1 s" : left);
        if (now - activity->when > 60) {
            cli_duration(now - activity->when, left);
            printf(", as of %s ago", left);
        }
    } else {
        printf("  %lld points in hand", (long long)activity->n_in_hand);
    }
    printf("\n");
}

static void print_dead(const struct ln_activity *activity) {
    char when[32];
    bool is_dead = activity->kind == LN_ACTIVITY_DIED;
    date_text((double)activity->died, when);
    printf(is_dead ? "the last run died: " : "running, or died just now: ");
    print_holder(activity);
    printf(", %d rank%s, last sign %s\n", activity->n_ranks, activity->n_ranks == 1 ? "" : "s",
           when);
    if (!is_dead)
        printf("  its host may keep its locks to itself; ask again in a minute\n");
    else if (activity->n_in_hand > 0)
        printf("  %lld point%s in hand then; nothing finished is lost\n",
               (long long)activity->n_in_hand, activity->n_in_hand == 1 ? " was" : "s were");
}

/* Nobody is at it, and no run has left anything behind. */
static void print_last(const struct status_run *run, int64_t n_pending) {
    const struct cli_last *last = &run->last;
    if (n_pending == 0)
        printf("finished; nobody is running it\n");
    else if (!last->has_start)
        printf("nobody is running it\n");
    else if (!last->has_end)
        printf("the last run, begun %s on %s, %s\n", last->start, cli_shown(last->host),
               run->activity.gave_up ? "gave up" : "did not come to its end");
    else if (last->exit == LN_STOPPED)
        printf("stopped %s; nobody is running it\n", last->end);
    else
        printf("the last run ended %s with exit code %d; nobody is running it\n", last->end,
               last->exit);
}

void status_print_run(const struct status_run *run, int64_t n_pending) {
    const struct ln_activity *activity = &run->activity;
    switch (activity->kind) {
    case LN_ACTIVITY_RUN:
        printf("running on %d rank%s: ", activity->n_ranks, activity->n_ranks == 1 ? "" : "s");
        print_holder(activity);
        printf("\n");
        print_pace(activity);
        break;
    case LN_ACTIVITY_WRITER:
        printf("being written now: ");
        print_holder(activity);
        printf("\n");
        break;
    case LN_ACTIVITY_DIED:
        print_dead(activity);
        break;
    case LN_ACTIVITY_UNKNOWN:
        if (activity->pid != 0)
            print_dead(activity);
        else
            printf("whether a run is at work cannot be told: %s\n", cli_shown(activity->note));
        return;
    case LN_ACTIVITY_NONE:
        print_last(run, n_pending);
        break;
    }
    if (activity->note[0])
        printf("nothing more is known of the last run: %s\n", cli_shown(activity->note));
    if (n_pending > 0 && !run->is_refused && activity->kind != LN_ACTIVITY_RUN &&
        activity->kind != LN_ACTIVITY_WRITER)
        printf("`linnet run` with the same sweep goes on\n");
}

static void print_json_run(const struct ln_activity *activity) {
    char when[32];
    printf("{\"host\": \"%s\", \"process\": %lld, \"job\": \"%s\", \"since\": \"%s\"",
           activity->host, (long long)activity->pid, activity->job, activity->since);
    if (activity->n_ranks > 0)
        printf(", \"ranks\": %d, \"in_hand\": %lld", activity->n_ranks,
               (long long)activity->n_in_hand);
    if (activity->has_pace) {
        date_text(activity->when, when);
        printf(", \"points\": %lld, \"done\": %lld, \"seconds_left\": %.3g, \"as_of\": \"%s\"",
               (long long)activity->n_points, (long long)activity->n_done, activity->seconds_left,
               when);
    }
    if (activity->died > 0) {
        date_text((double)activity->died, when);
        printf(", \"last_sign\": \"%s\"", when);
    }
    printf("}");
}

void status_print_run_json(const struct status_run *run, int64_t n_pending) {
    printf("\"state\": \"%s\", \"run\": ", status_word(run, n_pending));
    if (run->activity.kind == LN_ACTIVITY_NONE ||
        (run->activity.kind == LN_ACTIVITY_UNKNOWN && run->activity.pid == 0))
        printf("null");
    else
        print_json_run(&run->activity);
    if (run->last.has_end)
        printf(", \"last_end\": \"%s\", \"last_exit\": %d", run->last.end, run->last.exit);
}
