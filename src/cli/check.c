#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/parked.h"
#include "linnet/view.h"

/* The sweep that says what `where` leaves out. *sweep stays NULL, with the reason, where it cannot
 * be read: it may name files that are elsewhere. */
static int read_sweep(const struct ln_view *view, const char *path, const char *sweep_path,
                      struct ln_sweep **sweep, struct ln_err *why) {
    const char *text = ln_view_sweep_text(view), *sets[CLI_MOST_SETS];
    char *lines = strdup(ln_view_sweep_sets(view));
    int n_sets = cli_split_lines(lines, sets, CLI_MOST_SETS);
    int status = ln_sweep_parse(sweep_path ? sweep_path : path, text, strlen(text), sets, n_sets,
                                ln_view_read_matrix, sweep, why);
    free(lines);
    if (status == LN_OK && ln_sweep_n_cells(*sweep) != ln_view_n_cells(view)) {
        ln_sweep_free(*sweep);
        *sweep = NULL;
        ln_err_set(why, LN_INPUT, "its sweep has another number of cells");
    }
    return LN_OK;
}

static void report(const char *path, const struct ln_health *health, const struct ln_err *why) {
    int64_t n_damaged = ln_health_n_damaged(health);
    printf("%s: %lld rows done and verified, %lld pending, %lld left out, %lld damaged\n",
           cli_shown(path), (long long)health->n_done, (long long)health->n_pending,
           (long long)health->n_excluded, (long long)n_damaged);
    if (health->n_failed > 0)
        printf("%lld points are marked as failed\n", (long long)health->n_failed);
    for (int i = 0; i < health->n_shown; i++)
        printf("  damaged: point %lld %s\n", (long long)health->shown[i].cell,
               health->shown[i].what);
    if (!health->is_whole)
        printf("  damaged: what is not a row (coordinates, attributes, HDF5's own)\n");
    if (!health->is_compared)
        printf("not compared with the sweep's `where`, as the sweep cannot be read again: %s\n",
               cli_shown(why->text));
    if (n_damaged > 0)
        printf("`linnet repair` puts the file right; the points it must give up are trained again "
               "by `linnet run`\n");
}

/* What lies beside the file. */
static void report_parked(const char *path, const struct ln_parked_news *news) {
    if (news->n > 0)
        printf("%s.parked: %lld points parked on their way, verified\n", cli_shown(path),
               (long long)news->n);
    if (news->note[0])
        printf("  parked points are not used: %s\n", cli_shown(news->note));
    if (news->n_bad > 0)
        printf(
            "  damaged: %lld parked point%s; `linnet run` begins %s anew, nothing else is to do\n",
            (long long)news->n_bad, news->n_bad == 1 ? "" : "s", news->n_bad == 1 ? "it" : "them");
}

static int check(const char *path, const char *sweep_path) {
    struct ln_err err = {0}, why = {0};
    struct ln_view *view;
    struct ln_sweep *sweep = NULL;
    struct ln_health health;
    struct ln_parked_news parked;
    if (ln_view_open(path, &view, &err) != LN_OK)
        return cli_fail(&err);
    int status = read_sweep(view, path, sweep_path, &sweep, &why);
    if (status == LN_OK)
        status = ln_view_health(view, sweep, &health, &err);
    ln_parked_look(path, view, true, &parked);
    ln_sweep_free(sweep);
    ln_view_close(view);
    if (status != LN_OK)
        return cli_fail(&err);
    report(path, &health, &why);
    report_parked(path, &parked);
    return ln_health_n_damaged(&health) > 0 || parked.is_damaged ? LN_FATAL : LN_OK;
}

static int run(int argc, char **argv) {
    static const struct option_spec specs[] = {{"--sweep", NULL, true}};
    const char *value, *path = NULL, *sweep = NULL;
    int index = 1, option;
    while ((option = cli_next(&command_check, specs, 1, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        if (option == 0)
            sweep = value;
        else if (!cli_take_path(&command_check, &path, value))
            return LN_INPUT;
    }
    if (!path)
        return cli_usage(&command_check, "which results file?");
    return check(path, sweep);
}

const struct command command_check = {
    "check", "linnet check OUT.h5 [--sweep SWEEP.yaml]",
    "Verifies every row, every status and all that is not a row; exit code 1 if one is damaged.",
    "\n      --sweep SWEEP.yaml   where the sweep of OUT.h5 lies, if it names files beside it\n\n"
    "Also a file that a run is writing. `linnet repair` puts right what is damaged.\n",
    run};
