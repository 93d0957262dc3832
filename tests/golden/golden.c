#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/engine.h"
#include "linnet/linalg.h"
#include "linnet/plan.h"
#include "linnet/train.h"
#include "linnet/verdict.h"

/* One group of the plan, handed out point by point. */
struct source {
    struct golden *golden;
    const int64_t *next, *end;
};

static bool next_point(void *ctx, int64_t *cell) {
    struct source *source = ctx;
    if (source->next == source->end)
        return false;
    *cell = *source->next++;
    return true;
}

static int keep_row(void *ctx, int64_t cell, const void *row, struct ln_err *err) {
    (void)err;
    struct golden *golden = ((struct source *)ctx)->golden;
    memcpy(golden->rows + (size_t)cell * golden->layout.row_bytes, row, golden->layout.row_bytes);
    return LN_OK;
}

static bool never_stop(void *ctx) {
    (void)ctx;
    return false;
}

static int train_all(struct golden *golden, struct ln_err *err) {
    struct ln_plan *plan = NULL;
    struct ln_engine *engine = NULL;
    int status = ln_plan_create(golden->sweep, NULL, &plan, err);
    if (status == LN_OK)
        status = ln_engine_create(golden->sweep, &golden->layout, &engine, err);
    for (int g = 0; status == LN_OK && g < plan->n_groups; g++) {
        const int64_t *first = plan->ids + plan->groups[g].first;
        struct source source = {golden, first, first + plan->groups[g].count};
        const struct ln_engine_hooks hooks = {
            .ctx = &source, .next = next_point, .finish = keep_row, .poll = never_stop};
        status = ln_engine_run(engine, &hooks, err);
    }
    ln_engine_free(engine);
    ln_plan_free(plan);
    return status;
}

static void run(struct golden *golden, const char *path, const char *text, size_t size) {
    struct ln_err err = {0};
    memset(golden, 0, sizeof *golden);
    int status = ln_sweep_parse(path, text, size, NULL, 0, NULL, &golden->sweep, &err);
    if (status == LN_OK)
        status = ln_engine_layout(golden->sweep, &golden->layout, &err);
    if (status == LN_OK) {
        golden->rows =
            ln_linalg_alloc((size_t)ln_sweep_n_cells(golden->sweep), golden->layout.row_bytes);
        status = train_all(golden, &err);
    }
    if (status != LN_OK)
        fail_msg("%s", err.text);
}

void golden_run_text(struct golden *golden, const char *text) {
    run(golden, "text.yaml", text, strlen(text));
}

void golden_run_file(struct golden *golden, const char *name) {
    enum { MOST = 1 << 16 };
    static char text[MOST];
    char path[4096];
    const char *root = getenv("LINNET_SOURCE");
    snprintf(path, sizeof path, "%s/tests/golden/%s", root ? root : ".", name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot open %s; LINNET_SOURCE must name the source tree", path);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    assert_true(size < sizeof text);
    run(golden, path, text, size);
}

void golden_clear(struct golden *golden) {
    free(golden->rows);
    ln_sweep_free(golden->sweep);
    memset(golden, 0, sizeof *golden);
}

double golden_number(const struct golden *golden, int64_t cell, const char *name, int64_t index) {
    const struct ln_column *column = ln_layout_find(&golden->layout, name);
    if (!column || cell >= ln_sweep_n_cells(golden->sweep) ||
        index >= ln_column_elements(&golden->layout, column))
        fail_msg("there is no %s[%lld] of cell %lld", name, (long long)index, (long long)cell);
    const char *at = golden->rows + (size_t)cell * golden->layout.row_bytes + column->offset;
    switch (column->type) {
    case LN_I8:
        return ((const int8_t *)at)[index];
    case LN_I32:
        return ((const int32_t *)at)[index];
    case LN_I64:
        return (double)((const int64_t *)at)[index];
    default:
        return ((const double *)at)[index];
    }
}

double golden_at(const struct golden *golden, int64_t cell, const char *series, int64_t step,
                 int64_t index) {
    int count, record = 0;
    const int64_t *steps = ln_sweep_record_steps(golden->sweep, &count);
    const struct ln_column *column = ln_layout_find(&golden->layout, series);
    while (record < count && steps[record] != step)
        record++;
    if (record == count || !column)
        fail_msg("%s is not recorded at step %lld", series, (long long)step);
    int64_t each = ln_column_elements(&golden->layout, column) / count;
    return golden_number(golden, cell, series, record * each + index);
}

const char *golden_label(const struct golden *golden, int64_t cell) {
    return ln_label_names[(int)golden_number(golden, cell, "label", 0)];
}

const char *golden_verdict(const struct golden *golden, int64_t cell) {
    return ln_verdict_names[(int)golden_number(golden, cell, "verdict", 0)];
}

double golden_splitmix(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return 2.0 * ((double)(z >> 11) * 0x1p-53) - 1.0;
}

/* Half a unit of the last digit of a decimal number, and a little for its own rounding. */
static double half_unit(const char *digits) {
    const char *point = strchr(digits, '.'), *e = strchr(digits, 'e');
    long decimals = 0, exponent = e ? strtol(e + 1, NULL, 10) : 0;
    if (point)
        decimals = (long)strspn(point + 1, "0123456789");
    return 0.5 * (1.0 + 1e-6) * pow(10.0, (double)(exponent - decimals));
}

void golden_near(double number, double wanted, double tolerance, const char *file, int line) {
    if (fabs(number - wanted) <= tolerance)
        return;
    print_error("%.17g is not %.17g +- %.2g\n", number, wanted, tolerance);
    _fail(file, line);
}

void golden_shows(double number, const char *digits, const char *file, int line) {
    golden_near(number, strtod(digits, NULL), half_unit(digits), file, line);
}

void golden_loss(const struct golden *golden, int64_t cell, const char *table, const char *file,
                 int line) {
    const char *at = table;
    while (*at) {
        char *end, digits[40];
        long long step = strtoll(at, &end, 10);
        end += strspn(end, " ");
        size_t n = strcspn(end, ",");
        snprintf(digits, sizeof digits, "%.*s", (int)n, end);
        golden_shows(golden_at(golden, cell, "loss_series", step, 0), digits, file, line);
        at = end + n + strspn(end + n, ", ");
    }
}
