#include <string.h>

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/random.h"
#include "linnet/utf8.h"
#include "near.h"

static void setting_an_error_returns_its_status_and_formats_the_message(void **state) {
    (void)state;
    struct ln_err err = {.where = "old.key"};
    assert_int_equal(ln_err_set(&err, LN_FATAL, "row %d of %s", 7, "a.h5"), LN_FATAL);
    assert_int_equal(err.status, LN_FATAL);
    assert_string_equal(err.text, "row 7 of a.h5");
    assert_string_equal(err.where, "");
}

static void an_error_about_a_key_is_an_input_error_that_names_it(void **state) {
    (void)state;
    struct ln_err err;
    assert_int_equal(ln_err_key(&err, "model.width", "%d is too many", 3), LN_INPUT);
    assert_int_equal(err.status, LN_INPUT);
    assert_string_equal(err.where, "model.width");
    assert_string_equal(err.text, "3 is too many");
}

static void a_prefix_keeps_message_key_and_status(void **state) {
    (void)state;
    struct ln_err err;
    ln_err_key(&err, "train.step_size", "must be positive");
    assert_int_equal(ln_err_prefix(&err, "%s:%d:%d: ", "s.yaml", 3, 14), LN_INPUT);
    assert_string_equal(err.text, "s.yaml:3:14: must be positive");
    assert_string_equal(err.where, "train.step_size");
}

static void a_message_that_is_too_long_is_cut_and_still_ends(void **state) {
    (void)state;
    struct ln_err err;
    char letters[4000];
    memset(letters, 'x', sizeof letters - 1);
    letters[sizeof letters - 1] = '\0';
    ln_err_key(&err, letters, "%s", letters);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(strlen(err.where), sizeof err.where - 1);
    ln_err_prefix(&err, "here: ");
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_memory_equal(err.text, "here: xxx", 9);
}

static struct ln_layout small_layout(void) {
    struct ln_layout layout = {.n_dims = 2,
                               .dims = {{.name = "record", .size = 5}, {.name = "mode", .size = 3}},
                               .n_columns = 5};
    struct ln_column columns[] = {
        {.name = "label", .type = LN_I8},
        {.name = "flags", .type = LN_I32, .n_extra = 1, .extra = {1}},
        {.name = "steps", .type = LN_I64},
        {.name = "few", .type = LN_I8, .n_extra = 1, .extra = {0}},
        {.name = "values", .type = LN_F64, .n_extra = 2, .extra = {0, 1}},
    };
    memcpy(layout.columns, columns, sizeof columns);
    ln_layout_finish(&layout);
    return layout;
}

static void a_layout_places_columns_one_after_the_other_at_multiples_of_eight(void **state) {
    (void)state;
    static const size_t offset[] = {0, 8, 24, 32, 40}, bytes[] = {1, 12, 8, 5, 120};
    struct ln_layout layout = small_layout();
    for (int i = 0; i < layout.n_columns; i++) {
        assert_int_equal(layout.columns[i].offset, offset[i]);
        assert_int_equal(layout.columns[i].bytes, bytes[i]);
    }
    assert_int_equal(layout.row_bytes, 160);
}

static void a_column_has_the_product_of_its_dimensions_as_elements(void **state) {
    (void)state;
    struct ln_layout layout = small_layout();
    assert_int_equal(ln_column_elements(&layout, &layout.columns[0]), 1);
    assert_int_equal(ln_column_elements(&layout, &layout.columns[1]), 3);
    assert_int_equal(ln_column_elements(&layout, &layout.columns[4]), 15);
}

static void a_column_is_found_by_its_whole_name_only(void **state) {
    (void)state;
    struct ln_layout layout = small_layout();
    assert_ptr_equal(ln_layout_find(&layout, "steps"), &layout.columns[2]);
    assert_null(ln_layout_find(&layout, "step"));
    assert_null(ln_layout_find(&layout, "steps_"));
}

/* Source: kat_vectors of Random123 1.14, philox4x64 with 10 rounds. */
static void the_bits_are_the_known_answers_of_philox(void **state) {
    (void)state;
    static const struct {
        uint64_t counter[4], key[2], answer[4];
    } known[] = {
        {{0, 0, 0, 0},
         {0, 0},
         {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
        {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
         {UINT64_MAX, UINT64_MAX},
         {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
        {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
         {0x452821e638d01377, 0xbe5466cf34e90c6c},
         {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct ln_random random;
        ln_random_init(&random, 0, 0, LN_STREAM_DATA);
        memcpy(random.counter, known[i].counter, sizeof random.counter);
        memcpy(random.key, known[i].key, sizeof random.key);
        for (int k = 0; k < 4; k++)
            assert_true(ln_random_bits(&random) == known[i].answer[k]);
    }
}

static void base_seed_and_stream_stand_in_key_and_counter(void **state) {
    (void)state;
    struct ln_random random;
    ln_random_init(&random, 11, 22, LN_STREAM_OTHER);
    assert_true(random.key[0] == 11 && random.key[1] == 22);
    assert_true(random.counter[3] == LN_STREAM_OTHER && random.counter[0] == 0);
}

static void the_same_base_seed_and_stream_draw_the_same_numbers(void **state) {
    (void)state;
    double a[101], b[101];
    struct ln_random random;
    ln_random_init(&random, 5, 6, LN_STREAM_INIT);
    ln_random_normals(&random, 101, a);
    memset(&random, 0xff, sizeof random);
    ln_random_init(&random, 5, 6, LN_STREAM_INIT);
    for (int i = 0; i < 101; i++)
        b[i] = ln_random_normal(&random);
    assert_memory_equal(a, b, sizeof a);
}

/* Correlation of n normals of two streams; of independent ones it is normal with variance 1/n. */
static double correlation(struct ln_random a, struct ln_random b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += ln_random_normal(&a) * ln_random_normal(&b);
    return sum / n;
}

static void another_base_seed_or_stream_draws_independent_numbers(void **state) {
    (void)state;
    enum { N = 20000 };
    struct ln_random random[4];
    ln_random_init(&random[0], 1, 2, LN_STREAM_DATA);
    ln_random_init(&random[1], 2, 2, LN_STREAM_DATA);
    ln_random_init(&random[2], 1, 3, LN_STREAM_DATA);
    ln_random_init(&random[3], 1, 2, LN_STREAM_INIT);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            assert_near(correlation(random[i], random[j], N), 0, 4.5 / sqrt((double)N));
}

static void uniform_numbers_lie_strictly_between_0_and_1_and_fill_the_interval(void **state) {
    (void)state;
    enum { N = 100000, BINS = 20 };
    int count[BINS] = {0};
    struct ln_random random;
    ln_random_init(&random, 3, 4, LN_STREAM_DATA);
    for (int i = 0; i < N; i++) {
        double x = ln_random_uniform(&random);
        assert_true(x > 0 && x < 1);
        count[(int)(x * BINS)]++;
    }
    for (int i = 0; i < BINS; i++)
        assert_near(count[i], (double)N / BINS, 4.5 * sqrt((double)N / BINS));
}

/* The ends of the range of the bits: 0 must not become 0, all ones must not become 1. */
static void no_bits_give_a_uniform_of_exactly_0_or_1(void **state) {
    (void)state;
    struct ln_random random = {.block = {0, UINT64_MAX, 0, UINT64_MAX}, .left = 4};
    assert_true(ln_random_uniform(&random) > 0);
    assert_true(ln_random_uniform(&random) < 1);
}

static void normal_numbers_have_the_moments_of_the_standard_normal(void **state) {
    (void)state;
    enum { N = 400000 };
    double moment[5] = {0};
    struct ln_random random;
    ln_random_init(&random, 8, 9, LN_STREAM_OTHER);
    for (int i = 0; i < N; i++) {
        double x = ln_random_normal(&random), power = 1;
        for (int k = 0; k < 5; k++, power *= x)
            moment[k] += power / N;
    }
    double sigma = 4.5 / sqrt((double)N); /* variances of x, x^2, x^3, x^4: 1, 2, 15, 96 */
    assert_near(moment[1], 0, sigma);
    assert_near(moment[2], 1, sigma * sqrt(2.0));
    assert_near(moment[3], 0, sigma * sqrt(15.0));
    assert_near(moment[4], 3, sigma * sqrt(96.0));
}

/* The two of one Box-Muller pair share a radius and are independent all the same. */
static void neighbouring_normals_are_uncorrelated(void **state) {
    (void)state;
    enum { N = 100000 };
    double sum = 0, squares = 0;
    struct ln_random random;
    ln_random_init(&random, 8, 10, LN_STREAM_OTHER);
    for (int i = 0; i < N; i++) {
        double x = ln_random_normal(&random), y = ln_random_normal(&random);
        sum += x * y / N;
        squares += (x * x - 1) * (y * y - 1) / N;
    }
    assert_near(sum, 0, 4.5 / sqrt((double)N));
    assert_near(squares, 0, 4.5 * 2 / sqrt((double)N));
}

/* Box-Muller makes pairs: an odd count must not shift what comes after. */
static void normals_drawn_in_two_parts_are_those_drawn_at_once(void **state) {
    (void)state;
    double whole[9], parts[9];
    struct ln_random random;
    ln_random_init(&random, 1, 1, LN_STREAM_INIT);
    ln_random_normals(&random, 9, whole);
    ln_random_init(&random, 1, 1, LN_STREAM_INIT);
    ln_random_normals(&random, 3, parts);
    ln_random_normals(&random, 6, parts + 3);
    assert_memory_equal(whole, parts, sizeof whole);
}

static void what_a_terminal_would_act_on_is_shown_as_an_escape(void **state) {
    (void)state;
    char out[200];
    ln_utf8_show("\x1b[31m\a \x7f \xc2\x9b \xe2\x80\xae caf\xc3\xa9 \xff \xc3", false, out,
                 sizeof out);
    assert_string_equal(out, "\\x1b[31m\\x07 \\x7f \\u009b \\u202e caf\xc3\xa9 \\xff \\xc3");
    assert_true(ln_utf8_is_plain(out));
    assert_false(ln_utf8_is_plain("a\nb"));
    assert_false(ln_utf8_is_plain("\xed\xa0\x80")); /* half a surrogate pair */
    assert_false(ln_utf8_is_plain("\xc0\xaf"));     /* a slash written too long */
}

static void line_ends_stay_only_where_our_own_messages_have_them(void **state) {
    (void)state;
    char out[64];
    assert_string_equal(ln_utf8_show("a\n  b\nc\n", true, out, sizeof out), "a\n  b\\nc\\n");
    assert_string_equal(ln_utf8_show("a\n  b", false, out, sizeof out), "a\\n  b");
}

static void a_text_shown_is_cut_between_characters(void **state) {
    (void)state;
    char out[6];
    assert_string_equal(ln_utf8_show("abcd\xc3\xa9", false, out, sizeof out), "abcd");
    assert_string_equal(ln_utf8_show("abc\xff", false, out, sizeof out), "abc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_returns_its_status_and_formats_the_message),
        cmocka_unit_test(an_error_about_a_key_is_an_input_error_that_names_it),
        cmocka_unit_test(a_prefix_keeps_message_key_and_status),
        cmocka_unit_test(a_message_that_is_too_long_is_cut_and_still_ends),
        cmocka_unit_test(a_layout_places_columns_one_after_the_other_at_multiples_of_eight),
        cmocka_unit_test(a_column_has_the_product_of_its_dimensions_as_elements),
        cmocka_unit_test(a_column_is_found_by_its_whole_name_only),
        cmocka_unit_test(the_bits_are_the_known_answers_of_philox),
        cmocka_unit_test(base_seed_and_stream_stand_in_key_and_counter),
        cmocka_unit_test(the_same_base_seed_and_stream_draw_the_same_numbers),
        cmocka_unit_test(another_base_seed_or_stream_draws_independent_numbers),
        cmocka_unit_test(uniform_numbers_lie_strictly_between_0_and_1_and_fill_the_interval),
        cmocka_unit_test(no_bits_give_a_uniform_of_exactly_0_or_1),
        cmocka_unit_test(normal_numbers_have_the_moments_of_the_standard_normal),
        cmocka_unit_test(neighbouring_normals_are_uncorrelated),
        cmocka_unit_test(normals_drawn_in_two_parts_are_those_drawn_at_once),
        cmocka_unit_test(what_a_terminal_would_act_on_is_shown_as_an_escape),
        cmocka_unit_test(line_ends_stay_only_where_our_own_messages_have_them),
        cmocka_unit_test(a_text_shown_is_cut_between_characters),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
