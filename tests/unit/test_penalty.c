/* The balanced penalty of two layers against plain loops and finite differences. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/random.h"
#include "make_net.h"
#include "near.h"

static const int widths[][3] = {{3, 2, 3}, {2, 4, 1}, {1, 1, 1}, {4, 1, 3}, {3, 3, 2}};
enum { N_WIDTHS = sizeof widths / sizeof widths[0], N_CASES = 6 * N_WIDTHS };

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

/* A positive semidefinite D of rank one less than full. */
static const double metrics[5][16] = {{0}, {0}, {2, 1, 1, 0.5}, {1}, {2, 1, 0, 1, 2, 1, 0, 1, 1}};

/* Case i: every width, with and without a moment, every metric. */
static void make(struct net *net, int i, struct ln_matrix *given) {
    static const char *const words[] = {"moment", "identity", "given"};
    static const double four[16] = {2, 1, 0, 0, 1, 2, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1};
    const int *w = widths[i % N_WIDTHS];
    int kind = i / N_WIDTHS % 3;
    net_make(net, w, 2, i >= 3 * N_WIDTHS, 30 + (uint64_t)i);
    net_clear(net);
    point_set_real(&net->point, LN_MODEL, "penalty", 0.6);
    point_set_word(&net->point, LN_MODEL, "penalty_metric", words[kind]);
    *given = (struct ln_matrix){w[0], w[0],
                                w[0] == 4   ? four
                                : w[0] == 3 ? metrics[4]
                                : w[0] == 2 ? metrics[2]
                                            : metrics[3]};
    if (kind == 2)
        point_set_matrices(&net->point, LN_MODEL, "penalty_matrix", given, 1);
    net_complete(net);
}

/* (rho/4) ||W_2^T W_2 - W_1 D W_1^T||^2, entry by entry. */
static double penalty(const struct net *net, const double *weights) {
    const int *w = net->shape.widths;
    const double *w2 = weights + net->shape.offset[1], *d = net->constants + 1;
    double sum = 0;
    for (int a = 0; a < w[1]; a++)
        for (int b = 0; b < w[1]; b++) {
            double x = 0;
            for (int i = 0; i < w[2]; i++)
                x += w2[i * w[1] + a] * w2[i * w[1] + b];
            for (int i = 0; i < w[0]; i++)
                for (int j = 0; j < w[0]; j++)
                    x -= weights[a * w[0] + i] * d[i * w[0] + j] * weights[b * w[0] + j];
            sum += x * x;
        }
    return net->constants[0] / 4 * sum;
}

static double excess(const struct net *net, const double *weights) {
    return net_excess(net, weights) + penalty(net, weights);
}

static void the_penalised_loss_and_gradient_agree_with_plain_loops(void **state) {
    (void)state;
    for (int i = 0; i < N_CASES; i++) {
        struct net net;
        struct ln_matrix given;
        make(&net, i, &given);
        struct ln_net view = net_view(&net);
        double *gradient = numbers(net.shape.n_weights), step = 1e-5;
        double right = excess(&net, net.weights);
        assert_true(penalty(&net, net.weights) > 1e-6);
        assert_near(ln_net_gradient(&view, gradient), right, 1e-13 * (1 + right));
        for (int k = 0; k < net.shape.n_weights; k++) {
            double old = net.weights[k];
            net.weights[k] = old + step;
            double above = excess(&net, net.weights);
            net.weights[k] = old - step;
            double slope = (above - excess(&net, net.weights)) / (2 * step);
            net.weights[k] = old;
            assert_near(gradient[k], slope, 1e-7 * (1 + fabs(slope)));
        }
        free(gradient);
        net_clear(&net);
    }
}

/* In lanes, each with its own rho and D, and from old weights. */
static void a_penalised_step_moves_every_lane_by_its_own_gradient(void **state) {
    (void)state;
    for (int i = 0; i < N_CASES; i++) {
        struct net net;
        struct ln_matrix given;
        make(&net, i, &given);
        int n = net.shape.n_weights;
        struct ln_batch *batch = ln_batch_create(&net.shape);
        double *gradient = numbers(n), *moved = numbers(n);
        _Alignas(64) double eta[LN_LANES];
        for (int lane = 0; lane < LN_LANES; lane++) {
            eta[lane] = 0.1 * lane;
            net.constants[0] = 0.3 * lane;
            struct ln_net view = net_view(&net);
            ln_batch_load(batch, lane, &view);
        }
        net.shape.model->forward(batch);
        net.shape.model->descend(batch, eta);
        for (int lane = 0; lane < LN_LANES; lane++) {
            net.constants[0] = 0.3 * lane;
            struct ln_net view = net_view(&net);
            double right = ln_net_gradient(&view, gradient);
            assert_near(batch->excess[lane], right, 1e-13 * (1 + right));
            ln_batch_weights(batch, lane, moved);
            for (int k = 0; k < n; k++)
                assert_near(moved[k], net.weights[k] - eta[lane] * gradient[k], 1e-12);
        }
        free(moved);
        free(gradient);
        ln_batch_free(batch);
        net_clear(&net);
    }
}

static void the_penalised_hessian_and_its_products_agree_with_differences(void **state) {
    (void)state;
    for (int i = 0; i < N_CASES; i++) {
        struct net net;
        struct ln_matrix given;
        struct ln_random random;
        make(&net, i, &given);
        int n = net.shape.n_weights;
        double *hessian = numbers(n * n), *v = numbers(n), *out = numbers(n), *right = numbers(n);
        ln_random_init(&random, 5, (uint64_t)i, LN_STREAM_OTHER);
        ln_random_normals(&random, (size_t)n, v);
        struct ln_net view = net_view(&net);
        net.shape.model->hessian(&view, hessian);
        for (int c = 0; c < n; c++)
            net_assert_hessian_column(&net, hessian, c, 1e-12);
        net.shape.model->hessian_vector(&view, v, out);
        ln_matmul(right, hessian, false, v, false, n, 1, n);
        assert_near(near_distance(out, right, n), 0, 1e-12 * (1 + ln_norm(right, (size_t)n)));
        free(right);
        free(out);
        free(v);
        free(hessian);
        net_clear(&net);
    }
}

/* The minimum keeps its loss; at M = D = I its top eigenvalue is the largest of 2 sigma_1 and
 * 4 rho sigma_1. Source: Zhu et al. 2018, spectrum at balanced points. */
static void the_penalised_minimum_sharpness_is_that_of_a_balanced_minimum(void **state) {
    (void)state;
    static const double phi[] = {3, 0, 0, 0, 2, 0, 0, 0, 1};
    static const double rho[] = {0.3, 1, 2};
    for (int i = 0; i < 3; i++) {
        struct net net;
        net_begin(&net, phi, 3, 3, 2);
        point_set_real(&net.point, LN_MODEL, "penalty", rho[i]);
        net_complete(&net);
        struct ln_net view = net_view(&net);
        assert_near(ln_minimum_sharpness(&view), 3 * fmax(2, 4 * rho[i]), 1e-11);
        net_clear(&net);
    }
}

/* D of rank two hides the third input: no weights with B = 0 make the target. */
static void a_metric_that_hides_a_direction_of_the_target_has_no_balanced_minimum(void **state) {
    (void)state;
    static const double phi[] = {3, 0, 0, 0, 2, 0, 0, 0, 1}, d[] = {1, 0, 0, 0, 1, 0, 0, 0, 0};
    struct ln_matrix given = {3, 3, d};
    struct net net;
    net_begin(&net, phi, 3, 3, 2);
    point_set_real(&net.point, LN_MODEL, "penalty", 1);
    point_set_word(&net.point, LN_MODEL, "penalty_metric", "given");
    point_set_matrices(&net.point, LN_MODEL, "penalty_matrix", &given, 1);
    net_complete(&net);
    struct ln_net view = net_view(&net);
    assert_true(isnan(ln_minimum_sharpness(&view)));
    net_clear(&net);
}

static void refuse(struct net *net, const char *key, const char *reason) {
    struct ln_err err = {0};
    assert_int_equal(ln_shape_of(&net->point, &net->shape, &err), LN_INPUT);
    assert_string_equal(err.where, key);
    if (!strstr(err.text, reason))
        fail_msg("'%s' does not say '%s'", err.text, reason);
}

static void a_penalty_that_cannot_be_is_refused_with_the_reason(void **state) {
    (void)state;
    static const double phi[] = {1, 0, 0, 1};
    static const double skew[] = {1, 0.5, 0, 1}, indefinite[] = {1, 2, 2, 1}, small[] = {1};
    struct ln_matrix matrices[] = {{2, 2, skew}, {2, 2, indefinite}, {1, 1, small}};
    static const char *const reasons[] = {"not symmetric", "eigenvalue -1;", "ask for 2 x 2"};
    struct net net;
    net_begin(&net, phi, 2, 2, 3);
    point_set_real(&net.point, LN_MODEL, "penalty", 1);
    refuse(&net, "model.penalty", "depth 3 has no penalty");
    point_set_int(&net.point, LN_MODEL, "depth", 2);
    point_set_word(&net.point, LN_MODEL, "penalty_metric", "given");
    refuse(&net, "model.penalty_matrix", "asks for penalty_matrix, 2 x 2");
    for (int i = 0; i < 3; i++) {
        point_set_matrices(&net.point, LN_MODEL, "penalty_matrix", &matrices[i], 1);
        refuse(&net, "model.penalty_matrix", reasons[i]);
    }
    point_set_word(&net.point, LN_MODEL, "penalty_metric", "identity");
    refuse(&net, "model.penalty_matrix", "has no effect");
}

static void a_plain_shape_carries_nothing_of_the_penalty(void **state) {
    (void)state;
    static const double phi[] = {1, 0, 0, 1};
    struct net net;
    struct ln_err err;
    net_begin(&net, phi, 2, 2, 2);
    assert_int_equal(ln_shape_of(&net.point, &net.shape, &err), LN_OK);
    assert_int_equal(net.shape.n_constants + net.shape.n_scratch + net.shape.variant, 0);
    struct ln_shape plain = net.shape;
    point_set_real(&net.point, LN_MODEL, "penalty", 0.1);
    assert_int_equal(ln_shape_of(&net.point, &net.shape, &err), LN_OK);
    assert_false(ln_shape_is_same(&plain, &net.shape));
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_penalised_loss_and_gradient_agree_with_plain_loops),
        cmocka_unit_test(a_penalised_step_moves_every_lane_by_its_own_gradient),
        cmocka_unit_test(the_penalised_hessian_and_its_products_agree_with_differences),
        cmocka_unit_test(the_penalised_minimum_sharpness_is_that_of_a_balanced_minimum),
        cmocka_unit_test(a_metric_that_hides_a_direction_of_the_target_has_no_balanced_minimum),
        cmocka_unit_test(a_penalty_that_cannot_be_is_refused_with_the_reason),
        cmocka_unit_test(a_plain_shape_carries_nothing_of_the_penalty),
    };
    return cmocka_run_group_tests_name("penalty", tests, start, NULL);
}
