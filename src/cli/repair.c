#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/engine.h"
#include "linnet/health.h"
#include "linnet/linalg.h"
#include "linnet/store.h"
#include "linnet/view.h"

struct repair {
    const char *path, *sweep_path;
    const char *sets[CLI_MOST_SETS];
    int n_sets;
    bool is_dry;
    struct ln_sweep *sweep;
    struct ln_layout layout;
};

/* The sweep as the file spells it: every byte of a file laid out anew depends on that. Files it
 * reads are looked for beside `base`. */
static int parse_own(const char *text, char *overrides, const char *base, struct ln_sweep **sweep,
                     struct ln_err *err) {
    const char *sets[CLI_MOST_SETS];
    int n_sets = cli_split_lines(overrides, sets, CLI_MOST_SETS);
    return ln_sweep_parse(base, text, strlen(text), sets, n_sets, ln_view_read_matrix, sweep, err);
}

static int read_own(struct repair *repair, struct ln_err *err) {
    char *text = NULL, *overrides = NULL;
    const char *base = repair->sweep_path ? repair->sweep_path : repair->path;
    int status = ln_repair_texts(repair->path, &text, &overrides, err);
    if (status == LN_OK && parse_own(text, overrides, base, &repair->sweep, err) != LN_OK)
        status = ln_err_prefix(err,
                               "the sweep in %s cannot be read again (--sweep says where its "
                               "file lies): ",
                               repair->path);
    free(overrides);
    free(text);
    return status;
}

/* The sweep the file holds, or where that cannot be had, the one that was given. */
static int read_sweep(struct repair *repair, struct ln_err *err) {
    struct ln_err why = {0};
    struct ln_sweep *given = NULL;
    if (!repair->sweep_path)
        return read_own(repair, err);
    int status = cli_read_sweep(repair->sweep_path, repair->sets, repair->n_sets, &given, err);
    if (status != LN_OK)
        return status;
    if (read_own(repair, &why) == LN_OK &&
        strcmp(ln_sweep_canonical(repair->sweep), ln_sweep_canonical(given)) == 0) {
        ln_sweep_free(given);
        return LN_OK;
    }
    ln_sweep_free(repair->sweep);
    repair->sweep = given;
    return LN_OK;
}

/* What lies in their place is somebody else's. */
static bool is_run_refused(const struct ln_repair_counts *counts) {
    return counts->parked_note[0] && !counts->is_parked_failed;
}

/* False: something was wrong with them. */
static bool report_parked(const struct repair *repair, const struct ln_repair_counts *counts) {
    const struct ln_parked_repair *parked = &counts->parked;
    const char *path = cli_shown(repair->path);
    if (parked->n_lost > 0)
        printf("%s.parked: %lld damaged points%s dropped and begin anew, %lld stay parked\n", path,
               (long long)parked->n_lost, repair->is_dry ? " would be" : "",
               (long long)parked->n_kept);
    if (parked->is_moved)
        printf("%s.parked%s %s, and its points begin anew: %s\n", path,
               repair->is_dry ? " would become" : " is now", cli_shown(parked->kept),
               cli_shown(parked->why));
    if (counts->is_parked_failed)
        fprintf(stderr, "linnet: parked points are not put right: %s\n",
                cli_shown(counts->parked_note));
    else if (is_run_refused(counts))
        printf("parked points are not put right: %s; `linnet run` asks to have it out of the way\n",
               cli_shown(counts->parked_note));
    return parked->n_lost == 0 && !parked->is_moved && !counts->parked_note[0];
}

static void report(const struct repair *repair, const struct ln_repair_counts *counts) {
    const struct ln_health *health = &counts->health;
    printf("%s: %lld finished points%s, %lld pending, %lld left out\n", cli_shown(repair->path),
           (long long)health->after[LN_ROW_DONE], repair->is_dry ? " can be kept" : " kept",
           (long long)health->after[LN_ROW_PENDING], (long long)health->after[LN_ROW_EXCLUDED]);
    if (health->after[LN_ROW_FAILED] > 0)
        printf("%lld points are marked as failed\n", (long long)health->after[LN_ROW_FAILED]);
    if (health->n_lost > 0)
        printf("%lld damaged rows are to be trained again\n", (long long)health->n_lost);
    if (health->n_flags > 0)
        printf("%lld finished rows with a damaged status are taken back\n",
               (long long)health->n_flags);
    if (health->n_where + health->n_stains > 0)
        printf("%lld cells contradict the sweep's `where` or their status\n",
               (long long)(health->n_where + health->n_stains));
    if (counts->is_new && repair->is_dry)
        printf("what is not a row is damaged, or the file is cut off: it would be laid out anew\n");
    else if (counts->is_new)
        printf("laid out anew; the damaged file is %s\n", cli_shown(counts->kept));
    bool is_parked_good = report_parked(repair, counts);
    if (ln_health_n_damaged(health) == 0 && is_parked_good)
        printf("nothing is damaged\n");
    if (repair->is_dry)
        printf("nothing was changed\n");
    else if (health->after[LN_ROW_PENDING] > 0 && !is_run_refused(counts))
        printf("`linnet run` on this file trains the pending points\n");
}

static int repair_file(struct repair *repair) {
    struct ln_err err = {0};
    struct ln_repair_counts *counts = ln_linalg_alloc(1, sizeof *counts);
    ln_linalg_start();
    int status = read_sweep(repair, &err);
    if (status == LN_OK)
        status = ln_engine_layout(repair->sweep, &repair->layout, &err);
    if (status == LN_OK)
        status =
            ln_repair(repair->path, repair->sweep, &repair->layout, repair->is_dry, counts, &err);
    if (status == LN_OK)
        report(repair, counts);
    else
        cli_fail(&err);
    if (status == LN_OK && counts->is_parked_failed)
        status = LN_FATAL;
    ln_sweep_free(repair->sweep);
    free(counts);
    return status;
}

static int read_options(struct repair *repair, int argc, char **argv) {
    static const struct option_spec specs[] = {
        {"--sweep", NULL, true}, {"--set", NULL, true}, {"--dry-run", "-n", false}};
    const char *value;
    int index = 1, option;
    while ((option = cli_next(&command_repair, specs, 3, argc, argv, &index, &value)) > -2) {
        if (option == 0)
            repair->sweep_path = value;
        else if (option == 2)
            repair->is_dry = true;
        else if (option == 1 ? !cli_take_set(&command_repair, repair->sets, &repair->n_sets, value)
                             : !cli_take_path(&command_repair, &repair->path, value))
            return LN_INPUT;
    }
    if (option < -2)
        return option == -4 ? -1 : LN_INPUT;
    return cli_check_results_options(&command_repair, repair->path, repair->sweep_path,
                                     repair->n_sets);
}

static int run(int argc, char **argv) {
    struct repair *repair = ln_linalg_alloc(1, sizeof *repair);
    int status = read_options(repair, argc, argv);
    if (status == LN_OK)
        status = repair_file(repair);
    free(repair);
    return status == -1 ? LN_OK : status;
}

const struct command command_repair = {
    "repair", "linnet repair OUT.h5 [--sweep SWEEP.yaml [--set key=value]...] [--dry-run]",
    "Puts a damaged results file right; what is lost becomes pending, and `linnet run` trains it.",
    "\n      --sweep SWEEP.yaml   the sweep, if what OUT.h5 says of it is damaged, or if it names "
    "files beside it\n"
    "      --set key=value      an override of SWEEP.yaml, as OUT.h5 was run with\n"
    "  -n, --dry-run            says what would be done\n\n"
    "Every whole row is kept. Where more than rows is damaged, or the file was cut off, it is laid "
    "out anew, and the damaged\none stays as OUT.h5.damaged. Version of linnet and kind of CPU "
    "must "
    "be those of the file, as for `linnet run`.\n",
    run};
