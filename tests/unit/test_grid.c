/* Axes, their products and groups, filters, and the points of the cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "small_schema.h"

/* What follows the line "linnet: 1" must be good. */
static struct ln_sweep *good(const char *body) {
    char text[4096] = "linnet: 1\n";
    strcat(text, body);
    struct ln_sweep *sweep;
    struct ln_err err = {0};
    if (parse_small(text, strlen(text), NULL, 0, &sweep, &err))
        fail_msg("%s", err.text);
    return sweep;
}

/* The only axis has exactly these numbers. */
static void axis_is(const char *body, int count, const double *numbers) {
    struct ln_sweep *sweep = good(body);
    assert_int_equal(ln_sweep_n_axes(sweep), 1);
    const struct ln_axis *axis = ln_sweep_axis(sweep, 0);
    assert_int_equal(axis->count, count);
    for (int i = 0; i < count; i++)
        assert_true(axis->coords[0].numbers[i] == numbers[i]);
    ln_sweep_free(sweep);
}

static void a_list_is_taken_as_written(void **state) {
    (void)state;
    axis_is("axes: {step_size: [3, 0.1, 1e-3]}", 3, (double[]){3, 0.1, 1e-3});
}

static void a_range_includes_its_end_and_counts_decimals_exactly(void **state) {
    (void)state;
    axis_is("axes: {step_size: {range: [0.1, 0.7, 0.1]}}", 7,
            (double[]){0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7});
    axis_is("axes: {depth: {range: [10, 3, -3]}}", 3, (double[]){10, 7, 4});
    axis_is("axes: {depth: {range: [2, 2, 1]}}", 1, (double[]){2});
}

static void a_linspace_hits_both_ends(void **state) {
    (void)state;
    axis_is("axes: {step_size: {linspace: [0.1, 1], count: 4}}", 4, (double[]){0.1, 0.4, 0.7, 1});
    axis_is("axes: {step_size: {linspace: [0.1, 1], count: 1}}", 1, (double[]){0.1});
}

static void a_logspace_hits_whole_powers_exactly(void **state) {
    (void)state;
    axis_is("axes: {step_size: {logspace: [-3, 1], count: 5}}", 5,
            (double[]){1e-3, 1e-2, 1e-1, 1, 10});
}

static void powers_give_base_to_the_gamma_and_its_root(void **state) {
    (void)state;
    axis_is("axes: {step_size: {powers: {base: 4, from: -1, to: 1, count: 3}}}", 3,
            (double[]){0.25, 1, 4});
    axis_is("axes: {step_size: {powers: {base: 4, from: -1, to: 1, count: 3, sqrt: true}}}", 3,
            (double[]){0.5, 1, 2});
}

static void a_count_starts_where_it_is_told(void **state) {
    (void)state;
    axis_is("axes: {seed: {count: 3}}", 3, (double[]){0, 1, 2});
    axis_is("axes: {seed: {count: 3, from: 10}}", 3, (double[]){10, 11, 12});
}

static void concat_puts_forms_end_to_end(void **state) {
    (void)state;
    axis_is("axes: {depth: {concat: [[2, 3], {range: [4, 8, 2]}, {count: 1, from: 20}]}}", 6,
            (double[]){2, 3, 4, 6, 8, 20});
}

static void only_log_forms_make_a_log_axis(void **state) {
    (void)state;
    struct ln_sweep *sweep = good(
        "axes:\n  step_size: {concat: [{logspace: [-2, 0], count: 3}, [5]]}\n"
        "  init_scale: {logspace: [-1, 1], count: 3}\n"
        "  stop_loss: {concat: [{logspace: [-2, 0], count: 3}, {logspace: [1, 2], count: 2}]}\n");
    assert_false(ln_sweep_axis(sweep, 0)->is_log);
    assert_true(ln_sweep_axis(sweep, 1)->is_log);
    assert_true(ln_sweep_axis(sweep, 2)->is_log);
    ln_sweep_free(sweep);
}

static void cells_are_row_major_over_the_axes(void **state) {
    (void)state;
    struct ln_sweep *sweep =
        good("axes: {depth: [2, 3], step_size: [0.1, 0.2, 0.3], seed: {count: 4}}");
    assert_int_equal(ln_sweep_n_cells(sweep), 24);
    static const double step_sizes[] = {0.1, 0.2, 0.3};
    struct ln_point point;
    for (int cell = 0; cell < 24; cell++) {
        assert_true(ln_sweep_point(sweep, cell, &point));
        assert_int_equal(point.id, cell);
        assert_int_equal(ln_conf_int(&point.conf[LN_MODEL], "depth"), 2 + cell / 12);
        assert_true(ln_conf_real(&point.conf[LN_TRAIN], "step_size") == step_sizes[cell / 4 % 3]);
        assert_int_equal(point.seed[LN_STREAM_INIT], cell % 4);
    }
    ln_sweep_free(sweep);
}

static void without_axes_there_is_one_cell(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("model: {depth: 7}");
    struct ln_point point;
    assert_int_equal(ln_sweep_n_axes(sweep), 0);
    assert_int_equal(ln_sweep_n_cells(sweep), 1);
    assert_true(ln_sweep_point(sweep, 0, &point));
    assert_int_equal(ln_conf_int(&point.conf[LN_MODEL], "depth"), 7);
    ln_sweep_free(sweep);
}

static void an_axis_wins_over_the_value_in_its_section(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("model: {depth: 7}\naxes: {depth: [2, 3]}");
    struct ln_point point;
    ln_sweep_point(sweep, 1, &point);
    assert_int_equal(ln_conf_int(&point.conf[LN_MODEL], "depth"), 3);
    ln_sweep_free(sweep);
}

static void members_of_a_zip_group_move_together(void **state) {
    (void)state;
    struct ln_sweep *sweep =
        good("axes:\n  pair: {zip: {depth: [2, 3, 3], step_size: [0.5, 0.25, 0.125]}}\n"
             "  seed: {count: 2}\n");
    const struct ln_axis *axis = ln_sweep_axis(sweep, 0);
    assert_string_equal(axis->name, "pair");
    assert_int_equal(axis->n_coords, 2);
    assert_string_equal(axis->coords[1].name, "step_size");
    assert_string_equal(axis->coords[1].key, "train.step_size");
    assert_int_equal(ln_sweep_n_cells(sweep), 6);
    struct ln_point point;
    ln_sweep_point(sweep, 5, &point);
    assert_int_equal(ln_conf_int(&point.conf[LN_MODEL], "depth"), 3);
    assert_true(ln_conf_real(&point.conf[LN_TRAIN], "step_size") == 0.125);
    assert_int_equal(point.seed[LN_STREAM_DATA], 1);
    ln_sweep_free(sweep);
}

static void an_axis_over_kinds_switches_tables_and_defaults(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("model: {init: {std: fan_in}}\n"
                                  "axes: {init_kind: [identity, gaussian], depth: [2, 3]}");
    struct ln_point point;
    assert_null(ln_sweep_axis(sweep, 0)->coords[0].numbers);
    assert_string_equal(ln_sweep_axis(sweep, 0)->coords[0].texts[1], "gaussian");
    ln_sweep_point(sweep, 1, &point);
    assert_string_equal(point.entry[LN_INIT]->name, "identity");
    assert_true(ln_conf_real(&point.conf[LN_INIT], "scale") == 1);
    ln_sweep_point(sweep, 2, &point);
    assert_string_equal(point.entry[LN_INIT]->name, "gaussian");
    assert_true(ln_conf_real(&point.conf[LN_INIT], "scale") == 0.5);
    assert_true(ln_conf_is(&point.conf[LN_INIT], "std", "fan_in"));
    ln_sweep_free(sweep);
}

static void an_axis_over_kinds_and_one_over_their_parameter_multiply(void **state) {
    (void)state;
    struct ln_sweep *sweep =
        good("axes: {init_scale: [1, 2, 3], model.init.kind: [gaussian, identity]}");
    struct ln_point point;
    ln_sweep_point(sweep, 5, &point);
    assert_string_equal(point.entry[LN_INIT]->name, "identity");
    assert_true(ln_conf_real(&point.conf[LN_INIT], "scale") == 3);
    ln_sweep_point(sweep, 2, &point);
    assert_string_equal(point.entry[LN_INIT]->name, "gaussian");
    assert_true(ln_conf_real(&point.conf[LN_INIT], "scale") == 2);
    ln_sweep_free(sweep);
}

static void kinds_zipped_with_a_parameter_take_each_its_own_value(void **state) {
    (void)state;
    struct ln_sweep *sweep = /* -1 is out of range for gaussian, but never meets it */
        good("axes: {start: {zip: {init_kind: [identity, gaussian], init_scale: [-1, 2]}}}");
    struct ln_point point;
    ln_sweep_point(sweep, 0, &point);
    assert_string_equal(point.entry[LN_INIT]->name, "identity");
    assert_true(ln_conf_real(&point.conf[LN_INIT], "scale") == -1);
    ln_sweep_point(sweep, 1, &point);
    assert_string_equal(point.entry[LN_INIT]->name, "gaussian");
    assert_true(ln_conf_real(&point.conf[LN_INIT], "scale") == 2);
    ln_sweep_free(sweep);
}

static void lists_words_and_matrices_can_be_axes(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("axes:\n  width: [[2, 3], 4]\n  is_stale: [true, false]\n"
                                  "  matrix: [[[1, 2]], [[3, 4]]]\n");
    assert_null(ln_sweep_axis(sweep, 0)->coords[0].numbers);
    assert_string_equal(ln_sweep_axis(sweep, 0)->coords[0].texts[0], "[2, 3]");
    assert_string_equal(ln_sweep_axis(sweep, 2)->coords[0].texts[1], "[[3, 4]]");
    struct ln_point point;
    ln_sweep_point(sweep, 1, &point);
    assert_int_equal(ln_conf_value(&point.conf[LN_MODEL], "width")->count, 2);
    assert_true(ln_conf_bool(&point.conf[LN_TRAIN], "is_stale"));
    assert_true(ln_conf_matrix(&point.conf[LN_PROBLEM], "matrix")->data[1] == 4);
    ln_sweep_free(sweep);
}

static void names_of_axes_may_be_full_keys_or_their_ends(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("axes: {train.stop.hold: [1], stop_loss: [0.1], "
                                  "init.scale: [2], model_depth: [3]}");
    static const char *const keys[] = {"train.stop.hold", "train.stop.loss", "model.init.scale",
                                       "model.depth"};
    for (int a = 0; a < 4; a++)
        assert_string_equal(ln_sweep_axis(sweep, a)->coords[0].key, keys[a]);
    ln_sweep_free(sweep);
}

static void streams_have_seeds_of_their_own_where_given(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("random: {base: 9, seed: 1, data_seed: 2, init_seed: 3}");
    struct ln_point point;
    ln_sweep_point(sweep, 0, &point);
    assert_int_equal(point.base_seed, 9);
    assert_int_equal(point.seed[LN_STREAM_DATA], 2);
    assert_int_equal(point.seed[LN_STREAM_INIT], 3);
    assert_int_equal(point.seed[LN_STREAM_OTHER], 1);
    ln_sweep_free(sweep);
}

static int n_kept(const char *where) {
    char body[512];
    snprintf(body, sizeof body,
             "axes: {depth: [2, 3, 4, 5], step_size: [0.25, 0.5, 1], init_kind: [identity, "
             "gaussian]}\nwhere: %s\n",
             where);
    struct ln_sweep *sweep = good(body);
    struct ln_point point;
    int n = 0;
    for (int64_t cell = 0; cell < ln_sweep_n_cells(sweep); cell++)
        n += ln_sweep_point(sweep, cell, &point);
    ln_sweep_free(sweep);
    return n;
}

static void a_cell_left_out_by_where_is_reported_as_excluded(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("axes: {depth: [2, 3]}\nwhere: depth != 2\n");
    struct ln_point point;
    assert_false(ln_sweep_point(sweep, 0, &point));
    assert_int_equal(ln_conf_int(&point.conf[LN_MODEL], "depth"), 2); /* filled all the same */
    assert_true(ln_sweep_point(sweep, 1, &point));
    ln_sweep_free(sweep);
}

static void where_knows_arithmetic_logic_functions_and_words(void **state) {
    (void)state;
    assert_int_equal(n_kept("true"), 24);
    assert_int_equal(n_kept("step_size * depth < 2"), 2 * (4 + 2 + 0));
    assert_int_equal(n_kept("[step_size * depth < 2, depth >= 3]"), 2 * (3 + 1));
    assert_int_equal(n_kept("depth ^ 2 - 1 == 8"), 6);
    assert_int_equal(n_kept("-2 ^ 2 == -4"), 24);
    assert_int_equal(n_kept("2 ^ 3 ^ 2 == 512"), 24);
    assert_int_equal(n_kept("8 / 2 / 2 == 2 and 7 - 2 - 1 == 4"), 24);
    assert_int_equal(n_kept("depth == 2 or depth == 3 and step_size == 1"), 6 + 2);
    assert_int_equal(n_kept("(depth == 2 || depth == 3) && step_size == 1"), 4);
    assert_int_equal(n_kept("not depth == 2"), 18);
    assert_int_equal(n_kept("'!(depth == 2)'"), 18);
    assert_int_equal(n_kept("init_kind == 'gaussian'"), 12);
    assert_int_equal(n_kept("'model.init.kind != \"gaussian\" and depth < 3'"), 3);
    assert_int_equal(n_kept("max(depth, 4, 1) == 5"), 6);
    assert_int_equal(n_kept("min(depth, 4) == abs(-4)"), 12);
    assert_int_equal(n_kept("sqrt(depth - 1) == 2"), 6);
    assert_int_equal(n_kept("log10(100) == 2 and log(exp(1)) > 0.99"), 24);
    assert_int_equal(n_kept("stop.hold == 50 and max_steps == 1e3"), 24);
    assert_int_equal(n_kept("is_stale or depth == 5"), 6);
    assert_int_equal(n_kept("(depth < 3) == (step_size < 0.3)"), 2 * (1 + 6));
}

static void a_where_over_a_zip_member_sees_its_value(void **state) {
    (void)state;
    struct ln_sweep *sweep =
        good("axes: {pair: {zip: {depth: [2, 3], step_size: [1, 4]}}}\nwhere: step_size > depth");
    struct ln_point point;
    assert_false(ln_sweep_point(sweep, 0, &point));
    assert_true(ln_sweep_point(sweep, 1, &point));
    ln_sweep_free(sweep);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_taken_as_written),
        cmocka_unit_test(a_range_includes_its_end_and_counts_decimals_exactly),
        cmocka_unit_test(a_linspace_hits_both_ends),
        cmocka_unit_test(a_logspace_hits_whole_powers_exactly),
        cmocka_unit_test(powers_give_base_to_the_gamma_and_its_root),
        cmocka_unit_test(a_count_starts_where_it_is_told),
        cmocka_unit_test(concat_puts_forms_end_to_end),
        cmocka_unit_test(only_log_forms_make_a_log_axis),
        cmocka_unit_test(cells_are_row_major_over_the_axes),
        cmocka_unit_test(without_axes_there_is_one_cell),
        cmocka_unit_test(an_axis_wins_over_the_value_in_its_section),
        cmocka_unit_test(members_of_a_zip_group_move_together),
        cmocka_unit_test(an_axis_over_kinds_switches_tables_and_defaults),
        cmocka_unit_test(an_axis_over_kinds_and_one_over_their_parameter_multiply),
        cmocka_unit_test(kinds_zipped_with_a_parameter_take_each_its_own_value),
        cmocka_unit_test(lists_words_and_matrices_can_be_axes),
        cmocka_unit_test(names_of_axes_may_be_full_keys_or_their_ends),
        cmocka_unit_test(streams_have_seeds_of_their_own_where_given),
        cmocka_unit_test(a_cell_left_out_by_where_is_reported_as_excluded),
        cmocka_unit_test(where_knows_arithmetic_logic_functions_and_words),
        cmocka_unit_test(a_where_over_a_zip_member_sees_its_value),
    };
    return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
