/* Gradient descent on given data and targets against the numbers of an independent solver, cases A1
 * to A13 of the notes on Nguegnang, Rauhut, Terstiege 2021. The sweep files say what each case is.
 */
#include "golden.h"

#include <stdio.h>
#include <string.h>

#include "linnet/linalg.h"

static void a1_two_layers_reach_the_least_squares_loss(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "two_layers.yaml");
    assert_loss(&run, 0,
                "0 7.2505000000000, 1 6.787139551046, 10 3.401307203511, 100 2.902764992548, "
                "1000 2.892857142857");
    assert_near(golden_number(&run, 0, "excess_loss", 0), 1.176e-21, 1e-22);
    assert_shows(golden_at(&run, 0, "gradient_norm_series", 0, 0), "4.833216320423");
    assert_shows(golden_number(&run, 0, "sharpness", 0), "14.830944855");
    assert_shows(golden_number(&run, 0, "singular_values", 0), "1.417891230837");
    assert_shows(golden_number(&run, 0, "singular_values", 1), "0.2015064903847");
    golden_clear(&run);
}

static void a1_balancedness_drifts(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "two_layers.yaml");
    assert_shows(golden_at(&run, 0, "balancedness_series", 0, 0), "0.232132034356");
    assert_shows(golden_at(&run, 0, "balancedness_series", 1, 0), "0.22896748772");
    assert_shows(golden_at(&run, 0, "balancedness_series", 10, 0), "0.2206283108594");
    assert_shows(golden_at(&run, 0, "balancedness_series", 100, 0), "0.2225551133705");
    assert_shows(golden_at(&run, 0, "balancedness_series", 1000, 0), "0.2225582543119");
    golden_clear(&run);
}

static void a1_the_balancedness_matrices_drift_from_their_start(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "two_layers.yaml");
    assert_near(golden_at(&run, 0, "balance_drift_series", 0, 0), 0, 0);
    assert_shows(golden_at(&run, 0, "balance_drift_series", 1, 0), "5.348620026333e-3");
    assert_shows(golden_at(&run, 0, "balance_drift_series", 10, 0), "2.539418218234e-2");
    assert_shows(golden_at(&run, 0, "balance_drift_series", 100, 0), "2.540948573892e-2");
    assert_shows(golden_at(&run, 0, "balance_drift_series", 1000, 0), "2.535011760950e-2");
    golden_clear(&run);
}

static void a1_ends_at_a_global_minimum(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "two_layers.yaml");
    assert_string_equal(golden_verdict(&run, 0), "global_minimum");
    assert_int_equal(golden_number(&run, 0, "reached_rank", 0), 2);
    assert_int_equal(golden_number(&run, 0, "top_k", 0), 1);
    golden_clear(&run);
}

static void a1_levels_are_those_of_the_whitened_target(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "two_layers.yaml");
    assert_shows(golden_number(&run, 0, "plateau_level", 0), "8.0000000000000");
    assert_shows(golden_number(&run, 0, "plateau_level", 1), "2.949427819506");
    assert_shows(golden_number(&run, 0, "reachable_loss", 0), "2.892857142857");
    golden_clear(&run);
}

static void a2_a_bottleneck_stops_at_its_own_level(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "bottleneck.yaml");
    assert_loss(&run, 0,
                "0 6.3964620000000, 1 6.346242942679, 10 5.593969226218, 100 0.5178324908497, "
                "1000 0.5000000000000");
    assert_shows(golden_number(&run, 0, "balancedness_start", 0), "0.2250657780875");
    assert_shows(golden_number(&run, 0, "balancedness", 0), "0.2131351473583");
    assert_shows(golden_number(&run, 0, "singular_values", 0), "3.0000000000");
    assert_shows(golden_number(&run, 0, "singular_values", 1), "2.0000000000");
    assert_near(golden_number(&run, 0, "singular_values", 2), 0, 1e-14);
    assert_shows(golden_number(&run, 0, "sharpness", 0), "12.995594934967");
    assert_string_equal(golden_verdict(&run, 0), "global_minimum");
    assert_int_equal(golden_number(&run, 0, "reached_rank", 0), 2);
    assert_shows(golden_number(&run, 0, "reachable_loss", 0), "0.5000000000000");
    golden_clear(&run);
}

/* Writes `layers: [...]`: factors of the given widths, filled row by row from SplitMix64. */
static size_t write_layers(char *text, size_t size, const int *widths, int n_layers, uint64_t seed,
                           double scale) {
    size_t used = (size_t)snprintf(text, size, "layers: [");
    for (int j = 1; j <= n_layers; j++) {
        used += (size_t)snprintf(text + used, size - used, "%s[", j > 1 ? ", " : "");
        for (int i = 0; i < widths[j] * widths[j - 1]; i++) {
            const char *before = i % widths[j - 1] ? ", " : i > 0 ? "], [" : "[";
            used += (size_t)snprintf(text + used, size - used, "%s%.17g", before,
                                     scale * golden_splitmix(&seed));
        }
        used += (size_t)snprintf(text + used, size - used, "]]");
    }
    return used + (size_t)snprintf(text + used, size - used, "]");
}

static void the_generator_of_the_reference_gives_its_printed_numbers(void **state) {
    (void)state;
    uint64_t seed = 2024;
    assert_true(golden_splitmix(&seed) == 0.24553107329221935);
    assert_true(golden_splitmix(&seed) == -0.8055361830246146);
    assert_true(golden_splitmix(&seed) == -0.40284767777328323);
}

static void a3_uneven_widths_and_mean_loss(void **state) {
    (void)state;
    char layers[4096], text[8192];
    write_layers(layers, sizeof layers, (const int[]){3, 4, 3, 3, 2}, 4, 2024, 0.7);
    snprintf(text, sizeof text,
             "linnet: 1\n"
             "problem: {kind: data, loss: mean, x: [[1, 2, 0, -1], [0, 1, 1, 1], [1, 0, -1, 2]], "
             "y: [[1, 0, 2, 1], [-1, 1, 0, 2]]}\n"
             "model: {kind: deep, width: [4, 3, 3], init: {kind: weights, %s}}\n"
             "train: {algorithm: gd, step_size: 0.05, max_steps: 5000, stop: {loss: 0}}\n"
             "record: {times: {list: [0, 1, 10, 100, 1000, 5000]}, series: [loss]}\n",
             layers);
    struct golden run;
    golden_run_text(&run, text);
    assert_loss(&run, 0,
                "0 1.55241274347, 1 1.513631298872, 10 1.256014188757, 100 0.5945500255617, "
                "1000 0.5837912087924, 5000 0.5837912087912");
    assert_shows(golden_number(&run, 0, "balancedness_start", 0), "0.8650379507323");
    assert_shows(golden_number(&run, 0, "balancedness", 0), "0.8633213985232");
    assert_shows(golden_number(&run, 0, "plateau_level", 0), "1.5000000000000");
    assert_shows(golden_number(&run, 0, "plateau_level", 1), "0.6268575154278");
    assert_shows(golden_number(&run, 0, "reachable_loss", 0), "0.5837912087912");
    golden_clear(&run);
}

static void a4_two_layers_end_on_a_strict_saddle(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "saddle.yaml");
    assert_loss(&run, 0,
                "0 2.5000000000000, 1 1.65685, 10 0.559111123349, 100 0.5000000003117, "
                "1000 0.5000000000000");
    assert_shows(golden_number(&run, 0, "sharpness", 0), "4.0000000000");
    assert_string_equal(golden_label(&run, 0), "plateau_r");
    assert_int_equal(golden_number(&run, 0, "saddle_modes", 0), 1);
    assert_string_equal(golden_verdict(&run, 0), "strict_saddle");
    assert_shows(golden_number(&run, 0, "lambda_min", 0), "-1.0000000000");
    assert_int_equal(golden_number(&run, 0, "reached_rank", 0), 1);
    assert_int_equal(golden_number(&run, 0, "top_k", 0), 1);
    golden_clear(&run);
}

static void a5_three_layers_approach_the_saddle_algebraically(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "saddle.yaml");
    assert_loss(&run, 1,
                "0 2.5000000000000, 1 1.3668525, 10 0.5724091673281, 100 0.5006297014654, "
                "1000 0.50000094541, 10000 0.5000000009937");
    assert_shows(golden_number(&run, 1, "gradient_norm", 0), "1.7247e-6");
    assert_shows(golden_number(&run, 1, "lambda_min", 0), "-9.979e-4");
    assert_string_equal(golden_verdict(&run, 1), "not_finished");
    assert_int_equal(golden_number(&run, 1, "verdict_plateau", 0), 1);
    assert_string_equal(golden_label(&run, 1), "plateau_r");
    assert_int_equal(golden_number(&run, 1, "saddle_modes", 0), 1);
    golden_clear(&run);
}

/* Balancedness is a difference of numbers near 0.5: only its rounding is known, so the first two
 * are compared with a run in 40 digits. */
static void a6_a_small_step_keeps_a_balanced_start_balanced(void **state) {
    (void)state;
    const double rounding = 2e-15;
    struct golden run;
    golden_run_file(&run, "balanced_start.yaml");
    assert_loss(&run, 0,
                "0 6.7500000000000, 1 6.749694669245, 1000 6.449341873282, 100000 2.984297671404");
    assert_near(golden_at(&run, 0, "balancedness_series", 1, 0), 1.5761227150054e-9, rounding);
    assert_near(golden_at(&run, 0, "balancedness_series", 1000, 0), 1.5254980850263e-6, rounding);
    assert_shows(golden_at(&run, 0, "balancedness_series", 100000, 0), "1.582640676e-5");
    golden_clear(&run);
}

static void a7_step_sizes_falling_like_the_root_of_k_converge(void **state) {
    (void)state;
    char layers[4096], text[8192];
    write_layers(layers, sizeof layers, (const int[]){2, 3, 2}, 2, 7, 0.5);
    snprintf(text, sizeof text,
             "linnet: 1\n"
             "problem: {kind: data, x: [[1, 0, 2], [-1, 1, 1]], y: [[1, 2, -1], [0, 1, 3]]}\n"
             "model: {kind: deep, width: 3, init: {kind: weights, %s}}\n"
             "train: {algorithm: gd, step_size: 0.1, decay: 0.5, max_steps: 10000, "
             "stop: {loss: 0}}\n"
             "record: {times: {list: [0, 1, 10, 100, 1000, 10000]}, series: [loss]}\n",
             layers);
    struct golden run;
    golden_run_text(&run, text);
    assert_loss(&run, 0,
                "0 9.526199321345, 1 6.380842161007, 10 2.898819821681, 100 2.893085792021, "
                "1000 2.892857157108, 10000 2.892857142857");
    golden_clear(&run);
}

static void a8_below_the_threshold_a_large_start_converges(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "large_start.yaml");
    assert_loss(&run, 0, "0 199.52827848, 1 197.557666561, 2 187.5824916458, 10 0.025606715811");
    assert_shows(golden_at(&run, 0, "loss_series", 100, 0), "1.69301e-19");
    assert_string_equal(golden_label(&run, 0), "converged_monotone");
    assert_string_equal(golden_verdict(&run, 0), "global_minimum");
    assert_true(golden_number(&run, 0, "theory_divergence_step", 0) > 0.1);
    golden_clear(&run);
}

static void a9_above_the_threshold_the_loss_overflows_at_step_9(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "large_start.yaml");
    assert_loss(&run, 1, "0 201.364318805, 1 207.1838683164, 2 239.887088574");
    assert_string_equal(golden_label(&run, 1), "diverged");
    assert_int_equal(golden_number(&run, 1, "diverged_step", 0), 9);
    assert_string_equal(golden_verdict(&run, 1), "diverged");
    assert_true(golden_number(&run, 1, "theory_divergence_step", 0) < 0.1);
    golden_clear(&run);
}

static void a12_two_layers_leave_the_wrong_sign_quickly(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "balanced_start.yaml");
    assert_loss(&run, 1,
                "1 6.184052059098, 100 2.954931598492, 1000 2.892857265595, 2000 2.892857142857");
    assert_shows(golden_number(&run, 1, "sharpness", 0), "14.668619");
    assert_string_equal(golden_verdict(&run, 1), "global_minimum");
    golden_clear(&run);
}

static void a13_three_layers_wait_on_the_plateau_and_leave_it(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "balanced_start.yaml");
    assert_loss(&run, 2,
                "1 6.151357700007, 100 2.965772320534, 1000 2.9496478499, 10000 2.949427755053");
    assert_string_equal(golden_label(&run, 2), "plateau_r");
    assert_int_equal(golden_number(&run, 2, "saddle_modes", 0), 1);
    assert_shows(golden_number(&run, 2, "singular_values", 1), "1.148e-7");
    assert_true(golden_number(&run, 2, "plateau_leave", 1) == -1);
    assert_shows(golden_number(&run, 2, "lambda_min", 0), "-0.0229");
    assert_string_equal(golden_verdict(&run, 2), "not_finished");
    assert_int_equal(golden_number(&run, 2, "verdict_plateau", 0), 1);
    assert_int_equal(golden_number(&run, 2, "reached_rank", 0), 1);
    assert_string_equal(golden_verdict(&run, 3), "global_minimum");
    assert_loss(&run, 3, "10000 2.949427755053, 20000 2.892857142857");
    assert_true(golden_number(&run, 3, "plateau_leave", 1) > 10000);
    golden_clear(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a1_two_layers_reach_the_least_squares_loss),
        cmocka_unit_test(a1_balancedness_drifts),
        cmocka_unit_test(a1_the_balancedness_matrices_drift_from_their_start),
        cmocka_unit_test(a1_ends_at_a_global_minimum),
        cmocka_unit_test(a1_levels_are_those_of_the_whitened_target),
        cmocka_unit_test(a2_a_bottleneck_stops_at_its_own_level),
        cmocka_unit_test(the_generator_of_the_reference_gives_its_printed_numbers),
        cmocka_unit_test(a3_uneven_widths_and_mean_loss),
        cmocka_unit_test(a4_two_layers_end_on_a_strict_saddle),
        cmocka_unit_test(a5_three_layers_approach_the_saddle_algebraically),
        cmocka_unit_test(a6_a_small_step_keeps_a_balanced_start_balanced),
        cmocka_unit_test(a7_step_sizes_falling_like_the_root_of_k_converge),
        cmocka_unit_test(a8_below_the_threshold_a_large_start_converges),
        cmocka_unit_test(a9_above_the_threshold_the_loss_overflows_at_step_9),
        cmocka_unit_test(a12_two_layers_leave_the_wrong_sign_quickly),
        cmocka_unit_test(a13_three_layers_wait_on_the_plateau_and_leave_it),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("nguegnang", tests, NULL, NULL);
}
