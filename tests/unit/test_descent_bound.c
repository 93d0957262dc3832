/* Theorem 1 of Nguegnang, Rauhut, Terstiege 2021 along runs: its consequences (a) to (c) on random
 * networks at both bounds, and the drift of the balancedness matrices step by step. */
#include "linnet/descent_bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/balance.h"
#include "linnet/linalg.h"
#include "make_net.h"
#include "near.h"

/* One step of gradient descent on the weights, and the gradient it was made with. */
static double step(const struct net *net, double *gradient, double eta) {
    struct ln_net view = net_view(net);
    double excess = ln_net_gradient(&view, gradient);
    for (int i = 0; i < net->shape.n_weights; i++)
        net->weights[i] -= eta * gradient[i];
    return excess;
}

static double largest_layer(const struct net *net) {
    double largest = 0;
    for (int j = 1; j <= net->shape.n_layers; j++)
        largest = fmax(largest, ln_spectral_norm(net->weights + net->shape.offset[j - 1],
                                                 net->shape.widths[j], net->shape.widths[j - 1]));
    return largest;
}

static double product_norm(const struct net *net) {
    double p[64];
    struct ln_net view = net_view(net);
    net->shape.model->end_to_end(&view, p);
    return ln_spectral_norm(p, net->problem->d_out, net->problem->d_in);
}

/* 300 steps at the bound: (a) balanced up to delta, the drift paid for by the descent, (b) every
 * step descends by sigma of its first order, (c) layers and product stay below their bounds. */
static void consequences_hold(struct net *net, enum ln_descent_form form) {
    struct ln_net view = net_view(net);
    struct ln_descent_start start;
    struct ln_descent_bound bound;
    double *gradient = ln_linalg_alloc(net->shape.n_weights, sizeof *gradient);
    assert_true(ln_descent_start_of(&view, &start));
    assert_true(
        ln_descent_bound_at(&start, ln_descent_best_delta(&start, 0.5, form), 0.5, form, &bound));
    double cut = 4e-16 * bound.delta / (bound.delta - start.balancedness); /* digits of delta */
    assert_near(bound.descent_step / bound.balance_step, 1, 1e-12 + cut);
    double *origin = ln_linalg_alloc(net->shape.n_weights, sizeof *origin),
           excess = net_excess(net, net->weights);
    memcpy(origin, net->weights, (size_t)net->shape.n_weights * sizeof *origin);
    for (int k = 0; k < 300; k++) {
        double before = step(net, gradient, bound.step),
               first = bound.step * ln_dot(gradient, gradient, (size_t)net->shape.n_weights);
        double after = net_excess(net, net->weights);
        assert_true(before - after >= 0.5 * first - 1e-13 * before);
        assert_true(ln_balance_constant(&net->shape, net->weights) <= bound.delta);
        assert_true(ln_balance_drift(&net->shape, net->weights, origin) <=
                    bound.step * (excess - after) / 0.5 + 1e-12);
        assert_true(largest_layer(net) <= sqrt(bound.layer_squared));
        assert_true(product_norm(net) <= bound.product);
    }
    free(origin);
    free(gradient);
}

/* delta-balanced layers have ||W_j||^2 <= ||W||^{2/N} + 1.5 (N-1) delta. */
static void layers_are_as_large_as_their_product_and_their_balance_allow(void **state) {
    (void)state;
    static const int widths[][7] = {{3, 4, 2}, {2, 3, 2, 4}, {4, 3, 2, 3, 2}, {3, 3, 4, 2, 3, 3}};
    for (int i = 0; i < 400; i++) {
        struct net net;
        int n = i % 4 + 2;
        net_make(&net, widths[i % 4], n, true, (uint64_t)i);
        for (int k = 0; k < net.shape.n_weights; k++)
            net.weights[k] *= 0.25 * (1 + i % 7);
        double most = pow(product_norm(&net), 2.0 / n) +
                      1.5 * (n - 1) * ln_balance_constant(&net.shape, net.weights);
        assert_true(largest_layer(&net) * largest_layer(&net) <= most * (1 + 1e-14));
        net_clear(&net);
    }
}

static void the_consequences_of_the_theorem_hold_on_eighty_random_networks(void **state) {
    (void)state;
    static const int widths[][7] = {{3, 4, 2}, {2, 3, 2, 4}, {4, 3, 2, 3, 2}, {3, 3, 4, 2, 3, 3}};
    for (int i = 0; i < 80; i++) {
        struct net net;
        net_make(&net, widths[i % 4], i % 4 + 2, i % 8 < 4, (uint64_t)i);
        consequences_hold(&net, i % 16 < 8 ? LN_DESCENT_PAPER : LN_DESCENT_DERIVED);
        net_clear(&net);
    }
}

/* gap [d_j x d_j] += eta^2 (g_{j+1}^T g_{j+1} - g_j g_j^T). Returns the bound eta^2 max(...). */
static double add_drift(const struct ln_shape *shape, const double *gradient, double eta, int j,
                        double *gap) {
    int n = shape->widths[j];
    const double *above = gradient + shape->offset[j], *below = gradient + shape->offset[j - 1];
    double *up = ln_linalg_alloc((size_t)n * n, sizeof *up),
           *down = ln_linalg_alloc((size_t)n * n, sizeof *down);
    ln_matmul(up, above, true, above, false, n, n, shape->widths[j + 1]);
    ln_matmul(down, below, false, below, true, n, n, shape->widths[j - 1]);
    for (int i = 0; i < n * n; i++)
        gap[i] += eta * eta * (up[i] - down[i]);
    double most = fmax(ln_spectral_norm(up, n, n), ln_spectral_norm(down, n, n));
    free(down);
    free(up);
    return eta * eta * most;
}

/* D_j(k+1) - D_j(k) = eta^2 (g_{j+1}^T g_{j+1} - g_j g_j^T), and its norm is at most eta^2 max(
 * ||g_{j+1}||^2, ||g_j||^2). */
static void the_drift_of_a_step_is_exact_and_bounded(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 3, 2, 3};
    struct net net;
    net_make(&net, widths, 4, true, 5);
    double *gradient = ln_linalg_alloc(net.shape.n_weights, sizeof *gradient);
    for (int k = 0; k < 50; k++) {
        double expected[3][16] = {{0}}, now[16], most = 0;
        double *old = ln_linalg_alloc(net.shape.n_weights, sizeof *old);
        memcpy(old, net.weights, (size_t)net.shape.n_weights * sizeof *old);
        for (int j = 1; j < 4; j++)
            ln_balance_gap(&net.shape, net.weights, j, expected[j - 1]);
        step(&net, gradient, 0.02);
        for (int j = 1; j < 4; j++) {
            int n = net.shape.widths[j];
            most = fmax(most, add_drift(&net.shape, gradient, 0.02, j, expected[j - 1]));
            ln_balance_gap(&net.shape, net.weights, j, now);
            assert_near(near_distance(now, expected[j - 1], n * n), 0, 1e-13);
        }
        assert_true(ln_balance_drift(&net.shape, net.weights, old) <= most + 1e-14);
        free(old);
    }
    free(gradient);
    net_clear(&net);
}

/* Case A1: the drift of the first step, 5.348620026333e-3, has the bound 5.657072749e-3. */
static void a1_the_first_step_has_its_printed_bound(void **state) {
    (void)state;
    static const double x[] = {1, 0, 2, -1, 1, 1}, y[] = {1, 2, -1, 0, 1, 3},
                        w1[] = {0.5, -0.2, 0.1, 0.4}, w2[] = {0.3, 0.2, -0.1, 0.6};
    const struct ln_matrix inputs = {2, 3, x}, outputs = {2, 3, y},
                           layers[] = {{2, 2, w1}, {2, 2, w2}};
    struct net net;
    point_clear(&net.point);
    point_choose(&net.point, LN_PROBLEM, &ln_problems, "data");
    point_set_word(&net.point, LN_PROBLEM, "loss", "sum");
    point_set_matrices(&net.point, LN_PROBLEM, "x", &inputs, 1);
    point_set_matrices(&net.point, LN_PROBLEM, "y", &outputs, 1);
    point_choose(&net.point, LN_MODEL, &ln_models, "deep");
    point_choose(&net.point, LN_INIT, &ln_inits, "weights");
    point_set_matrices(&net.point, LN_INIT, "layers", layers, 2);
    net_complete(&net);
    double gradient[8], gap[4] = {0}, start[8];
    memcpy(start, net.weights, sizeof start);
    step(&net, gradient, 0.02);
    assert_near(add_drift(&net.shape, gradient, 0.02, 1, gap), 5.657072749e-3, 5e-13);
    assert_near(ln_balance_drift(&net.shape, net.weights, start), 5.348620026333e-3, 5e-16);
    net_clear(&net);
}

static void what_the_theorem_does_not_cover_has_no_bound(void **state) {
    (void)state;
    static const int deep[] = {3, 4, 2}, flat[] = {3, 2};
    static const double target[] = {2, 0, 0, 1};
    struct ln_descent_start start;
    struct ln_descent_bound bound;
    struct net net;
    net_make(&net, flat, 1, true, 1);
    struct ln_net view = net_view(&net);
    assert_false(ln_descent_start_of(&view, &start));
    net_clear(&net);
    net_make(&net, deep, 2, true, 1);
    view = net_view(&net);
    assert_true(ln_descent_start_of(&view, &start));
    assert_false(ln_descent_bound_at(&start, start.balancedness, 0.5, LN_DESCENT_PAPER, &bound));
    for (int i = 0; i < 7; i++) /* seven samples that all lie in a plane of the three inputs */
        net.problem->x[14 + i] = net.problem->x[i] + net.problem->x[7 + i];
    ln_matmul(net.problem->moment, net.problem->x, false, net.problem->x, true, 3, 3, 7);
    assert_false(ln_descent_start_of(&view, &start));
    assert_near(ln_descent_condition(net.problem), 0, 0);
    net_clear(&net);
    net_begin(&net, target, 2, 2, 2);
    net_complete(&net);
    view = net_view(&net);
    assert_true(ln_descent_start_of(&view, &start));
    assert_near(start.x_least, 1, 0);
    assert_near(start.y_norm, 2, 1e-15);
    net_clear(&net);
}

/* A start without loss is a minimum: any step in the first term will do. */
static void a_start_without_loss_has_the_descent_term_alone(void **state) {
    (void)state;
    struct ln_descent_start start = {
        .depth = 3, .x_norm = 1, .x_least = 1, .y_norm = 2, .loss = 0, .balancedness = 0};
    struct ln_descent_bound bound;
    double delta = ln_descent_best_delta(&start, 0.5, LN_DESCENT_PAPER);
    assert_near(delta, ln_descent_usual_delta(&start), 0);
    assert_true(ln_descent_bound_at(&start, delta, 0.5, LN_DESCENT_PAPER, &bound));
    assert_true(isfinite(bound.step) && bound.step == bound.descent_step);
}

static int start_up(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_as_large_as_their_product_and_their_balance_allow),
        cmocka_unit_test(the_consequences_of_the_theorem_hold_on_eighty_random_networks),
        cmocka_unit_test(the_drift_of_a_step_is_exact_and_bounded),
        cmocka_unit_test(a1_the_first_step_has_its_printed_bound),
        cmocka_unit_test(what_the_theorem_does_not_cover_has_no_bound),
        cmocka_unit_test(a_start_without_loss_has_the_descent_term_alone),
    };
    return cmocka_run_group_tests_name("descent_bound", tests, start_up, NULL);
}
