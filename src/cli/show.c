#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/linalg.h"
#include "linnet/store.h"
#include "linnet/view.h"

enum { ROWS = 14, COLS = 64 };

/* The parameters of the point, from the sweep text in the file. Matrices in files beside the sweep
 * may be gone: then only the results are shown. */
static void print_parameters(const struct ln_view *view, const char *path, int64_t cell) {
    struct ln_sweep *sweep;
    struct ln_err err;
    if (cli_sweep_of(view, path, &sweep, &err) != LN_OK) {
        printf("  (the sweep text cannot be read here: %s)\n", cli_shown(err.text));
        return;
    }
    for (int i = ln_sweep_n_axes(sweep) - 1; i >= 0; i--) {
        const struct ln_axis *axis = ln_sweep_axis(sweep, i);
        for (int k = 0; k < axis->n_coords; k++)
            printf("  %-24s %s\n", cli_shown(axis->coords[k].name),
                   cli_shown(axis->coords[k].texts[cell % axis->count]));
        cell /= axis->count;
    }
    ln_sweep_free(sweep);
}

static int64_t elements(const struct ln_view_variable *variable) {
    int64_t count = 1;
    for (int k = 0; k < variable->n_extra; k++)
        count *= variable->extra[k];
    return count;
}

static bool is_series(const struct ln_view_variable *variable) {
    size_t length = strlen(variable->name);
    return length > 7 && strcmp(variable->name + length - 7, "_series") == 0;
}

/* One row, malloc'ed; NULL with the message on an error. */
static double *read_row(const struct ln_view *view, int variable, int64_t cell,
                        struct ln_err *err) {
    double *row = ln_linalg_alloc((size_t)elements(ln_view_variable(view, variable)), sizeof *row);
    if (ln_view_row(view, variable, cell, row, err) == LN_OK)
        return row;
    free(row);
    return NULL;
}

static void print_flags(const struct ln_view_variable *variable, double number) {
    bool is_whole = number > -0x1p63 && number < 0x1p63;
    int64_t value = is_whole ? (int64_t)number : 0;
    for (int i = 0; is_whole && i < variable->n_flags; i++)
        if (variable->is_mask ? value >> i & 1 : value == i)
            printf("%s ", cli_shown(variable->flags[i]));
    printf("\n");
}

static void print_variable(const struct ln_view_variable *variable, const double *row,
                           int64_t count) {
    enum { MOST = 8 };
    printf("  %-24s ", cli_shown(variable->name));
    if (variable->n_flags > 0) {
        print_flags(variable, row[0]);
        return;
    }
    for (int64_t i = 0; i < count && i < MOST; i++)
        if (isnan(row[i])) /* printf shows the sign of a NaN, which means nothing */
            printf("nan ");
        else
            printf(variable->is_integer ? "%.0f " : "%.10g ", row[i]);
    printf(count > MOST ? "...\n" : "\n");
}

static double log_of(double x) {
    return log10(x > 1e-300 ? x : 1e-300);
}

/* What has a place in the picture. */
static bool is_drawn(double loss, double step) {
    return isfinite(loss) && isfinite(step) && step >= 0;
}

/* The loss over steps, both logarithmic, as a small picture. */
static void draw(const double *loss, const double *steps, int64_t count) {
    char picture[ROWS][COLS + 1];
    double low = INFINITY, high = -INFINITY, last = 1;
    for (int64_t i = 0; i < count; i++)
        if (is_drawn(loss[i], steps[i])) {
            low = fmin(low, log_of(loss[i]));
            high = fmax(high, log_of(loss[i]));
            last = fmax(last, steps[i]);
        }
    if (!(high >= low))
        return;
    low = high - low < 1e-6 ? high - 1 : low;
    for (int r = 0; r < ROWS; r++)
        memset(picture[r], ' ', COLS), picture[r][COLS] = '\0';
    for (int64_t i = 0; i < count; i++)
        if (is_drawn(loss[i], steps[i])) {
            int row = (int)lround((high - log_of(loss[i])) / (high - low) * (ROWS - 1));
            int col = (int)lround(log10(1 + steps[i]) / log10(1 + last) * (COLS - 1));
            picture[row][col] = '*';
        }
    printf("\n  loss\n");
    for (int r = 0; r < ROWS; r++)
        printf("  %8.1e |%s\n", pow(10, high - (high - low) * r / (ROWS - 1)), picture[r]);
    printf("  %8s +", "");
    for (int c = 0; c < COLS; c++)
        putchar('-');
    printf("\n  %8s  0%*s%.0f steps (log)\n", "", COLS - 12, "", last);
}

static int print_results(const struct ln_view *view, int64_t cell, struct ln_err *err) {
    for (int i = 0; i < ln_view_n_variables(view); i++) {
        const struct ln_view_variable *variable = ln_view_variable(view, i);
        if (is_series(variable))
            continue;
        double *row = read_row(view, i, cell, err);
        if (!row)
            return (int)err->status;
        print_variable(variable, row, elements(variable));
        free(row);
    }
    return LN_OK;
}

static int print_curve(const struct ln_view *view, int64_t cell, struct ln_err *err) {
    int i = cli_find_variable(view, "loss_series", 1);
    if (i < 0)
        return LN_OK;
    int64_t n_steps, count = elements(ln_view_variable(view, i));
    double *row = read_row(view, i, cell, err), *steps = NULL;
    int status = row ? LN_OK : (int)err->status;
    if (status == LN_OK)
        status = ln_view_coordinate(view, "record_step", &steps, &n_steps, err);
    if (status == LN_OK)
        draw(row, steps, n_steps < count ? n_steps : count);
    free(steps);
    free(row);
    return status;
}

static int show(const struct ln_view *view, const char *path, int64_t cell, struct ln_err *err) {
    static const char *const words[] = {"pending", "done", "left out by where", "failed"};
    int64_t n = ln_view_n_cells(view);
    if (cell < 0 || cell >= n)
        return ln_err_set(err, LN_INPUT, "%s: there is no point %lld; points are 0 to %lld", path,
                          (long long)cell, (long long)n - 1);
    int8_t *status = ln_linalg_alloc((size_t)n, 1);
    int result = ln_view_status(view, status, err);
    int state = status[cell] >= 0 && status[cell] <= LN_ROW_FAILED ? status[cell] : 0;
    free(status);
    if (result != LN_OK)
        return result;
    printf("point %lld: %s\n", (long long)cell, words[state]);
    print_parameters(view, path, cell);
    if (state == LN_ROW_FAILED)
        cli_failed_explain(view, path, cell);
    if (state != LN_ROW_DONE)
        return LN_OK;
    result = print_results(view, cell, err);
    return result == LN_OK ? print_curve(view, cell, err) : result;
}

static int run(int argc, char **argv) {
    static const struct option_spec specs[] = {{"--point", "-p", true}};
    const char *value, *path = NULL, *point = NULL;
    int index = 1, option;
    while ((option = cli_next(&command_show, specs, 1, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        if (option == 0)
            point = value;
        else if (!cli_take_path(&command_show, &path, value))
            return LN_INPUT;
    }
    if (!path || !point)
        return cli_usage(&command_show,
                         path ? "which point? give --point K" : "which results file?");
    char *end;
    errno = 0;
    long long cell = strtoll(point, &end, 10);
    if (errno || *end || end == point)
        return cli_usage(&command_show, "--point takes the number of a point, not '%s'", point);
    struct ln_err err = {0};
    struct ln_view *view;
    ln_linalg_start();
    if (ln_view_open(path, &view, &err) != LN_OK)
        return cli_fail(&err);
    int status = show(view, path, cell, &err);
    ln_view_close(view);
    return status == LN_OK ? LN_OK : cli_fail(&err);
}

const struct command command_show = {
    "show", "linnet show OUT.h5 --point K",
    "Shows one point: parameters, outcome, every result, a small loss curve.",
    "\n  -p, --point K   number of the point, from 0 on\n", run};
