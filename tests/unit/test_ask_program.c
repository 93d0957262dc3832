#include <string.h>
#include <time.h>

#include "linnet/ask_program.h"
#include "near.h"

static void the_answer_is_what_the_program_wrote_to_either_output(void **state) {
    (void)state;
    const char *const echo[] = {"echo", "-n", "a b", "$HOME;id", NULL};
    const char *const stat[] = {"stat", "/nothing/here", NULL};
    char answer[200];
    assert_int_equal(ln_ask_program(echo, 10, answer, sizeof answer), 0);
    assert_string_equal(answer, "a b $HOME;id"); /* no shell has seen it */
    assert_int_equal(ln_ask_program(stat, 10, answer, sizeof answer), 1);
    assert_non_null(strstr(answer, "/nothing/here"));
}

static void an_answer_too_long_is_cut_and_the_program_ends_by_itself(void **state) {
    (void)state;
    const char *const words[] = {"seq", "100000", NULL}; /* more than a pipe holds */
    char answer[6];
    assert_int_equal(ln_ask_program(words, 10, answer, sizeof answer), 0);
    assert_string_equal(answer, "1\n2\n3");
}

static void a_program_that_is_not_there_has_no_answer(void **state) {
    (void)state;
    const char *const words[] = {"linnet-no-such-program", NULL};
    char answer[20] = "before";
    assert_int_equal(ln_ask_program(words, 10, answer, sizeof answer), -1);
    assert_string_equal(answer, "");
}

static void a_program_that_does_not_end_is_killed_in_time(void **state) {
    (void)state;
    const char *const words[] = {"sleep", "600", NULL};
    char answer[20];
    time_t before = time(NULL);
    assert_int_equal(ln_ask_program(words, 0.2, answer, sizeof answer), -1);
    assert_true(time(NULL) - before < 60);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_what_the_program_wrote_to_either_output),
        cmocka_unit_test(an_answer_too_long_is_cut_and_the_program_ends_by_itself),
        cmocka_unit_test(a_program_that_is_not_there_has_no_answer),
        cmocka_unit_test(a_program_that_does_not_end_is_killed_in_time),
    };
    return cmocka_run_group_tests_name("ask_program", tests, NULL, NULL);
}
