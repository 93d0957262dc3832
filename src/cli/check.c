#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/linalg.h"
#include "linnet/parked.h"
#include "linnet/view.h"

struct check {
    const char *path, *sweep_path, *sets[CLI_MOST_SETS];
    int n_sets;
    struct ln_sweep *sweep; /* that says what `where` leaves out; NULL: it cannot be had */
    struct ln_err why;      /* the reason */
    bool is_other;          /* the sweep that was given is not that of the file */
};

/* What the file holds is read from the place of the sweep, as both name the same matrices. */
static void read_own(const struct ln_view *view, struct check *check) {
    const char *text = ln_view_sweep_text(view), *sets[CLI_MOST_SETS];
    char *lines = strdup(ln_view_sweep_sets(view));
    int n_sets = cli_split_lines(lines, sets, CLI_MOST_SETS);
    ln_sweep_parse(check->sweep_path ? check->sweep_path : check->path, text, strlen(text), sets,
                   n_sets, ln_view_read_matrix, &check->sweep, &check->why);
    free(lines);
}

static void drop_misfit(const struct ln_view *view, struct check *check) {
    if (!check->sweep || ln_sweep_n_cells(check->sweep) == ln_view_n_cells(view))
        return;
    ln_sweep_free(check->sweep);
    check->sweep = NULL;
    ln_err_set(&check->why, LN_INPUT, "its sweep has another number of cells");
}

/* The sweep of the file; where it cannot be read again, the one that was given, if it is the same.
 */
static int read_sweep(const struct ln_view *view, struct check *check, struct ln_err *err) {
    struct ln_sweep *given = NULL;
    int status = LN_OK;
    read_own(view, check);
    if (check->sweep_path)
        status = cli_read_sweep(check->sweep_path, check->sets, check->n_sets, &given, err);
    check->is_other = given && !ln_view_is_of(view, given);
    if (given && !check->sweep && !check->is_other) {
        check->sweep = given;
        given = NULL;
    }
    ln_sweep_free(given);
    drop_misfit(view, check);
    return status;
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
    if (news->is_foreign)
        printf("%s, so it is left alone; `linnet run` asks to have it out of the way\n",
               cli_shown(news->note));
    else if (news->note[0])
        printf("  parked points are not used: %s\n", cli_shown(news->note));
    if (news->n_bad > 0)
        printf("  damaged: %lld parked point%s; `linnet run` begins %s anew\n",
               (long long)news->n_bad, news->n_bad == 1 ? "" : "s",
               news->n_bad == 1 ? "it" : "them");
    if (news->is_damaged)
        printf("`linnet repair` takes out what is damaged of them\n");
}

static int look(const struct ln_view *view, struct check *check, struct ln_health *health,
                struct ln_err *err) {
    int status = read_sweep(view, check, err);
    if (status == LN_OK)
        status = ln_view_health(view, check->sweep, health, err);
    /* What a damaged file says of its sweep proves nothing. */
    if (status == LN_OK && check->is_other && health->is_whole)
        status = ln_err_set(err, LN_INPUT,
                            "%s: holds the results of another sweep than %s; give those of this "
                            "one, with the same --set",
                            check->path, check->sweep_path);
    return status;
}

static int check_file(struct check *check) {
    struct ln_err err = {0};
    struct ln_view *view;
    struct ln_health health;
    struct ln_parked_news parked;
    if (ln_view_open(check->path, &view, &err) != LN_OK)
        return cli_fail(&err);
    int status = look(view, check, &health, &err);
    ln_parked_look(check->path, view, true, &parked);
    ln_sweep_free(check->sweep);
    ln_view_close(view);
    if (status != LN_OK)
        return cli_fail(&err);
    report(check->path, &health, &check->why);
    report_parked(check->path, &parked);
    return ln_health_n_damaged(&health) > 0 || parked.is_damaged ? LN_FATAL : LN_OK;
}

static int read_options(struct check *check, int argc, char **argv) {
    static const struct option_spec specs[] = {{"--sweep", NULL, true}, {"--set", NULL, true}};
    const char *value;
    int index = 1, option;
    while ((option = cli_next(&command_check, specs, 2, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? -1 : LN_INPUT;
        if (option == 0)
            check->sweep_path = value;
        else if (option == 1 ? !cli_take_set(&command_check, check->sets, &check->n_sets, value)
                             : !cli_take_path(&command_check, &check->path, value))
            return LN_INPUT;
    }
    return cli_check_results_options(&command_check, check->path, check->sweep_path, check->n_sets);
}

static int run(int argc, char **argv) {
    struct check *check = ln_linalg_alloc(1, sizeof *check);
    int status = read_options(check, argc, argv);
    if (status == LN_OK)
        status = check_file(check);
    free(check);
    return status == -1 ? LN_OK : status;
}

const struct command command_check = {
    "check", "linnet check OUT.h5 [--sweep SWEEP.yaml [--set key=value]...]",
    "Verifies every row, every status and all that is not a row; exit code 1 if one is damaged.",
    "\n      --sweep SWEEP.yaml   also checks that OUT.h5 is of this sweep (exit code 2 if not); "
    "needed where the sweep names\n"
    "                           files beside it that are not beside OUT.h5\n"
    "      --set key=value      an override of SWEEP.yaml, as OUT.h5 was run with\n\n"
    "Also a file that a run is writing. `linnet repair` puts right what is damaged.\n",
    run};
