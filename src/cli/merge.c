#include <stdlib.h>

#include "cli.h"
#include "linnet/linalg.h"
#include "linnet/reuse.h"

static int merge(const char *output, const char *const *parts, int n_parts) {
    struct ln_err err = {0};
    struct ln_reuse_counts counts;
    if (ln_reuse_merge(output, parts, n_parts, &counts, &err) != LN_OK)
        return cli_fail(&err);
    if (counts.note[0])
        fprintf(stderr, "linnet: deaths of failed points may be missing: %s; ignored\n",
                cli_shown(counts.note));
    printf("%s: %lld of %lld points done, from %d files\n", cli_shown(output),
           (long long)counts.n_done,
           (long long)(counts.n_done + counts.n_pending + counts.n_failed), n_parts);
    if (counts.n_twice > 0)
        printf("%lld rows stood in more than one file, equal to the bit\n",
               (long long)counts.n_twice);
    if (counts.n_damaged > 0)
        printf("%lld damaged rows were not taken\n", (long long)counts.n_damaged);
    if (counts.n_pending > 0)
        printf("%lld points are pending: `linnet run SWEEP.yaml -o %s` trains them\n",
               (long long)counts.n_pending, cli_shown(output));
    if (counts.n_failed > 0)
        printf(
            "%lld points failed: `linnet run SWEEP.yaml -o %s --retry failed` tries them again\n",
            (long long)counts.n_failed, cli_shown(output));
    return LN_OK;
}

static int run(int argc, char **argv) {
    static const struct option_spec specs[] = {{"--output", "-o", true}};
    const char *value, *output = NULL;
    const char **parts = ln_linalg_alloc((size_t)argc, sizeof *parts);
    int index = 1, option, n_parts = 0, status = LN_OK;
    while ((option = cli_next(&command_merge, specs, 1, argc, argv, &index, &value)) > -2) {
        if (option == 0)
            output = value;
        else
            parts[n_parts++] = value;
    }
    if (option == -3)
        status = LN_INPUT;
    else if (option == -2 && n_parts == 0)
        status = cli_usage(&command_merge, "which results files?");
    else if (option == -2 && !output)
        status = cli_usage(&command_merge, "where to? give -o ALL.h5");
    else if (option == -2)
        status = merge(output, parts, n_parts);
    free(parts);
    return status;
}

const struct command command_merge = {
    "merge", "linnet merge PART.h5... -o ALL.h5",
    "Joins the files of the shards of one sweep (`linnet run --shard`), in any order.",
    "\n  -o, --output ALL.h5   the new file; nothing may be there yet\n\n"
    "A row that stands in several files must be the same to the bit. What is in none stays "
    "pending, "
    "and `linnet run`\ntrains it. With all shards the file is that of a run without shards, byte "
    "for "
    "byte.\n",
    run};
