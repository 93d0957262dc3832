/* What commands take from a results file: nothing in it is believed before it is checked. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

int cli_find_variable(const struct ln_view *view, const char *name, int n_extra) {
    for (int i = 0; i < ln_view_n_variables(view); i++)
        if (strcmp(ln_view_variable(view, i)->name, name) == 0)
            return ln_view_variable(view, i)->n_extra == n_extra ? i : -1;
    return -1;
}

int cli_sweep_of(const struct ln_view *view, const char *path, struct ln_sweep **sweep,
                 struct ln_err *err) {
    const char *text = ln_view_sweep_text(view), *sets[CLI_MOST_SETS];
    char *lines = strdup(ln_view_sweep_sets(view));
    int n_sets = cli_split_lines(lines, sets, CLI_MOST_SETS);
    int status =
        ln_sweep_parse(path, text, strlen(text), sets, n_sets, ln_view_read_matrix, sweep, err);
    free(lines);
    if (status != LN_OK)
        return status;
    int64_t n = ln_sweep_n_cells(*sweep), n_rows = ln_view_n_cells(view);
    if (n == n_rows)
        return LN_OK;
    ln_sweep_free(*sweep);
    *sweep = NULL;
    return ln_err_set(err, LN_INPUT,
                      "%s is damaged: its sweep has %lld cells, its variables have %lld", path,
                      (long long)n, (long long)n_rows);
}
