/* Gradient descent from the identity against the numbers of an independent solver, cases C1 to C14
 * of the notes on Bartlett, Helmbold, Long 2018. The sweep files say what each case is. */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linnet/linalg.h"

static int64_t hit(const struct golden *golden, int64_t cell) {
    return (int64_t)golden_number(golden, cell, "converged_step", 0);
}

static void c1_diagonal_target_reaches_1e_10_at_step_156(void **state) {
    (void)state;
    struct golden spd;
    golden_run_file(&spd, "spd.yaml");
    assert_loss(&spd, 0,
                "0 0.62500000000000, 1 4.459022833252e-1, 10 1.280068608720e-2, "
                "50 4.516935375450e-5");
    assert_near(golden_at(&spd, 0, "loss_series", 100, 0), 9.2829953459e-8, 1e-9 * 9.28e-8);
    assert_int_equal(hit(&spd, 0), 156);
    assert_shows(golden_number(&spd, 0, "theory_step_limit", 0), "0.264566841995");
    assert_string_equal(golden_label(&spd, 0), "converged_monotone");
    golden_clear(&spd);
}

static void c1_eigenvalues_at_step_10_are_the_cubes_of_the_scalar_recursion(void **state) {
    (void)state;
    struct golden spd;
    golden_run_file(&spd, "spd.yaml");
    const double a = 1.25282599180520, b = 0.869089193341933;
    assert_near(golden_at(&spd, 0, "singular_values_series", 10, 0), a * a * a, 2e-14);
    assert_near(golden_at(&spd, 0, "singular_values_series", 10, 1), b * b * b, 2e-15);
    for (int layer = 0; layer < 3; layer++)
        assert_near(golden_at(&spd, 0, "layer_norms_series", 10, layer), hypot(a, b), 1e-14);
    golden_clear(&spd);
}

static void c2_dense_target_reaches_1e_10_at_step_142(void **state) {
    (void)state;
    struct golden spd;
    golden_run_file(&spd, "spd.yaml");
    assert_loss(&spd, 1,
                "0 0.98500000000000, 1 7.514941008215e-1, 10 1.014796948807e-2, "
                "50 2.139188564288e-5");
    assert_near(golden_at(&spd, 1, "loss_series", 100, 0), 2.6094364452e-8, 1e-9 * 2.61e-8);
    assert_int_equal(hit(&spd, 1), 142);
    assert_shows(golden_number(&spd, 1, "theory_step_limit", 0), "0.140950921171");
    assert_near(golden_number(&spd, 1, "sharpness", 0), 2 / 0.140950921171, 1e-4);
    assert_near(golden_number(&spd, 1, "singular_values", 0), 2.325955440926, 1e-5);
    assert_near(golden_number(&spd, 1, "singular_values", 1), 1.312218625013, 1e-5);
    assert_near(golden_number(&spd, 1, "singular_values", 2), 0.6618259340612, 1e-5);
    golden_clear(&spd);
}

static void c3_loss_stays_above_half_the_square_of_the_negative_eigenvalue(void **state) {
    (void)state;
    struct golden floor;
    golden_run_file(&floor, "floor.yaml");
    assert_loss(&floor, 0,
                "0 1.2500000000000, 10 1.945917525917e-1, 100 1.282426746572e-1, "
                "1000 1.250473575124e-1, 10000 1.250004970681e-1");
    assert_string_equal(golden_label(&floor, 0), "plateau_r");
    assert_int_equal(golden_number(&floor, 0, "saddle_modes", 0), 1);
    assert_int_equal(hit(&floor, 0), -1);
    golden_clear(&floor);
}

static void c3d_dense_target_stays_above_its_floor(void **state) {
    (void)state;
    struct golden floor;
    golden_run_file(&floor, "floor.yaml");
    assert_loss(&floor, 1,
                "0 1.0500000000000, 100 3.106475675840e-2, 1000 2.084661753151e-2, "
                "10000 2.048795612073e-2");
    assert_true(golden_number(&floor, 1, "best_loss", 0) > 2.048318765357e-2);
    assert_string_equal(golden_label(&floor, 1), "plateau_r");
    assert_int_equal(golden_number(&floor, 1, "saddle_modes", 0), 3);
    assert_near(golden_number(&floor, 1, "singular_values", 0), 1.713926173001, 1e-4);
    golden_clear(&floor);
}

static void c4_below_eta_cross_the_loss_stays_above_the_floor(void **state) {
    (void)state;
    struct golden odd;
    golden_run_file(&odd, "odd_depth.yaml");
    assert_loss(&odd, 0, "10 1.252397329009e-1, 100 1.250077369356e-1, 1000 1.250000166631e-1");
    assert_string_equal(golden_label(&odd, 0), "plateau_r");
    assert_int_equal(golden_number(&odd, 0, "saddle_modes", 0), 1);
    golden_clear(&odd);
}

static void c4_above_eta_cross_it_converges_at_step_65(void **state) {
    (void)state;
    struct golden odd;
    golden_run_file(&odd, "odd_depth.yaml");
    assert_int_equal(hit(&odd, 1), 65);
    assert_shows(golden_at(&odd, 2, "layer_norms_series", 65, 0), "0.7936976332347");
    assert_string_equal(golden_label(&odd, 1), "converged_monotone");
    golden_clear(&odd);
}

/* 2/3 is no binary number: with fused products the layer lands 2^-54 beside the saddle, 1e16 steps
 * from leaving it. With eta_cross = 1/2 it lands on 0 exactly. */
static void c4_at_eta_cross_it_lands_on_the_saddle_and_stays(void **state) {
    (void)state;
    struct golden odd;
    golden_run_file(&odd, "odd_depth.yaml");
    for (int cell = 3; cell <= 4; cell++) {
        double lambda = cell == 3 ? -0.5 : -1;
        assert_near(golden_at(&odd, cell, "layer_norms_series", 1, 0), 0, cell == 3 ? 0x1p-53 : 0);
        assert_true(golden_at(&odd, cell, "loss_series", 1, 0) == 0.5 * lambda * lambda);
        assert_true(golden_at(&odd, cell, "loss_series", 1000, 0) == 0.5 * lambda * lambda);
        assert_string_equal(golden_label(&odd, cell), "stuck_origin");
    }
    golden_clear(&odd);
}

static void c7_rotations_slow_down_towards_half_a_turn(void **state) {
    (void)state;
    enum { N_DEPTHS = 4 };
    static const int hits[][N_DEPTHS] = {{120, 81, 60, 39},
                                         {0, 0, 64, 0},
                                         {155, 121, 101, 77},
                                         {202, 231, 256, 277},
                                         {249, 466, 744, 1209}};
    struct golden rotations;
    golden_run_file(&rotations, "rotations.yaml");
    for (int angle = 0; angle < 5; angle++)
        for (int depth = 0; depth < N_DEPTHS; depth++)
            if (hits[angle][depth])
                assert_int_equal(hit(&rotations, angle * N_DEPTHS + depth), hits[angle][depth]);
    assert_loss(&rotations, 1 * N_DEPTHS + 2, "10 3.071489296583e-1");
    assert_loss(&rotations, 2 * N_DEPTHS + 2, "10 1.238643964926, 100 1.2118536e-10");
    assert_loss(&rotations, 3 * N_DEPTHS + 2, "10 1.340928138318, 100 9.955798552520e-1");
    golden_clear(&rotations);
}

static void c8_steps_below_the_local_limit_converge(void **state) {
    (void)state;
    struct golden limit;
    golden_run_file(&limit, "step_limit.yaml");
    assert_int_equal(hit(&limit, 0), 5);
    assert_int_equal(hit(&limit, 1), 41);
    assert_int_equal(hit(&limit, 2), 324);
    golden_clear(&limit);
}

static void c8_steps_above_the_local_limit_cycle_with_period_2(void **state) {
    (void)state;
    static const char *const cycles[2][2] = {{"1.224566307", "1.290155644"},
                                             {"1.075553712", "1.353127013"}};
    struct golden limit;
    golden_run_file(&limit, "step_limit.yaml");
    for (int i = 0; i < 2; i++) {
        double a = golden_at(&limit, 3 + i, "layer_norms_series", 19999, 0),
               b = golden_at(&limit, 3 + i, "layer_norms_series", 20000, 0);
        assert_string_equal(golden_label(&limit, 3 + i), "period_p");
        assert_int_equal(golden_number(&limit, 3 + i, "period", 0), 2);
        assert_shows(fmin(a, b), cycles[i][0]);
        assert_shows(fmax(a, b), cycles[i][1]);
    }
    golden_clear(&limit);
}

/* 1.5 lies in the window of period 3, doubled once (Lyapunov exponent -0.283, the same orbit in 300
 * bits); the orbits on both sides of the window are chaotic. */
static void c8_further_above_it_is_chaotic_with_a_window_of_period_6(void **state) {
    (void)state;
    struct golden limit;
    golden_run_file(&limit, "step_limit.yaml");
    assert_string_equal(golden_label(&limit, 5), "chaotic_bounded");
    assert_string_equal(golden_label(&limit, 6), "period_p");
    assert_int_equal(golden_number(&limit, 6, "period", 0), 6);
    assert_string_equal(golden_label(&limit, 7), "chaotic_bounded");
    golden_clear(&limit);
}

static void c8_at_twice_the_local_limit_it_is_trapped_behind_the_origin(void **state) {
    (void)state;
    struct golden limit;
    golden_run_file(&limit, "step_limit.yaml");
    assert_string_equal(golden_label(&limit, 8), "stuck_origin");
    assert_shows(golden_at(&limit, 8, "layer_norms_series", 20000, 0), "4.72e-5");
    assert_shows(golden_number(&limit, 8, "final_loss", 0), "2.0000000");
    golden_clear(&limit);
}

static void c9_hits_over_depth_and_start_scale(void **state) {
    (void)state;
    static const int hits[5][4] = {{362, 295, 287, 312},
                                   {305, 232, 204, 222},
                                   {291, 193, 157, 171},
                                   {382, 151, 107, 116},
                                   {777, 132, 80, 85}};
    struct golden scales;
    golden_run_file(&scales, "start_scale.yaml");
    for (int depth = 0; depth < 5; depth++)
        for (int scale = 0; scale < 4; scale++)
            assert_int_equal(hit(&scales, depth * 4 + scale), hits[depth][scale]);
    golden_clear(&scales);
}

static void c10_near_the_identity_depth_does_not_matter(void **state) {
    (void)state;
    static const char *const losses[] = {"2.888337244e-9", "3.778088559e-9", "4.101141099e-9"};
    struct golden near;
    golden_run_file(&near, "near_identity.yaml");
    for (int cell = 0; cell < 3; cell++) {
        assert_shows(sqrt(2 * golden_at(&near, cell, "loss_series", 0, 0)), "7.416198487096e-2");
        assert_shows(golden_at(&near, cell, "loss_series", 10, 0), losses[cell]);
        assert_int_equal(hit(&near, cell), 13);
    }
    golden_clear(&near);
}

static void c12_zero_asymmetric_start_learns_a_negative_eigenvalue(void **state) {
    (void)state;
    struct golden zas;
    golden_run_file(&zas, "zero_asymmetric.yaml");
    assert_loss(&zas, 0,
                "0 1.2500000000000, 1 1.200500000000, 10 7.898913733162e-1, 100 1.744477903719e-4");
    assert_int_equal(hit(&zas, 0), 261);
    assert_loss(&zas, 1, "2000 1.230615727581");
    assert_true(golden_number(&zas, 1, "final_loss", 0) <=
                pow(1 - 3.90625e-6 / 2, 2000) * golden_number(&zas, 1, "initial_loss", 0));
    golden_clear(&zas);
}

static void c14_a_zero_eigenvalue_is_learnt_algebraically(void **state) {
    (void)state;
    struct golden zero;
    golden_run_file(&zero, "zero_target.yaml");
    assert_loss(&zero, 0, "1000 1.745807185478e-4, 10000 5.581959970205e-6");
    assert_string_equal(golden_label(&zero, 0), "slow");
    golden_clear(&zero);
}

static void c13_a_broken_symmetry_escapes_after_the_logarithm_of_its_size(void **state) {
    (void)state;
    static const int64_t hits[] = {348, 721, 1094};
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, matrix: [[-0.5]]}\n"
                          "model: {kind: deep, depth: 2, init: {kind: weights}}\n"
                          "train: {algorithm: gd, step_size: 0.05, max_steps: 2000,\n"
                          "        stop: {loss: 0.0625, hold: 1}}\n"
                          "axes:\n"
                          "  layers: [[[[1.0001]], [[1]]], [[[1.00000001]], [[1]]],\n"
                          "           [[[1.000000000001]], [[1]]]]\n");
    for (int i = 0; i < 3; i++)
        assert_int_equal(hit(&run, i), hits[i]);
    golden_clear(&run);
}

/* Odd and deeper: the escape takes eps^{-(L-2)/2}/(eta |lambda|) steps. */
static void a_broken_symmetry_escapes_the_slower_the_deeper(void **state) {
    (void)state;
    static const int64_t hits[3][4] = {
        {55, 165, 398, 779}, {81, 348, 1302, 4029}, {115, 714, 4419, 22871}};
    static const char ones[] = ", [[1]], [[1]], [[1]], [[1]]";
    for (int depth = 3; depth <= 5; depth++) {
        struct golden run;
        char text[1024];
        const char *rest = ones + 7 * (5 - depth);
        snprintf(text, sizeof text,
                 "linnet: 1\n"
                 "problem: {kind: target, matrix: [[-0.5]]}\n"
                 "model: {kind: deep, depth: %d, init: {kind: weights}}\n"
                 "train: {algorithm: gd, step_size: 0.05, max_steps: 30000,\n"
                 "        stop: {loss: 0.0625, hold: 1}}\n"
                 "axes: {layers: [[[[0.7]]%s], [[[0.9]]%s], [[[0.97]]%s], [[[0.99]]%s]]}\n",
                 depth, rest, rest, rest, rest);
        golden_run_text(&run, text);
        for (int i = 0; i < 4; i++)
            assert_int_equal(hit(&run, i), hits[depth - 3][i]);
        golden_clear(&run);
    }
}

/* Half the local limit: the steps to 1e-10 saturate with depth. */
static void depth_is_harmless_for_positive_targets_at_a_matched_step(void **state) {
    (void)state;
    static const int64_t hits[] = {1, 29, 58, 80, 94, 106};
    struct golden run;
    golden_run_text(
        &run, "linnet: 1\n"
              "problem: {kind: target, matrix: [[2, 0.5, 0], [0.5, 1.5, 0.3], [0, 0.3, 0.8]]}\n"
              "model: {kind: deep, init: {kind: identity}}\n"
              "train: {algorithm: gd, step_size: 0.5, step_unit: minimum, max_steps: 500}\n"
              "axes: {depth: [1, 2, 4, 8, 16, 64]}\n");
    for (int i = 0; i < 6; i++)
        assert_int_equal(hit(&run, i), hits[i]);
    golden_clear(&run);
}

/* ds/dt = 2 s (lambda - s): s = lambda/(1 + (lambda/s_0 - 1) exp(-2 lambda t)). */
static void the_flow_of_two_layers_is_logistic(void **state) {
    (void)state;
    static const double lambda[] = {2, 0.5};
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, spectrum: [2, 0.5]}\n"
                          "model: {kind: deep, depth: 2, init: {kind: identity}}\n"
                          "train: {algorithm: flow, time_step: 0.1, max_steps: 50}\n"
                          "record: {times: {every: 1}, series: [singular_values]}\n");
    for (int t = 0; t <= 50; t++)
        for (int k = 0; k < 2; k++)
            assert_near(golden_at(&run, 0, "singular_values_series", t, k),
                        lambda[k] / (1 + (lambda[k] - 1) * exp(-2 * lambda[k] * 0.1 * t)), 1e-9);
    golden_clear(&run);
}

/* First step with E < 1/8 against alpha^{-(L-2)}/((L-2) eta lambda). */
static void the_plateau_of_a_small_start_lasts_as_predicted(void **state) {
    (void)state;
    static const int64_t hits[] = {1547, 11443};
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, spectrum: 1}\n"
                          "model: {kind: deep, init: {kind: identity, scale: 0.3}}\n"
                          "train: {algorithm: gd, step_size: 0.02, max_steps: 20000,\n"
                          "        stop: {loss: 0.125, hold: 1}}\n"
                          "axes: {depth: [6, 8]}\n");
    for (int i = 0; i < 2; i++) {
        double n = 6 + 2 * i, predicted = pow(0.3, 2 - n) / ((n - 2) * 0.02);
        assert_int_equal(hit(&run, i), hits[i]);
        assert_near((double)hit(&run, i), predicted, 0.02 * predicted);
    }
    golden_clear(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c1_diagonal_target_reaches_1e_10_at_step_156),
        cmocka_unit_test(c1_eigenvalues_at_step_10_are_the_cubes_of_the_scalar_recursion),
        cmocka_unit_test(c2_dense_target_reaches_1e_10_at_step_142),
        cmocka_unit_test(c3_loss_stays_above_half_the_square_of_the_negative_eigenvalue),
        cmocka_unit_test(c3d_dense_target_stays_above_its_floor),
        cmocka_unit_test(c4_below_eta_cross_the_loss_stays_above_the_floor),
        cmocka_unit_test(c4_above_eta_cross_it_converges_at_step_65),
        cmocka_unit_test(c4_at_eta_cross_it_lands_on_the_saddle_and_stays),
        cmocka_unit_test(c7_rotations_slow_down_towards_half_a_turn),
        cmocka_unit_test(c8_steps_below_the_local_limit_converge),
        cmocka_unit_test(c8_steps_above_the_local_limit_cycle_with_period_2),
        cmocka_unit_test(c8_further_above_it_is_chaotic_with_a_window_of_period_6),
        cmocka_unit_test(c8_at_twice_the_local_limit_it_is_trapped_behind_the_origin),
        cmocka_unit_test(c9_hits_over_depth_and_start_scale),
        cmocka_unit_test(c10_near_the_identity_depth_does_not_matter),
        cmocka_unit_test(c12_zero_asymmetric_start_learns_a_negative_eigenvalue),
        cmocka_unit_test(c13_a_broken_symmetry_escapes_after_the_logarithm_of_its_size),
        cmocka_unit_test(a_broken_symmetry_escapes_the_slower_the_deeper),
        cmocka_unit_test(depth_is_harmless_for_positive_targets_at_a_matched_step),
        cmocka_unit_test(the_flow_of_two_layers_is_logistic),
        cmocka_unit_test(the_plateau_of_a_small_start_lasts_as_predicted),
        cmocka_unit_test(c14_a_zero_eigenvalue_is_learnt_algebraically),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("bartlett", tests, NULL, NULL);
}
