/* The flow of diagonal networks at finite scale on the worked cases. Source of the numbers: exact
 * rationals of the limit, and two independent integrators of the finite-scale flow. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagonal_sweep.h"
#include "linnet/linalg.h"

/* Runs the dual to the middles of all plateaus at the scales of `axis`. */
static int run_middles(struct golden *run, const struct pesme_case *a_case, const char *model,
                       const char *axis, int64_t *steps) {
    double time_step;
    int count = sweep_middles(a_case, &time_step, steps);
    sweep_case(run, a_case,
               "model: {kind: diagonal, %s}\n"
               "train: {algorithm: flow, time_step: %.17g, max_steps: %lld, stop: {loss: 0}}\n"
               "record: {times: {list: %s}, series: [coefficients], final: [loss]}\n"
               "axes: {%s}\n",
               model, time_step, (long long)steps[count - 1], sweep_list(steps, count), axis);
    return count;
}

/* Largest error at the middles; its last one at *last. */
static double error_at_middles(const struct golden *run, const struct pesme_case *a_case,
                               int64_t cell, const int64_t *steps, int count, double *last) {
    double largest = 0, time, saddle[16];
    for (int k = 0; k < count; k++) {
        assert_true(sweep_jump(a_case, k, &time, saddle));
        *last = sweep_error(run, cell, steps[k], saddle, a_case->d);
        largest = *last <= largest ? largest : *last;
    }
    return largest;
}

/* Errors at alpha = 1e-50, 1e-100, 1e-300. Those above 1e-12 are of the flow itself and have to
 * show their digit; those below are of an integrator, and a better one is no failure. */
static void plateaus_have_the_errors_printed(void **state) {
    (void)state;
    static const struct {
        const char *name, *errors[3];
    } table[] = {
        {"ortho4x3", {"2e-14", "1e-13", "2e-13"}},     {"drop2x2", {"4.5e-3", "2.2e-3", "7.3e-4"}},
        {"flip2x2", {"2e-13", "2e-13", "4e-13"}},      {"zhao2x4", {"9e-5", "7e-9", "3e-13"}},
        {"mono3x5", {"3e-13", "1e-13", "1e-13"}},      {"noisy4x3", {"5e-11", "3e-13", "2e-12"}},
        {"react3x3", {"3e-6", "1e-11", "3e-13"}},      {"rich3x5", {"6e-5", "2e-10", "3e-13"}},
        {"shrink3x3", {"2.7e-2", "1.3e-2", "4.2e-3"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct pesme_case *a_case = pesme_find(table[i].name);
        struct golden run;
        int64_t steps[PESME_MOST_JUMPS];
        int count = run_middles(&run, a_case, "form: dual, init: {kind: diagonal}",
                                "log_scale: [115.12925464970229, 230.25850929940458, "
                                "690.77552789821371]",
                                steps);
        for (int cell = 0; cell < 3; cell++) {
            double last, error = error_at_middles(&run, a_case, cell, steps, count, &last);
            double printed = strtod(table[i].errors[cell], NULL);
            if (printed > 3e-12)
                assert_shows(error, table[i].errors[cell]);
            else
                assert_true(error <= printed + 5e-14);
        }
        golden_clear(&run);
    }
}

/* Halfway between its jumps at 1/2 and 3/2 the dual of coordinate 1 is at 3/4: b_1 = alpha^(1/2)/2.
 */
static void what_is_below_rounding_on_a_plateau_keeps_its_digits(void **state) {
    (void)state;
    struct golden run;
    sweep_case(&run, pesme_find("drop2x2"),
               "model: {kind: diagonal, form: dual, init: {kind: diagonal, scale: 1.0e-50}}\n"
               "train: {algorithm: flow, time_step: 1, max_steps: 1, stop: {loss: 0}}\n"
               "record: {times: {list: [1]}, series: [coefficients]}\n");
    assert_near(golden_at(&run, 0, "coefficients_series", 1, 0), 5e-26, 1e-33);
    assert_near(golden_at(&run, 0, "coefficients_series", 1, 1), -0.5, 1e-12);
    golden_clear(&run);
}

/* Figure 1 of the paper cannot be drawn again (no seed); this stands in. Switch times: equal
 * distance to the saddles before and after, looked for in steps of 1e-6. */
static void the_stand_in_for_figure_1_waits_at_its_saddles(void **state) {
    (void)state;
    enum { AROUND = 30 };
    const struct pesme_case *a_case = pesme_find("standin5x7");
    struct golden run;
    static const int64_t middles[] = {152369, 247448, 342536},
                         switches[] = {105308, 201566, 296045};
    int64_t steps[3 + 3 * (2 * AROUND + 1)];
    double time, saddles[4][7] = {{0}};
    for (int k = 0; k < 3; k++) {
        steps[k] = middles[k];
        for (int i = -AROUND; i <= AROUND; i++)
            steps[3 + k * (2 * AROUND + 1) + AROUND + i] = switches[k] + i;
    }
    sweep_case(&run, a_case,
               "model: {kind: diagonal, form: dual, init: {kind: diagonal, scale: 1.0e-120}}\n"
               "train: {algorithm: flow, time_step: 1.0e-6, max_steps: 342536, stop: {loss: 0}}\n"
               "record: {times: {list: %s}, series: [coefficients, loss]}\n",
               sweep_list(steps, sizeof steps / sizeof steps[0]));
    assert_shows(golden_at(&run, 0, "loss_series", 0, 0), "83.8");
    for (int k = 0; k < 3; k++) {
        assert_true(sweep_jump(a_case, k, &time, saddles[k + 1]));
        assert_true(sweep_error(&run, 0, middles[k], saddles[k + 1], 7) <= 2e-12);
        int64_t step = switches[k] - AROUND;
        while (sweep_distance(&run, 0, step, saddles[k], 7) <
               sweep_distance(&run, 0, step, saddles[k + 1], 7))
            step++;
        assert_true(step > switches[k] - AROUND);
        assert_near((double)step, (double)switches[k] + 0.5, 1.0); /* half a digit, and the grid */
    }
    assert_shows(golden_at(&run, 0, "loss_series", middles[0], 0), "52.927680");
    assert_shows(golden_at(&run, 0, "loss_series", middles[1], 0), "12.441975");
    golden_clear(&run);
}

/* The sweep of the gallery: the smaller alpha, the nearer the loss to the steps predicted, and at
 * alpha = 1e-120 it lies on them but at the jumps. */
static void the_sweep_over_scales_tends_to_the_steps_that_theory_stores_beside_it(void **state) {
    (void)state;
    static const int64_t middles[] = {210, 609, 990, 1370};
    struct golden run;
    double before = INFINITY;
    golden_run_file(&run, "../../sweeps/pesme_saddles.yaml");
    for (int cell = 0; cell < 9; cell++) {
        double area = 0, level = golden_at(&run, cell, "loss_series", 0, 0);
        for (int step = 0, k = 0; step <= 1600; step++) {
            while (k < 3 && 2.5e-4 * step > golden_number(&run, cell, "theory_jump_times", k))
                level = golden_number(&run, cell, "theory_saddle_losses", k++);
            area += 2.5e-4 * fabs(golden_at(&run, cell, "loss_series", step, 0) - level);
        }
        assert_true(area < before);
        before = area;
    }
    assert_true(before < 0.082); /* of 15.0 under the steps; the jumps themselves take 1/Lam */
    assert_near(golden_at(&run, 8, "loss_series", middles[0], 0), 83.8, 1e-12);
    for (int k = 0; k < 3; k++) {
        assert_near(golden_at(&run, 8, "loss_series", middles[k + 1], 0),
                    golden_number(&run, 8, "theory_saddle_losses", k), 1e-12);
        for (int j = 0; j < 7; j++)
            assert_near(golden_at(&run, 8, "coefficients_series", middles[k + 1], j),
                        golden_number(&run, 8, "theory_saddles", 7 * k + j), 1e-12);
    }
    golden_clear(&run);
}

static void the_dual_reaches_scales_that_are_no_numbers(void **state) {
    (void)state;
    const struct pesme_case *a_case = pesme_find("flip2x2");
    struct golden run;
    int64_t steps[PESME_MOST_JUMPS];
    int count = run_middles(&run, a_case, "form: dual, init: {kind: diagonal}",
                            "log_scale: [1000, 100000]", steps);
    for (int cell = 0; cell < 2; cell++) {
        double last;
        assert_true(error_at_middles(&run, a_case, cell, steps, count, &last) < 4e-11);
    }
    golden_clear(&run);
}

/* Worst over four cases. */
static void deeper_networks_visit_the_same_saddles_at_the_same_times(void **state) {
    (void)state;
    static const char *const names[] = {"zhao2x4", "flip2x2", "mono3x5", "noisy4x3"};
    static const char *const printed[] = {"8e-3", "2e-5", "2e-8"};
    double worst[4] = {0}, last;
    for (int i = 0; i < 4; i++) {
        const struct pesme_case *a_case = pesme_find(names[i]);
        struct golden run;
        int64_t steps[PESME_MOST_JUMPS];
        int count = run_middles(&run, a_case, "form: dual, depth: 3, init: {kind: diagonal}",
                                "scale: [0.01, 0.001, 0.0001]", steps);
        for (int cell = 0; cell < 3; cell++)
            worst[cell] =
                fmax(worst[cell], error_at_middles(&run, a_case, cell, steps, count, &last));
        golden_clear(&run);
        run_middles(&run, a_case, "form: dual, depth: 4, init: {kind: diagonal}", "scale: [0.01]",
                    steps);
        worst[3] = fmax(worst[3], error_at_middles(&run, a_case, 0, steps, count, &last));
        golden_clear(&run);
    }
    for (int cell = 0; cell < 3; cell++)
        assert_shows(worst[cell], printed[cell]);
    assert_shows(worst[3], "9e-6");
}

static void exponents_move_the_jumps_of_mono3x5_and_leave_its_saddles(void **state) {
    (void)state;
    struct pesme_case weighted = *pesme_find("mono3x5");
    struct golden run;
    int64_t steps[PESME_MOST_JUMPS];
    weighted.jumps[0] = ".4875: -2/3 0 0 0 0";
    weighted.jumps[1] = ".75: -2/3 2 0 0 0";
    weighted.jumps[2] = "1.8: -2/3 5/3 0 -2/3 0";
    int count = run_middles(
        &run, &weighted, "form: dual, init: {kind: diagonal, exponents: [1.3, 1, 0.8, 1.1, 0.9]}",
        "scale: [1.0e-100, 1.0e-300]", steps);
    for (int cell = 0; cell < 2; cell++) {
        double last;
        assert_true(error_at_middles(&run, &weighted, cell, steps, count, &last) < 1e-13);
    }
    golden_clear(&run);
}

/* Columns: t = 0.5, 1, 2, 3; "~" is not printed. */
static void moderate_scale_has_the_table_of_two_integrators(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int first, second; /* coordinates, from 0; of three all */
        const char *digits[4][3];
    } table[] = {
        {"ortho4x3",
         0,
         1,
         {{".40000000", "-.00005000", ".00000050"},
          {"1.99999992", "-.33333334", ".00005000"},
          {"2", "-.99999998", ".25000000"},
          {"2", "-1", ".49995001"}}},
        {"flip2x2",
         0,
         1,
         {{"-.00419898", ".24945862"},
          {"-2.83030907", ".02828180"},
          {"-3.00000010", "-.00000008"},
          {"-3.78789046", "-.42262646"}}},
        {"zhao2x4",
         0,
         2,
         {{".00000050", ".00000013"},
          {".00005000", ".00000315"},
          {".30723183", ".00148600"},
          {".79626698", ".00659726"}}},
        {"noisy4x3",
         0,
         1,
         {{".00049947", "0", "-.00004997"},
          {".47646947", ".00000003", "-.04818371"},
          {".00928396", ".04032795", "-1.32771497"},
          {".00000002", "1.99929847", "-3.33242764"}}},
    };
    static const int64_t steps[] = {1, 2, 4, 6};
    for (int i = 0; i < 4; i++) {
        struct golden run;
        sweep_case(&run, pesme_find(table[i].name),
                   "model: {kind: diagonal, form: dual, init: {kind: diagonal, scale: 1.0e-4}}\n"
                   "train: {algorithm: flow, time_step: 0.5, max_steps: 6, stop: {loss: 0}}\n"
                   "record: {times: {every: 1}, series: [coefficients]}\n");
        for (int t = 0; t < 4; t++)
            for (int j = 0; j < 3 && table[i].digits[t][j]; j++) {
                int coordinate = j == 0 ? table[i].first : j == 1 ? table[i].second : 2;
                assert_near(golden_at(&run, 0, "coefficients_series", steps[t], coordinate),
                            strtod(table[i].digits[t][j], NULL), 6e-9);
            }
        golden_clear(&run);
    }
}

/* The flow of u and v in raw time tau = Lam t against the dual in t, at alpha = 1e-3. */
static void the_literal_weights_follow_the_dual(void **state) {
    (void)state;
    const double log_scale = log(1000);
    for (int i = 0; i < n_pesme_cases; i++) {
        struct golden dual, raw;
        const struct pesme_case *a_case = &pesme_cases[i];
        double last = 0, saddle[16];
        for (int k = 0; sweep_jump(a_case, k, &last, saddle);)
            k++;
        static const char rest[] =
            "model: {kind: diagonal, form: %s, init: {kind: diagonal, scale: 0.001}}\n"
            "train: {algorithm: flow, time_step: %.17g, max_steps: 40, stop: {loss: 0}, rtol: "
            "1e-12}\n"
            "record: {times: {every: 1}, series: [coefficients, dual, lasso_average, arc_length], "
            "final: [loss, effective_alpha, effective_start]}\n"
            "%s";
        sweep_case(&dual, a_case, rest, "dual", last / 20, "");
        sweep_case(&raw, a_case, rest, "uv", last / 20 * log_scale,
                   "axes: {form: [uv, squares]}\n");
        static const char *const series[] = {"coefficients_series", "dual_series",
                                             "lasso_average_series", "arc_length_series"};
        for (int cell = 0; cell < 2; cell++)
            for (int j = 0; j < a_case->d; j++) { /* a flow keeps the scale it started from */
                assert_near(golden_number(&raw, cell, "effective_alpha", j), 0.001, 1e-11);
                assert_near(golden_number(&raw, cell, "effective_start", j), 0, 1e-13);
            }
        for (int cell = 0; cell < 2; cell++)
            for (int step = 1; step <= 40; step++)
                for (int s = 0; s < 4; s++)
                    for (int j = 0; j < (s == 3 ? 1 : a_case->d); j++)
                        assert_near(golden_at(&raw, cell, series[s], step, j),
                                    golden_at(&dual, 0, series[s], step, j), 6e-9);
        golden_clear(&raw);
        golden_clear(&dual);
    }
}

/* Raw weights far below what an error control sees: the bound of the step alone keeps them. */
static void raw_weights_too_small_to_be_seen_keep_their_time(void **state) {
    (void)state;
    struct golden dual, raw;
    static const char rest[] =
        "model: {kind: diagonal, form: %s, init: {kind: diagonal, scale: 1.0e-60}}\n"
        "train: {algorithm: flow, time_step: %.17g, max_steps: 40, stop: {loss: 0}}\n"
        "record: {times: {every: 1}, series: [coefficients]}\n";
    sweep_case(&dual, pesme_find("flip2x2"), rest, "dual", 0.1);
    sweep_case(&raw, pesme_find("flip2x2"), rest, "squares", 0.1 * 60 * log(10));
    double worst = 0;
    for (int step = 1; step <= 40; step++)
        for (int j = 0; j < 2; j++)
            worst = fmax(worst, fabs(golden_at(&raw, 0, "coefficients_series", step, j) -
                                     golden_at(&dual, 0, "coefficients_series", step, j)));
    assert_true(worst < 1e-11);
    golden_clear(&raw);
    golden_clear(&dual);
}

/* b = w+^3 - w-^3 in raw time against z in accelerated time. */
static void the_literal_powers_follow_their_dual(void **state) {
    (void)state;
    for (int depth = 3; depth <= 4; depth++) {
        struct golden dual, raw;
        const double unit = pow(0.05, 2 - depth) / (depth * (depth - 2));
        static const char rest[] =
            "model: {kind: diagonal, form: %s, depth: %d, init: {kind: diagonal, scale: 0.05}}\n"
            "train: {algorithm: flow, time_step: %.17g, max_steps: 80, stop: {loss: 0}, rtol: "
            "1e-12}\n"
            "record: {times: {every: 1}, series: [coefficients, dual]}\n";
        sweep_case(&dual, pesme_find("flip2x2"), rest, "dual", depth, 0.05);
        sweep_case(&raw, pesme_find("flip2x2"), rest, "power", depth, 0.05 * unit);
        for (int step = 1; step <= 80; step++)
            for (int j = 0; j < 2; j++) {
                assert_near(golden_at(&raw, 0, "coefficients_series", step, j),
                            golden_at(&dual, 0, "coefficients_series", step, j), 2e-9);
                assert_near(golden_at(&raw, 0, "dual_series", step, j),
                            golden_at(&dual, 0, "dual_series", step, j), 2e-9);
            }
        golden_clear(&raw);
        golden_clear(&dual);
    }
}

/* d = 3, H = I: each coordinate alone, in closed form. */
static void an_orthogonal_design_follows_the_scalar_closed_form(void **state) {
    (void)state;
    static const double best[] = {2, -1, 0.5}, powers[] = {2, 4, 30, 100};
    struct golden run;
    sweep_case(&run, pesme_find("ortho4x3"),
               "model: {kind: diagonal, form: dual, init: {kind: diagonal}}\n"
               "train: {algorithm: flow, time_step: 0.01, max_steps: 300, stop: {loss: 0}}\n"
               "record: {times: {every: 1}, series: [coefficients]}\n"
               "axes: {scale: [1.0e-2, 1.0e-4, 1.0e-30, 1.0e-100]}\n");
    for (int cell = 0; cell < 4; cell++)
        for (int step = 0; step <= 300; step++)
            for (int j = 0; j < 3; j++)
                assert_near(golden_at(&run, cell, "coefficients_series", step, j),
                            ln_saddles_scalar(1, best[j], powers[cell] * log(10), 0.01 * step),
                            1e-7);
    golden_clear(&run);
}

static void a_population_target_is_the_orthogonal_design(void **state) {
    (void)state;
    struct golden run;
    golden_run_text(&run,
                    "linnet: 1\nproblem: {kind: target, matrix: [[2, -1, 0.5]]}\n"
                    "model: {kind: diagonal, form: dual, init: {kind: diagonal, scale: 1.0e-4}}\n"
                    "train: {algorithm: flow, time_step: 0.5, max_steps: 6, stop: {loss: 0}}\n"
                    "record: {times: {every: 1}, series: [coefficients]}\n");
    assert_shows(golden_at(&run, 0, "coefficients_series", 1, 0), ".40000000");
    assert_shows(golden_at(&run, 0, "coefficients_series", 6, 2), ".49995001");
    golden_clear(&run);
}

/* The length of the path tends to the sum of those of the heteroclinic orbits. */
static void the_path_is_as_long_as_its_orbits(void **state) {
    (void)state;
    struct golden run;
    sweep_case(
        &run, pesme_find("flip2x2"),
        "model: {kind: diagonal, form: dual, init: {kind: diagonal, scale: 1.0e-200}}\n"
        "train: {algorithm: flow, time_step: 0.625, max_steps: 8, stop: {loss: 0}}\n"
        "record: {times: {every: 1}, series: [arc_length, sparsity, criticality, l1_norm]}\n");
    assert_shows(golden_at(&run, 0, "arc_length_series", 8, 0), "4.66557");
    assert_shows(golden_at(&run, 0, "arc_length_series", 1, 0), ".50000");
    assert_near(golden_at(&run, 0, "arc_length_series", 2, 0), .5 + 3.04138, 6e-6);
    assert_int_equal(golden_at(&run, 0, "sparsity_series", 0, 0), 0);
    assert_int_equal(golden_at(&run, 0, "sparsity_series", 1, 0), 1);
    assert_int_equal(golden_at(&run, 0, "sparsity_series", 2, 0), 1);
    assert_int_equal(golden_at(&run, 0, "sparsity_series", 8, 0), 2);
    assert_near(golden_at(&run, 0, "l1_norm_series", 8, 0), 4.5, 1e-12);
    assert_true(golden_at(&run, 0, "criticality_series", 2, 0) < 1e-30);
    golden_clear(&run);
}

/* At a saddle of the path nothing moves until the dual that a warm start has arrives. */
static void a_warm_start_ends_where_its_own_limit_says(void **state) {
    (void)state;
    static const double start[] = {-3, 0}, other[] = {0, 1, 0, 0.5};
    static const struct {
        const char *name, *text;
        const double *b;
    } starts[] = {{"flip2x2", "[-3, 0]", start}, {"zhao2x4", "[0, 1, 0, 0.5]", other}};
    for (int i = 0; i < 2; i++) {
        struct golden run;
        const struct pesme_case *a_case = pesme_find(starts[i].name);
        struct ln_regression data = pesme_regression(a_case);
        struct ln_saddles saddles;
        data.start = starts[i].b;
        assert_int_equal(ln_saddles_walk(&data, &saddles), LN_SADDLES_DONE);
        double end = saddles.time[saddles.n_jumps];
        sweep_case(&run, a_case,
                   "model: {kind: diagonal, form: dual, init: {kind: diagonal, scale: 1.0e-200, "
                   "product: %s}}\n"
                   "train: {algorithm: flow, time_step: %.17g, max_steps: 8, stop: {loss: 0}}\n"
                   "record: {times: {every: 1}, series: [coefficients]}\n",
                   starts[i].text, end / 4);
        assert_near(sweep_distance(&run, 0, 0, starts[i].b, a_case->d), 0, 1e-15);
        assert_near(sweep_distance(&run, 0, 8, saddles.b + saddles.n_jumps * a_case->d, a_case->d),
                    0, 1e-12);
        golden_clear(&run);
        ln_saddles_clear(&saddles);
        pesme_clear(&data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plateaus_have_the_errors_printed),
        cmocka_unit_test(what_is_below_rounding_on_a_plateau_keeps_its_digits),
        cmocka_unit_test(the_stand_in_for_figure_1_waits_at_its_saddles),
        cmocka_unit_test(the_sweep_over_scales_tends_to_the_steps_that_theory_stores_beside_it),
        cmocka_unit_test(the_dual_reaches_scales_that_are_no_numbers),
        cmocka_unit_test(deeper_networks_visit_the_same_saddles_at_the_same_times),
        cmocka_unit_test(exponents_move_the_jumps_of_mono3x5_and_leave_its_saddles),
        cmocka_unit_test(moderate_scale_has_the_table_of_two_integrators),
        cmocka_unit_test(the_literal_weights_follow_the_dual),
        cmocka_unit_test(raw_weights_too_small_to_be_seen_keep_their_time),
        cmocka_unit_test(the_literal_powers_follow_their_dual),
        cmocka_unit_test(an_orthogonal_design_follows_the_scalar_closed_form),
        cmocka_unit_test(a_population_target_is_the_orthogonal_design),
        cmocka_unit_test(the_path_is_as_long_as_its_orbits),
        cmocka_unit_test(a_warm_start_ends_where_its_own_limit_says),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("diagonal_flow", tests, NULL, NULL);
}
