/* A sweep file, and behind a line "---set" overrides, one a line; what it accepts is planned too.
 *
 * Promises checked: a refusal has exit code 2 and a message with a position and no byte that is not
 * text when shown; what is accepted is accepted again from its own overrides and has the same
 * canonical text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/plan.h"
#include "linnet/utf8.h"
#include "spec.h"
#include "target.h"

enum { MOST_SETS = 16, MOST_CELLS = 200, MOST_WIDTH = 24, MOST_NUMBER = 64 };

/* Matrices in files are the business of fuzz_csv and fuzz_results. */
static int no_file(const char *path, const char *dataset, int *rows, int *cols, double **data,
                   struct ln_err *err) {
    (void)dataset, (void)rows, (void)cols, (void)data;
    return ln_err_set(err, LN_INPUT, "cannot open %s", path);
}

static int split(char *text, const char **sets) {
    int n = 0;
    char *at = strstr(text, "\n---set");
    if (!at)
        return 0;
    *at = '\0';
    for (at = strchr(at + 1, '\n'); at && n < MOST_SETS; at = strchr(at, '\n')) {
        *at++ = '\0';
        sets[n++] = at;
    }
    return n;
}

/* Problems and networks that cost no time worth speaking of. */
static int is_small(const struct ln_sweep *sweep) {
    static struct ln_point point;
    if (ln_sweep_n_cells(sweep) > MOST_CELLS)
        return 0;
    for (int64_t cell = 0; cell < ln_sweep_n_cells(sweep); cell++) {
        struct ln_shape shape;
        struct ln_err err;
        ln_sweep_point(sweep, cell, &point);
        const struct ln_conf *conf = &point.conf[LN_PROBLEM];
        for (int i = 0; i < conf->n_params; i++)
            if (conf->params[i].type == LN_INT && conf->values[i].integer > MOST_NUMBER)
                return 0;
        if (ln_shape_of(&point, &shape, &err) == LN_OK && shape.max_width > MOST_WIDTH)
            return 0;
    }
    return 1;
}

static void check_refusal(const struct ln_err *err) {
    char text[4 * sizeof err->text];
    assert(err->status == LN_INPUT && err->text[0]);
    assert(strncmp(err->text, "f.yaml:", 7) == 0 || strncmp(err->text, "--set:", 6) == 0 ||
           strncmp(err->text, "./", 2) == 0 || strncmp(err->text, "default:", 8) == 0);
    assert(ln_utf8_is_plain(ln_utf8_show(err->text, false, text, sizeof text)));
}

static void plan(const struct ln_sweep *sweep) {
    struct ln_plan *plan = NULL;
    struct ln_err err = {0};
    if (ln_plan_create(sweep, NULL, &plan, &err) == LN_OK)
        ln_plan_free(plan);
    else
        check_refusal(&err);
}

static void parse_again(const struct ln_sweep *sweep, const char *text, size_t size,
                        const char *const *sets, int n_sets) {
    struct ln_sweep *again = NULL;
    struct ln_err err = {0};
    int status = ln_sweep_parse("f.yaml", text, size, sets, n_sets, no_file, &again, &err);
    assert(status == LN_OK);
    assert(strcmp(ln_sweep_canonical(sweep), ln_sweep_canonical(again)) == 0);
    ln_sweep_free(again);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    ln_linalg_start();
    ln_spec_limits = (struct ln_limits){.axis = 1000, .cells = 10000, .values = 4000};
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *sets[MOST_SETS];
    char *copy = calloc(size + 1, 1);
    struct ln_sweep *sweep = NULL;
    struct ln_err err = {0};
    memcpy(copy, data, size);
    int n_sets = split(copy, sets);
    size_t length = n_sets ? strlen(copy) : size;
    if (ln_sweep_parse("f.yaml", copy, length, sets, n_sets, no_file, &sweep, &err) == LN_OK) {
        parse_again(sweep, copy, length, sets, n_sets);
        if (is_small(sweep))
            plan(sweep);
    } else {
        assert(!sweep);
        check_refusal(&err);
    }
    ln_sweep_free(sweep);
    free(copy);
    return 0;
}
