/* Gradient flow of networks with one neuron against the numbers of an independent solver: cases B1
 * to B8 and the table of rates of the notes on Eftekhari 2020. Where the notes lost
 * digits (the excess losses at t = 8 foremost), they are from a second one that works with 40. */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

#define PLANE "problem: {kind: target, matrix: [[2, 0, 0], [0, 1, 0]]}\n"
#define DATA "x: [[1, 0, 2], [-1, 1, 1]], y: "

/* One neuron of depth N from scale u v^T, recorded at the steps listed; the
 * last is the horizon. */
static void run_one_neuron(struct golden *run, const char *problem, int depth, const char *start,
                           double time_step, const char *steps, const char *more) {
    char text[4096];
    snprintf(text, sizeof text,
             "linnet: 1\n%s"
             "model: {kind: one_neuron, depth: %d, init: {kind: rank_one, %s}}\n"
             "train: {algorithm: flow, time_step: %g, max_steps: %s, rtol: 1e-14, "
             "atol: 1e-22, stop: {loss: 0}}\n"
             "record: {times: {list: [%s]}, series: [loss, weights, singular_values, "
             "one_neuron_excess, alignment]%s}\n",
             problem, depth, start, time_step, strrchr(steps, ' ') + 1, steps, more);
    golden_run_text(run, text);
}

/* table: "step digits, step digits, ..." of number `index` of a series minus `shift`. */
static void check_series(const struct golden *run, const char *series, int64_t index, double shift,
                         const char *table, int line) {
    for (const char *at = table; *at;) {
        char *end, digits[40];
        long long step = strtoll(at, &end, 10);
        end += strspn(end, " ");
        size_t n = strcspn(end, ",");
        snprintf(digits, sizeof digits, "%.*s", (int)n, end);
        golden_shows(golden_at(run, 0, series, step, index) - shift, digits, __FILE__, line);
        at = end + n + strspn(end + n, ", ");
    }
}

#define assert_series(run, series, index, table)                                                   \
    check_series(run, series, index, 0, table, __LINE__)
#define assert_excess(run, table)                                                                  \
    check_series(run, "loss_series", 0, golden_number(run, 0, "reachable_loss", 0) - 0.0, table,   \
                 __LINE__)

#define B1_START "scale: 0.5, left: [0.9, 0.4], right: [0.8, 0.5, 0.3]"

static void b1_three_layers(void **state) {
    (void)state;
    struct golden run;
    run_one_neuron(&run, PLANE, 3, B1_START, 0.1, "0, 1, 5, 10, 20, 40", "");
    assert_series(&run, "weights_series", 0,
                  "1 0.663111802904, 5 1.557431961761, 10 1.941033879171, 20 1.996233854956, "
                  "40 1.9999757505127");
    assert_series(&run, "weights_series", 1,
                  "0 0.91381154862, 1 0.9208189628, 5 0.9559562291, 10 0.9853374924, "
                  "20 0.9987573470, 40 0.9999919173");
    assert_series(&run, "weights_series", 2,
                  "0 0.40613846605, 1 0.3899903047, 5 0.2935092640, 10 0.1706166054, "
                  "20 0.0498373544, 40 4.0206169464e-3");
    assert_series(&run, "weights_series", 3,
                  "0 0.80812203564, 1 0.8432048868, 5 0.9398724656, 10 0.9838794725, "
                  "20 0.9987476160, 40 0.9999919169");
    assert_series(&run, "weights_series", 4,
                  "0 0.50507627228, 1 0.4689518677, 5 0.3182023168, 10 0.1747350217, "
                  "20 0.0499338646, 40 4.0206673493e-3");
    assert_series(&run, "weights_series", 5,
                  "0 0.30304576337, 1 0.2628491290, 5 0.1240444835, 10 0.0380638389, "
                  "20 0.0031318852, 40 2.0319241e-5");
    assert_loss(&run, 0,
                "1 1.568852518643, 5 0.768706888561, 10 0.562455282288, 20 0.504994462270, "
                "40 0.500032331854");
    assert_series(&run, "alignment_series", 0, "0 0.7384712488640");
    golden_clear(&run);
}

static void b2_two_layers(void **state) {
    (void)state;
    struct golden run;
    run_one_neuron(&run, PLANE, 2, B1_START, 0.1, "0, 1, 5, 10, 20, 40", "");
    assert_series(&run, "weights_series", 0,
                  "1 0.6295607775675, 5 1.275562686281, 10 1.805823700695, 20 1.987022555585, "
                  "40 1.999811079752");
    assert_loss(&run, 0,
                "1 1.599381742299, 5 0.900736613854, 10 0.588713486657, 20 0.510305669000, "
                "40 0.500187891311");
    assert_series(&run, "weights_series", 2, "10 0.1881759762");
    assert_series(&run, "weights_series", 5, "10 0.0467322006");
    golden_clear(&run);
}

static void b3_a_start_without_the_first_mode_ends_at_a_saddle(void **state) {
    (void)state;
    struct golden run;
    run_one_neuron(&run, PLANE, 3, "scale: 0.7, left: [0.6, 0.8], right: [-0.6, 0.64, 0.48]", 0.5,
                   "0, 1, 2, 4, 8, 16", "");
    assert_series(&run, "weights_series", 0,
                  "1 0.5597245025196, 2 0.7532347662809, 4 0.9696873480451, 8 0.9996338247601, "
                  "16 0.9999998884255");
    assert_series(&run, "weights_series", 1,
                  "1 0.2248327381, 2 0.0645283900, 4 3.6749266734e-3, 8 9.2575841e-6");
    /* Rounding seeds the first mode, which grows as e^t: the exact 5.689380e-11 blurs. */
    assert_near(golden_at(&run, 0, "weights_series", 16, 1), 5.689380e-11, 2e-12);
    assert_loss(&run, 0,
                "1 2.231182974543, 2 2.069976218458, 4 2.006287701352, 8 2.000110663370, "
                "16 2.000000037121");
    golden_clear(&run);
}

static void b4_an_opposed_start_decays_to_zero_algebraically(void **state) {
    (void)state;
    struct golden run;
    run_one_neuron(&run, "problem: {kind: target, matrix: [[2]]}\n", 3,
                   "scale: 1, left: [1], right: [-1]", 0.5, "0, 1, 2, 20, 200, 2000", "");
    assert_series(&run, "weights_series", 0,
                  "1 0.0993771908951, 2 0.0308906077047, 20 1.047896067676e-4, "
                  "200 1.227556405e-7, 2000 1.247731133e-10");
    golden_clear(&run);
}

static void b5_the_induced_flow_keeps_its_rank_and_sign(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: data, " DATA "[[1, 2, -1], [0, 1, 3]]}\n"
                          "model: {kind: induced, depth: 3, init: {kind: balanced, product: "
                          "[[0.4, 0.1], [0.2, 0.3]]}}\n"
                          "train: {algorithm: flow, time_step: 0.05, max_steps: 40, rtol: 1e-13, "
                          "stop: {loss: 0}}\n"
                          "record: {times: {list: [0, 1, 2, 4, 10, 20, 40]}, "
                          "series: [loss, weights, singular_values]}\n");
    assert_series(&run, "weights_series", 0,
                  "1 0.32973020379, 2 0.26198570591, 4 0.1020170446, 10 -0.047215088757, "
                  "20 -0.07273626206, 40 -0.087289024828");
    assert_series(&run, "weights_series", 1,
                  "1 0.078938516612, 2 0.04011895539, 4 -0.079360463656, 10 -0.16731871173, "
                  "20 -0.14633476877, 40 -0.12315226919");
    assert_series(&run, "weights_series", 2,
                  "1 0.40261539918, 2 0.63710848303, 4 0.94417638225, 10 1.0139214292, "
                  "20 1.0152249011, 40 1.0134488765");
    assert_series(&run, "weights_series", 3,
                  "1 0.45533800177, 2 0.65470094998, 4 0.92767875115, 10 0.9807622872, "
                  "20 0.97662434437, 40 0.97938432293");
    assert_excess(&run, "1 2.40658205854, 2 1.18702360674, 4 0.256203069093, 10 0.11616605808, "
                        "20 0.091440879449, 40 0.0732142627595");
    assert_series(&run, "singular_values_series", 1, "20 0.0547077780, 40 0.0277453190");
    assert_shows(golden_number(&run, 0, "plateau_level", 1) -
                     golden_number(&run, 0, "reachable_loss", 0),
                 "0.05657067665");
    golden_clear(&run);
}

static void b6_one_output_on_data_that_is_not_white(void **state) {
    (void)state;
    struct golden run;
    run_one_neuron(&run, "problem: {kind: data, " DATA "[[1, 2, -1]]}\n", 3,
                   "scale: 0.3, left: [1], right: [0.6, 0.8]", 0.1, "0, 1, 5, 10, 20, 50", "");
    assert_series(&run, "weights_series", 0,
                  "1 0.2159122707566, 5 0.1095129160526, 10 0.0766922916917, 20 0.0699628868085, "
                  "50 0.2163071037387");
    assert_series(&run, "weights_series", 2,
                  "1 0.5405265575, 5 0.3312736507, 10 0.0930703460, 20 -0.3263255409, "
                  "50 -0.8901927524");
    assert_series(&run, "weights_series", 3,
                  "1 0.8413269523, 5 0.9435347203, 10 0.9956595355, 20 0.9452574471, "
                  "50 0.4555840905");
    assert_excess(&run, "1 0.328596731504, 5 0.166476020987, 10 0.123699181089, "
                        "20 0.090665768585, 50 0.002872878914");
    golden_clear(&run);
}

/* Half the slope of ln E over the 2 units of time after a step. */
static double late_rate(const struct golden *run, int64_t step) {
    return log(golden_at(run, 0, "one_neuron_excess_series", step, 0) /
               golden_at(run, 0, "one_neuron_excess_series", step + 20, 0)) /
           4;
}

/* At the minimiser s* v*^T the row W relaxes by s*^{2-2/N} (I + (N-1) v* v*^T) C, slowest at
 * 0.43690225, and E at twice that, up to a part that falls as fast as W and is extrapolated. The
 * other eigenvalue is the sharpness of its layers. */
static void b6_the_late_rate_is_that_of_the_linearised_flow(void **state) {
    (void)state;
    struct golden run;
    run_one_neuron(&run, "problem: {kind: data, " DATA "[[1, 2, -1]]}\n", 3,
                   "scale: 0.3, left: [1], right: [0.6, 0.8]", 0.1, "0, 300, 320, 340, 440", "");
    double early = late_rate(&run, 300), late = late_rate(&run, 320), q = exp(-2 * late);
    assert_shows(late + (late - early) * q / (1 - q), "0.43690225");
    assert_near(golden_at(&run, 0, "weights_series", 440, 0), 0.2258769757263, 1e-6);
    golden_clear(&run);
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: data, " DATA "[[1, 2, -1]]}\n"
                          "model: {kind: deep, depth: 3, width: 1, init: {kind: rank_one, scale: "
                          "0.2258769757263, left: [1], right: [-3, 1]}}\n"
                          "train: {algorithm: gd, step_size: 1e-12, max_steps: 1}\n"
                          "record: {final: [sharpness], theory: [minimum_sharpness]}\n");
    assert_shows(golden_number(&run, 0, "theory_minimum_sharpness", 0), "1.81910141");
    assert_shows(golden_number(&run, 0, "sharpness", 0), "1.81910141");
    golden_clear(&run);
}

static void b7_a_far_start_comes_down_fast(void **state) {
    (void)state;
    struct golden run;
    run_one_neuron(&run, PLANE, 4, "scale: 40, left: [0.9, 0.4], right: [0.8, 0.5, 0.3]", 1e-5,
                   "0, 1, 10, 100, 1000, 10000, 100000", "");
    assert_series(&run, "weights_series", 0,
                  "1 39.61696898257, 10 36.5452332643, 100 22.14967066714, 1000 6.96625795692, "
                  "10000 2.317948001808, 100000 1.979347186750");
    assert_loss(&run, 0,
                "1 720.611682014, 10 608.789163050, 100 210.462509710, 1000 14.8811278317, "
                "10000 1.02906755440, 100000 0.530632104070");
    golden_clear(&run);
}

static void b8_an_opposed_start_turns_around(void **state) {
    (void)state;
    struct golden run;
    run_one_neuron(&run, PLANE, 3, "scale: 0.5, left: [0.9, 0.4], right: [-0.5, 0.8, 0.3]", 0.25,
                   "0, 1, 2, 4, 8, 16, 32", "");
    assert_series(&run, "alignment_series", 0, "0 -0.46154");
    assert_series(&run, "weights_series", 0,
                  "1 0.360485860127, 2 0.390777885742, 4 0.749163916950, 8 1.7368044216188, "
                  "16 1.9977971402906, 32 1.999999907425");
    assert_series(&run, "weights_series", 3,
                  "1 -0.2006751919, 2 0.0760220602, 4 0.4861808986, 8 0.9046992216, "
                  "16 0.9992651226");
    assert_near(golden_at(&run, 0, "weights_series", 32, 3), 1, 1e-6);
    golden_clear(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b1_three_layers),
        cmocka_unit_test(b2_two_layers),
        cmocka_unit_test(b3_a_start_without_the_first_mode_ends_at_a_saddle),
        cmocka_unit_test(b4_an_opposed_start_decays_to_zero_algebraically),
        cmocka_unit_test(b5_the_induced_flow_keeps_its_rank_and_sign),
        cmocka_unit_test(b6_one_output_on_data_that_is_not_white),
        cmocka_unit_test(b6_the_late_rate_is_that_of_the_linearised_flow),
        cmocka_unit_test(b7_a_far_start_comes_down_fast),
        cmocka_unit_test(b8_an_opposed_start_turns_around),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
