#include "cli.h"
#include "linnet/view.h"

enum { SHOWN = 20 };

static int run(int argc, char **argv) {
    const char *value, *path = NULL;
    int index = 1, option;
    while ((option = cli_next(&command_check, NULL, 0, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        if (!cli_take_path(&command_check, &path, value))
            return LN_INPUT;
    }
    if (!path)
        return cli_usage(&command_check, "which results file?");
    struct ln_err err = {0};
    struct ln_view *view;
    int64_t done, pending, excluded, n_bad, bad[SHOWN];
    if (ln_view_open(path, &view, &err) != LN_OK)
        return cli_fail(&err);
    int status = ln_view_check(view, &done, &pending, &excluded, &n_bad, bad, SHOWN, &err);
    ln_view_close(view);
    if (status != LN_OK)
        return cli_fail(&err);
    printf("%s: %lld rows done and verified, %lld pending, %lld left out, %lld damaged\n",
           cli_shown(path), (long long)done, (long long)pending, (long long)excluded,
           (long long)n_bad);
    for (int64_t i = 0; i < n_bad && i < SHOWN; i++)
        printf("  damaged: point %lld\n", (long long)bad[i]);
    if (n_bad > 0)
        printf("`linnet run` on this file trains the damaged points again\n");
    return n_bad > 0 ? LN_FATAL : LN_OK;
}

const struct command command_check = {
    "check", "linnet check OUT.h5",
    "Verifies the checksum of every finished row; exit code 1 if one is damaged.", "", run};
