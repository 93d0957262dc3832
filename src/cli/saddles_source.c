/* Where `linnet saddles` takes its problem from. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"
#include "linnet/linalg.h"
#include "linnet/plan.h"
#include "saddles.h"

/* A YAML string in single quotes. */
static void put_quoted(FILE *to, const char *text) {
    putc('\'', to);
    for (; *text; text++)
        fprintf(to, *text == '\'' ? "''" : "%c", *text);
    putc('\'', to);
}

static int check_file(const char *option, const char *path, struct ln_err *err) {
    size_t length = strlen(path);
    if (length < 5 || strcasecmp(path + length - 4, ".csv") != 0)
        return ln_err_set(err, LN_INPUT,
                          "%s takes a file whose name ends in .csv, not %s; of an HDF5 file make a "
                          "sweep with problem: {kind: data, x: {file: x.h5, dataset: name}, ...}",
                          option, path);
    if (access(path, R_OK) != 0)
        return ln_err_set(err, LN_INPUT, "%s: cannot open %s: %s", option, path, strerror(errno));
    return LN_OK;
}

/* The two files are read by the parser of sweeps: the same formats, the same messages. */
static int read_matrices(struct source *source, const struct saddles_options *options,
                         struct ln_err *err) {
    char *text = NULL;
    size_t size = 0;
    int status = check_file("--x", options->x, err);
    if (status == LN_OK)
        status = check_file("--y", options->y, err);
    if (status != LN_OK)
        return status;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return ln_err_set(err, LN_FATAL, "out of memory");
    fprintf(to, "linnet: 1\nname: given data\nproblem: {kind: data, x: {file: ");
    put_quoted(to, options->x);
    fprintf(to, "}, y: {file: ");
    put_quoted(to, options->y);
    fprintf(to, "}}\nmodel: {depth: 1}\n");
    fclose(to);
    status =
        ln_sweep_parse("--x, --y", text, size, NULL, 0, ln_view_read_matrix, &source->sweep, err);
    free(text);
    return status;
}

/* X has a row for each sample, y a number for each, in a column or in a row. */
static int take_matrices(struct source *source, const struct saddles_options *options,
                         struct ln_err *err) {
    int status = read_matrices(source, options, err);
    if (status != LN_OK)
        return status;
    ln_sweep_point(source->sweep, 0, source->point);
    const struct ln_conf *conf = &source->point->conf[LN_PROBLEM];
    const struct ln_matrix *x = ln_conf_matrix(conf, "x"), *y = ln_conf_matrix(conf, "y");
    int n = x->rows, d = x->cols, n_outputs = y->rows * y->cols;
    if (n_outputs != n || (y->rows != 1 && y->cols != 1))
        return ln_err_set(err, LN_INPUT,
                          "%s is %d x %d, %s is %d x %d: X has a row for each sample, y one number "
                          "for each",
                          options->x, n, d, options->y, y->rows, y->cols);
    source->x = ln_linalg_alloc((size_t)n * d, sizeof *source->x);
    source->y = ln_linalg_alloc((size_t)n, sizeof *source->y);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < d; j++)
            source->x[(size_t)j * n + i] = x->data[(size_t)i * d + j];
    memcpy(source->y, y->data, (size_t)n * sizeof *source->y);
    source->limit =
        (struct ln_limit){.log_scale = (double)NAN, .time_unit = (double)NAN, .depth = 2};
    source->limit.regression =
        (struct ln_regression){.n = n, .d = d, .x = source->x, .y = source->y, .c = 1.0 / n};
    return LN_OK;
}

static int cell_of(const struct source *source, const char *path, const char *word, int64_t *cell,
                   struct ln_err *err) {
    int64_t most = ln_sweep_n_cells(source->sweep) - 1;
    char *end;
    *cell = 0;
    if (!word && most == 0)
        return LN_OK;
    if (!word)
        return ln_err_set(err, LN_INPUT, "%s has points 0 to %lld; say which with --point", path,
                          (long long)most);
    errno = 0;
    *cell = strtoll(word, &end, 10);
    if (errno || *end || end == word || *cell < 0 || *cell > most)
        return ln_err_set(err, LN_INPUT, "%s: there is no point '%s'; points are 0 to %lld", path,
                          word, (long long)most);
    return LN_OK;
}

static int take_point(struct source *source, const char *path, const char *word,
                      struct ln_err *err) {
    int64_t cell;
    int status = cell_of(source, path, word, &cell, err);
    if (status != LN_OK)
        return status;
    if (!ln_sweep_point(source->sweep, cell, source->point))
        return ln_err_set(err, LN_INPUT, "%s: point %lld is left out by where", path,
                          (long long)cell);
    source->shape = ln_linalg_alloc(1, sizeof *source->shape);
    status = ln_shape_of(source->point, source->shape, err);
    if (status == LN_OK)
        status = ln_init_check(source->point, source->shape, err);
    if (status == LN_OK)
        status = ln_problem_create(source->point, &source->problem, err);
    if (status == LN_OK)
        status = ln_limit_of(source->point, source->shape, source->problem, &source->limit, err);
    return status == LN_OK ? LN_OK : ln_sweep_locate(source->sweep, err);
}

static int parse_text(struct source *source, const char *path, const char *text, size_t size,
                      const struct saddles_options *options, struct ln_err *err) {
    return ln_sweep_parse(path, text, size, options->sets, options->n_sets, ln_view_read_matrix,
                          &source->sweep, err);
}

static int take_sweep(struct source *source, const struct saddles_options *options,
                      struct ln_err *err) {
    char *text = NULL;
    size_t size;
    int status = cli_read_text(options->sweep, &text, &size, err);
    if (status == LN_OK)
        status = parse_text(source, options->sweep, text, size, options, err);
    free(text);
    return status == LN_OK ? take_point(source, options->sweep, options->point, err) : status;
}

/* The sweep of a results file, with the overrides it was run with. */
static int take_results(struct source *source, const struct saddles_options *options,
                        struct ln_err *err) {
    int status = ln_view_open(options->measure, &source->view, err);
    if (status != LN_OK)
        return status;
    status = cli_sweep_of(source->view, options->measure, &source->sweep, err);
    return status == LN_OK ? take_point(source, options->measure, options->point, err) : status;
}

int source_open(struct source *source, const struct saddles_options *options, struct ln_err *err) {
    *source = (struct source){.point = ln_linalg_alloc(1, sizeof *source->point)};
    return options->measure ? take_results(source, options, err)
           : options->sweep ? take_sweep(source, options, err)
                            : take_matrices(source, options, err);
}

void source_close(struct source *source) {
    ln_limit_clear(&source->limit);
    ln_problem_free(source->problem);
    ln_sweep_free(source->sweep);
    ln_view_close(source->view);
    free(source->shape);
    free(source->point);
    free(source->x);
    free(source->y);
}
