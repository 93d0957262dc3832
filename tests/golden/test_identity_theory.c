/* Theorems on starts at the identity: their numbers, and what they claim as inequalities along runs
 * on random targets. Bartlett, Helmbold, Long 2018 with explicit constants; Arora, Cohen, Golowich,
 * Hu 2018; Wu, Wang, Ma 2019. */
#include "golden.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "linnet/linalg.h"

enum { MOST_DIM = 4, N_STEPS = 300 };

static int64_t hit(const struct golden *golden, int64_t cell) {
    return (int64_t)golden_number(golden, cell, "converged_step", 0);
}

static double theory(const struct golden *golden, int64_t cell, const char *name) {
    char column[64];
    snprintf(column, sizeof column, "theory_%s", name);
    return golden_number(golden, cell, column, 0);
}

/* A sweep of one point: format as printf, with the target as the first argument. */
static void matrix_text(char *text, size_t size, const double *m, int d) {
    size_t used = 0;
    for (int i = 0; i < d * d; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%.17g%s",
                                 i % d ? ", " : (i ? ", [" : "[["), m[i],
                                 i == d * d - 1 ? "]]" : (i % d == d - 1 ? "]" : ""));
}

struct setup {
    const double *target;
    int d, depth, max_steps;
    double alpha, eta;
    const char *algorithm; /* and its keys: "gd", "step_and_project, regulariser: none" */
    const char *names;     /* of predictions */
    const char *extra;     /* what else is recorded along the way */
};

static void run_setup(struct golden *run, const struct setup *setup) {
    char matrix[1024], text[4096];
    matrix_text(matrix, sizeof matrix, setup->target, setup->d);
    snprintf(text, sizeof text,
             "linnet: 1\n"
             "problem: {kind: target, matrix: %s}\n"
             "model: {kind: deep, depth: %d, init: {kind: identity, scale: %.17g}}\n"
             "train: {algorithm: %s, step_size: %.17g, max_steps: %d}\n"
             "record: {times: {every: 1}, series: [loss%s], theory: [%s]}\n",
             matrix, setup->depth, setup->alpha, setup->algorithm, setup->eta, setup->max_steps,
             setup->extra ? setup->extra : "", setup->names);
    golden_run_text(run, text);
}

/* Every recorded loss is at most `factor` times the one before, down to the rounding of E. */
static void assert_contracts(const struct golden *run, double factor) {
    int count;
    ln_sweep_record_steps(run->sweep, &count);
    for (int t = 1; t < count; t++) {
        double before = golden_number(run, 0, "loss_series", t - 1),
               after = golden_number(run, 0, "loss_series", t);
        if (isnan(after) || before < 1e-22)
            return;
        assert_true(after <= before * factor * (1 + 1e-12) + 1e-24);
    }
}

static void draw_target(uint64_t *seed, double *phi, int d) {
    for (int i = 0; i < d * d; i++)
        phi[i] = golden_splitmix(seed);
}

static void symmetrise(double *phi, int d) {
    for (int i = 0; i < d; i++)
        for (int j = 0; j < i; j++)
            phi[i * d + j] = phi[j * d + i] = 0.5 * (phi[i * d + j] + phi[j * d + i]);
}

/* Random symmetric, eigenvalues moved so that the least is `least`. */
static void draw_symmetric(uint64_t *seed, double *phi, int d, double least) {
    double w[MOST_DIM];
    draw_target(seed, phi, d);
    symmetrise(phi, d);
    ln_sym_eig(w, NULL, phi, d);
    for (int i = 0; i < d; i++)
        phi[i * d + i] += least - w[0];
}

static void bounds_on_the_steps_of_the_cases_c1_c2_and_c10(void **state) {
    (void)state;
    static const int bounds[] = {192, 184, 35, 35, 35};
    struct golden run;
    golden_run_file(&run, "identity_theory.yaml");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(theory(&run, i, i < 2 ? "spd_steps" : "near_identity_steps"), bounds[i]);
        assert_true(hit(&run, i) <= bounds[i]);
        assert_true(isnan(theory(&run, i, i < 2 ? "near_identity_steps" : "spd_steps")));
    }
    assert_shows(theory(&run, 0, "monotone_step_limit"), "0.132283420997");
    assert_shows(theory(&run, 0, "step_limit"), "0.264566841995");
    golden_clear(&run);
}

static void c11_in_the_plane_a_negative_determinant_is_not_learnt(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "identity_theory.yaml");
    assert_loss(&run, 5, "100 3.508661388881e-1, 1000 3.176930828530e-1, 5000 3.170287299833e-1");
    assert_shows(theory(&run, 5, "failure_floor"), "3.169981343349e-1");
    golden_clear(&run);
}

static void c4_the_floor_ends_where_the_first_step_crosses_zero(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "identity_theory.yaml");
    for (int i = 6; i < 8; i++)
        assert_near(theory(&run, i, "crossing_step"), 2.0 / 3, 1e-15);
    assert_true(theory(&run, 6, "failure_floor") == 0.125 && hit(&run, 6) == -1);
    assert_true(theory(&run, 7, "failure_floor") == 0 && hit(&run, 7) == 65);
    golden_clear(&run);
}

static void the_critical_depth_of_a_fixed_step_lies_between_8_and_9(void **state) {
    (void)state;
    struct golden run;
    golden_run_file(&run, "identity_theory.yaml");
    assert_true(theory(&run, 8, "step_limit") > 0.05 && hit(&run, 8) > 0);
    assert_true(theory(&run, 9, "step_limit") < 0.05 && hit(&run, 9) == -1);
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
        run_setup(&run, &(struct setup){phi, 1, 3, 4000, alpha, shares[i % 2] * cross, "gd",
                                        "crossing_step, failure_floor", NULL});
        assert_near(theory(&run, 0, "crossing_step"), cross, 1e-14);
        assert_true((golden_number(&run, 0, "best_loss", 0) >= 0.125) == (i % 2 == 0));
        assert_true((hit(&run, 0) > 0) == (i % 2 == 1));
        assert_true(theory(&run, 0, "failure_floor") == (i % 2 ? 0 : 0.125));
        golden_clear(&run);
    }
}

static void d1_near_the_identity_every_target_is_learnt_at_the_rate_of_the_theorem(void **state) {
    (void)state;
    uint64_t seed = 11;
    for (int round = 0; round < 24; round++) {
        int d = 1 + round % MOST_DIM, depth = 1 + round % 7;
        double phi[MOST_DIM * MOST_DIM];
        draw_target(&seed, phi, d);
        double norm = ln_norm(phi, (size_t)(d * d)), share = 0.5 * (golden_splitmix(&seed) + 1);
        for (int i = 0; i < d * d; i++)
            phi[i] = (i % (d + 1) == 0) + phi[i] * 0.0919 / norm;
        struct golden run;
        run_setup(&run,
                  &(struct setup){phi, d, depth, 3000, 1, (0.1 + 0.9 * share) * 0.5134 / depth,
                                  "gd", "near_identity_contraction, near_identity_steps", NULL});
        double factor = theory(&run, 0, "near_identity_contraction");
        assert_true(factor > 0.7 && factor < 1);
        assert_contracts(&run, factor * factor);
        assert_in_range(hit(&run, 0), 1, (uintmax_t)theory(&run, 0, "near_identity_steps"));
        golden_clear(&run);
    }
}

static void d2_symmetric_positive_targets_are_learnt_within_the_bound(void **state) {
    (void)state;
    uint64_t seed = 22;
    for (int round = 0; round < 24; round++) {
        int d = 1 + round % MOST_DIM, depth = 1 + round % 6;
        double phi[MOST_DIM * MOST_DIM], alpha = 1 + 0.2 * golden_splitmix(&seed);
        draw_symmetric(&seed, phi, d, 0.4);
        struct setup setup = {phi,   d,    depth, 1,
                              alpha, 1e-3, "gd",  "monotone_step_limit, spd_contraction, spd_steps",
                              NULL};
        struct golden run;
        run_setup(&run, &setup);
        setup.eta = (0.3 + 0.7 * (round % 2)) * theory(&run, 0, "monotone_step_limit");
        setup.eta *= 1 - 1e-12;
        setup.max_steps = 20000;
        golden_clear(&run);
        run_setup(&run, &setup);
        assert_in_range(hit(&run, 0), 1, (uintmax_t)theory(&run, 0, "spd_steps"));
        assert_string_equal(golden_label(&run, 0), "converged_monotone");
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
        draw_target(&seed, phi, d);
        memcpy(part, phi, sizeof part);
        symmetrise(part, d);
        ln_sym_eig(w, NULL, part, d);
        for (int i = 0; i < d; i++)
            phi[i * d + i] += 0.5 - w[0];
        struct setup setup = {phi,
                              d,
                              depth,
                              1,
                              pow(0.45, 1.0 / depth),
                              1e-3,
                              "power_projection, gamma: 0.89999, gamma_unit: margin",
                              "power_step_limit, power_contraction, power_steps",
                              NULL};
        struct golden run;
        run_setup(&run, &setup);
        setup.eta = theory(&run, 0, "power_step_limit") * (1 - 1e-12);
        setup.max_steps = N_STEPS;
        golden_clear(&run);
        run_setup(&run, &setup);
        double factor = theory(&run, 0, "power_contraction");
        assert_true(factor > 0.5 && factor < 1);
        assert_contracts(&run, factor * factor);
        assert_true(theory(&run, 0, "power_steps") > 0);
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
        draw_symmetric(&seed, phi, d, least);
        for (int i = 0; i < d * d && !is_dense; i++)
            phi[i] *= i % (d + 1) == 0;
        phi[0] = is_dense ? phi[0] : least;
        bool any_step = !is_dense && (depth % 2 == 0 || member >= 4);
        struct golden run;
        run_setup(&run, &(struct setup){phi, d, depth, is_dense ? 60 : N_STEPS, 1,
                                        any_step ? 0.01 + share : share / (1.3 - least),
                                        members[member], "failure_floor, failure_limit", NULL});
        double floor = theory(&run, 0, "failure_floor");
        assert_near(floor, floor_of(phi, d), 1e-12);
        assert_true(floor > 0);
        assert_true(golden_number(&run, 0, "best_loss", 0) >= floor * (1 - 1e-12));
        assert_true(!(theory(&run, 0, "failure_limit") < floor * (1 - 1e-12)));
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
        draw_symmetric(&seed, phi, d, least);
        double right = 2 / (pow(alpha, depth - 2) * (pow(alpha, depth) - least));
        struct golden run;
        run_setup(&run, &(struct setup){phi, d, depth, 1000, alpha, 1.01 * right, "gd",
                                        "divergence_step", NULL});
        if (pow(alpha, depth) > least) {
            assert_near(theory(&run, 0, "divergence_step"), right, 1e-9 * right);
            assert_string_equal(golden_label(&run, 0), "diverged");
        } else {
            assert_true(isnan(theory(&run, 0, "divergence_step")));
        }
        golden_clear(&run);
    }
}

static void arora_the_loss_falls_by_the_least_singular_value_in_every_step(void **state) {
    (void)state;
    static const double phi[] = {1.15, 0.05, -0.08, 0.9};
    struct golden run;
    run_setup(&run, &(struct setup){phi, 2, 2, 3000, 1, 1.50679739e-6, "gd",
                                    "deficiency_margin, arora_step_limit, arora_steps",
                                    ", singular_values"});
    assert_shows(theory(&run, 0, "deficiency_margin"), "0.697692225142");
    assert_shows(theory(&run, 0, "arora_step_limit"), "1.50679739e-6");
    for (int t = 0; t < 3000; t++) {
        double least = golden_at(&run, 0, "singular_values_series", t, 1);
        assert_true(golden_at(&run, 0, "loss_series", t + 1, 0) <=
                    golden_at(&run, 0, "loss_series", t, 0) * (1 - 1.50679739e-6 * least));
    }
    double c = theory(&run, 0, "deficiency_margin"), l0 = golden_at(&run, 0, "loss_series", 0, 0);
    assert_near(theory(&run, 0, "arora_steps"), log(l0 / 1e-10) / (1.50679739e-6 * c), 1);
    golden_clear(&run);
}

/* c > 0 and yet half a unit away from the identity: near_identity says nothing, this does. */
static void arora_the_margin_is_gone_where_the_start_is_too_far(void **state) {
    (void)state;
    static const double near[] = {1.4, 0, 0, 1}, far[] = {1.6, 0, 0, 0.5};
    struct golden run;
    run_setup(&run, &(struct setup){near, 2, 2, 2, 1, 1e-6, "gd", "deficiency_margin", NULL});
    assert_near(theory(&run, 0, "deficiency_margin"), 0.6, 1e-15);
    golden_clear(&run);
    run_setup(&run, &(struct setup){far, 2, 2, 2, 1, 1e-6, "gd", "deficiency_margin", NULL});
    assert_true(isnan(theory(&run, 0, "deficiency_margin")));
    golden_clear(&run);
}

static void c12_the_zero_asymmetric_start_learns_at_half_the_step_size(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, spectrum: [1.5, -0.5]}\n"
                          "model: {kind: deep, depth: 4, init: {kind: zero_asymmetric}}\n"
                          "train: {algorithm: gd, step_size: 3.90625e-6, max_steps: 2000}\n"
                          "record: {times: {every: 1}, series: [loss],\n"
                          "         theory: [zas_step_limit, zas_contraction]}\n");
    double factor = theory(&run, 0, "zas_contraction");
    assert_near(theory(&run, 0, "zas_step_limit"), 3.90625e-6, 1e-19);
    assert_true(factor == 1 - 3.90625e-6 / 2);
    assert_contracts(&run, factor);
    assert_loss(&run, 0, "2000 1.230615727581");
    assert_shows(pow(factor, 2000) * 1.25, "1.245126707088");
    golden_clear(&run);
}

/* Every step of Wu, Wang, Ma's rate costs; random targets, negative eigenvalues or not. */
static void the_zero_asymmetric_rate_holds_on_random_targets(void **state) {
    (void)state;
    uint64_t seed = 66;
    for (int round = 0; round < 12; round++) {
        int d = 1 + round % MOST_DIM, depth = 1 + round % 5;
        double phi[MOST_DIM * MOST_DIM], n = depth;
        char matrix[1024], text[2048];
        draw_target(&seed, phi, d);
        double xi = fmax(fmax(2 * ln_norm(phi, (size_t)(d * d)), 3 / sqrt(n)), 1),
               eta = fmin(1 / (4 * pow(n, 3) * pow(xi, 6)), 1 / (144 * n * n * pow(xi, 4)));
        matrix_text(matrix, sizeof matrix, phi, d);
        snprintf(text, sizeof text,
                 "linnet: 1\n"
                 "problem: {kind: target, matrix: %s}\n"
                 "model: {kind: deep, depth: %d, init: {kind: zero_asymmetric}}\n"
                 "train: {algorithm: gd, step_size: %.17g, max_steps: %d}\n"
                 "record: {times: {every: 1}, series: [loss], theory: [zas_step_limit]}\n",
                 matrix, depth, eta * (1 - 1e-12), N_STEPS);
        struct golden run;
        golden_run_text(&run, text);
        assert_near(theory(&run, 0, "zas_step_limit"), eta, 1e-12 * eta);
        assert_contracts(&run, 1 - 0.5 * eta * (1 - 1e-9));
        golden_clear(&run);
    }
}

static double one_number(const struct setup *setup) {
    struct golden run;
    run_setup(&run, setup);
    double number = theory(&run, 0, setup->names);
    golden_clear(&run);
    return number;
}

static void the_statements_are_silent_just_outside_their_conditions(void **state) {
    (void)state;
    static const double inside[] = {1, 0.0919, 0, 1}, outside[] = {1, 0.0921, 0, 1},
                        positive[] = {2, 0, 0, 0.5}, negative[] = {2, 0, 0, -0.5};
    const struct setup near = {inside, 2, 2, 2, 1, 0.25, "gd", "near_identity_contraction", NULL};
    assert_near(one_number(&near), 0.78, 1e-15);
    struct setup other = near;
    other.target = outside;
    assert_true(isnan(one_number(&other)));
    other = near;
    other.eta = 0.26; /* e^(-2/3)/2 = 0.2567 */
    assert_true(isnan(one_number(&other)));
    other = near;
    other.alpha = 0.999;
    assert_true(isnan(one_number(&other)));
    other = near;
    other.algorithm = "gd, decay: 0.5";
    assert_true(isnan(one_number(&other)));
    struct setup spd = {positive, 2, 3, 2, 1, 0.132, "gd", "spd_contraction", NULL};
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
        assert_true(one_number(&(struct setup){phi, 1, 3, 2, 1, cases[i].eta, cases[i].algorithm,
                                               "failure_floor", NULL}) == cases[i].floor);
}

/* delta may be c^2/(256 * 8 * 1.05) = 4.65e-4; the squares of 1 + x and 1 differ by 2x. */
static void the_deficiency_margin_needs_a_start_that_is_balanced_closely(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\n"
                          "problem: {kind: target, matrix: [[1.05]]}\n"
                          "model: {kind: deep, depth: 2, init: {kind: weights}}\n"
                          "train: {algorithm: gd, max_steps: 2}\n"
                          "record: {theory: [deficiency_margin]}\n"
                          "axes: {layers: [[[[1.00022]], [[1]]], [[[1.00026]], [[1]]]]}\n");
    assert_near(theory(&run, 0, "deficiency_margin"), 1.00022, 1e-14);
    assert_true(isnan(theory(&run, 1, "deficiency_margin")));
    golden_clear(&run);
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
        cmocka_unit_test(arora_the_loss_falls_by_the_least_singular_value_in_every_step),
        cmocka_unit_test(arora_the_margin_is_gone_where_the_start_is_too_far),
        cmocka_unit_test(c12_the_zero_asymmetric_start_learns_at_half_the_step_size),
        cmocka_unit_test(the_zero_asymmetric_rate_holds_on_random_targets),
        cmocka_unit_test(the_statements_are_silent_just_outside_their_conditions),
        cmocka_unit_test(at_odd_depth_the_floor_needs_small_steps_or_a_ball),
        cmocka_unit_test(the_deficiency_margin_needs_a_start_that_is_balanced_closely),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("identity_theory", tests, NULL, NULL);
}
