/* Where gradient descent ends: random starts, certificates at exact critical points, and the
 * replicas of the published curves. Notes on Nguegnang, Rauhut, Terstiege 2021. */
#include "golden.h"

#include <stdio.h>

#include "linnet/linalg.h"

/* Targets of small least singular value take more than the 12 000 steps of the
 * notes. */
static void random_starts_end_at_global_minima(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: low_rank, rows: 3, rank: 3}\n"
                          "model: {kind: deep, init: {kind: gaussian, scale: 0.2886751345948129}}\n"
                          "train: {algorithm: gd, step_size: 0.05, max_steps: 200000}\n"
                          "record: {final: [verdict]}\n"
                          "axes:\n"
                          "  widths: {zip: {depth: [2, 2, 3, 3, 4], width: [3, 2, 3, [2, 4], 3]}}\n"
                          "  seed: {count: 25}\n");
    for (int i = 0; i < 125; i++)
        assert_string_equal(golden_verdict(&run, i), "global_minimum");
    golden_clear(&run);
}

/* Table 7.4: Phi = diag(2, 1), factors diagonal; entries of the diagonals, W_1 first. */
#define C "1.2599210498948732"
#define Q "1.189207115002721"
#define R "1.4142135623730951"

static const struct {
    int depth;
    const char *layers, *excess, *lambda_min, *lambda_max, *verdict;
    int rank;
    bool top_k;
} certificates[] = {
    {2, "0,0 0,0", "2.500000000000", "-2.000000000000", "2.000000000000", "strict_saddle", 0, true},
    {3, "0,0 0,0 0,0", "2.500000000000", "0.000000000000", "0.000000000000",
     "rank_k_minimum_nonstrict", 0, true},
    {3, "0,0 1,1 0,0", "2.500000000000", "-2.000000000000", "2.000000000000", "strict_saddle", 0,
     true},
    {3, C ",0 " C ",0 " C ",0", "0.500000000000", "0.000000000000", "7.559526299369",
     "rank_k_minimum_nonstrict", 1, true},
    {3, "0,1 0,1 0,1", "2.000000000000", "-1.000000000000", "3.000000000000", "strict_saddle", 1,
     false},
    {2, R ",0 " R ",0", "0.500000000000", "-1.000000000000", "4.000000000000", "strict_saddle", 1,
     true},
    {3, C ",0 " C ",1 " C ",0", "0.500000000000", "-1.000000000000", "7.559526299369",
     "strict_saddle", 1, true},
    {3, C ",1 " C ",1 " C ",1", "0.000000000000", "0.000000000000", "7.559526299369",
     "global_minimum", 2, true},
    {4, Q ",0 " Q ",0 " Q ",1 " Q ",0", "0.500000000000", "0.000000000000", "11.313708498985",
     "rank_k_minimum_nonstrict", 1, true},
    {4, Q ",0 " Q ",1 " Q ",1 " Q ",0", "0.500000000000", "-1.000000000000", "11.313708498985",
     "strict_saddle", 1, true},
};

/* "a,b c,d" as [[[a, 0], [0, b]], [[c, 0], [0, d]]]. */
static void write_diagonals(char *text, size_t size, const char *layers) {
    int read;
    char a[32], b[32];
    size_t used = (size_t)snprintf(text, size, "[");
    for (; sscanf(layers, " %31[^,],%31[^ ]%n", a, b, &read) == 2; layers += read)
        used += (size_t)snprintf(text + used, size - used, "[[%s, 0], [0, %s]], ", a, b);
    snprintf(text + used - 2, size - used + 2, "]");
}

static void c1_to_c10_certificates_at_exact_critical_points(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof certificates / sizeof certificates[0]; i++) {
        char layers[512], text[1024];
        struct golden run;
        write_diagonals(layers, sizeof layers, certificates[i].layers);
        snprintf(text, sizeof text,
                 "linnet: 1\nproblem: {kind: target, spectrum: [2, 1]}\n"
                 "model: {kind: deep, depth: %d, init: {kind: weights, layers: %s}}\n"
                 "train: {algorithm: gd, max_steps: 1, step_size: 1e-12, stop: {loss: 0}}\n"
                 "record: {final: [loss, verdict, lambda_min, sharpness, reached_rank, top_k]}\n",
                 certificates[i].depth, layers);
        golden_run_text(&run, text);
        assert_shows(golden_number(&run, 0, "final_loss", 0), certificates[i].excess);
        assert_shows(golden_number(&run, 0, "lambda_min", 0), certificates[i].lambda_min);
        assert_shows(golden_number(&run, 0, "sharpness", 0), certificates[i].lambda_max);
        assert_string_equal(golden_verdict(&run, 0), certificates[i].verdict);
        assert_int_equal(golden_number(&run, 0, "reached_rank", 0), certificates[i].rank);
        assert_int_equal(golden_number(&run, 0, "top_k", 0), certificates[i].top_k);
        golden_clear(&run);
    }
}

/* R2, R3, R5: the published curves, set up anew; sweeps/nguegnang_replica.yaml goes on to the end.
 */
static void r2_r3_r5_the_published_curves_begin_as_printed(void **state) {
    (void)state;
    static const char *const losses[] = {
        "0 106.0960433053, 1 104.9069688186, 10 95.46001759269, 100 53.86389772474, 1000 "
        "6.42010247174",
        "0 107.2037770392, 1 107.0375975788, 10 105.5730902068, 100 93.45068525731, 1000 "
        "51.99342459419",
        "0 104.9648570136, 1 104.8882575786, 10 104.2065363866, 100 98.06780693905, 1000 "
        "68.01536311683"};
    static const char *const norms[3][5] = {
        {"1.0000000000", "0.9992263237", "0.9926785847", "0.9599047237", "1.0586346740"},
        {"1.0000000000", "0.9998446186", "0.9984574688", "0.9856582342", "0.9327649947"},
        {"1.0000000000", "0.9999445808", "0.9994474653", "0.9946369555", "0.9598472868"}};
    static const int64_t steps[] = {0, 1, 10, 100, 1000};
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: isometry, inputs: 70, rank: 35}\n"
                          "model: {kind: deep, width: 35, init: {kind: isometries}}\n"
                          "train: {algorithm: gd, max_steps: 1000, stop: {loss: 0}}\n"
                          "random: {data_seed: 11, init_seed: 12}\n"
                          "record: {times: {list: [0, 1, 10, 100, 1000]}, final: [balancedness], "
                          "series: [loss, product_norm], theory: [bound_paper, bound_derived]}\n"
                          "axes: {case: {zip: {depth: [2, 3, 5], "
                          "step_size: [1e-3, 1e-4, 3e-5]}}}\n");
    for (int i = 0; i < 3; i++) {
        assert_loss(&run, i, losses[i]);
        for (int k = 0; k < 5; k++)
            assert_shows(golden_at(&run, i, "product_norm_series", steps[k], 0), norms[i][k]);
        assert_near(golden_number(&run, i, "balancedness_start", 0), 0, 1e-14);
        assert_true(golden_number(&run, i, "theory_bound_paper", 0) <
                    golden_number(&run, i, "step_size_used", 0));
    }
    assert_true(golden_number(&run, 1, "theory_bound_derived", 0) >
                1e-4); /* the step of R3 is proved to converge */
    golden_clear(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_starts_end_at_global_minima),
        cmocka_unit_test(c1_to_c10_certificates_at_exact_critical_points),
        cmocka_unit_test(r2_r3_r5_the_published_curves_begin_as_printed),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("endpoints", tests, NULL, NULL);
}
