/* Gradient flow of given networks against the numbers of an independent solver: cases A10, A11, A14
 * and the table of descent against flow of the notes on Nguegnang, Rauhut, Terstiege 2021, section
 * 7. */
#include "golden.h"

#include <math.h>
#include <stdio.h>

#define A2_START                                                                                   \
    "problem: {kind: target, spectrum: [3, 2, 1]}\n"                                               \
    "model: {kind: deep, width: [2, 2], init: {kind: weights, layers: ["                           \
    "[[0.5, 0.1, 0.2], [-0.1, 0.4, 0.3]], [[0.6, -0.2], [0.1, 0.5]], "                             \
    "[[0.4, 0.2], [0.1, 0.5], [-0.2, 0.3]]]}}\n"

static void a10_a_bottleneck_flows_to_its_own_level(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\n" A2_START
                    "train: {algorithm: flow, time_step: 0.25, max_steps: 32, rtol: 1e-13, stop: "
                    "{loss: 0}}\n"
                    "record: {times: {list: [0, 1, 2, 4, 8, 16, 32]}, "
                    "series: [loss, singular_values, balancedness]}\n");
    assert_loss(&run, 0,
                "1 5.177529821, 2 2.201782702, 4 0.7131017347, 8 0.5175915570, 16 0.5001217820, "
                "32 0.5000000057");
    assert_shows(golden_at(&run, 0, "singular_values_series", 4, 0), "2.994820444");
    assert_shows(golden_at(&run, 0, "singular_values_series", 4, 1), "1.676459289");
    assert_shows(golden_at(&run, 0, "singular_values_series", 8, 0), "3.000000915");
    assert_shows(golden_at(&run, 0, "singular_values_series", 8, 1), "1.986725082");
    for (int k = 1; k <= 32; k *= 2)
        assert_near(golden_at(&run, 0, "balancedness_series", k, 0),
                    golden_number(&run, 0, "balancedness_start", 0), 1e-12);
    golden_clear(&run);
}

static void a11_small_identity_starts_learn_mode_after_mode(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\n"
                    "problem: {kind: target, spectrum: [3, 2, 1]}\n"
                    "model: {kind: deep, depth: 3, init: {kind: identity, scale: 0.05}}\n"
                    "train: {algorithm: flow, time_step: 1, max_steps: 21, rtol: 1e-13, stop: "
                    "{loss: 0}}\n"
                    "record: {times: {every: 1}, series: [loss]}\n");
    assert_loss(&run, 0,
                "5 6.973826829, 6 6.649435372, 7 2.490334171, 8 2.468638532, 9 2.276913773, "
                "10 0.5157780915, 12 0.4980535667, 15 0.4921202178, 18 0.3999583289, "
                "19 0.1710670284, 20 4.183887319e-3, 21 1.323860992e-5");
    golden_clear(&run);
}

static void a14_an_unbalanced_scalar_network_grows_at_its_own_rate(void **state) {
    (void)state;
    static const char *const s[] = {"0.542367292433", "0.87739874463", "1.31767927969",
                                    "1.49126755309", "1.499983875"};
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, matrix: [[1.5]]}\n"
                          "model: {kind: deep, depth: 2, init: {kind: weights, "
                          "layers: [[[0.2]], [[1]]]}}\n"
                          "train: {algorithm: flow, time_step: 0.25, max_steps: 16, rtol: 1e-13, "
                          "stop: {loss: 0}}\n"
                          "record: {times: {list: [0, 1, 2, 4, 8, 16]}, series: [loss, "
                          "singular_values, balancedness]}\n");
    for (int i = 0; i < 5; i++) {
        assert_shows(golden_at(&run, 0, "singular_values_series", 1 << i, 0), s[i]);
        assert_near(golden_at(&run, 0, "balancedness_series", 1 << i, 0), 0.96, 1e-12);
    }
    golden_clear(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a10_a_bottleneck_flows_to_its_own_level),
        cmocka_unit_test(a11_small_identity_starts_learn_mode_after_mode),
        cmocka_unit_test(a14_an_unbalanced_scalar_network_grows_at_its_own_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
