#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/engine.h"
#include "linnet/linalg.h"
#include "linnet/plan.h"
#include "linnet/reuse.h"
#include "linnet/view.h"

struct extend {
    const char *old_path, *sweep_path, *output;
    const char *sets[CLI_MOST_SETS];
    int n_sets;
    struct ln_sweep *old, *new;
    struct ln_layout old_layout, new_layout;
};

/* The sweep of the old file. Files it reads are looked for beside the new sweep. */
static int read_old(struct extend *extend, struct ln_err *err) {
    char *text = NULL, *overrides = NULL;
    const char *sets[CLI_MOST_SETS];
    int status = ln_reuse_sweep_of(extend->old_path, &text, &overrides, err);
    if (status == LN_OK) {
        int n_sets = cli_split_lines(overrides, sets, CLI_MOST_SETS);
        status = ln_sweep_parse(extend->sweep_path, text, strlen(text), sets, n_sets,
                                ln_view_read_matrix, &extend->old, err);
        if (status == LN_OK)
            status = ln_engine_layout(extend->old, &extend->old_layout, err);
        if (status != LN_OK)
            ln_err_prefix(err, "the sweep in %s cannot be read again: ", extend->old_path);
    }
    free(overrides);
    free(text);
    return status;
}

/* Checks all of it, as `linnet run` will. */
static int read_new(struct extend *extend, struct ln_err *err) {
    struct ln_plan *plan = NULL;
    char *text = NULL;
    size_t size;
    int status = cli_read_text(extend->sweep_path, &text, &size, err);
    if (status == LN_OK)
        status = ln_sweep_parse(extend->sweep_path, text, size, extend->sets, extend->n_sets,
                                ln_view_read_matrix, &extend->new, err);
    if (status == LN_OK)
        status = ln_engine_layout(extend->new, &extend->new_layout, err);
    if (status == LN_OK)
        status = ln_plan_create(extend->new, NULL, &plan, err);
    ln_plan_free(plan);
    free(text);
    return status;
}

static void report(const struct extend *extend, const struct ln_reuse_counts *counts) {
    printf("%s: %lld of %lld points taken from %s, %lld to go: `linnet run %s -o %s",
           cli_shown(extend->output), (long long)counts->n_done,
           (long long)(counts->n_done + counts->n_pending), cli_shown(extend->old_path),
           (long long)counts->n_pending, cli_shown(extend->sweep_path), cli_shown(extend->output));
    for (int i = 0; i < extend->n_sets; i++)
        printf(" --set '%s'", cli_shown(extend->sets[i]));
    printf("`\n");
    if (counts->n_unused > 0)
        printf("%lld finished points of %s are not in the new sweep\n", (long long)counts->n_unused,
               cli_shown(extend->old_path));
    if (counts->n_damaged > 0)
        printf("%lld damaged rows were not taken\n", (long long)counts->n_damaged);
}

static int extend_file(struct extend *extend) {
    struct ln_err err = {0};
    struct ln_reuse_counts counts;
    struct ln_match *match = NULL;
    ln_linalg_start();
    int status = read_new(extend, &err);
    if (status == LN_OK)
        status = read_old(extend, &err);
    if (status == LN_OK)
        status = ln_match_create(extend->old, extend->new, &match, &err);
    if (status == LN_OK) {
        struct ln_reuse_plan plan = {extend->old, extend->new, &extend->old_layout,
                                     &extend->new_layout, match};
        status = ln_reuse_extend(extend->output, extend->old_path, &plan, &counts, &err);
    }
    if (status == LN_OK)
        report(extend, &counts);
    else
        cli_fail(&err);
    ln_match_free(match);
    ln_sweep_free(extend->old);
    ln_sweep_free(extend->new);
    return status;
}

static int read_options(struct extend *extend, int argc, char **argv) {
    static const struct option_spec specs[] = {{"--output", "-o", true}, {"--set", NULL, true}};
    const char *value;
    int index = 1, option;
    while ((option = cli_next(&command_extend, specs, 2, argc, argv, &index, &value)) > -2) {
        if (option == 0)
            extend->output = value;
        else if (option == -1 && !extend->old_path)
            extend->old_path = value;
        else if (option == 1 ? !cli_take_set(&command_extend, extend->sets, &extend->n_sets, value)
                             : !cli_take_path(&command_extend, &extend->sweep_path, value))
            return LN_INPUT;
    }
    if (option < -2)
        return option == -4 ? -1 : LN_INPUT;
    if (!extend->sweep_path)
        return cli_usage(&command_extend, "which results file, and which sweep?");
    if (!extend->output)
        return cli_usage(&command_extend, "where to? give -o NEW.h5");
    return LN_OK;
}

static int run(int argc, char **argv) {
    struct extend *extend = ln_linalg_alloc(1, sizeof *extend);
    int status = read_options(extend, argc, argv);
    if (status == LN_OK)
        status = extend_file(extend);
    free(extend);
    return status == -1 ? LN_OK : status;
}

const struct command command_extend = {
    "extend", "linnet extend OLD.h5 NEW.yaml -o NEW.h5 [--set key=value]...",
    "Begins the file of a sweep with other axis values with the points that OLD.h5 has finished.",
    "\n  -o, --output NEW.h5   the new file; nothing may be there yet\n"
    "      --set key=value   overrides a key of NEW.yaml\n\n"
    "Axes may become longer, finer, or more, and `where` may change; a point is known by its "
    "parameters and seeds, and\nits row is copied bit for bit. Any other key, the steps recorded, "
    "and the kind of CPU must be the same.\n`linnet run NEW.yaml -o NEW.h5` then trains the rest; "
    "the file becomes that of a run from nothing.\n",
    run};
