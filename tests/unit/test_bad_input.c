/* Every bad text is refused with its position and a message that says what would be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "bad_input.h"
#include "small_schema.h"

static void check(const char *text, size_t size, const char *set, const char *at,
                  const char *says) {
    struct ln_sweep *sweep = NULL;
    struct ln_err err = {0};
    int status = parse_small(text, size, &set, set != NULL, &sweep, &err);
    bool is_right = status == LN_INPUT && sweep == NULL && err.status == LN_INPUT &&
                    strncmp(err.text, at, strlen(at)) == 0 && strstr(err.text, says);
    if (!is_right)
        print_error("expected %s ... %s\ngot      %s\n", at, says, status ? err.text : "no error");
    ln_sweep_free(sweep);
    assert_true(is_right);
}

static void is_refused_at_its_place(void **state) {
    const struct bad *bad = *state;
    char text[4096], at[64];
    snprintf(text, sizeof text, "%s%s", bad->is_whole ? "" : "linnet: 1\n", bad->text);
    snprintf(at, sizeof at, "%s:%d:%d: ", bad->set ? "--set" : "f.yaml", bad->line, bad->column);
    check(text, strlen(text), bad->set, at, bad->says);
}

static void a_bomb_of_aliases_is_refused_before_it_is_expanded(void **state) {
    (void)state;
    char text[2048] = "linnet: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; i++) {
        char line[128];
        snprintf(line, sizeof line, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1);
        strcat(text, line);
    }
    check(text, strlen(text), NULL, "f.yaml:2:5: ", "anchors and aliases");
}

static void a_text_over_four_mebibytes_is_refused(void **state) {
    (void)state;
    size_t size = (4 << 20) + 1;
    char *text = malloc(size);
    memset(text, '#', size);
    check(text, size, NULL, "f.yaml:1:1: ", "4194305 bytes");
    free(text);
}

static void a_million_open_brackets_are_refused(void **state) {
    (void)state;
    size_t size = 1 << 20;
    char *text = malloc(size);
    memset(text, '[', size);
    check(text, size, NULL, "f.yaml:1:17: ", "nested deeper");
    free(text);
}

static void binary_junk_is_refused(void **state) {
    (void)state;
    static const char elf[] = "\x7f"
                              "ELF\x02\x01\x01\0\0\0\0";
    static const char hdf5[] = "\x89HDF\r\n\x1a\n\0\0";
    static const char nul[] = "linnet: 1\nname: a\0b\n";
    static const char latin[] = "linnet: 1\nname: caf\xe9\n";
    static const char utf16[] = "\xff\xfel\0i\0";
    check(elf, sizeof elf - 1, NULL, "f.yaml:1:1: ", "byte 0x7f is not text");
    check(hdf5, sizeof hdf5 - 1, NULL, "f.yaml:1:1: ", "byte 0x89 is not text");
    check(nul, sizeof nul - 1, NULL, "f.yaml:2:8: ", "byte 0x00 is not text");
    check(latin, sizeof latin - 1, NULL, "f.yaml:2:10: ", "byte 0xe9 is not text");
    check(utf16, sizeof utf16 - 1, NULL, "f.yaml:1:1: ", "byte 0xff is not text");
}

static void random_bytes_never_crash_the_reader(void **state) {
    (void)state;
    static const char pieces[] = "linnet: 1\naxes: {depth: [2, 3]}\nwhere: 'depth < 3 and (1)'\n"
                                 "[]{}:,-&*!|>'\"%@`#?~ \n\tmodel: {init: {kind: gaussian}}";
    uint64_t seed = 12345;
    for (int round = 0; round < 20000; round++) {
        char text[160];
        size_t size = 0;
        while (size < sizeof text) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            size_t from = (seed >> 33) % (sizeof pieces - 1), n = 1 + (seed >> 50) % 24;
            while (n-- > 0 && size < sizeof text && from < sizeof pieces - 1)
                text[size++] = pieces[from++];
        }
        struct ln_sweep *sweep;
        struct ln_err err = {0};
        int status = parse_small(text, size, NULL, 0, &sweep, &err);
        assert_true(status == LN_OK ? sweep != NULL : status == LN_INPUT && err.text[0]);
        ln_sweep_free(sweep);
    }
}

int main(void) {
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(a_bomb_of_aliases_is_refused_before_it_is_expanded),
        cmocka_unit_test(a_text_over_four_mebibytes_is_refused),
        cmocka_unit_test(a_million_open_brackets_are_refused),
        cmocka_unit_test(binary_junk_is_refused),
        cmocka_unit_test(random_bytes_never_crash_the_reader),
    };
    enum { N_OTHERS = sizeof others / sizeof others[0] };
    struct CMUnitTest tests[N_BAD + N_OTHERS];
    for (int i = 0; i < N_BAD; i++) {
        struct CMUnitTest test = {.name = table[i].name, .test_func = is_refused_at_its_place};
        struct bad *bad = malloc(sizeof *bad);
        *bad = table[i];
        test.initial_state = bad;
        tests[i] = test;
    }
    memcpy(tests + N_BAD, others, sizeof others);
    int failed = cmocka_run_group_tests_name("bad_input", tests, NULL, NULL);
    for (int i = 0; i < N_BAD; i++)
        free(tests[i].initial_state);
    return failed;
}
