/* What decides between learning and failing from alpha I, and how failing runs come to rest: the
 * boundaries in step size, depth and distance of Bartlett, Helmbold, Long 2018 with explicit
 * constants. */
#include "identity_runs.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "linnet/linalg.h"

static int64_t hit(const struct golden *golden, int64_t cell) {
    return (int64_t)golden_number(golden, cell, "converged_step", 0);
}

static bool diverges(const struct golden *golden, int64_t cell) {
    return golden_number(golden, cell, "diverged_step", 0) >= 0;
}

/* lambda = 1, c = eta. Up to c_div, theta <- theta - c theta^{L-1} (theta^L - 1) maps the interval
 * between +-X, X -> -X -> X its unstable cycle, into itself; there the fold, the local maximum,
 * reaches X. Digits beyond the sixth by mpmath. */
static const struct {
    int depth;
    double c_div, fold;
} crises[] = {{2, 2.000000, 0.7071067812},
              {4, 1.204537, 0.8741072864},
              {6, 0.882348, 0.9182492054},
              {8, 0.704868, 0.9390403622},
              {10, 0.591205, 0.9512243673}};

static void orbits_at_even_depth_are_bounded_up_to_the_crisis_of_their_fold(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) {
        char text[1024];
        struct golden run;
        snprintf(text, sizeof text,
                 "linnet: 1\n"
                 "problem: {kind: target, spectrum: 1}\n"
                 "model: {kind: deep, depth: %d, init: {kind: identity}}\n"
                 "train: {algorithm: gd, max_steps: 5000}\n"
                 "axes: {step_size: [%.7f, %.7f], init.scale: [%.10f, 0.3, 0.7, 0.99, 1.05]}\n",
                 crises[i].depth, crises[i].c_div - 1e-6, crises[i].c_div + 1e-6, crises[i].fold);
        golden_run_text(&run, text);
        for (int k = 0; k < 5; k++)
            assert_true(!diverges(&run, k) && hit(&run, k) == -1);
        assert_true(diverges(&run, 5));
        golden_clear(&run);
    }
}

/* c = eta lambda^{2-2/L}; from alpha = 1 they are caught behind the origin or leave within a few
 * steps. */
static void orbits_of_three_layers_are_trapped_at_1_38_and_gone_at_1_50(void **state) {
    (void)state;
    static const double lambdas[] = {0.5, 1.5, 2, 4};
    for (int i = 0; i < 8; i++) {
        double lambda = lambdas[i / 2], c = i % 2 ? 1.5 : 1.38;
        struct golden run;
        identity_run(&run,
                     &(struct identity_setup){&lambda, 1, 3, 2000, 1, c / pow(lambda, 4.0 / 3),
                                              "gd", "step_limit", NULL});
        assert_int_equal(diverges(&run, 0), i % 2);
        assert_int_equal(hit(&run, 0), -1);
        if (i % 2 == 0)
            assert_near(golden_at(&run, 0, "loss_series", 2000, 0), 0.5 * lambda * lambda, 1e-7);
        golden_clear(&run);
    }
}

static void every_step_size_below_the_local_limit_converges_from_the_identity(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target}\n"
                          "model: {kind: deep, init: {kind: identity}}\n"
                          "train: {algorithm: gd, step_unit: minimum, max_steps: 1000}\n"
                          "axes: {spectrum: [0.5, 1.5, 2, 4], depth: [1, 2, 3, 4, 6, 8], "
                          "step_size: [0.9, 0.92, 0.95, 0.97, 0.99]}\n");
    for (int i = 0; i < 4 * 6 * 5; i++)
        assert_in_range(hit(&run, i), 1, 1000);
    golden_clear(&run);
}

/* max |1 - eta L lambda_k^{2-2/L}|: the smaller eigenvalue at a small step, the larger beside the
 * local limit. */
static void the_linear_rate_is_that_of_the_slowest_eigenvalue(void **state) {
    (void)state;
    static const double phi[] = {2, 0, 0, 0.5}, etas[] = {0.05, 0.257};
    for (int i = 0; i < 2; i++) {
        double eta = etas[i], rate = fmax(fabs(1 - eta * 3 * pow(2, 4.0 / 3)),
                                          fabs(1 - eta * 3 * pow(0.5, 4.0 / 3)));
        struct golden run;
        identity_run(&run,
                     &(struct identity_setup){phi, 2, 3, 160, 1, eta, "gd", "step_limit", NULL});
        double ratio =
            golden_at(&run, 0, "loss_series", 160, 0) / golden_at(&run, 0, "loss_series", 120, 0);
        assert_near(pow(ratio, 1.0 / 80), rate, 1e-5);
        golden_clear(&run);
    }
}

/* alpha^L > lambda > 0 and eta > 1/(alpha^{L-2} (alpha^L - lambda)). */
static void at_odd_depth_an_overshoot_is_stuck_behind_the_origin(void **state) {
    (void)state;
    static const struct {
        int depth;
        double lambda, alpha;
    } cases[] = {{3, 1, 1.3}, {3, 0.5, 1.1}, {3, 1, 1.5}, {5, 1, 1.3}, {5, 0.5, 1.1}};
    for (int i = 0; i < 10; i++) {
        double lambda = cases[i / 2].lambda, alpha = cases[i / 2].alpha;
        int depth = cases[i / 2].depth;
        double limit = 1 / (pow(alpha, depth - 2) * (pow(alpha, depth) - lambda));
        bool is_above = i % 2;
        struct golden run;
        identity_run(&run, &(struct identity_setup){&lambda, 1, depth, 8000, alpha,
                                                    (is_above ? 1.05 : 0.95) * limit, "gd",
                                                    "step_limit", NULL});
        assert_true((hit(&run, 0) >= 0) == !is_above);
        if (is_above)
            assert_near(golden_at(&run, 0, "loss_series", 8000, 0), 0.5 * lambda * lambda, 1e-4);
        golden_clear(&run);
    }
}

/* The runs of one eigenvalue, recorded at step 10 000 (and 100, 101). */
static void run_to_rest(struct golden *run, const char *spectrum) {
    char text[1024];
    snprintf(text, sizeof text,
             "linnet: 1\n"
             "problem: {kind: target, spectrum: %s}\n"
             "model: {kind: deep, init: {kind: identity}}\n"
             "train: {algorithm: gd, step_size: 0.1, max_steps: 10000, stop: {loss: 0}}\n"
             "record: {times: {list: [100, 101, 10000]}, series: [loss, layer_norms]}\n"
             "axes: {depth: [2, 3, 4, 5, 6]}\n",
             spectrum);
    golden_run_text(run, text);
}

/* lambda < 0: l - lambda^2/2 ~ |lambda| ((L-2) eta |lambda| t)^{-L/(L-2)}; two layers shrink by
 * 1 - eta |lambda|. lambda = 0: l ~ 1/2 (2 (L-1) eta t)^{-L/(L-1)}. */
static void failing_runs_come_to_rest_at_the_pace_of_their_depth(void **state) {
    (void)state;
    struct golden negative, zero;
    run_to_rest(&negative, "-0.5");
    run_to_rest(&zero, "0");
    assert_near(golden_at(&negative, 0, "layer_norms_series", 101, 0) /
                    golden_at(&negative, 0, "layer_norms_series", 100, 0),
                0.95, 1e-5);
    for (int i = 0; i < 5; i++) {
        double n = i + 2, flat = 0.5 * pow(2 * (n - 1) * 0.1 * 1e4, -n / (n - 1)),
               law = 0.5 * pow((n - 2) * 0.1 * 0.5 * 1e4, -n / (n - 2));
        assert_near(golden_at(&zero, i, "loss_series", 10000, 0) / flat, 1, 0.01);
        if (i > 0)
            assert_near((golden_at(&negative, i, "loss_series", 10000, 0) - 0.125) / law, 1, 0.015);
    }
    golden_clear(&zero);
    golden_clear(&negative);
}

/* Largest entry of W_{N+1-i} - S W_i^T S over the layers i of a 2 x 2 network, S the reflection
 * [c s; s -c]. */
static double palindrome_gap(const struct golden *run, int depth, double c, double s) {
    const double mirror[] = {c, s, s, -c};
    double largest = 0;
    for (int i = 0; i < depth; i++) {
        double w[4], half[4], turned[4];
        for (int k = 0; k < 4; k++)
            w[k] = golden_number(run, 0, "weights", 4 * i + k);
        ln_matmul(half, mirror, false, w, true, 2, 2, 2);
        ln_matmul(turned, half, false, mirror, false, 2, 2, 2);
        for (int k = 0; k < 4; k++)
            largest =
                fmax(largest,
                     fabs(turned[k] - golden_number(run, 0, "weights", 4 * (depth - 1 - i) + k)));
    }
    return largest;
}

/* S Phi^T S = Phi for S = [c s; s -c] with tan = -21; det Phi < 0. The layers differ. */
static void palindromes_of_layers_stay_palindromes(void **state) {
    (void)state;
    for (int depth = 2; depth <= 5; depth++) {
        char text[1024];
        struct golden run;
        snprintf(text, sizeof text,
                 "linnet: 1\n"
                 "problem: {kind: target, matrix: [[0.2, 1], [1.1, 0.3]]}\n"
                 "model: {kind: deep, depth: %d, init: {kind: identity}}\n"
                 "train: {algorithm: gd, step_size: 0.1, max_steps: 40}\n"
                 "record: {final: [weights]}\n",
                 depth);
        golden_run_text(&run, text);
        assert_near(palindrome_gap(&run, depth, 1 / sqrt(442), -21 / sqrt(442)), 0, 1e-13);
        assert_true(palindrome_gap(&run, depth, 1, 0) > 0.01);
        assert_true(depth % 2 || golden_number(&run, 0, "best_loss", 0) >= 0.3169981343349);
        golden_clear(&run);
    }
}

/* S = I: layers A, B, B^T, A^T keep the product positive semidefinite, at any step size. */
static void palindromic_starts_have_the_floor_of_symmetric_targets(void **state) {
    (void)state;
    static const double phi[] = {0.5, 0.9, 0.9, -0.3};
    double w[2];
    struct golden run;
    ln_sym_eig(w, NULL, phi, 2);
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, matrix: [[0.5, 0.9], [0.9, -0.3]]}\n"
                          "model: {kind: deep, depth: 4, init: {kind: weights, layers: ["
                          "[[0.9, 0.4], [-0.3, 1.1]], [[1.2, -0.2], [0.1, 0.8]], "
                          "[[1.2, 0.1], [-0.2, 0.8]], [[0.9, -0.3], [0.4, 1.1]]]}}\n"
                          "train: {algorithm: gd, max_steps: 200}\n"
                          "axes: {step_size: [0.01, 0.1, 0.2, 0.3]}\n");
    for (int i = 0; i < 4; i++)
        assert_true(golden_number(&run, i, "best_loss", 0) >= 0.5 * w[0] * w[0] * (1 - 1e-12));
    assert_near(golden_number(&run, 1, "best_loss", 0), 0.5 * w[0] * w[0], 0.01);
    golden_clear(&run);
}

/* Runs from the identity at eta = share/L. Returns whether they learn the target. */
static bool learns(const double *phi, int d, int depth, double share) {
    struct golden run;
    identity_run(&run, &(struct identity_setup){phi, d, depth, 20000, 1, share / depth, "gd",
                                                "step_limit", NULL});
    bool learnt = hit(&run, 0) >= 0;
    golden_clear(&run);
    return learnt;
}

/* 1/2 <= ||Phi - I||_2 < 1: no theorem, no failure. */
static void targets_within_a_unit_of_the_identity_are_learnt(void **state) {
    (void)state;
    uint64_t seed = 88;
    for (int round = 0; round < 27; round++) {
        int d = 2 + round % 3, depth = 2 << round / 3 % 3;
        double phi[MOST_DIM * MOST_DIM], s[MOST_DIM],
            distance = 0.73 + 0.22 * golden_splitmix(&seed);
        identity_draw(&seed, phi, d);
        ln_svd(NULL, s, NULL, phi, d, d);
        for (int i = 0; i < d * d; i++)
            phi[i] = (i % (d + 1) == 0) + phi[i] * distance / s[0];
        assert_true(learns(phi, d, depth, 0.3));
    }
}

/* Without symmetry descent leaves the balanced set, and with it the side of det > 0 the flow is
 * bound to. */
static void two_layers_escape_from_a_wrong_sign_of_the_determinant(void **state) {
    (void)state;
    uint64_t seed = 99;
    for (int round = 0; round < 8; round++) {
        double phi[9];
        identity_draw(&seed, phi, 3);
        bool flips = ln_det(phi, 3) > 0;
        for (int i = 0; i < 9 && flips; i++)
            phi[i] = -phi[i];
        assert_true(learns(phi, 3, 2, 0.1));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orbits_at_even_depth_are_bounded_up_to_the_crisis_of_their_fold),
        cmocka_unit_test(orbits_of_three_layers_are_trapped_at_1_38_and_gone_at_1_50),
        cmocka_unit_test(every_step_size_below_the_local_limit_converges_from_the_identity),
        cmocka_unit_test(the_linear_rate_is_that_of_the_slowest_eigenvalue),
        cmocka_unit_test(at_odd_depth_an_overshoot_is_stuck_behind_the_origin),
        cmocka_unit_test(failing_runs_come_to_rest_at_the_pace_of_their_depth),
        cmocka_unit_test(palindromes_of_layers_stay_palindromes),
        cmocka_unit_test(palindromic_starts_have_the_floor_of_symmetric_targets),
        cmocka_unit_test(targets_within_a_unit_of_the_identity_are_learnt),
        cmocka_unit_test(two_layers_escape_from_a_wrong_sign_of_the_determinant),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("boundaries", tests, NULL, NULL);
}
