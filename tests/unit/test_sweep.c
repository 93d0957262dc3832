/* A sweep as a whole: keys, values, overrides, identity, places, matrices, recorded steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../src/sweep/text.h"
#include "linnet/model.h"
#include "linnet/problem.h"
#include "linnet/theory.h"
#include "linnet/train.h"
#include "small_schema.h"

static struct ln_sweep *good_set(const char *body, const char *const *sets, int n_sets) {
    char text[4096] = "linnet: 1\n";
    strcat(text, body);
    struct ln_sweep *sweep;
    struct ln_err err = {0};
    if (parse_small(text, strlen(text), sets, n_sets, &sweep, &err))
        fail_msg("%s", err.text);
    return sweep;
}

static struct ln_sweep *good(const char *body) {
    return good_set(body, NULL, 0);
}

static const struct ln_value *value(const struct ln_sweep *sweep, enum ln_section section,
                                    const char *name) {
    static struct ln_point point;
    ln_sweep_point(sweep, 0, &point);
    return ln_conf_value(&point.conf[section], name);
}

static void defaults_are_filled_in(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("");
    struct ln_point point;
    ln_sweep_point(sweep, 0, &point);
    assert_string_equal(point.entry[LN_PROBLEM]->name, "target");
    assert_int_equal(ln_conf_int(&point.conf[LN_MODEL], "depth"), 2);
    assert_int_equal(ln_conf_int(&point.conf[LN_LIMITS], "stop.hold"), 50);
    assert_false(ln_conf_is_set(&point.conf[LN_PROBLEM], "spectrum"));
    assert_null(point.entry[LN_LIMITS]);
    assert_string_equal(ln_sweep_name(sweep), "f"); /* of f.yaml */
    assert_null(ln_sweep_final(sweep)[0]);
    ln_sweep_free(sweep);
}

static void every_type_of_value_is_read(void **state) {
    (void)state;
    struct ln_sweep *sweep =
        good("name: every type\n"
             "problem: {spectrum: [2, 1.5e-1], matrix: [[1, 2, 3], [4, 5, -6.5]]}\n"
             "model: {depth: 1e1, width: 7, init: {kind: weights, layers: [[[1]], [[2, 3]]]}}\n"
             "train: {step_size: 0.25, is_stale: true, note: 'a: b', stop: {hold: 3}}\n"
             "random: {seed: 9007199254740991}\n");
    assert_string_equal(ln_sweep_name(sweep), "every type");
    assert_int_equal(value(sweep, LN_MODEL, "depth")->integer, 10);
    assert_int_equal(value(sweep, LN_MODEL, "width")->integers[0], 7);
    assert_int_equal(value(sweep, LN_PROBLEM, "spectrum")->count, 2);
    assert_true(value(sweep, LN_PROBLEM, "spectrum")->reals[1] == 0.15);
    const struct ln_matrix *matrix = value(sweep, LN_PROBLEM, "matrix")->matrices;
    assert_int_equal(matrix->rows, 2);
    assert_int_equal(matrix->cols, 3);
    assert_true(matrix->data[5] == -6.5);
    assert_int_equal(value(sweep, LN_INIT, "layers")->count, 2);
    assert_int_equal(value(sweep, LN_INIT, "layers")->matrices[1].cols, 2);
    assert_int_equal(value(sweep, LN_TRAIN, "is_stale")->integer, 1);
    assert_string_equal(value(sweep, LN_TRAIN, "note")->text, "a: b");
    assert_int_equal(value(sweep, LN_LIMITS, "stop.hold")->integer, 3);
    assert_int_equal(value(sweep, LN_RANDOM, "seed")->integer, 9007199254740991);
    ln_sweep_free(sweep);
}

static void names_of_observables_are_handed_on(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("record: {final: [loss, sharpness], series: [loss]}");
    assert_string_equal(ln_sweep_final(sweep)[1], "sharpness");
    assert_null(ln_sweep_final(sweep)[2]);
    assert_string_equal(ln_sweep_series(sweep)[0], "loss");
    assert_null(ln_sweep_series(sweep)[1]);
    ln_sweep_free(sweep);
}

static void the_text_is_kept_as_it_was(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("# a comment\nname:   x\n");
    size_t size;
    assert_string_equal(ln_sweep_text(sweep, &size), "linnet: 1\n# a comment\nname:   x\n");
    assert_int_equal(size, 32);
    ln_sweep_free(sweep);
}

static bool equal(const char *a, const char *b) {
    struct ln_sweep *x = good(a), *y = good(b);
    bool is_equal = strcmp(ln_sweep_canonical(x), ln_sweep_canonical(y)) == 0;
    ln_sweep_free(x);
    ln_sweep_free(y);
    return is_equal;
}

static void spelling_does_not_change_the_identity(void **state) {
    (void)state;
    assert_true(equal("name: a", "name: b\ndescription: c # d\n"));
    assert_true(equal("", "model: {depth: 2}"));
    assert_true(equal("train: {step_size: 0.5, max_steps: 100}",
                      "train:\n  max_steps: 1e2\n  step_size: 5.0e-1\n"));
    assert_true(equal("axes: {seed: {count: 3}}", "axes: {seed: [0, 1, 2]}"));
    assert_true(equal("axes: {depth: [2, 3]}", "model: {depth: 9}\naxes: {depth: [2, 3]}"));
    assert_true(equal("where: depth<3", "where: 'model.depth   <  3.0'"));
    assert_true(equal("problem: {matrix: [[1, 2]]}", "problem: {matrix: [[1.0, 2e0]]}"));
    assert_true(equal("train: {stop: {hold: 3}}", "train: {stop.hold: 3}"));
}

static void any_other_value_changes_the_identity(void **state) {
    (void)state;
    assert_false(equal("", "model: {depth: 3}"));
    assert_false(equal("axes: {depth: [2, 3]}", "axes: {depth: [3, 2]}"));
    assert_false(equal("axes: {depth: [2, 3]}", "axes: {model_depth: [2, 3]}"));
    assert_false(equal("axes: {depth: [2], seed: [1]}", "axes: {seed: [1], depth: [2]}"));
    assert_false(equal("where: depth < 3", "where: depth < 4"));
    assert_false(equal("where: depth - 2 - 1 < 3", "where: depth - (2 - 1) < 3"));
    assert_false(equal("record: {times: {log: 5}}", "record: {times: {linear: 5}}"));
    assert_false(equal("record: {final: [loss]}", "record: {series: [loss]}"));
    assert_false(equal("problem: {matrix: [[1, 2]]}", "problem: {matrix: [[1], [2]]}"));
    assert_false(equal("axes: {init_kind: [identity, gaussian]}",
                       "model: {init: {std: fan_in}}\naxes: {init_kind: [identity, gaussian]}"));
}

static void the_identity_lists_one_key_a_line(void **state) {
    (void)state;
    struct ln_sweep *sweep = good("train: {note: \"two\\nlines\"}\naxes: {step_size: [0.1, 100]}");
    const char *text = ln_sweep_canonical(sweep);
    assert_non_null(strstr(text, "\nmodel.depth = 2\n"));
    assert_non_null(strstr(text, "\ntrain.note = \"two\\nlines\"\n"));
    assert_non_null(strstr(text, "\naxes.step_size = train.step_size as step_size: [0.1, 100]\n"));
    assert_null(strstr(text, "\ntrain.step_size ="));
    ln_sweep_free(sweep);
}

static void overrides_replace_and_add(void **state) {
    (void)state;
    static const char *const sets[] = {
        "model.depth=5",       "train.stop.hold=7", "axes.step_size.count=2",
        "axes.seed=[4, 5, 6]", "where=seed < 6",    "model.init={kind: gaussian}",
        "name=other"};
    struct ln_sweep *sweep = good_set(
        "name: a\naxes: {step_size: {linspace: [1, 2], count: 9}}\nwhere: [seed > 9]\n", sets, 7);
    assert_int_equal(value(sweep, LN_MODEL, "depth")->integer, 5);
    assert_int_equal(value(sweep, LN_LIMITS, "stop.hold")->integer, 7);
    assert_int_equal(ln_sweep_n_cells(sweep), 6);
    assert_string_equal(ln_sweep_name(sweep), "other");
    struct ln_point point;
    assert_true(ln_sweep_point(sweep, 1, &point));
    assert_false(ln_sweep_point(sweep, 2, &point));
    assert_string_equal(point.entry[LN_INIT]->name, "gaussian");
    assert_non_null(strstr(ln_sweep_sets(sweep), "axes.step_size.count=2\naxes.seed=[4, 5, 6]\n"));
    ln_sweep_free(sweep);
}

static void locates(const struct ln_sweep *sweep, const char *key, const char *expected) {
    struct ln_err err = {0};
    ln_err_key(&err, key, "does not fit");
    assert_int_equal(ln_sweep_locate(sweep, &err), LN_INPUT);
    assert_string_equal(err.text, expected);
}

static void errors_about_keys_are_placed_in_the_file(void **state) {
    (void)state;
    static const char *const sets[] = {"train.max_steps=7"};
    struct ln_sweep *sweep = good_set(
        "model:\n  width: [2, 3]\naxes:\n  depth: [2, 3]\n  pair: {zip: {step_size: [1]}}\n", sets,
        1);
    locates(sweep, "model.width", "f.yaml:3:10: does not fit");
    locates(sweep, "model.depth", "f.yaml:5:10: does not fit");
    locates(sweep, "train.step_size", "f.yaml:6:27: does not fit");
    locates(sweep, "model.init.scale", "f.yaml:2:1: does not fit");
    locates(sweep, "problem.spectrum", "f.yaml:1:1: does not fit");
    locates(sweep, "train.max_steps", "--set:1:17: does not fit");
    struct ln_err err = {0};
    ln_err_set(&err, LN_INPUT, "about nothing");
    ln_sweep_locate(sweep, &err);
    assert_string_equal(err.text, "about nothing");
    ln_sweep_free(sweep);
}

static void steps_are(const char *body, int count, const int64_t *expected) {
    struct ln_sweep *sweep = good(body);
    int n;
    const int64_t *steps = ln_sweep_record_steps(sweep, &n);
    assert_int_equal(n, count);
    for (int i = 0; i < n; i++)
        assert_int_equal(steps[i], expected[i]);
    ln_sweep_free(sweep);
}

static void recorded_steps_begin_at_0_and_end_at_the_horizon(void **state) {
    (void)state;
    steps_are("record: {times: {log: 5}}", 5, (int64_t[]){0, 1, 10, 100, 1000});
    steps_are("record: {times: {linear: 5}}", 5, (int64_t[]){0, 250, 500, 750, 1000});
    steps_are("record: {times: {every: 400}}", 4, (int64_t[]){0, 400, 800, 1000});
    steps_are("record: {times: {every: 500}}", 3, (int64_t[]){0, 500, 1000});
    steps_are("record: {times: {list: [7, 3, 7]}}", 4, (int64_t[]){0, 3, 7, 1000});
    steps_are("record: {times: {log: 2}}", 2, (int64_t[]){0, 1000});
}

static void a_short_run_records_every_step_once(void **state) {
    (void)state;
    steps_are("train: {max_steps: 3}", 4, (int64_t[]){0, 1, 2, 3});
    steps_are("train: {max_steps: 3}\nrecord: {times: {linear: 64}}", 4, (int64_t[]){0, 1, 2, 3});
    steps_are("train: {max_steps: 1}", 2, (int64_t[]){0, 1});
    steps_are("train: {max_steps: 0}", 1, (int64_t[]){0});
}

static void the_longest_point_of_the_grid_sets_the_last_step(void **state) {
    (void)state;
    steps_are("axes: {max_steps: [10, 100, 20]}\nrecord: {times: {log: 4}}", 4,
              (int64_t[]){0, 1, 10, 100});
}

static void matrices_come_from_csv_files_beside_the_sweep(void **state) {
    (void)state;
    char folder[] = "/tmp/linnet-test-XXXXXX", csv[64], yaml[64];
    assert_non_null(mkdtemp(folder));
    snprintf(csv, sizeof csv, "%s/m.csv", folder);
    snprintf(yaml, sizeof yaml, "%s/s.yaml", folder);
    FILE *file = fopen(csv, "w");
    fputs("# two rows\n1, 2.5 ,3\n\n 4\t5 6e0 # end\n", file);
    fclose(file);
    static const char text[] = "linnet: 1\nproblem: {matrix: {file: m.csv}}\n";
    struct ln_sweep *sweep;
    struct ln_err err = {0};
    assert_int_equal(
        ln_sweep_parse_by(&small_schema, yaml, text, sizeof text - 1, NULL, 0, NULL, &sweep, &err),
        LN_OK);
    assert_non_null(
        strstr(ln_sweep_canonical(sweep), "\nproblem.matrix = [[1, 2.5, 3], [4, 5, 6]]\n"));
    ln_sweep_free(sweep);
    file = fopen(csv, "w");
    fputs("1 2\n3 x\n", file);
    fclose(file);
    assert_int_equal(
        ln_sweep_parse_by(&small_schema, yaml, text, sizeof text - 1, NULL, 0, NULL, &sweep, &err),
        LN_INPUT);
    assert_non_null(strstr(err.text, "/m.csv:2:3: 'x' is not a finite number"));
    unlink(csv);
    rmdir(folder);
}

static int fake_hdf5(const char *path, const char *dataset, int *rows, int *cols, double **data,
                     struct ln_err *err) {
    if (strcmp(path, "sub/m.h5") != 0 || strcmp(dataset, "a/b") != 0)
        return ln_err_set(err, LN_INPUT, "no dataset %s in %s", dataset, path);
    *rows = 10;
    *cols = 10;
    *data = calloc(100, sizeof **data);
    (*data)[99] = 7;
    return LN_OK;
}

static int parse_hdf5(const char *text, struct ln_sweep **sweep, struct ln_err *err) {
    return ln_sweep_parse_by(&small_schema, "sub/s.yaml", text, strlen(text), NULL, 0, fake_hdf5,
                             sweep, err);
}

static void matrices_come_from_hdf5_files_through_the_callback(void **state) {
    (void)state;
    struct ln_sweep *sweep;
    struct ln_err err = {0};
    assert_int_equal(
        parse_hdf5("linnet: 1\nproblem: {matrix: {file: m.h5, dataset: a/b}}", &sweep, &err),
        LN_OK);
    assert_true(value(sweep, LN_PROBLEM, "matrix")->matrices[0].data[99] == 7);
    assert_non_null(strstr(ln_sweep_canonical(sweep), "problem.matrix = matrix(10x10, xxh64 "));
    ln_sweep_free(sweep);
    assert_int_equal(
        parse_hdf5("linnet: 1\nproblem: {matrix: {file: m.h5, dataset: c}}", &sweep, &err),
        LN_INPUT);
    assert_string_equal(err.text, "sub/s.yaml:2:26: problem.matrix: no dataset c in sub/m.h5");
}

static void numbers_are_spelled_as_short_as_they_read_back(void **state) {
    (void)state;
    char out[LN_NUMBER_CHARS];
    assert_string_equal(ln_text_number(0.1, out), "0.1");
    assert_string_equal(ln_text_number(100, out), "100");
    assert_string_equal(ln_text_number(-0.0, out), "0");
    assert_string_equal(ln_text_number(0.1 + 0.2, out), "0.30000000000000004");
    assert_string_equal(ln_text_number(1e300, out), "1e+300");
}

static void the_distance_of_words_counts_single_slips(void **state) {
    (void)state;
    assert_int_equal(ln_text_distance("depth", "depth"), 0);
    assert_int_equal(ln_text_distance("dpeth", "depth"), 1);
    assert_int_equal(ln_text_distance("dept", "depth"), 1);
    assert_int_equal(ln_text_distance("Depth", "depth"), 0);
    assert_int_equal(ln_text_distance("", "abc"), 3);
    assert_int_equal(ln_text_distance("kitten", "sitting"), 3);
}

static char *reference_text(size_t *size) {
    char path[1024];
    const char *source = getenv("LINNET_SOURCE");
    snprintf(path, sizeof path, "%s/sweeps/reference.yaml", source ? source : ".");
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot open %s", path);
    char *text = calloc(1, 1 << 20);
    *size = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

static void the_reference_sweep_is_valid(void **state) {
    (void)state;
    size_t size;
    char *text = reference_text(&size);
    struct ln_sweep *sweep;
    struct ln_err err = {0};
    if (ln_sweep_parse("reference.yaml", text, size, NULL, 0, NULL, &sweep, &err))
        fail_msg("%s", err.text);
    ln_sweep_free(sweep);
    free(text);
}

/* The line "  # section kind" that opens the keys of an entry, up to the next such line. */
static void entry_is_documented(const char *text, const struct ln_part *part,
                                const struct ln_entry *entry) {
    char head[128], line[128];
    snprintf(head, sizeof head, "# %s.%s: %s\n", part->path, part->selector, entry->name);
    const char *at = strstr(text, head);
    if (!at)
        fail_msg("sweeps/reference.yaml has no line '# %s.%s: %s'", part->path, part->selector,
                 entry->name);
    const char *end = strstr(at, "\n\n");
    for (int i = 0; i < entry->n_params; i++) {
        snprintf(line, sizeof line, "#   %s: ", entry->params[i].name);
        const char *found = strstr(at, line);
        if (!found || (end && found > end))
            fail_msg("sweeps/reference.yaml does not document %s of %s '%s'", entry->params[i].name,
                     part->path, entry->name);
    }
}

static void the_reference_sweep_documents_every_key(void **state) {
    (void)state;
    size_t size;
    char *text = reference_text(&size), line[128];
    for (int p = 0; p < ln_schema.n_parts; p++) {
        const struct ln_part *part = &ln_schema.parts[p];
        for (int e = 0; part->catalogue && e < part->catalogue->n_entries; e++)
            entry_is_documented(text, part, part->catalogue->entries[e]);
        for (int i = 0; !part->catalogue && i < *part->n_params; i++) {
            snprintf(line, sizeof line, "# %s.%s: ", part->path, part->params[i].name);
            if (!strstr(text, line))
                fail_msg("sweeps/reference.yaml does not document %s.%s", part->path,
                         part->params[i].name);
        }
    }
    for (int e = 0; e < ln_observables.n_entries; e++) {
        snprintf(line, sizeof line, "#   %s: ", ln_observables.entries[e]->name);
        if (!strstr(text, line))
            fail_msg("sweeps/reference.yaml does not document the observable %s",
                     ln_observables.entries[e]->name);
    }
    for (int e = 0; e < ln_predictions.n_entries; e++) {
        snprintf(line, sizeof line, "#   %s: ", ln_predictions.entries[e]->name);
        if (!strstr(text, line))
            fail_msg("sweeps/reference.yaml does not document the prediction %s",
                     ln_predictions.entries[e]->name);
    }
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(every_type_of_value_is_read),
        cmocka_unit_test(names_of_observables_are_handed_on),
        cmocka_unit_test(the_text_is_kept_as_it_was),
        cmocka_unit_test(spelling_does_not_change_the_identity),
        cmocka_unit_test(any_other_value_changes_the_identity),
        cmocka_unit_test(the_identity_lists_one_key_a_line),
        cmocka_unit_test(overrides_replace_and_add),
        cmocka_unit_test(errors_about_keys_are_placed_in_the_file),
        cmocka_unit_test(recorded_steps_begin_at_0_and_end_at_the_horizon),
        cmocka_unit_test(a_short_run_records_every_step_once),
        cmocka_unit_test(the_longest_point_of_the_grid_sets_the_last_step),
        cmocka_unit_test(matrices_come_from_csv_files_beside_the_sweep),
        cmocka_unit_test(matrices_come_from_hdf5_files_through_the_callback),
        cmocka_unit_test(numbers_are_spelled_as_short_as_they_read_back),
        cmocka_unit_test(the_distance_of_words_counts_single_slips),
        cmocka_unit_test(the_reference_sweep_is_valid),
        cmocka_unit_test(the_reference_sweep_documents_every_key),
    };
    return cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
}
