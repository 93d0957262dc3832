#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "linnet/linalg.h"
#include "linnet/parked.h"
#include "linnet/store.h"
#include "linnet/view.h"

struct counts {
    int64_t done, pending, excluded, failed;
    int64_t labels[64];
    int64_t odd;                  /* cells whose status cannot be */
    struct ln_parked_news parked; /* of those pending */
    struct status_run run;
};

static int count(const struct ln_view *view, int label, int8_t *status, struct counts *counts,
                 struct ln_err *err) {
    int64_t n = ln_view_n_cells(view);
    int result = ln_view_status(view, status, err);
    if (result == LN_OK)
        result = ln_view_contradictions(view, status, &counts->odd, err);
    for (int64_t cell = 0; cell < n && result == LN_OK; cell++) {
        counts->pending += status[cell] == LN_ROW_PENDING;
        counts->excluded += status[cell] == LN_ROW_EXCLUDED;
        counts->failed += status[cell] == LN_ROW_FAILED;
        if (status[cell] != LN_ROW_DONE)
            continue;
        counts->done++;
        double value;
        if (label >= 0 && (result = ln_view_row(view, label, cell, &value, err)) == LN_OK &&
            value >= 0 && value < 64)
            counts->labels[(int)value]++;
    }
    return result;
}

/* The points in the hands of the living are no suspects. */
static bool is_live(const struct counts *counts) {
    return counts->run.activity.kind != LN_ACTIVITY_DIED;
}

static void print_json(const struct ln_view *view, const char *path, int label,
                       const int8_t *status, const struct counts *counts) {
    printf("{\"points\": %lld, \"done\": %lld, \"pending\": %lld, \"excluded\": %lld, \"failed\": "
           "%lld, \"parked\": %lld, \"damaged\": %lld, ",
           (long long)(counts->done + counts->pending + counts->failed), (long long)counts->done,
           (long long)counts->pending, (long long)counts->excluded, (long long)counts->failed,
           (long long)counts->parked.n, (long long)counts->odd);
    status_print_run_json(&counts->run, counts->pending);
    printf(", \"labels\": {");
    const struct ln_view_variable *variable = label >= 0 ? ln_view_variable(view, label) : NULL;
    for (int i = 0, printed = 0; variable && i < variable->n_flags; i++)
        if (counts->labels[i] > 0)
            printf("%s\"%s\": %lld", printed++ ? ", " : "", cli_json(variable->flags[i]),
                   (long long)counts->labels[i]);
    printf("}, \"failed_points\": [");
    cli_failed_print_json(view, path, status, LN_ROW_FAILED, is_live(counts));
    printf("], \"suspects\": [");
    cli_failed_print_json(view, path, status, LN_ROW_PENDING, is_live(counts));
    printf("]}\n");
}

static void print_table(const struct ln_view *view, const char *path, int label,
                        const int8_t *status, const struct counts *counts) {
    int64_t points = counts->done + counts->pending + counts->failed;
    const char *title = ln_view_attribute(view, "title");
    printf("%s: %s\n%lld of %lld points done (%.1f%%)", cli_shown(path),
           cli_shown(title ? title : ""), (long long)counts->done, (long long)points,
           points ? 100.0 * (double)counts->done / (double)points : 100.0);
    if (counts->excluded)
        printf(", %lld cells left out by where", (long long)counts->excluded);
    if (counts->failed)
        printf(", %lld failed", (long long)counts->failed);
    if (counts->parked.n > 0) {
        char spent[32];
        cli_duration(counts->parked.seconds, spent);
        printf(", %lld points parked on their way (%s of core time)", (long long)counts->parked.n,
               spent);
    }
    printf("\n");
    if (counts->odd > 0)
        printf(
            "damaged: %lld cells have a status that cannot be, so these numbers are wrong; `linnet "
            "check` says more\n",
            (long long)counts->odd);
    if (counts->parked.is_foreign)
        printf("%s, so it is left alone; `linnet run` asks to have it out of the way\n",
               cli_shown(counts->parked.note));
    else if (counts->parked.note[0])
        printf("parked points are not used: %s\n", cli_shown(counts->parked.note));
    status_print_run(&counts->run, counts->pending);
    const struct ln_view_variable *variable = label >= 0 ? ln_view_variable(view, label) : NULL;
    for (int i = 0; variable && i < variable->n_flags; i++)
        if (counts->labels[i] > 0)
            printf("  %-24s %10lld  %5.1f%%\n", cli_shown(variable->flags[i]),
                   (long long)counts->labels[i],
                   100.0 * (double)counts->labels[i] / (double)counts->done);
    cli_failed_print(view, path, status, is_live(counts));
}

/* A file that is not there yet may be on its way. */
static int say_missing(const char *path, const struct ln_err *err) {
    struct ln_activity activity;
    struct ln_err coming = {0};
    bool is_missing = access(path, F_OK) != 0 && errno == ENOENT;
    if (is_missing)
        ln_activity_look(path, NULL, 0, &activity);
    if (!is_missing || activity.kind != LN_ACTIVITY_WRITER)
        return cli_fail(err);
    char who[128] = "another process (who it is cannot be read)";
    if (activity.pid != 0)
        snprintf(who, sizeof who, "process %lld on %s", (long long)activity.pid, activity.host);
    ln_err_set(&coming, LN_INPUT, "%s is not there yet: %s is about to make it", path, who);
    return cli_fail(&coming);
}

/* Before the rows are counted: what they say is then no older. */
static void look_at_run(const struct ln_view *view, const char *path, struct status_run *run) {
    const char *digest = ln_view_attribute(view, "sweep_digest");
    ln_activity_look(path, digest ? digest : "", ln_view_n_cells(view), &run->activity);
    cli_log_last(path, &run->last);
}

static int run(int argc, char **argv) {
    static const struct option_spec specs[] = {{"--json", NULL, false}};
    const char *value, *path = NULL;
    bool is_json = false;
    int index = 1, option;
    while ((option = cli_next(&command_status, specs, 1, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        if (option == 0)
            is_json = true;
        else if (!cli_take_path(&command_status, &path, value))
            return LN_INPUT;
    }
    if (!path)
        return cli_usage(&command_status, "which results file?");
    struct ln_err err = {0};
    struct ln_view *view;
    struct counts counts = {0};
    int status = ln_view_open(path, &view, &err);
    if (status != LN_OK)
        return say_missing(path, &err);
    look_at_run(view, path, &counts.run);
    int8_t *rows = ln_linalg_alloc((size_t)ln_view_n_cells(view), 1);
    int label = cli_find_variable(view, "label", 0);
    status = count(view, label, rows, &counts, &err);
    ln_parked_look(path, view, false, &counts.parked);
    counts.run.is_refused = counts.parked.is_foreign;
    status_settle(&counts.run, counts.pending);
    if (status != LN_OK)
        cli_fail(&err);
    else if (is_json)
        print_json(view, path, label, rows, &counts);
    else
        print_table(view, path, label, rows, &counts);
    free(rows);
    ln_view_close(view);
    return status;
}

const struct command command_status = {
    "status", "linnet status OUT.h5 [--json]",
    "Says how far a results file is, who is running it, and what came out so far; disturbs no run.",
    "\n      --json   one line of JSON\n\n"
    "Who: host, process and Slurm job of the run at work, how far it is and how long it still "
    "takes; else how the last run\nended: finished, stopped (points parked), died. Points that "
    "failed, and suspects (a process died over them), with\nparameters and reason.\n",
    run};
