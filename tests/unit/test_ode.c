#include "linnet/linalg.h"
#include "linnet/ode.h"
#include "near.h"

static void logistic(void *ctx, double t, const double *y, double *dydt) {
    (void)ctx;
    (void)t;
    dydt[0] = y[0] * (1 - y[0]);
}

static double logistic_at(double t, double start) {
    return start / (start + (1 - start) * exp(-t));
}

/* y = (cos t, -sin t), and t itself as the third. */
static void circle(void *ctx, double t, const double *y, double *dydt) {
    (void)ctx;
    (void)t;
    dydt[0] = y[1];
    dydt[1] = -y[0];
    dydt[2] = 1;
}

static double fixed_bound(void *ctx, double t, const double *y) {
    (void)t;
    (void)y;
    return *(double *)ctx;
}

/* Error at t = 2 with steps of a fixed length: a tolerance that all of them meet. */
static double error_with_steps_of(double length) {
    struct ln_ode ode;
    double y = 0.1, t = 0;
    ln_ode_init(&ode, 1, logistic, &length);
    ode.bound = fixed_bound;
    ode.atol = 1e6;
    ode.step = length;
    assert_int_equal(ln_ode_advance(&ode, &t, 2, &y), LN_ODE_REACHED);
    assert_int_equal(ode.n_steps, lround(2 / length));
    ln_ode_clear(&ode);
    return fabs(y - logistic_at(2, 0.1));
}

/* Its asymptotic order shows only below the rounding; on the way there it is between 7 and 9. */
static void the_error_falls_with_about_the_eighth_power_of_the_step(void **state) {
    (void)state;
    double order = log2(error_with_steps_of(1) / error_with_steps_of(0.25)) / 2;
    assert_near(order, 8, 1);
}

static void the_tolerance_asked_for_is_met(void **state) {
    (void)state;
    for (int digits = 6; digits <= 13; digits++) {
        struct ln_ode ode;
        double y = 1e-3, t = 0;
        ln_ode_init(&ode, 1, logistic, NULL);
        ode.rtol = pow(10, -digits);
        assert_int_equal(ln_ode_advance(&ode, &t, 9, &y), LN_ODE_REACHED);
        assert_near(y / logistic_at(9, 1e-3), 1, 10 * ode.rtol);
        ln_ode_clear(&ode);
    }
}

static void a_component_that_decays_keeps_its_relative_precision(void **state) {
    (void)state;
    struct ln_ode ode;
    double y = 1e-200, t = 0;
    ln_ode_init(&ode, 1, logistic, NULL);
    ode.rtol = 1e-12;
    assert_int_equal(ln_ode_advance(&ode, &t, 100, &y), LN_ODE_REACHED);
    assert_near(y / (1e-200 * exp(100)), 1, 1e-11);
    ln_ode_clear(&ode);
}

static void it_lands_exactly_on_the_times_asked_for(void **state) {
    (void)state;
    struct ln_ode ode;
    double y = 0.2, t = 0;
    ln_ode_init(&ode, 1, logistic, NULL);
    ode.rtol = 1e-13;
    for (int k = 1; k <= 30; k++) {
        assert_int_equal(ln_ode_advance(&ode, &t, 0.1 * k, &y), LN_ODE_REACHED);
        assert_true(t == 0.1 * k);
        assert_near(y, logistic_at(t, 0.2), 1e-13);
    }
    ln_ode_clear(&ode);
}

/* Landing on a time just ahead must not make the integrator creep afterwards. */
static void a_step_cut_short_does_not_shorten_the_next(void **state) {
    (void)state;
    struct ln_ode ode;
    double y = 0.2, t = 0;
    ln_ode_init(&ode, 1, logistic, NULL);
    ode.rtol = 1e-10;
    ln_ode_advance(&ode, &t, 2, &y);
    double before = ode.step;
    ln_ode_advance(&ode, &t, 2 + 1e-9, &y);
    assert_true(ode.step >= before);
    ln_ode_clear(&ode);
}

static double height(void *ctx, double t, const double *y) {
    (void)t;
    return y[0] - *(double *)ctx;
}

static void an_event_is_found_to_the_rounding_of_time(void **state) {
    (void)state;
    struct ln_ode ode;
    double level = 0.3, y[3] = {1, 0, 0}, t = 0;
    ln_ode_init(&ode, 3, circle, &level);
    ode.rtol = ode.atol = 1e-14;
    ode.event = height;
    for (int turn = 0; turn < 3; turn++) {
        assert_int_equal(ln_ode_advance(&ode, &t, 100, y), LN_ODE_EVENT);
        assert_near(t, acos(0.3) + 8 * atan(1) * turn, 2e-13);
        assert_true(y[0] <= level); /* just past it */
        assert_near(y[0], level, 1e-14);
        assert_near(y[2], t, 1e-14 * t);
    }
    ln_ode_clear(&ode);
}

static void an_event_counts_only_on_the_way_down(void **state) {
    (void)state;
    struct ln_ode ode;
    double level = 0.3, y[3] = {0, 1, 0}, t = 0; /* sin t: up through the level, then down */
    ln_ode_init(&ode, 3, circle, &level);
    ode.rtol = ode.atol = 1e-13;
    ode.event = height;
    assert_int_equal(ln_ode_advance(&ode, &t, 1.5, y), LN_ODE_REACHED);
    assert_int_equal(ln_ode_advance(&ode, &t, 9, y), LN_ODE_EVENT);
    assert_near(t, 4 * atan(1) - asin(0.3), 1e-12);
    ln_ode_clear(&ode);
}

static void pauses_do_not_change_the_bits(void **state) {
    (void)state;
    double whole = 1e-3, parts = 1e-3, t = 0;
    struct ln_ode ode;
    int n_pauses = 0;
    enum ln_ode_status status;
    ln_ode_init(&ode, 1, logistic, NULL);
    ode.rtol = 1e-12;
    ln_ode_advance(&ode, &t, 20, &whole);
    ln_ode_clear(&ode);
    ln_ode_init(&ode, 1, logistic, NULL);
    ode.rtol = 1e-12;
    ode.pause_after = 3;
    t = 0;
    while ((status = ln_ode_advance(&ode, &t, 20, &parts)) == LN_ODE_PAUSED)
        n_pauses++;
    assert_int_equal(status, LN_ODE_REACHED);
    assert_true(n_pauses > 2);
    assert_true(whole == parts);
    ln_ode_clear(&ode);
}

static void square(void *ctx, double t, const double *y, double *dydt) {
    (void)ctx;
    (void)t;
    dydt[0] = y[0] * y[0];
}

static void a_state_that_blows_up_fails_at_the_last_good_one(void **state) {
    (void)state;
    struct ln_ode ode;
    double y = 1, t = 0; /* 1/(1 - t) */
    ln_ode_init(&ode, 1, square, NULL);
    ode.rtol = 1e-10;
    ode.most_steps = 100000;
    assert_int_equal(ln_ode_advance(&ode, &t, 2, &y), LN_ODE_FAILED);
    assert_near(t, 1, 1e-6);
    assert_true(isfinite(y));
    ln_ode_clear(&ode);
}

static void not_a_number(void *ctx, double t, const double *y, double *dydt) {
    (void)ctx;
    dydt[0] = t < 1 ? 1 : sqrt(-y[0]);
}

static void a_velocity_that_is_no_number_fails_and_keeps_the_state(void **state) {
    (void)state;
    struct ln_ode ode;
    double y = 0.5, t = 0;
    ln_ode_init(&ode, 1, not_a_number, NULL);
    ode.rtol = 1e-10;
    assert_int_equal(ln_ode_advance(&ode, &t, 3, &y), LN_ODE_FAILED);
    assert_near(t, 1, 1e-6);
    assert_near(y, 0.5 + t, 1e-9);
    t = 1;
    assert_int_equal(ln_ode_advance(&ode, &t, 3, &y), LN_ODE_FAILED);
    assert_true(t == 1);
    ln_ode_clear(&ode);
}

static void too_many_steps_fail(void **state) {
    (void)state;
    struct ln_ode ode;
    double y[3] = {1, 0, 0}, t = 0;
    ln_ode_init(&ode, 3, circle, NULL);
    ode.rtol = ode.atol = 1e-12;
    ode.most_steps = 10;
    assert_int_equal(ln_ode_advance(&ode, &t, 1000, y), LN_ODE_FAILED);
    assert_true(t > 0 && t < 1000);
    assert_near(y[0], cos(t), 1e-10);
    ln_ode_clear(&ode);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_error_falls_with_about_the_eighth_power_of_the_step),
        cmocka_unit_test(the_tolerance_asked_for_is_met),
        cmocka_unit_test(a_component_that_decays_keeps_its_relative_precision),
        cmocka_unit_test(it_lands_exactly_on_the_times_asked_for),
        cmocka_unit_test(a_step_cut_short_does_not_shorten_the_next),
        cmocka_unit_test(an_event_is_found_to_the_rounding_of_time),
        cmocka_unit_test(an_event_counts_only_on_the_way_down),
        cmocka_unit_test(pauses_do_not_change_the_bits),
        cmocka_unit_test(a_state_that_blows_up_fails_at_the_last_good_one),
        cmocka_unit_test(a_velocity_that_is_no_number_fails_and_keeps_the_state),
        cmocka_unit_test(too_many_steps_fail),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
