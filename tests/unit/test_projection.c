/* The algorithms that put the weights somewhere after a gradient step: power projection and the
 * step-and-project class, state by state. */
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/polar.h"
#include "make_net.h"
#include "near.h"
#include "train_job.h"

/* rotation(0.4 pi) diag(1.5, 1). */
static const double turned[] = {0.4635254915624, -0.9510565162952, 1.426584774443, 0.3090169943749};
static const double gamma_turned = 0.122644;

static void begin(struct net *net, const char *algorithm, const double *target, int dim, int depth,
                  double step_size, int64_t max_steps) {
    net_begin(net, target, dim, dim, depth);
    point_choose(&net->point, LN_TRAIN, &ln_algorithms, algorithm);
    point_set_real(&net->point, LN_TRAIN, "step_size", step_size);
    point_table(&net->point, LN_LIMITS, ln_limits, ln_n_limits);
    point_set_int(&net->point, LN_LIMITS, "max_steps", max_steps);
}

/* Case C6: power projection from gamma^{1/4} I. */
static void begin_turned(struct net *net, const char *gauge, int64_t max_steps) {
    begin(net, "power_projection", turned, 2, 4, 0.05, max_steps);
    point_set_real(&net->point, LN_INIT, "scale", gamma_turned);
    point_set_word(&net->point, LN_INIT, "scale_of", "product");
    point_set_real(&net->point, LN_TRAIN, "gamma", gamma_turned);
    point_set_word(&net->point, LN_TRAIN, "gamma_unit", "absolute");
    point_set_word(&net->point, LN_TRAIN, "gauge", gauge);
    net_complete(net);
}

static void product_of(const struct net *net, const double *weights, double *p) {
    struct ln_net view = net_at(net, weights);
    net->shape.model->end_to_end(&view, p);
}

static void c6_the_product_at_step_10_is_that_of_an_independent_solver(void **state) {
    (void)state;
    static const double right[] = {0.16766050644, -0.101980497092, 0.167393309874, 0.146406595181};
    struct net net;
    double p[4];
    begin_turned(&net, "polar", 10);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    product_of(&net, outcome.weights, p);
    assert_near(near_distance(p, right, 4), 0, 5.1e-12);
    outcome_clear(&outcome);
    net_clear(&net);
}

static void c6_at_the_end_every_layer_is_at_one_distance_from_the_identity(void **state) {
    (void)state;
    struct net net;
    begin_turned(&net, "polar", 1000);
    struct outcome outcome = job_run_one(&net, NULL, 0);
    assert_int_equal(outcome.run.converged_step, 71);
    for (int layer = 0; layer < 4; layer++) {
        double *w = outcome.weights + 4 * layer, s[2];
        w[0] -= 1;
        w[3] -= 1;
        ln_svd(NULL, s, NULL, w, 2, 2);
        assert_near(s[0], 0.37885, 5.1e-6);
    }
    outcome_clear(&outcome);
    net_clear(&net);
}

static void c6_the_product_does_not_depend_on_the_gauge_but_the_layers_do(void **state) {
    (void)state;
    struct net polar, simple;
    int64_t steps[JOB_MAX_RECORDS];
    double p[4], q[4];
    for (int i = 0; i < JOB_MAX_RECORDS; i++)
        steps[i] = i;
    begin_turned(&polar, "polar", 60);
    begin_turned(&simple, "simple", 60);
    struct outcome a = job_run_one(&polar, steps, 60), b = job_run_one(&simple, steps, 60);
    for (int i = 0; i < 60; i++) {
        product_of(&polar, a.record_weights[i], p);
        product_of(&simple, b.record_weights[i], q);
        assert_near(near_distance(p, q, 4), 0, 1e-12);
    }
    assert_true(near_distance(a.record_weights[59], b.record_weights[59], 16) > 0.1);
    outcome_clear(&a);
    outcome_clear(&b);
    net_clear(&polar);
    net_clear(&simple);
}

/* Margin of the product after the gradient step and before the projection. */
static double margin_before_projection(const struct net *net, const double *weights, double eta) {
    double gradient[16], moved[16], q[4];
    net_gradient(net, weights, gradient);
    for (int i = 0; i < 16; i++)
        moved[i] = weights[i] - eta * gradient[i];
    product_of(net, moved, q);
    return ln_margin(q, 2);
}

static void c6_the_projection_acts_in_33_of_the_71_steps(void **state) {
    (void)state;
    struct net net;
    int active = 0;
    begin_turned(&net, "polar", 71);
    for (int64_t first = 0; first < 71; first += JOB_MAX_RECORDS) {
        int64_t steps[JOB_MAX_RECORDS];
        int n = 71 - first < JOB_MAX_RECORDS ? (int)(71 - first) : JOB_MAX_RECORDS;
        for (int i = 0; i < n; i++)
            steps[i] = first + i;
        struct outcome outcome = job_run_one(&net, steps, n);
        for (int i = 0; i < n; i++)
            active +=
                margin_before_projection(&net, outcome.record_weights[i], 0.05) < gamma_turned;
        outcome_clear(&outcome);
    }
    assert_int_equal(active, 33);
    net_clear(&net);
}

/* ||W - I||_2 of layer i of a 3 x 3 network. */
static double distance_of(const double *weights, int i) {
    double gap[9], s[3];
    memcpy(gap, weights + 9 * i, sizeof gap);
    for (int k = 0; k < 3; k++)
        gap[4 * k] -= 1;
    ln_svd(NULL, s, NULL, gap, 3, 3);
    return s[0];
}

/* Theorem 1: every layer stays within 1/(3L) of I; in case C10 it ends near 0.058/L. */
static void c10_near_the_identity_no_layer_goes_far(void **state) {
    (void)state;
    static const double phi[] = {1.02, -0.04, 0.01, 0, 1.03, 0.02, -0.02, 0.01, 0.96};
    static const int depths[] = {2, 8, 32};
    for (int i = 0; i < 3; i++) {
        struct net net;
        int64_t steps[30];
        begin(&net, "gd", phi, 3, depths[i], 0.5 / depths[i], 100);
        net_complete(&net);
        for (int t = 0; t < 30; t++)
            steps[t] = t;
        struct outcome outcome = job_run_one(&net, steps, 30);
        for (int t = 0; t < 30; t++)
            for (int j = 0; j < depths[i]; j++)
                assert_true(distance_of(outcome.record_weights[t], j) <= 1.0 / (3 * depths[i]));
        assert_near(depths[i] * distance_of(outcome.weights, 0), 0.058, 0.001);
        outcome_clear(&outcome);
        net_clear(&net);
    }
}

/* sum ||G_i||_F^2 >= 2 L (1 - tau)^{2(L-1)} l while every layer is within tau of I. Source: Hardt,
 * Ma 2016, with the factor 1/2 of this loss. */
static void near_the_identity_the_gradient_is_bounded_below_by_the_loss(void **state) {
    (void)state;
    static const double phi[] = {0.9, 0.8, 0, -0.6, 0.7, 0.5, 0.3, -0.4, 1.4};
    for (int depth = 1; depth <= 8; depth++) {
        struct net net;
        double gradient[72], tau = 0, loss;
        begin(&net, "gd", phi, 3, depth, 0.1, 1);
        net_complete(&net);
        for (int i = 0; i < 9 * depth; i++)
            net.weights[i] += 0.2 * sin(1.0 + 2.4 * i);
        for (int j = 0; j < depth; j++)
            tau = fmax(tau, distance_of(net.weights, j));
        net_gradient(&net, net.weights, gradient);
        loss = net_excess(&net, net.weights);
        double norm = ln_norm(gradient, (size_t)(9 * depth));
        assert_true(tau > 0.1 && tau < 1);
        assert_true(norm * norm >= 2 * depth * pow(1 - tau, 2 * (depth - 1)) * loss * (1 - 1e-12));
        net_clear(&net);
    }
}

static int check(struct net *net, struct ln_err *err) {
    const struct ln_algorithm *algorithm = (const struct ln_algorithm *)net->point.entry[LN_TRAIN];
    return algorithm->check(&net->point, &net->shape, net->problem, err);
}

static void power_projection_refuses_a_margin_above_that_of_the_target(void **state) {
    (void)state;
    struct net net;
    struct ln_err err = {0};
    begin_turned(&net, "polar", 10);
    assert_int_equal(check(&net, &err), LN_OK);
    point_set_real(&net.point, LN_TRAIN, "gamma", 0.2);
    assert_int_equal(check(&net, &err), LN_INPUT);
    assert_string_equal(err.where, "train.gamma");
    assert_non_null(strstr(err.text, "mu = 0.1362712429"));
    point_set_word(&net.point, LN_TRAIN, "gamma_unit", "margin");
    point_set_real(&net.point, LN_TRAIN, "gamma", 1);
    assert_int_equal(check(&net, &err), LN_OK);
    net_clear(&net);
}

static void power_projection_refuses_targets_without_margin(void **state) {
    (void)state;
    static const double reflection[] = {1, 0, 0, -0.5};
    struct net net;
    struct ln_err err = {0};
    begin(&net, "power_projection", reflection, 2, 3, 0.1, 10);
    net_complete(&net);
    assert_int_equal(check(&net, &err), LN_INPUT);
    assert_non_null(strstr(err.text, "mu = -0.5"));
    net_clear(&net);
}

static void power_projection_refuses_what_is_not_square(void **state) {
    (void)state;
    static const double phi[] = {1, 0, 0, 0, 1, 0};
    struct net net;
    struct ln_err err = {0};
    net_begin(&net, phi, 2, 3, 2);
    point_choose(&net.point, LN_TRAIN, &ln_algorithms, "power_projection");
    net_complete(&net);
    assert_int_equal(check(&net, &err), LN_INPUT);
    assert_string_equal(err.where, "problem");
    net_clear(&net);
    begin(&net, "power_projection", turned, 2, 2, 0.1, 10);
    point_set_ints(&net.point, LN_MODEL, "width", (int64_t[]){3}, 1);
    net_complete(&net);
    assert_int_equal(check(&net, &err), LN_INPUT);
    assert_string_equal(err.where, "model.width");
    net_clear(&net);
}

static void a_regulariser_without_its_strength_is_refused(void **state) {
    (void)state;
    static const char *const kinds[] = {"penalty", "proximal", "spectral_ball", "frobenius_ball"};
    for (int i = 0; i < 4; i++) {
        struct net net;
        struct ln_err err = {0};
        begin(&net, "step_and_project", turned, 2, 2, 0.1, 10);
        point_set_word(&net.point, LN_TRAIN, "regulariser", kinds[i]);
        net_complete(&net);
        assert_int_equal(check(&net, &err), LN_INPUT);
        point_set_real(&net.point, LN_TRAIN, i < 2 ? "kappa" : "psi", 0.5);
        assert_int_equal(check(&net, &err), LN_OK);
        net_clear(&net);
    }
}

/* One step of a random network of three layers 2-3-3-2; gap: W - I of each. */
struct one_step {
    struct net net;
    struct outcome outcome;
    double plain[21]; /* W - eta grad */
};

static void take_one_step(struct one_step *one, const char *kind, double strength) {
    static const int widths[] = {2, 3, 3, 2};
    double gradient[21];
    net_make(&one->net, widths, 3, false, 5);
    point_choose(&one->net.point, LN_TRAIN, &ln_algorithms, "step_and_project");
    point_set_real(&one->net.point, LN_TRAIN, "step_size", 0.1);
    point_set_word(&one->net.point, LN_TRAIN, "regulariser", kind);
    point_set_real(&one->net.point, LN_TRAIN, "kappa", strength);
    point_set_real(&one->net.point, LN_TRAIN, "psi", strength);
    point_table(&one->net.point, LN_LIMITS, ln_limits, ln_n_limits);
    point_set_int(&one->net.point, LN_LIMITS, "max_steps", 1);
    one->outcome = job_run_one(&one->net, NULL, 0);
    net_gradient(&one->net, one->net.weights, gradient);
    for (int i = 0; i < 21; i++)
        one->plain[i] = one->net.weights[i] - 0.1 * gradient[i];
}

static void clear_one_step(struct one_step *one) {
    outcome_clear(&one->outcome);
    net_clear(&one->net);
}

/* Entry i of the block of three identities, 3x2, 3x3, 2x3. */
static double identity_at(int i) {
    static const double identity[] = {1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1,
                                      0, 0, 0, 1, 1, 0, 0, 0, 1, 0};
    return identity[i];
}

static void without_a_regulariser_it_is_gradient_descent(void **state) {
    (void)state;
    struct one_step one;
    take_one_step(&one, "none", 0);
    assert_near(near_distance(one.outcome.weights, one.plain, 21), 0, 1e-15);
    clear_one_step(&one);
}

static void penalty_and_proximal_step_draw_to_the_identity(void **state) {
    (void)state;
    struct one_step one;
    take_one_step(&one, "penalty", 0.5);
    for (int i = 0; i < 21; i++)
        assert_near(one.outcome.weights[i],
                    one.plain[i] - 0.1 * 0.5 * (one.net.weights[i] - identity_at(i)), 1e-15);
    clear_one_step(&one);
    take_one_step(&one, "proximal", 0.5);
    for (int i = 0; i < 21; i++)
        assert_near(one.outcome.weights[i], (one.plain[i] + 0.05 * identity_at(i)) / 1.05, 1e-15);
    clear_one_step(&one);
}

/* Singular values of W - I of layer j. */
static void gap_spectrum(const struct net *net, const double *weights, int j, double *s) {
    double gap[9];
    int rows = net->shape.widths[j], cols = net->shape.widths[j - 1],
        first = net->shape.offset[j - 1];
    for (int i = 0; i < rows * cols; i++)
        gap[i] = weights[first + i] - identity_at(first + i);
    ln_svd(NULL, s, NULL, gap, rows, cols);
}

static void balls_cut_singular_values_or_the_norm_of_every_layer(void **state) {
    (void)state;
    for (int ball = 0; ball < 2; ball++) {
        struct one_step one;
        int n_cut = 0;
        take_one_step(&one, ball ? "frobenius_ball" : "spectral_ball", 1.2);
        for (int j = 1; j <= 3; j++) {
            double before[3] = {0}, after[3] = {0};
            gap_spectrum(&one.net, one.plain, j, before);
            gap_spectrum(&one.net, one.outcome.weights, j, after);
            double norm = ln_norm(before, 3);
            for (int k = 0; k < 3; k++)
                assert_near(after[k], ball ? before[k] * fmin(1, 1.2 / norm) : fmin(before[k], 1.2),
                            1e-14);
            n_cut += near_distance(before, after, 3) > 0.01;
        }
        assert_true(n_cut > 0);
        clear_one_step(&one);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c6_the_product_at_step_10_is_that_of_an_independent_solver),
        cmocka_unit_test(c6_at_the_end_every_layer_is_at_one_distance_from_the_identity),
        cmocka_unit_test(c6_the_product_does_not_depend_on_the_gauge_but_the_layers_do),
        cmocka_unit_test(c6_the_projection_acts_in_33_of_the_71_steps),
        cmocka_unit_test(c10_near_the_identity_no_layer_goes_far),
        cmocka_unit_test(near_the_identity_the_gradient_is_bounded_below_by_the_loss),
        cmocka_unit_test(power_projection_refuses_a_margin_above_that_of_the_target),
        cmocka_unit_test(power_projection_refuses_targets_without_margin),
        cmocka_unit_test(power_projection_refuses_what_is_not_square),
        cmocka_unit_test(a_regulariser_without_its_strength_is_refused),
        cmocka_unit_test(without_a_regulariser_it_is_gradient_descent),
        cmocka_unit_test(penalty_and_proximal_step_draw_to_the_identity),
        cmocka_unit_test(balls_cut_singular_values_or_the_norm_of_every_layer),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("projection", tests, NULL, NULL);
}
