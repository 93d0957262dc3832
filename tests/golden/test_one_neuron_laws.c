/* What the theory of one-neuron flows (Eftekhari 2020) predicts for sweeps: times from small
 * starts, the way down from far ones, the step limit of gradient descent, random starts. */
#include "golden.h"

#include <math.h>
#include <stdio.h>

#include "linnet/linalg.h"

/* Time until E - E_1 <= loss. */
static double time_to(const char *problem, int depth, const char *start, double time_step,
                      double loss) {
    char text[2048];
    struct golden run;
    snprintf(text, sizeof text,
             "linnet: 1\nproblem: {kind: target, matrix: %s}\n"
             "model: {kind: one_neuron, depth: %d, init: {kind: rank_one, %s}}\n"
             "train: {algorithm: flow, rtol: 1e-13, atol: 1e-22, time_step: %g, max_steps: "
             "10000000, stop: {loss: %.17g, hold: 1}}\n"
             "record: {times: {list: [0]}, series: [loss]}\n",
             problem, depth, start, time_step, loss);
    golden_run_text(&run, text);
    double steps = golden_number(&run, 0, "converged_step", 0);
    golden_clear(&run);
    return steps > 0 ? steps * time_step : (double)NAN;
}

/* t ~ s_0^{-(1-2/N)} / ((N-2) rho_0); (1/(2 rho_0)) ln(s_1/s_0) for two layers. Half way is E =
 * 1/2. */
static void small_aligned_starts_take_the_time_of_their_power(void **state) {
    (void)state;
    static const char *const start = "scale: 1e-9, left: [1], right: [1]";
    assert_near(time_to("[[2]]", 2, start, 1e-3, 0.5), log(2e9) / 4, 1e-3);
    for (int depth = 3; depth <= 5; depth++) {
        double law = pow(1e-9, 2.0 / depth - 1) / ((depth - 2) * 2);
        assert_near(time_to("[[2]]", depth, start, law / 1e5, 0.5) / law, 1, 0.01);
    }
}

/* A part p_1 smaller by a factor costs its logarithm over s_1 - s_2. */
static void a_small_leading_part_costs_its_logarithm(void **state) {
    (void)state;
    static const char *const plane = "[[2, 0], [0, 1]]";
    double early = time_to(plane, 2, "left: [0.6, 0.8], right: [-0.59999, 0.8]", 1e-4, 0.1),
           late = time_to(plane, 2, "left: [0.6, 0.8], right: [-0.59999999, 0.8]", 1e-4, 0.1);
    assert_near(late - early, log(1000), 1e-3);
}

/* s ~ (s_0^{-(2-2/N)} + (2N-2) t)^{-1/(2-2/N)} while s >> s_1, whatever s_0 was. */
static void far_starts_come_down_on_one_curve(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\nproblem: {kind: target, spectrum: [2, 1]}\n"
                          "model: {kind: one_neuron, init: {kind: rank_one, left: [9, 4], right: "
                          "[8, 5]}}\n"
                          "train: {algorithm: flow, time_step: 1e-6, max_steps: 4, stop: {loss: "
                          "0}}\n"
                          "record: {times: {every: 1}, series: [singular_values]}\n"
                          "axes: {depth: [3, 4, 6], init_scale: [1e5, 1e8]}\n");
    for (int cell = 0; cell < 6; cell++) {
        double depth = cell < 2 ? 3 : cell < 4 ? 4 : 6, power = 2 - 2 / depth;
        for (int k = 1; k <= 4; k++) {
            double law =
                pow(pow(cell % 2 ? 1e8 : 1e5, -power) + (2 * depth - 2) * 1e-6 * k, -1 / power);
            assert_near(golden_at(&run, cell, "singular_values_series", k, 0) / law, 1, 2e-3);
        }
    }
    golden_clear(&run);
}

/* u = u_1, v = v_1: the scale alone relaxes, ell at 2 N s_1^{2-2/N}. */
static void aligned_starts_relax_faster_with_depth(void **state) {
    (void)state;
    for (int depth = 2; depth <= 6; depth++) {
        double slope = 2 * depth * pow(2, 2 - 2.0 / depth);
        char text[1024];
        struct golden run;
        snprintf(text, sizeof text,
                 "linnet: 1\nproblem: {kind: target, matrix: [[2, 0, 0], [0, 1, 0]]}\n"
                 "model: {kind: one_neuron, depth: %d, init: {kind: rank_one, scale: 0.5, "
                 "left: [1, 0], right: [1, 0, 0]}}\n"
                 "train: {algorithm: flow, rtol: 1e-14, atol: 1e-22, time_step: %.17g, "
                 "max_steps: 7, stop: {loss: 0}}\n"
                 "record: {times: {list: [6, 7]}, series: [one_neuron_excess], "
                 "theory: [late_slope]}\n",
                 depth, 4 / slope);
        golden_run_text(&run, text);
        assert_near(golden_number(&run, 0, "theory_late_slope", 0), slope, 1e-14 * slope);
        assert_near(log(golden_at(&run, 0, "one_neuron_excess_series", 6, 0) /
                        golden_at(&run, 0, "one_neuron_excess_series", 7, 0)),
                    4, 1e-3);
        golden_clear(&run);
    }
}

/* u = u_j, v = -v_j: s ~ e^{-2 s_j t} for two layers, s ~ ((N-2) s_j t)^{-N/(N-2)} for more. */
static void opposed_starts_decay_at_the_pace_of_their_depth(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\nproblem: {kind: target, matrix: [[2]]}\n"
                          "model: {kind: one_neuron, init: {kind: rank_one, left: [1], "
                          "right: [-1]}}\n"
                          "train: {algorithm: flow, rtol: 1e-13, atol: 1e-22, time_step: 1, "
                          "max_steps: 1000, stop: {loss: 0}}\n"
                          "record: {times: {list: [5, 6, 1000]}, series: [singular_values]}\n"
                          "axes: {depth: [2, 3, 4, 5]}\n");
    assert_near(golden_at(&run, 0, "singular_values_series", 6, 0) /
                    golden_at(&run, 0, "singular_values_series", 5, 0),
                exp(-4), 1e-8);
    for (int i = 1; i < 4; i++) {
        double n = i + 2, law = pow((n - 2) * 2 * 1000, -n / (n - 2));
        assert_near(golden_at(&run, i, "singular_values_series", 1000, 0) / law, 1, 3e-3);
    }
    golden_clear(&run);
}

/* 2 / (N s_1^{2-2/N}) at the best rank-one map, from just beside it. */
static void descent_settles_at_the_optimum_below_its_step_limit_only(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\nproblem: {kind: target, matrix: [[2, 0, 0], [0, 1, 0]]}\n"
                          "model: {kind: deep, width: 1, init: {kind: rank_one, scale: 2.001, "
                          "left: [1, 0], right: [1, 0, 0]}}\n"
                          "train: {algorithm: gd, step_unit: minimum, max_steps: 4000, stop: "
                          "{loss: 1e-14}}\n"
                          "record: {theory: [one_neuron_step_limit]}\n"
                          "axes: {depth: [2, 3, 4, 5], step_size: [0.99, 1.01]}\n");
    for (int cell = 0; cell < 8; cell++) {
        double limit = golden_number(&run, cell, "theory_one_neuron_step_limit", 0);
        bool settles = golden_number(&run, cell, "converged_step", 0) >= 0;
        assert_near(golden_number(&run, cell, "step_size_used", 0) / limit, cell % 2 ? 1.01 : 0.99,
                    1e-12);
        assert_true(settles == (cell % 2 == 0));
    }
    golden_clear(&run);
}

static void random_starts_tend_to_the_optimum_and_half_of_them_are_aligned(void **state) {
    (void)state;
    enum { SEEDS = 400 };
    struct golden run;
    int n_aligned = 0;
    golden_run_text(&run, "linnet: 1\nproblem: {kind: target, spectrum: [2, 1, 0.5]}\n"
                          "model: {kind: one_neuron, depth: 3, init: {kind: rank_one}}\n"
                          "train: {algorithm: flow, max_steps: 1}\n"
                          "record: {theory: [alignment, limit_mode]}\n"
                          "axes: {seed: {count: 400}}\n");
    for (int cell = 0; cell < SEEDS; cell++) {
        assert_near(golden_number(&run, cell, "theory_limit_mode", 0), 1, 0);
        n_aligned += golden_number(&run, cell, "theory_alignment", 0) > 0;
    }
    assert_near(n_aligned, SEEDS / 2, 40); /* four standard deviations */
    golden_clear(&run);
}

/* Layers from scale u v^T, far along the flow; the axes are the depths 2 and 3. */
static void run_layers(struct golden *run, const char *target, const char *start) {
    char text[2048];
    snprintf(text, sizeof text,
             "linnet: 1\nproblem: {kind: target, matrix: %s}\n"
             "model: {kind: deep, width: 1, init: {kind: rank_one, %s}}\n"
             "train: {algorithm: flow, rtol: 1e-12, time_step: 0.5, max_steps: 30, stop: {loss: "
             "0}}\n"
             "record: {final: [verdict, verdict_plateau, reached_rank, lambda_min], theory: "
             "[spectral_gap, limit_mode]}\n"
             "axes: {depth: [2, 3]}\n",
             target, start);
    golden_run_text(run, text);
}

/* Flags of `verdict`. */
enum { GLOBAL_MINIMUM = 0, STRICT_SADDLE = 2, NOT_FINISHED = 3 };

/* On the way past Z_2 the least curvature is -s_2^{1-2/N} (s_1 - s_2), at zero -s_1 for two layers
 * and 0 for three, where the approach is algebraic. */
static void limits_are_certified_for_what_they_are(void **state) {
    (void)state;
    struct golden run;
    run_layers(&run, "[[2, 0, 0], [0, 1, 0]]", "left: [0.9, 0.4], right: [0.8, 0.5, 0.3]");
    for (int cell = 0; cell < 2; cell++) {
        assert_near(golden_number(&run, cell, "verdict", 0), GLOBAL_MINIMUM, 0);
        assert_near(golden_number(&run, cell, "reached_rank", 0), 1, 0);
        assert_near(golden_number(&run, cell, "theory_spectral_gap", 0), 0.5, 1e-15);
    }
    golden_clear(&run);
    run_layers(&run, "[[3, 0], [0, 2]]", "left: [0, 1], right: [0, 1]");
    for (int cell = 0; cell < 2; cell++) {
        assert_near(golden_number(&run, cell, "verdict", 0), STRICT_SADDLE, 0);
        assert_near(golden_number(&run, cell, "lambda_min", 0), cell ? -cbrt(2) : -1, 1e-9);
        assert_near(golden_number(&run, cell, "theory_limit_mode", 0), 2, 0);
    }
    golden_clear(&run);
    run_layers(&run, "[[2]]", "left: [1], right: [-1]");
    assert_near(golden_number(&run, 0, "verdict", 0), STRICT_SADDLE, 0);
    assert_near(golden_number(&run, 0, "lambda_min", 0), -2, 1e-9);
    assert_near(golden_number(&run, 1, "verdict", 0), NOT_FINISHED, 0);
    assert_near(golden_number(&run, 1, "verdict_plateau", 0), 0, 0);
    golden_clear(&run);
}

/* Nothing is said of starts that are not balanced. */
/* The flow against descent with falling steps: both are at the time that the schedule has used up,
 * so they differ by the step size only. k times the first step would be off by a factor. */
static void a_schedule_is_compared_at_the_time_it_has_used_up(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\n"
                    "problem: {kind: target, matrix: [[2, 0, 0], [0, 1, 0]]}\n"
                    "model: {depth: 3, width: 1, init: {kind: rank_one, scale: 0.5, "
                    "left: [0.9, 0.4], right: [0.8, 0.5, 0.3]}}\n"
                    "train: {step_size: 0.005, decay: 0.5, max_steps: 10000, stop: {loss: 0}}\n"
                    "record: {times: {list: [0, 100, 1000, 4000]}, series: [one_neuron_excess], "
                    "theory: [one_neuron_excess, one_neuron_bound]}\n");
    static const int64_t steps[] = {100, 1000, 4000};
    for (int i = 0; i < 3; i++) {
        double seen = golden_at(&run, 0, "one_neuron_excess_series", steps[i], 0),
               flow = golden_at(&run, 0, "theory_one_neuron_excess", steps[i], 0),
               bound = golden_at(&run, 0, "theory_one_neuron_bound", steps[i], 0);
        assert_near(seen, flow, 0.03 * flow);
        assert_true(flow < bound);
    }
    golden_clear(&run);
}

static void an_unbalanced_start_has_no_prediction(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run, "linnet: 1\nproblem: {kind: target, spectrum: [2, 1]}\n"
                          "model: {kind: deep, depth: 3, width: 1, init: {kind: gaussian}}\n"
                          "train: {algorithm: flow, max_steps: 4}\n"
                          "record: {times: {every: 1}, series: [loss], theory: [kappa, limit_mode, "
                          "one_neuron_excess]}\n");
    assert_true(isnan(golden_number(&run, 0, "theory_kappa", 0)));
    assert_true(isnan(golden_number(&run, 0, "theory_limit_mode", 0)));
    assert_true(isnan(golden_at(&run, 0, "theory_one_neuron_excess", 0, 0)));
    golden_clear(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_aligned_starts_take_the_time_of_their_power),
        cmocka_unit_test(a_small_leading_part_costs_its_logarithm),
        cmocka_unit_test(far_starts_come_down_on_one_curve),
        cmocka_unit_test(aligned_starts_relax_faster_with_depth),
        cmocka_unit_test(opposed_starts_decay_at_the_pace_of_their_depth),
        cmocka_unit_test(descent_settles_at_the_optimum_below_its_step_limit_only),
        cmocka_unit_test(random_starts_tend_to_the_optimum_and_half_of_them_are_aligned),
        cmocka_unit_test(limits_are_certified_for_what_they_are),
        cmocka_unit_test(a_schedule_is_compared_at_the_time_it_has_used_up),
        cmocka_unit_test(an_unbalanced_start_has_no_prediction),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
