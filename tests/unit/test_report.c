#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../../src/farm/report.h"

static void a_report_comes_through_its_words_unchanged(void **state) {
    (void)state;
    struct ln_report report = {0}, copy;
    double words[LN_REPORT_PARTS * LN_N_PART_WORDS];
    ln_report_point(&report, 7, 1.0, 2.0, 0.25, 3);
    ln_report_point(&report, 4, 5.0, 4.0, 0.0, -1);
    ln_report_point(&report, 7, 0.5, 3.0, 1.0, 3);
    ln_report_pack(&report, words);
    memset(&copy, 0x55, sizeof copy);
    ln_report_unpack(&copy, words);
    assert_int_equal(copy.n_parts, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(copy.parts[i].group, i == 0 ? 7 : 4);
        assert_memory_equal(&copy.parts[i].tally, &report.parts[i].tally, sizeof(struct ln_tally));
    }
    assert_int_equal(copy.parts[0].tally.count, 2);
    assert_true(copy.parts[0].tally.actual == 5.0 && copy.parts[0].tally.longest == 3.0);
    assert_true(copy.parts[0].tally.earlier == 1.25 && copy.parts[1].tally.earlier == 0.0);
    assert_int_equal(report.labels[3], 2);
}

static void an_empty_report_has_no_parts(void **state) {
    (void)state;
    struct ln_report report = {0}, copy;
    double words[LN_REPORT_PARTS * LN_N_PART_WORDS];
    ln_report_pack(&report, words);
    ln_report_unpack(&copy, words);
    assert_int_equal(copy.n_parts, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_comes_through_its_words_unchanged),
        cmocka_unit_test(an_empty_report_has_no_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
