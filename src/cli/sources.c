/* What commands begin with: a sweep file, and the results of that sweep. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/view.h"

int cli_read_sweep(const char *path, const char *const *sets, int n_sets, struct ln_sweep **sweep,
                   struct ln_err *err) {
    char *text = NULL;
    size_t size;
    int status = cli_read_text(path, &text, &size, err);
    if (status == LN_OK)
        status = ln_sweep_parse(path, text, size, sets, n_sets, ln_view_read_matrix, sweep, err);
    free(text);
    return status;
}

/* The sweep of the results is read from the place of the sweep file: both name the same matrices.
 */
static int check_same(const char *path, const char *sweep_path, const struct ln_sweep *sweep,
                      const struct ln_view *view, struct ln_err *err) {
    const char *sets[CLI_MOST_SETS], *text = ln_view_sweep_text(view);
    struct ln_sweep *other = NULL;
    char *lines = strdup(ln_view_sweep_sets(view));
    int status = ln_sweep_parse(sweep_path, text, strlen(text), sets,
                                cli_split_lines(lines, sets, CLI_MOST_SETS), ln_view_read_matrix,
                                &other, err);
    bool is_same = status == LN_OK && ln_view_n_cells(view) == ln_sweep_n_cells(sweep) &&
                   strcmp(ln_sweep_canonical(other), ln_sweep_canonical(sweep)) == 0;
    ln_sweep_free(other);
    free(lines);
    if (is_same)
        return LN_OK;
    return ln_err_set(
        err, LN_INPUT,
        "%s: holds the results of another sweep than %s; give those of this one, with "
        "the same --set",
        path, sweep_path);
}

int cli_open_results(const char *path, const char *sweep_path, const struct ln_sweep *sweep,
                     struct ln_view **view, struct ln_err *err) {
    int status = ln_view_open(path, view, err);
    if (status != LN_OK)
        return status;
    status = check_same(path, sweep_path, sweep, *view, err);
    if (status != LN_OK) {
        ln_view_close(*view);
        *view = NULL;
    }
    return status;
}
