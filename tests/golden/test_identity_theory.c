/* Theorems on starts at the identity: their numbers, and what they claim as inequalities along runs
 * on random targets. Bartlett, Helmbold, Long 2018 with explicit constants. */
#include "identity_runs.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "linnet/linalg.h"

static int64_t hit(const struct golden *golden, int64_t cell) {
    return (int64_t)golden_number(golden, cell, "converged_step", 0);
}

static void bounds_on_the_steps_of_the_cases_c1_c2_and_c10(void **state) {
    (void)state;
    static const int bounds[] = {192, 184, 35, 35, 35};
    struct golden run;
    golden_run_file(&run, "identity_theory.yaml");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(identity_number(&run, i, i < 2 ? "spd_steps" : "near_identity_steps"),
                         bounds[i]);
        assert_true(hit(&run, i) <= bounds[i]);
        assert_true(isnan(identity_number(&run, i, i < 2 ? "near_identity_steps" : "spd_steps")));
    }
    assert_shows(identity_number(&run, 0, "monotone_step_limit"), "0.132283420997");
    assert_shows(identity_number(&run, 0, "step_limit"), "0.264566841995");
    golden_clear(&run);
}

static void c11_in_the_plane_a_negative_determinant_is_not_learnt(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "identity_theory.yaml");
    assert_loss(&run, 5, "100 3.508661388881e-1, 1000 3.176930828530e-1, 5000 3.170287299833e-1");
    assert_shows(identity_number(&run, 5, "failure_floor"), "3.169981343349e-1");
    golden_clear(&run);
}

static void c4_the_floor_ends_where_the_first_step_crosses_zero(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "identity_theory.yaml");
    for (int i = 6; i < 8; i++)
        assert_near(identity_number(&run, i, "crossing_step"), 2.0 / 3, 1e-15);
    assert_true(identity_number(&run, 6, "failure_floor") == 0.125 && hit(&run, 6) == -1);
    assert_true(identity_number(&run, 7, "failure_floor") == 0 && hit(&run, 7) == 65);
    golden_clear(&run);
}

static void the_critical_depth_of_a_fixed_step_lies_between_8_and_9(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "identity_theory.yaml");
    assert_true(identity_number(&run, 8, "step_limit") > 0.05 && hit(&run, 8) > 0);
    assert_true(identity_number(&run, 9, "step_limit") < 0.05 && hit(&run, 9) == -1);
    golden_clear(&run);
}

/* Just beside the crossing step, for any start scale. */
static void below_the_crossing_step_odd_depth_fails_and_above_it_converges(void **state) {
    (void)state;
    static const double alphas[] = {0.8, 1, 1.2}, shares[] = {0.99, 1.05};
    static const double phi[] = {-0.5};
    for (int i = 0; i < 6; i++) {
        double alpha = alphas[i / 2], cross = 1 / (alpha * (pow(alpha, 3) + 0.5));
        struct golden run;
        identity_run(&run, &(struct identity_setup){phi, 1, 3, 4000, alpha, shares[i % 2] * cross,
                                                    "gd", "crossing_step, failure_floor", NULL});
        assert_near(identity_number(&run, 0, "crossing_step"), cross, 1e-14);
        assert_true((golden_number(&run, 0, "best_loss", 0) >= 0.125) == (i % 2 == 0));
        assert_true((hit(&run, 0) > 0) == (i % 2 == 1));
        assert_true(identity_number(&run, 0, "failure_floor") == (i % 2 ? 0 : 0.125));
        golden_clear(&run);
    }
}

static void d1_near_the_identity_every_target_is_learnt_at_the_rate_of_the_theorem(void **state) {
    (void)state;
    uint64_t seed = 11;
    for (int round = 0; round < 24; round++) {
        int d = 1 + round % MOST_DIM, depth = 1 + round % 7;
        double phi[MOST_DIM * MOST_DIM];
        identity_draw(&seed, phi, d);
        double norm = ln_norm(phi, (size_t)(d * d)), share = 0.5 * (golden_splitmix(&seed) + 1);
        for (int i = 0; i < d * d; i++)
            phi[i] = (i % (d + 1) == 0) + phi[i] * 0.0919 / norm;
        struct golden run;
        identity_run(&run, &(struct identity_setup){
                               phi, d, depth, 3000, 1, (0.1 + 0.9 * share) * 0.5134 / depth, "gd",
                               "near_identity_contraction, near_identity_steps", NULL});
        double factor = identity_number(&run, 0, "near_identity_contraction");
        assert_true(factor > 0.7 && factor < 1);
        identity_contracts(&run, factor * factor);
        assert_in_range(hit(&run, 0), 1,
                        (uintmax_t)identity_number(&run, 0, "near_identity_steps"));
        golden_clear(&run);
    }
}

/* Every eigenvalue of the layers comes closer to its root by spd_contraction at least. */
static void assert_roots_contract(const struct golden *run, const double *phi, int d, int depth) {
    double lambda[MOST_DIM], factor = identity_number(run, 0, "spd_contraction");
    ln_sym_eig(lambda, NULL, phi, d);
    for (int t = 1; t < 1000; t++)
        for (int k = 0; k < d; k++) {
            double root = pow(lambda[d - 1 - k], 1.0 / depth),
                   before = golden_number(run, 0, "singular_values_series", (t - 1) * d + k),
                   after = golden_number(run, 0, "singular_values_series", t * d + k);
            if (isnan(after))
                return;
            assert_true(fabs(pow(after, 1.0 / depth) - root) <=
                        factor * fabs(pow(before, 1.0 / depth) - root) + 1e-14);
        }
}

static void d2_symmetric_positive_targets_are_learnt_within_the_bound(void **state) {
    (void)state;
    uint64_t seed = 22;
    for (int round = 0; round < 24; round++) {
        int d = 1 + round % MOST_DIM, depth = 1 + round % 6;
        double phi[MOST_DIM * MOST_DIM], alpha = 1 + 0.2 * golden_splitmix(&seed);
        identity_draw_symmetric(&seed, phi, d, 0.4);
        struct identity_setup setup = {phi,
                                       d,
                                       depth,
                                       1,
                                       alpha,
                                       1e-3,
                                       "gd",
                                       "monotone_step_limit, spd_contraction, spd_steps",
                                       ", singular_values"};
        struct golden run;
        identity_run(&run, &setup);
        setup.eta = (0.3 + 0.7 * (round % 2)) * identity_number(&run, 0, "monotone_step_limit");
        setup.eta *= 1 - 1e-12;
        setup.max_steps = 20000;
        golden_clear(&run);
        identity_run(&run, &setup);
        assert_in_range(hit(&run, 0), 1, (uintmax_t)identity_number(&run, 0, "spd_steps"));
        assert_string_equal(golden_label(&run, 0), "converged_monotone");
        assert_roots_contract(&run, phi, d, depth);
        golden_clear(&run);
    }
}

/* Rotations of up to 0.4 pi and random shears: mu > 0, not symmetric. */
static void d3_power_projection_contracts_at_the_rate_of_the_theorem(void **state) {
    (void)state;
    uint64_t seed = 33;
    for (int round = 0; round < 16; round++) {
        int d = 2 + round % 3, depth = 2 + round % 4;
        double phi[MOST_DIM * MOST_DIM], w[MOST_DIM], part[MOST_DIM * MOST_DIM];
        identity_draw(&seed, phi, d);
        memcpy(part, phi, sizeof part);
        identity_symmetrise(part, d);
        ln_sym_eig(w, NULL, part, d);
        for (int i = 0; i < d; i++)
            phi[i * d + i] += 0.5 - w[0];
        struct identity_setup setup = {phi,
                                       d,
                                       depth,
                                       1,
                                       pow(0.45, 1.0 / depth),
                                       1e-3,
                                       "power_projection, gamma: 0.89999, gamma_unit: margin",
                                       "power_step_limit, power_contraction, power_steps",
                                       NULL};
        struct golden run;
        identity_run(&run, &setup);
        setup.eta = identity_number(&run, 0, "power_step_limit") * (1 - 1e-12);
        setup.max_steps = N_STEPS;
        golden_clear(&run);
        identity_run(&run, &setup);
        double factor = identity_number(&run, 0, "power_contraction");
        assert_true(factor > 0.5 && factor < 1);
        identity_contracts(&run, factor * factor);
        assert_true(identity_number(&run, 0, "power_steps") > 0);
        golden_clear(&run);
    }
}

static const char *const members[] = {"gd",
                                      "step_and_project",
                                      "step_and_project, regulariser: penalty, kappa: 0.3",
                                      "step_and_project, regulariser: proximal, kappa: 0.3",
                                      "step_and_project, regulariser: spectral_ball, psi: 0.6",
                                      "step_and_project, regulariser: frobenius_ball, psi: 0.6"};

static double floor_of(const double *phi, int d) {
    double w[MOST_DIM], floor = 0;
    ln_sym_eig(w, NULL, phi, d);
    for (int k = 0; k < d && w[k] < 0; k++)
        floor += 0.5 * w[k] * w[k];
    return floor;
}

/* Even depth: any step size, those that diverge included; odd depth: small ones, or any in a ball.
 * Dense targets take small steps only: rounding breaks the symmetry of their layers, and large
 * steps let it grow. */
static void d4_no_member_of_the_class_falls_below_the_floor(void **state) {
    (void)state;
    uint64_t seed = 44;
    for (int round = 0; round < 192; round++) {
        int d = 1 + round % MOST_DIM, depth = 2 + round / 4 % 4, member = round % 6;
        double phi[MOST_DIM * MOST_DIM], least = 0.5 * golden_splitmix(&seed) - 0.7,
                                         share = 0.5 * (golden_splitmix(&seed) + 1);
        bool is_dense = round >= 96;
        identity_draw_symmetric(&seed, phi, d, least);
        for (int i = 0; i < d * d && !is_dense; i++)
            phi[i] *= i % (d + 1) == 0;
        phi[0] = is_dense ? phi[0] : least;
        bool any_step = !is_dense && (depth % 2 == 0 || member >= 4);
        struct golden run;
        identity_run(&run, &(struct identity_setup){phi, d, depth, is_dense ? 60 : N_STEPS, 1,
                                                    any_step ? 0.01 + share : share / (1.3 - least),
                                                    members[member], "failure_floor, failure_limit",
                                                    NULL});
        double floor = identity_number(&run, 0, "failure_floor");
        assert_near(floor, floor_of(phi, d), 1e-12);
        assert_true(floor > 0);
        assert_true(golden_number(&run, 0, "best_loss", 0) >= floor * (1 - 1e-12));
        assert_true(!(identity_number(&run, 0, "failure_limit") < floor * (1 - 1e-12)));
        golden_clear(&run);
    }
}

static void steps_beyond_the_divergence_step_diverge_at_even_depth(void **state) {
    (void)state;
    uint64_t seed = 55;
    for (int round = 0; round < 40; round++) {
        int d = 1 + round % MOST_DIM, depth = 2 + 2 * (round % 4);
        double phi[MOST_DIM * MOST_DIM], alpha = 1.2 + 0.4 * golden_splitmix(&seed),
                                         least = 0.3 * golden_splitmix(&seed);
        identity_draw_symmetric(&seed, phi, d, least);
        double right = 2 / (pow(alpha, depth - 2) * (pow(alpha, depth) - least));
        struct golden run;
        identity_run(&run, &(struct identity_setup){phi, d, depth, 1000, alpha, 1.01 * right, "gd",
                                                    "divergence_step", NULL});
        if (pow(alpha, depth) > least) {
            assert_near(identity_number(&run, 0, "divergence_step"), right, 1e-9 * right);
            assert_string_equal(golden_label(&run, 0), "diverged");
        } else {
            assert_true(isnan(identity_number(&run, 0, "divergence_step")));
        }
        golden_clear(&run);
    }
}

static double one_number(const struct identity_setup *setup) {
    struct golden run;
    identity_run(&run, setup);
    double number = identity_number(&run, 0, setup->names);
    golden_clear(&run);
    return number;
}

static void the_statements_are_silent_just_outside_their_conditions(void **state) {
    (void)state;
    static const double inside[] = {1, 0.0919, 0, 1}, outside[] = {1, 0.0921, 0, 1},
                        positive[] = {2, 0, 0, 0.5}, negative[] = {2, 0, 0, -0.5};
    const struct identity_setup near = {inside, 2, 2, 2, 1, 0.25, "gd", "near_identity_contraction",
                                        NULL};
    assert_near(one_number(&near), 0.78, 1e-15);
    struct identity_setup other = near;
    other.target = outside;
    assert_true(isnan(one_number(&other)));
    other = near;
    other.eta = 0.26; /* e^(-2/3)/2 = 0.2567 */
    assert_true(isnan(one_number(&other)));
    other.depth = 3;
    other.eta = 0.172; /* e^(-2/3)/3 = 0.1711 */
    assert_true(isnan(one_number(&other)));
    other = near;
    other.alpha = 0.999;
    assert_true(isnan(one_number(&other)));
    other = near;
    other.algorithm = "gd, decay: 0.5";
    assert_true(isnan(one_number(&other)));
    struct identity_setup spd = {positive, 2, 3, 2, 1, 0.132, "gd", "spd_contraction", NULL};
    assert_true(one_number(&spd) < 1);
    spd.eta = 0.133; /* the limit is 0.13228 */
    assert_true(isnan(one_number(&spd)));
    spd.eta = 0.132;
    spd.target = negative;
    assert_true(isnan(one_number(&spd)));
}

/* eta (1 + |lambda| + kappa) <= 1 at odd depth; a ball of radius at most 1 takes any step. */
static void at_odd_depth_the_floor_needs_small_steps_or_a_ball(void **state) {
    (void)state;
    static const double phi[] = {-0.5};
    static const struct {
        const char *algorithm;
        double eta, floor;
    } cases[] = {{"step_and_project, regulariser: penalty, kappa: 0.5", 0.499, 0.125},
                 {"step_and_project, regulariser: penalty, kappa: 0.5", 0.501, 0},
                 {"step_and_project, regulariser: proximal, kappa: 0.5", 0.666, 0.125},
                 {"step_and_project, regulariser: proximal, kappa: 0.5", 0.667, 0},
                 {"step_and_project, regulariser: spectral_ball, psi: 1", 3, 0.125},
                 {"step_and_project, regulariser: frobenius_ball, psi: 1.01", 3, 0}};
    for (int i = 0; i < 6; i++)
        assert_true(
            one_number(&(struct identity_setup){phi, 1, 3, 2, 1, cases[i].eta, cases[i].algorithm,
                                                "failure_floor", NULL}) == cases[i].floor);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_on_the_steps_of_the_cases_c1_c2_and_c10),
        cmocka_unit_test(c11_in_the_plane_a_negative_determinant_is_not_learnt),
        cmocka_unit_test(c4_the_floor_ends_where_the_first_step_crosses_zero),
        cmocka_unit_test(the_critical_depth_of_a_fixed_step_lies_between_8_and_9),
        cmocka_unit_test(below_the_crossing_step_odd_depth_fails_and_above_it_converges),
        cmocka_unit_test(d1_near_the_identity_every_target_is_learnt_at_the_rate_of_the_theorem),
        cmocka_unit_test(d2_symmetric_positive_targets_are_learnt_within_the_bound),
        cmocka_unit_test(d3_power_projection_contracts_at_the_rate_of_the_theorem),
        cmocka_unit_test(d4_no_member_of_the_class_falls_below_the_floor),
        cmocka_unit_test(steps_beyond_the_divergence_step_diverge_at_even_depth),
        cmocka_unit_test(the_statements_are_silent_just_outside_their_conditions),
        cmocka_unit_test(at_odd_depth_the_floor_needs_small_steps_or_a_ball),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("identity_theory", tests, NULL, NULL);
}
