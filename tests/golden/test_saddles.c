/* The recursive algorithm of Pesme, Flammarion 2023 on the worked cases. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "linnet/linalg.h"
#include "pesme_cases.h"

static void assert_vector(const double *numbers, const double *wanted, int d) {
    for (int i = 0; i < d; i++)
        assert_near(numbers[i], wanted[i], 1e-12 * fmax(1, fabs(wanted[i])));
}

/* "t: b | s", or without s. */
static void assert_saddle(const struct ln_saddles *saddles, int k, const char *text) {
    double t, b[8], s[8];
    const char *rest;
    int d = saddles->d;
    assert_int_equal(pesme_numbers(text, &t, 1, &rest), 1);
    assert_int_equal(pesme_numbers(rest, b, 8, &rest), d);
    assert_near(saddles->time[k], t, 1e-12 * t);
    assert_vector(saddles->b + k * d, b, d);
    for (int i = 0; i < d; i++)
        assert_int_equal(saddles->b[k * d + i] == 0, b[i] == 0);
    if (pesme_numbers(rest, s, 8, &rest) > 0)
        assert_vector(saddles->s + k * d, s, d);
}

static void assert_dropped(const struct ln_saddles *saddles, int k, const char *text) {
    double numbers[8];
    int count = text ? pesme_numbers(text, numbers, 8, NULL) : 0;
    for (int i = 0; i < saddles->d; i++) {
        bool is_wanted = false;
        for (int j = 0; j < count; j++)
            is_wanted = is_wanted || (int)numbers[j] == i + 1;
        bool is_dropped = saddles->events[k * saddles->d + i] & LN_SADDLE_DROPPED;
        assert_int_equal(is_dropped, is_wanted);
    }
}

static int n_jumps_of(const struct pesme_case *a_case) {
    int count = 0;
    while (count < PESME_MOST_JUMPS && a_case->jumps[count])
        count++;
    return count;
}

static void every_case_visits_its_saddles_at_its_times(void **state) {
    (void)state;
    for (int i = 0; i < n_pesme_cases; i++) {
        struct ln_regression regression = pesme_regression(&pesme_cases[i]);
        struct ln_saddles saddles;
        assert_int_equal(ln_saddles_walk(&regression, &saddles), LN_SADDLES_DONE);
        assert_int_equal(saddles.n_jumps, n_jumps_of(&pesme_cases[i]));
        for (int k = 1; k <= saddles.n_jumps; k++) {
            assert_saddle(&saddles, k, pesme_cases[i].jumps[k - 1]);
            assert_dropped(&saddles, k, pesme_cases[i].dropped[k - 1]);
        }
        assert_true(saddles.certificate < 4e-12);
        ln_saddles_clear(&saddles);
        pesme_clear(&regression);
    }
}

static void every_case_passes_its_losses(void **state) {
    (void)state;
    for (int i = 0; i < n_pesme_cases; i++) {
        struct ln_regression regression = pesme_regression(&pesme_cases[i]);
        struct ln_saddles saddles;
        double losses[PESME_MOST_JUMPS + 1];
        ln_saddles_walk(&regression, &saddles);
        if (pesme_cases[i].losses) {
            int count = pesme_numbers(pesme_cases[i].losses, losses, PESME_MOST_JUMPS + 1, NULL);
            assert_int_equal(count, saddles.n_jumps + 1);
            for (int k = 0; k < count; k++)
                assert_near(saddles.loss[k], losses[k], 1e-13);
        } else {
            assert_shows(saddles.loss[0], "83.8");
            assert_shows(saddles.loss[1], "52.927680");
            assert_shows(saddles.loss[2], "12.441975");
            assert_near(saddles.loss[3], 0, 1e-25);
            assert_shows(saddles.time[1], ".10482180");
            assert_shows(saddles.time[2], ".19991734");
            assert_shows(saddles.time[3], ".29497836");
        }
        ln_saddles_clear(&saddles);
        pesme_clear(&regression);
    }
}

static int bits_at(const struct ln_saddles *saddles, int k, int coordinate) {
    return saddles->events[k * saddles->d + coordinate - 1];
}

static void events_say_hit_flipped_and_degenerate(void **state) {
    (void)state;
    struct ln_saddles saddles;
    struct ln_regression regression = pesme_regression(pesme_find("flip2x2"));
    ln_saddles_walk(&regression, &saddles);
    assert_int_equal(bits_at(&saddles, 1, 2), LN_SADDLE_HIT | LN_SADDLE_ENTERED);
    assert_int_equal(bits_at(&saddles, 2, 2), LN_SADDLE_DROPPED);
    assert_int_equal(bits_at(&saddles, 3, 2),
                     LN_SADDLE_HIT | LN_SADDLE_ENTERED | LN_SADDLE_FLIPPED);
    assert_int_equal(ln_saddles_n_degenerate(&saddles, 3), 0);
    ln_saddles_clear(&saddles);
    pesme_clear(&regression);
    regression = pesme_regression(pesme_find("drop2x2"));
    ln_saddles_walk(&regression, &saddles);
    assert_int_equal(bits_at(&saddles, 2, 2), LN_SADDLE_DROPPED | LN_SADDLE_DEGENERATE);
    ln_saddles_clear(&saddles);
    pesme_clear(&regression);
    regression = pesme_regression(pesme_find("react3x3"));
    ln_saddles_walk(&regression, &saddles);
    assert_int_equal(bits_at(&saddles, 4, 1), LN_SADDLE_HIT | LN_SADDLE_ENTERED); /* same sign */
    ln_saddles_clear(&saddles);
    pesme_clear(&regression);
}

/* The constants are those of the flow at alpha = 1e-100 and 1e-300, integrated by SciPy (Radau IIA)
 * with the switch located as an event. */
static void first_order_times_are_those_measured(void **state) {
    (void)state;
    for (int i = 0; i < n_pesme_cases; i++) {
        struct ln_regression regression = pesme_regression(&pesme_cases[i]);
        struct ln_saddles saddles;
        struct ln_jump jumps[PESME_MOST_JUMPS + 1];
        double constants[PESME_MOST_JUMPS];
        const char *text = pesme_cases[i].constants;
        int count = text ? pesme_numbers(text, constants, PESME_MOST_JUMPS, NULL) : 0;
        ln_saddles_walk(&regression, &saddles);
        ln_saddles_jumps(&regression, &saddles, jumps);
        for (int k = 1; k <= count; k++)
            assert_near(jumps[k].c + jumps[k].h, constants[k - 1], 1e-5);
        for (int k = 1; k <= saddles.n_jumps; k++) {
            if (ln_saddles_n_degenerate(&saddles, k) == 0)
                assert_true(jumps[k].residual < 5e-8);
            else
                assert_true(isnan(jumps[k].residual));
            assert_true(jumps[k].length >= jumps[k].chord * (1 - 1e-9));
        }
        ln_saddles_clear(&saddles);
        pesme_clear(&regression);
    }
}

static void assert_jumps(const char *name, const char *const (*rows)[2], int n_rows) {
    struct ln_regression regression = pesme_regression(pesme_find(name));
    struct ln_saddles saddles;
    struct ln_jump jumps[PESME_MOST_JUMPS + 1];
    ln_saddles_walk(&regression, &saddles);
    ln_saddles_jumps(&regression, &saddles, jumps);
    for (int k = 0; k < n_rows; k++) {
        assert_shows(jumps[k + 1].c, rows[k][0]);
        assert_shows(jumps[k + 1].h, rows[k][1]);
    }
    ln_saddles_clear(&saddles);
    pesme_clear(&regression);
}

static void shift_and_half_time_have_the_digits_printed(void **state) {
    (void)state;
    static const char *const zhao[][2] = {
        {"0.0000", ".4700"}, {"-2.8200", "12.8784"}, {"-23.9032", "-9.0979"}};
    static const char *const figure[][2] = {
        {"0.0000", ".1342"}, {"-.168", ".6234"}, {"-.3084", ".6032"}};
    assert_jumps("zhao2x4", zhao, 3);
    assert_jumps("standin5x7", figure, 3);
}

/* Switch times of the stand-in for Figure 1 at alpha = 1e-120. */
static void first_order_times_predict_the_switches_of_figure_1(void **state) {
    (void)state;
    static const char *const switches[] = {".105308", ".201566", ".296045"};
    struct ln_regression regression = pesme_regression(pesme_find("standin5x7"));
    struct ln_saddles saddles;
    struct ln_jump jumps[PESME_MOST_JUMPS + 1];
    ln_saddles_walk(&regression, &saddles);
    ln_saddles_jumps(&regression, &saddles, jumps);
    for (int k = 1; k <= 3; k++)
        assert_shows(saddles.time[k] + (jumps[k].c + jumps[k].h) / (120 * log(10)),
                     switches[k - 1]);
    ln_saddles_clear(&saddles);
    pesme_clear(&regression);
}

static void orbits_have_the_lengths_printed(void **state) {
    (void)state;
    struct ln_regression regression = pesme_regression(pesme_find("flip2x2"));
    struct ln_saddles saddles;
    struct ln_jump jumps[PESME_MOST_JUMPS + 1];
    ln_saddles_walk(&regression, &saddles);
    ln_saddles_jumps(&regression, &saddles, jumps);
    assert_near(jumps[1].length, 0.5, 1e-9);
    assert_shows(jumps[2].length, "3.04138");
    assert_shows(jumps[3].length, "1.12419");
    assert_shows(jumps[3].chord, "1.11803");
    assert_shows(ln_saddles_total_length(&saddles, jumps) - saddles.time[3], "4.66557");
    ln_saddles_clear(&saddles);
    pesme_clear(&regression);
}

static void exponents_move_the_times_and_not_the_saddles_of_mono3x5(void **state) {
    (void)state;
    static const double k[] = {1.3, 1, .8, 1.1, .9}, times[] = {0, .4875, .75, 1.8};
    struct ln_regression regression = pesme_regression(pesme_find("mono3x5"));
    struct ln_saddles plain, weighted;
    ln_saddles_walk(&regression, &plain);
    regression.low = regression.high = k;
    assert_int_equal(ln_saddles_walk(&regression, &weighted), LN_SADDLES_DONE);
    assert_int_equal(weighted.n_jumps, 3);
    for (int j = 0; j <= 3; j++) {
        assert_near(weighted.time[j], times[j], 1e-12);
        assert_vector(weighted.b + j * 5, plain.b + j * 5, 5);
    }
    assert_true(weighted.certificate < 4e-12);
    ln_saddles_clear(&weighted);
    ln_saddles_clear(&plain);
    pesme_clear(&regression);
}

/* How far the average is from the Lasso's optimality at lambda = 1/t; minus the gradient is s/t in
 * any case, so only the support can be wrong. */
static double lasso_violation(const struct ln_regression *regression,
                              const struct ln_saddles *saddles, double t) {
    double average[8], g[8], worst = 0;
    ln_saddles_average(saddles, t, average);
    ln_regression_loss(regression, average, g);
    for (int i = 0; i < regression->d; i++) {
        worst = fmax(worst, fabs(g[i]) - 1 / t);
        if (fabs(average[i]) > 1e-14)
            worst = fmax(worst, fabs(-g[i] - copysign(1 / t, average[i])));
    }
    return worst;
}

static double worst_lasso_violation(const char *name, double until) {
    struct ln_regression regression = pesme_regression(pesme_find(name));
    struct ln_saddles saddles;
    double worst = 0;
    ln_saddles_walk(&regression, &saddles);
    for (int i = 1; i <= 400; i++)
        worst = fmax(worst, lasso_violation(&regression, &saddles, until * i / 400));
    ln_saddles_clear(&saddles);
    pesme_clear(&regression);
    return worst;
}

static void the_average_is_the_lasso_path_while_no_dual_leaves_its_wall(void **state) {
    (void)state;
    assert_true(worst_lasso_violation("mono3x5", 6) < 1e-14);
    assert_true(worst_lasso_violation("ortho4x3", 6) < 1e-14);
    assert_true(worst_lasso_violation("zhao2x4", 20) > 1e-3);
    assert_true(worst_lasso_violation("flip2x2", 6) > 0.05);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_visits_its_saddles_at_its_times),
        cmocka_unit_test(every_case_passes_its_losses),
        cmocka_unit_test(events_say_hit_flipped_and_degenerate),
        cmocka_unit_test(first_order_times_are_those_measured),
        cmocka_unit_test(shift_and_half_time_have_the_digits_printed),
        cmocka_unit_test(first_order_times_predict_the_switches_of_figure_1),
        cmocka_unit_test(orbits_have_the_lengths_printed),
        cmocka_unit_test(exponents_move_the_times_and_not_the_saddles_of_mono3x5),
        cmocka_unit_test(the_average_is_the_lasso_path_while_no_dual_leaves_its_wall),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
