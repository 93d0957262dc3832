/* Long computations give up when somebody asks them to, and nothing they have made is believed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/engine.h"
#include "linnet/interrupt.h"
#include "linnet/linalg.h"
#include "linnet/plan.h"
#include "linnet/saddles.h"
#include "near.h"

#include "../../src/sweep/sort.h"

/* Asked so many times it says no, then yes. */
static bool ask(void *ctx) {
    int *patience = ctx;
    return (*patience)-- <= 0;
}

static void be_patient(int *patience) {
    ln_interrupt_by((struct ln_interrupt){patience ? ask : NULL, patience});
}

static void nobody_is_asked_unless_somebody_is_named(void **state) {
    (void)state;
    int patience = 0;
    be_patient(NULL);
    assert_false(ln_interrupt_is_due() || ln_interrupt_has_cut());
    be_patient(&patience);
    assert_false(ln_interrupt_has_cut());
    assert_true(ln_interrupt_is_due() && ln_interrupt_has_cut() && ln_interrupt_is_due());
    struct ln_interrupt before = ln_interrupt_by((struct ln_interrupt){0});
    assert_true(before.ask == ask && before.ctx == &patience);
    assert_false(ln_interrupt_is_due() || ln_interrupt_has_cut());
}

/* y = diag(1, 2, ..., n) x */
struct ramp {
    int n, n_products;
};

static void apply_ramp(void *ctx, double *y, const double *x) {
    struct ramp *ramp = ctx;
    for (int i = 0; i < ramp->n; i++)
        y[i] = (i + 1) * x[i];
    ramp->n_products++;
}

static void lanczos_gives_up_between_two_products(void **state) {
    (void)state;
    struct ramp whole = {400, 0}, cut = {400, 0};
    double lambda, residual;
    int patience = 0;
    assert_true(ln_lanczos_extreme(&lambda, &residual, apply_ramp, &whole, whole.n, 1));
    assert_near(lambda, 400, 1e-6);
    be_patient(&patience);
    assert_false(ln_lanczos_extreme(&lambda, &residual, apply_ramp, &cut, cut.n, 1));
    be_patient(NULL);
    assert_true(isnan(lambda) && isnan(residual));
    assert_true(whole.n_products > 20 && cut.n_products <= 1);
}

static void a_walk_along_saddles_gives_up_between_two_jumps(void **state) {
    (void)state;
    const double x[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, y[3] = {3, 2, 1};
    const struct ln_regression regression = {.n = 3, .d = 3, .x = x, .y = y, .c = 1};
    struct ln_saddles saddles;
    int patience = 0;
    assert_int_equal(ln_saddles_walk(&regression, &saddles), LN_SADDLES_DONE);
    assert_int_equal(saddles.n_jumps, 3);
    ln_saddles_clear(&saddles);
    be_patient(&patience);
    assert_int_equal(ln_saddles_walk(&regression, &saddles), LN_SADDLES_INTERRUPTED);
    be_patient(NULL);
    assert_true(saddles.n_jumps < 3 && isnan(saddles.certificate));
    ln_saddles_clear(&saddles);
}

static int compare(const void *a, const void *b) {
    const int *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void many_items_are_sorted_and_sorting_gives_up(void **state) {
    (void)state;
    static const size_t counts[] = {0, 1, 1000, 32768, 32769, 100000, 300001};
    int patience = 0;
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        int *items = ln_linalg_alloc(counts[k], sizeof *items);
        for (size_t i = 0; i < counts[k]; i++)
            items[i] = (int)(i * 7919 % 400009); /* 400009 is a prime */
        assert_true(ln_sort(items, counts[k], sizeof *items, compare));
        for (size_t i = 1; i < counts[k]; i++)
            assert_true(items[i - 1] < items[i]);
        be_patient(&patience);
        assert_int_equal(ln_sort(items, counts[k], sizeof *items, compare), counts[k] == 0);
        be_patient(NULL);
        free(items);
    }
}

static void what_is_held_is_not_interrupted_and_what_was_cut_is_known_after_it(void **state) {
    (void)state;
    int patience = 0;
    be_patient(&patience);
    ln_interrupt_hold(true);
    assert_false(ln_interrupt_is_due() || ln_interrupt_has_cut());
    ln_interrupt_hold(false);
    assert_false(ln_interrupt_has_cut());
    assert_true(ln_interrupt_is_due());
    ln_interrupt_hold(true);
    assert_false(ln_interrupt_is_due() || ln_interrupt_has_cut());
    ln_interrupt_hold(false);
    assert_true(ln_interrupt_is_due() && ln_interrupt_has_cut());
    be_patient(NULL);
}

static struct ln_sweep *parse(const char *text) {
    struct ln_sweep *sweep = NULL;
    struct ln_err err = {0};
    if (ln_sweep_parse("test", text, strlen(text), NULL, 0, NULL, &sweep, &err))
        fail_msg("%s", err.text);
    return sweep;
}

#define HEAD                                                                                       \
    "linnet: 1\nproblem: {kind: target, spectrum: [2, 1, 0.5], basis: random}\n"                   \
    "model: {kind: deep, depth: 2, width: 40, init: {kind: gaussian, scale: 1.0, std: fan_in}}\n"  \
    "axes: {step_size: {linspace: [0.01, 0.1], count: 5}, seed: {count: 2}}\n"
#define TRAIN "train: {algorithm: gd, max_steps: 40, stop: {loss: 0}}\n"

static void planning_gives_up_and_leaves_no_plan(void **state) {
    (void)state;
    struct ln_sweep *sweep = parse(HEAD TRAIN);
    struct ln_plan *plan = NULL;
    struct ln_layout *layout = ln_linalg_alloc(1, sizeof *layout);
    struct ln_err err = {0};
    size_t least;
    int patience = 0;
    be_patient(&patience);
    assert_int_equal(ln_plan_create(sweep, NULL, &plan, &err), LN_STOPPED);
    assert_null(plan);
    assert_int_equal(ln_engine_layout(sweep, layout, &err), LN_STOPPED);
    be_patient(NULL);
    assert_int_equal(ln_engine_layout(sweep, layout, &err), LN_OK);
    assert_int_equal(ln_engine_least_row(sweep, &least, &err), LN_OK);
    assert_true(0 < least && least <= layout->row_bytes);
    free(layout);
    ln_sweep_free(sweep);
}

enum { MOST_POINTS = 10, MOST_BYTES = 1 << 16 };

/* A worker that can be told to stop in the middle of whatever is long. */
struct job {
    const struct ln_layout *layout;
    int64_t n_cells, next, n_parked;
    bool is_done[MOST_POINTS], is_given[MOST_POINTS];
    char *rows[MOST_POINTS];
    char *parked[MOST_POINTS];
    size_t sizes[MOST_POINTS];
};

static bool next(void *ctx, int64_t *cell) {
    struct job *job = ctx;
    for (*cell = 0; *cell < job->n_cells; (*cell)++)
        if (!job->is_done[*cell] && !job->is_given[*cell])
            return job->is_given[*cell] = true;
    return false;
}

static int finish(void *ctx, int64_t cell, const void *row, struct ln_err *err) {
    struct job *job = ctx;
    (void)err;
    assert_false(job->is_done[cell]);
    memcpy(job->rows[cell], row, job->layout->row_bytes);
    return job->is_done[cell] = true, LN_OK;
}

static bool poll(void *ctx) {
    (void)ctx;
    return false;
}

static void park(void *ctx, int64_t cell, const void *bytes, size_t size) {
    struct job *job = ctx;
    assert_true(size <= MOST_BYTES);
    memcpy(job->parked[cell], bytes, size);
    job->sizes[cell] = size;
    job->n_parked++;
}

static const void *parked(void *ctx, int64_t cell, size_t *size) {
    struct job *job = ctx;
    *size = job->sizes[cell];
    return *size ? job->parked[cell] : NULL;
}

static void refuse(void *ctx, int64_t cell) {
    (void)ctx;
    fail_msg("what was parked of cell %d is refused", (int)cell);
}

static int run(struct job *job, const struct ln_sweep *sweep) {
    const struct ln_engine_hooks hooks = {job, next, finish, poll, park, parked, refuse, 0};
    struct ln_engine *engine;
    struct ln_err err = {0};
    memset(job->is_given, 0, sizeof job->is_given);
    assert_int_equal(ln_engine_create(sweep, job->layout, &engine, &err), LN_OK);
    int status = ln_engine_run(engine, &hooks, &err);
    ln_engine_free(engine);
    return status;
}

static void open_job(struct job *job, const struct ln_layout *layout,
                     const struct ln_sweep *sweep) {
    *job = (struct job){.layout = layout, .n_cells = ln_sweep_n_cells(sweep)};
    for (int i = 0; i < MOST_POINTS; i++) {
        job->rows[i] = ln_linalg_alloc(layout->row_bytes, 1);
        job->parked[i] = ln_linalg_alloc(MOST_BYTES, 1);
    }
}

static void close_job(struct job *job) {
    for (int i = 0; i < MOST_POINTS; i++) {
        free(job->rows[i]);
        free(job->parked[i]);
    }
}

/* Cut short again and again, at once and a little later every time, until all is done. */
static void check_rows(const char *train, const char *record) {
    char text[2048];
    struct job whole, cut;
    struct ln_layout *layout = ln_linalg_alloc(1, sizeof *layout);
    struct ln_err err = {0};
    int n_cuts = 0, status, patience;
    snprintf(text, sizeof text, HEAD "%srecord: {times: {list: [0, 7, 40]}, %s}\n", train, record);
    struct ln_sweep *sweep = parse(text);
    assert_int_equal(ln_engine_layout(sweep, layout, &err), LN_OK);
    open_job(&whole, layout, sweep);
    open_job(&cut, layout, sweep);
    assert_int_equal(run(&whole, sweep), LN_OK);
    do {
        patience = n_cuts % 2 ? 0 : n_cuts / 2;
        be_patient(&patience);
        status = run(&cut, sweep);
        be_patient(NULL);
        n_cuts += status == LN_STOPPED;
    } while (status == LN_STOPPED && n_cuts < 1000);
    assert_int_equal(status, LN_OK);
    assert_true(n_cuts >= 2 && cut.n_parked >= 2);
    for (int i = 0; i < MOST_POINTS; i++) {
        assert_true(whole.is_done[i] && cut.is_done[i]);
        assert_memory_equal(whole.rows[i], cut.rows[i], layout->row_bytes);
    }
    close_job(&whole);
    close_job(&cut);
    free(layout);
    ln_sweep_free(sweep);
}

static void a_record_that_was_cut_short_is_made_again_with_the_same_bits(void **state) {
    (void)state;
    check_rows(TRAIN, "series: [loss, sharpness]");
}

static void an_end_that_was_cut_short_is_made_again_with_the_same_bits(void **state) {
    (void)state;
    check_rows(TRAIN, "series: [loss], final: [loss, sharpness, lambda_min]");
}

/* It has no state to go on from, and all its training would be lost; the stop is heard after it. */
static void a_point_that_has_diverged_is_seen_to_its_end(void **state) {
    (void)state;
    struct ln_layout *layout = ln_linalg_alloc(1, sizeof *layout);
    struct ln_err err = {0};
    struct job whole, cut;
    int patience = 0;
    struct ln_sweep *sweep =
        parse(HEAD "train: {algorithm: gd, max_steps: 400, stop: {loss: 0, diverged: 0.1}}\n"
                   "record: {times: {list: [0]}, series: [loss, sharpness], final: [sharpness]}\n");
    assert_int_equal(ln_engine_layout(sweep, layout, &err), LN_OK);
    open_job(&whole, layout, sweep);
    open_job(&cut, layout, sweep);
    assert_int_equal(run(&whole, sweep), LN_OK);
    be_patient(&patience);
    assert_int_equal(run(&cut, sweep), LN_OK);
    be_patient(NULL);
    for (int i = 0; i < MOST_POINTS; i++) {
        assert_true(cut.is_done[i]);
        assert_memory_equal(whole.rows[i], cut.rows[i], layout->row_bytes);
    }
    close_job(&whole);
    close_job(&cut);
    free(layout);
    ln_sweep_free(sweep);
}

/* It asks for the sharpness there. */
static void a_start_that_was_cut_short_does_not_refuse_what_is_parked(void **state) {
    (void)state;
    check_rows("train: {algorithm: gd, step_unit: start, max_steps: 40, stop: {loss: 0}}\n",
               "series: [loss, sharpness]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_asked_unless_somebody_is_named),
        cmocka_unit_test(lanczos_gives_up_between_two_products),
        cmocka_unit_test(a_walk_along_saddles_gives_up_between_two_jumps),
        cmocka_unit_test(many_items_are_sorted_and_sorting_gives_up),
        cmocka_unit_test(what_is_held_is_not_interrupted_and_what_was_cut_is_known_after_it),
        cmocka_unit_test(planning_gives_up_and_leaves_no_plan),
        cmocka_unit_test(a_record_that_was_cut_short_is_made_again_with_the_same_bits),
        cmocka_unit_test(an_end_that_was_cut_short_is_made_again_with_the_same_bits),
        cmocka_unit_test(a_point_that_has_diverged_is_seen_to_its_end),
        cmocka_unit_test(a_start_that_was_cut_short_does_not_refuse_what_is_parked),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
