/* Gradient flow of given networks against the numbers of an independent solver: cases A10, A11, A14
 * and the table of descent against flow of the notes on Nguegnang, Rauhut, Terstiege 2021. */
#include "golden.h"

#include <math.h>
#include <stdio.h>

#include "linnet/linalg.h"
#include "linnet/ode.h"

#define A2_START                                                                                   \
    "problem: {kind: target, spectrum: [3, 2, 1]}\n"                                               \
    "model: {kind: deep, width: [2, 2], init: {kind: weights, layers: ["                           \
    "[[0.5, 0.1, 0.2], [-0.1, 0.4, 0.3]], [[0.6, -0.2], [0.1, 0.5]], "                             \
    "[[0.4, 0.2], [0.1, 0.5], [-0.2, 0.3]]]}}\n"

#define A14                                                                                        \
    "linnet: 1\nproblem: {kind: target, matrix: [[1.5]]}\n"                                        \
    "model: {kind: deep, depth: 2, init: {kind: weights, layers: [[[0.2]], [[1]]]}}\n"             \
    "train: {algorithm: flow, time_step: 0.25, max_steps: 16, rtol: 1e-13, stop: {loss: 0}}\n"

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
    golden_run_text(&run, A14 "record: {times: {list: [0, 1, 2, 4, 8, 16]}, series: [loss, "
                              "singular_values, balancedness]}\n");
    for (int i = 0; i < 5; i++) {
        assert_shows(golden_at(&run, 0, "singular_values_series", 1 << i, 0), s[i]);
        assert_near(golden_at(&run, 0, "balancedness_series", 1 << i, 0), 0.96, 1e-12);
    }
    golden_clear(&run);
}

/* A14 reduced: with lambda = w_2^2 - w_1^2 conserved, ds/dt = sqrt(lambda^2 + 4 s^2) (phi - s). */
static void reduced(void *ctx, double t, const double *s, double *dsdt) {
    (void)ctx;
    (void)t;
    dsdt[0] = sqrt(0.96 * 0.96 + 4 * s[0] * s[0]) * (1.5 - s[0]);
}

static void an_unbalanced_pair_obeys_its_reduced_equation(void **state) {
    (void)state;
    struct ln_ode ode;
    struct golden run;
    double s = 0.2, t = 0;
    golden_run_text(&run, A14 "record: {times: {every: 1}, series: [singular_values]}\n");
    ln_ode_init(&ode, 1, reduced, NULL);
    ode.rtol = 1e-14;
    for (int k = 1; k <= 16; k++) {
        assert_int_equal(ln_ode_advance(&ode, &t, 0.25 * k, &s), LN_ODE_REACHED);
        assert_near(golden_at(&run, 0, "singular_values_series", k, 0), s, 1e-12);
    }
    ln_ode_clear(&ode);
    golden_clear(&run);
}

/* Table 7.3: gradient descent to time 1 against the flow, at first order in eta. */
static const struct {
    const char *eta, *steps, *error, *drift, *loss;
} descents[] = {
    {"0.02", "50", "1.0084792288e-2", "1.1380446896e-2", "0.718594441585"},
    {"0.01", "100", "5.0214872243e-3", "5.6809483384e-3", "0.715825172188"},
    {"0.005", "200", "2.5055991802e-3", "2.8381690287e-3", "0.714457766691"},
    {"0.0025", "400", "1.2515235761e-3", "1.4185100175e-3", "0.713778333806"},
};

static void descent_differs_from_the_flow_by_the_step_size(void **state) {
    (void)state;
    enum { WEIGHTS = 6 + 4 + 6 };
    struct golden flow;
    golden_run_text(&flow, "linnet: 1\n" A2_START
                           "train: {algorithm: flow, time_step: 1, max_steps: 1, rtol: 1e-14, "
                           "stop: {loss: 0}}\nrecord: {final: [weights]}\n");
    for (int i = 0; i < 4; i++) {
        char text[2048];
        struct golden run;
        double sum = 0;
        snprintf(text, sizeof text,
                 "linnet: 1\n" A2_START "train: {algorithm: gd, step_size: %s, max_steps: %s, "
                 "stop: {loss: 0}}\nrecord: {final: [weights, balance_drift]}\n",
                 descents[i].eta, descents[i].steps);
        golden_run_text(&run, text);
        for (int k = 0; k < WEIGHTS; k++)
            sum += pow(golden_number(&run, 0, "weights", k) - golden_number(&flow, 0, "weights", k),
                       2);
        assert_shows(sqrt(sum), descents[i].error);
        assert_shows(golden_number(&run, 0, "balance_drift", 0), descents[i].drift);
        assert_shows(golden_number(&run, 0, "final_loss", 0), descents[i].loss);
        golden_clear(&run);
    }
    golden_clear(&flow);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a10_a_bottleneck_flows_to_its_own_level),
        cmocka_unit_test(a11_small_identity_starts_learn_mode_after_mode),
        cmocka_unit_test(an_unbalanced_pair_obeys_its_reduced_equation),
        cmocka_unit_test(descent_differs_from_the_flow_by_the_step_size),
        cmocka_unit_test(a14_an_unbalanced_scalar_network_grows_at_its_own_rate),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
