/* Predictions of the limit against the exact flow at finite scale, ds/dt = -grad L(b(s)), b_i =
 * alpha^2 sinh(2 Lam s_i), integrated here. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "linnet/linalg.h"
#include "linnet/ode.h"
#include "pesme_cases.h"

enum { MOST_D = 8 };

struct exact {
    const struct ln_regression *regression;
    double log_scale;
    double hessian[MOST_D][MOST_D];
    const double *from, *to; /* of the switch waited for */
};

static double coefficient(const struct exact *exact, double s) {
    double size = fmin(2 * exact->log_scale * (fabs(s) - 1), 650);
    return copysign((exp(size) - exp(-2 * exact->log_scale * (fabs(s) + 1))) / 2, s);
}

static void coefficients(const struct exact *exact, const double *s, double *b) {
    for (int i = 0; i < exact->regression->d; i++)
        b[i] = coefficient(exact, s[i]);
}

static void velocity(void *ctx, double t, const double *s, double *ds) {
    const struct exact *exact = ctx;
    double b[MOST_D] = {0};
    (void)t;
    coefficients(exact, s, b);
    ln_regression_loss(exact->regression, b, ds);
    for (int i = 0; i < exact->regression->d; i++)
        ds[i] = -ds[i];
}

/* The jump must not be strided over, and the fast modes are stiff. */
static double bound(void *ctx, double t, const double *s) {
    const struct exact *exact = ctx;
    int d = exact->regression->d;
    double b[MOST_D] = {0}, ds[MOST_D] = {0}, rate = 0, speed = 0;
    coefficients(exact, s, b);
    velocity(ctx, t, s, ds);
    for (int i = 0; i < d; i++) {
        double row = 0;
        for (int j = 0; j < d; j++)
            row += fabs(exact->hessian[i][j]) * 2 * exact->log_scale * fabs(b[j]);
        rate = fmax(rate, row);
        speed = fmax(speed, fabs(ds[i]));
    }
    return 1 / (rate + 2 * exact->log_scale * speed + 1e-3);
}

static double to_switch(void *ctx, double t, const double *s) {
    const struct exact *exact = ctx;
    double b[MOST_D] = {0}, difference = 0;
    (void)t;
    coefficients(exact, s, b);
    for (int i = 0; i < exact->regression->d; i++)
        difference += (b[i] - exact->to[i]) * (b[i] - exact->to[i]) -
                      (b[i] - exact->from[i]) * (b[i] - exact->from[i]);
    return difference;
}

static struct exact exact_of(const struct ln_regression *regression, double log_scale) {
    struct exact exact = {.regression = regression, .log_scale = log_scale};
    size_t n = (size_t)regression->n;
    for (int i = 0; i < regression->d; i++)
        for (int j = 0; j < regression->d; j++)
            exact.hessian[i][j] = regression->c * ln_dot(regression->x + (size_t)i * n,
                                                         regression->x + (size_t)j * n, n);
    return exact;
}

/* Largest |Lam (switch - t_k) - (c_k + h_k)| over the jumps from `first` on. */
static double worst_time(const struct ln_regression *regression, double log_scale, int first) {
    struct ln_saddles saddles;
    struct ln_jump jumps[PESME_MOST_JUMPS + 1];
    struct ln_ode ode;
    struct exact exact = exact_of(regression, log_scale);
    double s[MOST_D] = {0}, t = 0, worst = 0;
    int d = regression->d;
    assert_int_equal(ln_saddles_walk(regression, &saddles), LN_SADDLES_DONE);
    ln_saddles_jumps(regression, &saddles, jumps);
    for (int i = 0; regression->start && i < d; i++) /* arcsinh(b / alpha^2) / (2 Lam) */
        if (regression->start[i] != 0)
            s[i] = copysign(1 + log(2 * fabs(regression->start[i])) / (2 * log_scale),
                            regression->start[i]);
    ln_ode_init(&ode, d, velocity, &exact);
    ode.rtol = ode.atol = 1e-12;
    ode.bound = bound;
    ode.event = to_switch;
    for (int k = first; k <= saddles.n_jumps; k++) {
        exact.from = k > 0 ? saddles.b + (k - 1) * d : regression->start;
        exact.to = saddles.b + k * d;
        assert_int_equal(ln_ode_advance(&ode, &t, 1e3, s), LN_ODE_EVENT);
        double found = log_scale * (t - saddles.time[k]);
        worst = fmax(worst, fabs(found - jumps[k].c - jumps[k].h));
    }
    ln_ode_clear(&ode);
    ln_saddles_clear(&saddles);
    return worst;
}

/* "off by 3e-5, 5e-8, < 7e-9": the remainder is exponentially small. */
static void first_order_times_of_flip2x2_are_exact_up_to_an_exponentially_small_rest(void **state) {
    (void)state;
    struct ln_regression regression = pesme_regression(pesme_find("flip2x2"));
    assert_true(worst_time(&regression, 5 * log(10), 1) < 4e-4);
    assert_true(worst_time(&regression, 10 * log(10), 1) < 2e-6);
    assert_true(worst_time(&regression, 20 * log(10), 1) < 3e-7);
    pesme_clear(&regression);
}

static void first_order_times_hold_through_deactivation_and_late_events(void **state) {
    (void)state;
    static const char *const names[] = {"zhao2x4", "noisy4x3", "react3x3", "mono3x5"};
    for (int i = 0; i < 4; i++) {
        struct ln_regression regression = pesme_regression(pesme_find(names[i]));
        assert_true(worst_time(&regression, 100 * log(10), 1) < 1e-6);
        pesme_clear(&regression);
    }
}

static void a_warm_start_shifts_the_times_by_what_its_orbit_says(void **state) {
    (void)state;
    static const double start[] = {1, 0, 0, 0.5};
    struct ln_regression regression = pesme_regression(pesme_find("zhao2x4"));
    regression.start = start;
    assert_true(worst_time(&regression, 50 * log(10), 0) < 1e-6);
    pesme_clear(&regression);
}

/* X = [1 0 .6; 0 1 -.2], y = (1, 1): coordinates 1 and 2 reach the wall at the same time. */
static void two_coordinates_that_hit_together_leave_on_one_orbit(void **state) {
    (void)state;
    static const double x[] = {1, 0, 0, 1, .6, -.2}, y[] = {1, 1};
    struct ln_regression regression = {.n = 2, .d = 3, .x = x, .y = y, .c = 0.5};
    struct ln_saddles saddles;
    ln_saddles_walk(&regression, &saddles);
    assert_int_equal(saddles.events[3] & saddles.events[4] & LN_SADDLE_HIT, LN_SADDLE_HIT);
    assert_int_equal(saddles.n_jumps, 1);
    ln_saddles_clear(&saddles);
    assert_true(worst_time(&regression, 50 * log(10), 1) < 1e-6);
}

/* The closed form solves d beta/dt = 2 Lam sqrt(beta^2 + alpha^4) l (b - beta), and reaches half
 * its height at the time said. */
static void the_scalar_closed_form_is_the_exact_flow(void **state) {
    (void)state;
    static const double x[] = {2}, y[] = {-3};
    struct ln_regression regression = {.n = 1, .d = 1, .x = x, .y = y, .c = 0.5};
    static const double exponents[] = {1, 4, 30, 100};
    for (int i = 0; i < 4; i++) {
        double log_scale = exponents[i] * log(10), s = 0, t = 0;
        struct exact exact = exact_of(&regression, log_scale);
        struct ln_ode ode;
        ln_ode_init(&ode, 1, velocity, &exact);
        ode.rtol = ode.atol = 1e-13;
        ode.bound = bound;
        for (int k = 1; k <= 40; k++) {
            assert_int_equal(ln_ode_advance(&ode, &t, k / 40.0, &s), LN_ODE_REACHED);
            assert_near(ln_saddles_scalar(2, -1.5, log_scale, t), coefficient(&exact, s), 1e-7);
        }
        ln_ode_clear(&ode);
        double half = ln_saddles_scalar_half_time(2, -1.5, log_scale);
        assert_near(ln_saddles_scalar(2, -1.5, log_scale, half), -0.75,
                    10 * exp(-2 * log_scale) * log_scale + 1e-9 * log_scale);
        assert_near(ln_saddles_scalar(2, -1.5, log_scale, 0), 0, 1e-15);
    }
    assert_true(ln_saddles_scalar(1, 1, 1e5, 0.999) < 1e-80);
    assert_near(ln_saddles_scalar(1, 1, 1e5, 1.001), 1, 1e-12);
}

enum { SAMPLES = 20001 };

struct samples {
    double t[SAMPLES], b[SAMPLES * MOST_D], g[SAMPLES * MOST_D];
};

/* Uniform, from 0 to the end, of the exact flow. */
static void sample_flow(const struct ln_regression *regression, double log_scale, double end,
                        struct samples *out) {
    struct exact exact = exact_of(regression, log_scale);
    double s[MOST_D] = {0}, now = 0;
    struct ln_ode ode;
    int d = regression->d;
    ln_ode_init(&ode, d, velocity, &exact);
    ode.rtol = ode.atol = 1e-11;
    ode.bound = bound;
    for (int i = 0; i < SAMPLES; i++) {
        out->t[i] = end * i / (SAMPLES - 1);
        if (i > 0)
            assert_int_equal(ln_ode_advance(&ode, &now, out->t[i], s), LN_ODE_REACHED);
        coefficients(&exact, s, out->b + i * d);
        ln_regression_loss(regression, out->b + i * d, out->g + i * d);
    }
    ln_ode_clear(&ode);
}

static void check_plateaus(const struct ln_regression *regression, double log_scale,
                           struct samples *samples) {
    struct ln_saddles saddles;
    struct ln_jump jumps[PESME_MOST_JUMPS + 1];
    struct ln_plateau plateaus[PESME_MOST_JUMPS + 1];
    int d = regression->d, at = 0;
    ln_saddles_walk(regression, &saddles);
    ln_saddles_jumps(regression, &saddles, jumps);
    int p = saddles.n_jumps;
    double end = 2 * saddles.time[p] - saddles.time[p - 1];
    sample_flow(regression, log_scale, end, samples);
    assert_int_equal(
        ln_plateaus_find(samples->b, samples->g, SAMPLES, d, 1e-3, plateaus, PESME_MOST_JUMPS + 1),
        p + 1);
    for (int k = 0; k <= p; k++) {
        const double *middle = samples->b + (plateaus[k].first + plateaus[k].last) / 2 * d;
        for (int i = 0; i < d; i++)
            assert_near(middle[i], saddles.b[k * d + i], 4e-9);
        if (k == p)
            continue;
        double wanted = saddles.time[k + 1] + (jumps[k + 1].c + jumps[k + 1].h) / log_scale;
        double found = ln_plateaus_switch_time(samples->t, samples->b, SAMPLES, d, at,
                                               saddles.b + k * d, saddles.b + (k + 1) * d, &at);
        assert_near(found, wanted, 2 * end / SAMPLES);
        assert_near(samples->t[plateaus[k].jump], wanted, 20 / log_scale);
    }
    assert_int_equal(plateaus[p].jump, -1);
    ln_saddles_clear(&saddles);
}

static void plateaus_and_jumps_are_found_on_a_sampled_flow(void **state) {
    (void)state;
    static const char *const names[] = {"ortho4x3", "flip2x2", "zhao2x4", "mono3x5", "noisy4x3"};
    struct samples *samples = calloc(1, sizeof *samples);
    for (int c = 0; c < 5; c++) {
        struct ln_regression regression = pesme_regression(pesme_find(names[c]));
        check_plateaus(&regression, 100 * log(10), samples);
        check_plateaus(&regression, 300 * log(10), samples);
        pesme_clear(&regression);
    }
    free(samples);
}

static void a_jump_between_two_samples_is_seen(void **state) {
    (void)state;
    static const double b[] = {0, 0, 0, 2, 2, 2}, g[] = {-1, -1, -1, 0, 0, 0};
    struct ln_plateau plateaus[2];
    assert_int_equal(ln_plateaus_find(b, g, 6, 1, 1e-3, plateaus, 2), 2);
    assert_int_equal(plateaus[0].last, 2);
    assert_int_equal(plateaus[1].first, 3);
    assert_int_equal(ln_plateaus_find(b, g, 6, 1, 1e-3, plateaus, 1), 2);
}

/* Raw times of one accelerated unit. */
static void units_of_time_are_those_of_the_parametrisation(void **state) {
    (void)state;
    double log_scale = log(1000);
    assert_near(ln_saddles_time_unit(LN_START_UV, 2, log_scale), log_scale, 1e-15);
    assert_near(ln_saddles_time_unit(LN_START_SQUARES, 2, log_scale), log_scale / 2, 1e-14);
    assert_near(ln_saddles_time_unit(LN_START_POSITIVE, 2, log_scale), log_scale / 2, 1e-14);
    assert_near(ln_saddles_time_unit(LN_START_POWER, 3, log_scale), 1000 / 3.0, 1e-10);
    assert_near(ln_saddles_time_unit(LN_START_POWER, 4, log_scale), 1e6 / 8, 1e-6);
    assert_near(ln_saddles_log_time_unit(LN_START_POWER, 3, 1e5), 1e5 - log(3), 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_order_times_of_flip2x2_are_exact_up_to_an_exponentially_small_rest),
        cmocka_unit_test(first_order_times_hold_through_deactivation_and_late_events),
        cmocka_unit_test(a_warm_start_shifts_the_times_by_what_its_orbit_says),
        cmocka_unit_test(two_coordinates_that_hit_together_leave_on_one_orbit),
        cmocka_unit_test(the_scalar_closed_form_is_the_exact_flow),
        cmocka_unit_test(plateaus_and_jumps_are_found_on_a_sampled_flow),
        cmocka_unit_test(a_jump_between_two_samples_is_seen),
        cmocka_unit_test(units_of_time_are_those_of_the_parametrisation),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
