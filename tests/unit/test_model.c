#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/random.h"
#include "make_net.h"
#include "near.h"

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

static double *random_numbers(int n, uint64_t seed) {
    struct ln_random random;
    double *x = numbers(n);
    ln_random_init(&random, 55, seed, LN_STREAM_OTHER);
    ln_random_normals(&random, n, x);
    return x;
}

/* Depth 1, square, rectangular, bottleneck, one neuron, scalar output, scalar everything, wide. */
static const struct {
    int n_layers, widths[6];
} nets[] = {
    {1, {3, 2}},    {2, {2, 2, 2}},    {3, {4, 3, 5, 2}}, {4, {3, 4, 1, 4, 3}},
    {2, {5, 4, 1}}, {3, {1, 1, 1, 1}}, {2, {1, 6, 3}},    {5, {2, 3, 2, 4, 2, 3}},
};
enum { N_NETS = sizeof nets / sizeof nets[0] };

/* Central differences of the plain-loop loss. */
static double difference(const struct net *net, double *weights, int i) {
    double step = 1e-5, old = weights[i];
    weights[i] = old + step;
    double above = net_excess(net, weights);
    weights[i] = old - step;
    double below = net_excess(net, weights);
    weights[i] = old;
    return (above - below) / (2 * step);
}

static void check_gradient(const struct net *net, const double *gradient, int stride) {
    for (int i = 0; i < net->shape.n_weights; i++) {
        double right = difference(net, net->weights, i);
        assert_near(gradient[i * stride], right, 1e-7 * (1 + fabs(right)));
    }
}

static void the_gradient_agrees_with_central_differences_on_every_shape(void **state) {
    (void)state;
    for (int i = 0; i < 2 * N_NETS; i++) {
        struct net net;
        net_make(&net, nets[i / 2].widths, nets[i / 2].n_layers, i % 2, (uint64_t)i);
        double *gradient = numbers(net.shape.n_weights);
        net_gradient(&net, net.weights, gradient);
        check_gradient(&net, gradient, 1);
        free(gradient);
        net_clear(&net);
    }
}

/* Eight points of one shape, each with its own target, moment and weights. */
static void check_lanes(int n_layers, const int *widths, bool has_moment) {
    struct net *lane = calloc(LN_LANES, sizeof *lane);
    for (int l = 0; l < LN_LANES; l++)
        net_make(&lane[l], widths, n_layers, has_moment, 100 + (uint64_t)l);
    const struct ln_shape *shape = &lane[0].shape;
    assert_int_equal(shape->lanes, LN_LANES);
    struct ln_batch *batch = ln_batch_create(shape);
    double *gradient = numbers(shape->n_weights * LN_LANES), *back = numbers(shape->n_weights);
    for (int l = 0; l < LN_LANES; l++) {
        struct ln_net view = net_view(&lane[l]);
        ln_batch_load(batch, l, &view);
    }
    shape->model->forward(batch);
    shape->model->gradient(batch, gradient);
    for (int l = 0; l < LN_LANES; l++) {
        double right = net_excess(&lane[l], lane[l].weights);
        assert_near(batch->excess[l], right, 1e-13 * (1 + right));
        check_gradient(&lane[l], gradient + l, LN_LANES);
        ln_batch_weights(batch, l, back);
        assert_memory_equal(back, lane[l].weights, (size_t)shape->n_weights * sizeof *back);
        net_clear(&lane[l]);
    }
    free(back);
    free(gradient);
    ln_batch_free(batch);
    free(lane);
}

static void every_lane_has_the_loss_and_gradient_of_its_own_problem(void **state) {
    (void)state;
    for (int i = 0; i < 2 * N_NETS; i++)
        check_lanes(nets[i / 2].n_layers, nets[i / 2].widths, i % 2);
}

/* All layers move at once: the step is eta times the gradient at the old weights. */
/* One sample of three inputs, P - Phi large and orthogonal to it: E is 0 but for rounding. */
static void what_the_data_do_not_see_leaves_no_negative_loss(void **state) {
    (void)state;
    static const double x[] = {1, 0.3, -2}, y[] = {0.7}, square = 5.09;
    const struct ln_matrix inputs = {3, 1, x}, outputs = {1, 1, y};
    struct ln_random random;
    struct net net;
    int n_zero = 0;
    point_clear(&net.point);
    point_choose(&net.point, LN_PROBLEM, &ln_problems, "data");
    point_set_matrices(&net.point, LN_PROBLEM, "x", &inputs, 1);
    point_set_matrices(&net.point, LN_PROBLEM, "y", &outputs, 1);
    point_choose(&net.point, LN_MODEL, &ln_models, "deep");
    point_choose(&net.point, LN_INIT, &ln_inits, "identity");
    net_complete(&net); /* W_1 = I */
    ln_random_init(&random, 7, 12, LN_STREAM_OTHER);
    for (int i = 0; i < 100; i++) {
        double z[3], gradient[12];
        ln_random_normals(&random, 3, z);
        double along = ln_dot(z, x, 3) / square;
        for (int k = 0; k < 3; k++)
            net.weights[net.shape.offset[1] + k] = net.problem->target[k] + z[k] - along * x[k];
        struct ln_net view = net_view(&net);
        double excess = ln_net_gradient(&view, gradient);
        assert_true(excess >= 0 && excess <= 1e-15 * square * ln_dot(z, z, 3));
        n_zero += excess == 0;
    }
    assert_true(n_zero > 10 && n_zero < 90);
    net_clear(&net);
}

static void a_descent_step_moves_every_layer_by_the_gradient_at_the_old_weights(void **state) {
    (void)state;
    for (int i = 0; i < 4 * N_NETS; i++) {
        struct net net;
        _Alignas(64) double eta[LN_LANES] = {0};
        net_make(&net, nets[i / 4].widths, nets[i / 4].n_layers, i % 2, (uint64_t)i);
        net.shape.lanes = i % 4 < 2 ? LN_LANES : 1;
        int n = net.shape.n_weights, lane = net.shape.lanes - 1;
        double *gradient = numbers(n), *moved = numbers(n);
        struct ln_batch *batch = ln_batch_create(&net.shape);
        net_gradient(&net, net.weights, gradient);
        struct ln_net view = net_view(&net);
        ln_batch_load(batch, lane, &view);
        eta[lane] = 0.3;
        net.shape.model->forward(batch);
        net.shape.model->descend(batch, eta);
        ln_batch_weights(batch, lane, moved);
        for (int k = 0; k < n; k++)
            assert_near(moved[k], net.weights[k] - 0.3 * gradient[k], 1e-12);
        ln_batch_free(batch);
        free(moved);
        free(gradient);
        net_clear(&net);
    }
}

static void a_cleared_lane_is_zero_and_leaves_its_neighbours_alone(void **state) {
    (void)state;
    struct net net;
    net_make(&net, nets[2].widths, nets[2].n_layers, true, 1);
    struct ln_batch *batch = ln_batch_create(&net.shape);
    double *back = numbers(net.shape.n_weights);
    struct ln_net view = net_view(&net);
    ln_batch_load(batch, 2, &view);
    ln_batch_load(batch, 3, &view);
    ln_batch_clear(batch, 2);
    net.shape.model->forward(batch);
    assert_true(batch->excess[2] == 0);
    assert_near(batch->excess[3], net_excess(&net, net.weights), 1e-12);
    ln_batch_weights(batch, 2, back);
    assert_true(ln_norm(back, (size_t)net.shape.n_weights) == 0);
    free(back);
    ln_batch_free(batch);
    net_clear(&net);
}

static void the_hessian_agrees_with_differences_of_the_gradient_and_is_symmetric(void **state) {
    (void)state;
    for (int i = 0; i < 2 * N_NETS; i++) {
        struct net net;
        net_make(&net, nets[i / 2].widths, nets[i / 2].n_layers, i % 2, 10 + (uint64_t)i);
        int n = net.shape.n_weights;
        double *hessian = numbers(n * n);
        struct ln_net view = net_view(&net);
        net.shape.model->hessian(&view, hessian);
        for (int c = 0; c < n; c++)
            net_assert_hessian_column(&net, hessian, c, 1e-13);
        free(hessian);
        net_clear(&net);
    }
}

static void check_hessian_vector(const int *widths, int n_layers, bool has_moment, uint64_t seed) {
    struct net net;
    net_make(&net, widths, n_layers, has_moment, seed);
    int n = net.shape.n_weights;
    double *hessian = numbers(n * n), *v = random_numbers(n, 1);
    double *dense = numbers(n), *out = random_numbers(n, 2);
    struct ln_net view = net_view(&net);
    net.shape.model->hessian(&view, hessian);
    ln_matmul(dense, hessian, false, v, false, n, 1, n);
    net.shape.model->hessian_vector(&view, v, out);
    assert_near(near_distance(out, dense, n), 0, 1e-12 * (1 + ln_norm(dense, (size_t)n)));
    free(out);
    free(dense);
    free(v);
    free(hessian);
    net_clear(&net);
}

static void the_hessian_vector_product_is_the_dense_hessian_times_the_vector(void **state) {
    (void)state;
    for (int i = 0; i < 2 * N_NETS; i++)
        check_hessian_vector(nets[i / 2].widths, nets[i / 2].n_layers, i % 2, 20 + (uint64_t)i);
}

/* Wide enough for vectors to go by dgemv. */
static void the_hessian_vector_product_of_wide_vectors_is_the_dense_one_too(void **state) {
    (void)state;
    static const int wide[][4] = {{30, 9, 20, 1}, {1, 20, 9, 30}, {24, 1, 24, 24}};
    for (int i = 0; i < 6; i++)
        check_hessian_vector(wide[i / 2], 3, i % 2, 40);
}

/* The switch from the dense Hessian to Lanczos must not be seen. */
static void the_ends_of_the_spectrum_of_a_large_hessian_are_those_of_the_dense_one(void **state) {
    (void)state;
    static const int widths[] = {9, 10, 9, 8};
    struct net net;
    net_make(&net, widths, 3, true, 3);
    int n = net.shape.n_weights;
    assert_true(n > 200);
    double *hessian = numbers(n * n), *w = numbers(n);
    struct ln_net view = net_view(&net);
    net.shape.model->hessian(&view, hessian);
    ln_sym_eig(w, NULL, hessian, n);
    double top = ln_hessian_extreme(&view, +1, NULL);
    double low = ln_hessian_extreme(&view, -1, NULL);
    assert_near(top, w[n - 1], 1e-9 * w[n - 1]);
    assert_near(low, w[0], 1e-9 * w[n - 1]);
    free(w);
    free(hessian);
    net_clear(&net);
}

/* Source: Bartlett et al. 2018; the target is far from normal. */
static void the_sharpness_of_the_balanced_minimum_is_n_sigma_to_the_2_minus_2_over_n(void **state) {
    (void)state;
    static const double phi[] = {1, 3, 0, -1, 0.5, 2};
    for (int depth = 1; depth <= 5; depth++) {
        struct net net;
        net_begin(&net, phi, 2, 3, depth);
        net_complete(&net);
        ln_balanced_factors(&net.shape, phi, net.weights);
        struct ln_net view = net_view(&net);
        double top = ln_hessian_extreme(&view, +1, NULL);
        double right = depth * pow(net.problem->sigma[0], 2 - 2.0 / depth);
        assert_near(top, right, 1e-11 * right);
        assert_near(ln_minimum_sharpness(&view), right, 1e-12 * right);
        net_clear(&net);
    }
}

static void with_a_moment_the_sharpness_of_the_minimum_comes_from_its_hessian(void **state) {
    (void)state;
    struct net net;
    net_make(&net, nets[1].widths, nets[1].n_layers, true, 4);
    ln_balanced_factors(&net.shape, net.problem->target, net.weights);
    assert_near(net_excess(&net, net.weights), 0, 1e-25);
    struct ln_net view = net_view(&net);
    assert_near(ln_minimum_sharpness(&view), ln_hessian_extreme(&view, +1, NULL), 1e-12);
    net_clear(&net);
}

/* In the norm of the loss the best map of rank one is u_1 u_1^T Phi, not the first singular triple
 * of Phi. */
static void the_minimum_behind_a_bottleneck_is_the_best_map_in_the_norm_of_the_loss(void **state) {
    (void)state;
    static const int widths[] = {3, 1, 3};
    struct net net;
    net_make(&net, widths, 2, true, 6);
    const struct ln_problem *problem = net.problem;
    double p[9] = {0};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                p[i * 3 + j] +=
                    problem->left[i * 3] * problem->left[k * 3] * problem->target[k * 3 + j];
    ln_balanced_factors(&net.shape, p, net.weights);
    struct ln_net view = net_view(&net);
    assert_near(net_excess(&net, net.weights), ln_problem_level(problem, 1), 1e-12);
    assert_near(ln_minimum_sharpness(&view), ln_hessian_extreme(&view, +1, NULL), 1e-12);
    net_clear(&net);
}

/* W_{j+1}^T W_{j+1} - W_j W_j^T for all j. */
static double imbalance(const struct ln_shape *shape, const double *weights) {
    double sum = 0;
    for (int j = 1; j < shape->n_layers; j++) {
        int n = shape->widths[j];
        const double *above = weights + shape->offset[j], *below = weights + shape->offset[j - 1];
        double *a = numbers(n * n), *b = numbers(n * n);
        ln_matmul(a, above, true, above, false, n, n, shape->widths[j + 1]);
        ln_matmul(b, below, false, below, true, n, n, shape->widths[j - 1]);
        sum += near_distance(a, b, n * n);
        free(b);
        free(a);
    }
    return sum;
}

static void balanced_factors_multiply_to_their_matrix_and_are_balanced(void **state) {
    (void)state;
    for (int i = 0; i < N_NETS; i++) {
        struct net net;
        net_make(&net, nets[i].widths, nets[i].n_layers, false, 5);
        int m = net.problem->d_out, n = net.problem->d_in, modes = net.problem->n_modes;
        double *p = numbers(m * n), *s = numbers(modes);
        ln_balanced_factors(&net.shape, net.problem->target, net.weights);
        struct ln_net view = net_view(&net);
        net.shape.model->end_to_end(&view, p);
        ln_svd(NULL, s, NULL, p, m, n);
        for (int k = 0; k < modes; k++) /* the best map of the rank that fits */
            assert_near(s[k], k < net.shape.rank ? net.problem->sigma[k] : 0, 1e-13);
        if (net.shape.rank >= modes)
            assert_near(near_distance(p, net.problem->target, m * n), 0, 1e-13);
        assert_near(net_excess(&net, net.weights),
                    ln_problem_level(net.problem, net.shape.rank < modes ? net.shape.rank : modes),
                    1e-12);
        assert_near(imbalance(&net.shape, net.weights), 0, 1e-12);
        free(s);
        free(p);
        net_clear(&net);
    }
}

static void widths_default_to_the_larger_end_and_lists_give_the_depth(void **state) {
    (void)state;
    static const double phi[] = {1, 2, 3, 4, 5, 6};
    static const int64_t widths[] = {2, 1, 7};
    struct net net;
    struct ln_err err;
    char text[64];
    net_begin(&net, phi, 2, 3, 3);
    assert_int_equal(ln_shape_of(&net.point, &net.shape, &err), LN_OK);
    ln_shape_text(&net.shape, text);
    assert_string_equal(text, "3-3-3-2");
    assert_int_equal(net.shape.n_weights, 9 + 9 + 6);
    point_choose(&net.point, LN_MODEL, &ln_models, "deep");
    point_set_ints(&net.point, LN_MODEL, "width", widths, 3);
    assert_int_equal(ln_shape_of(&net.point, &net.shape, &err), LN_OK);
    ln_shape_text(&net.shape, text);
    assert_string_equal(text, "3-2-1-7-2");
    assert_int_equal(net.shape.rank, 1);
    assert_int_equal(net.shape.max_width, 7);
    assert_int_equal(net.shape.offset[3], 6 + 2 + 7);
}

static void widths_that_do_not_fit_the_depth_are_an_error_about_the_width(void **state) {
    (void)state;
    static const double phi[] = {1};
    static const int64_t widths[] = {2, 2, 2};
    struct net net;
    struct ln_err err = {0};
    net_begin(&net, phi, 1, 1, 3);
    point_set_ints(&net.point, LN_MODEL, "width", widths, 3);
    assert_int_equal(ln_shape_of(&net.point, &net.shape, &err), LN_INPUT);
    assert_string_equal(err.where, "model.width");
    assert_non_null(strstr(err.text, "3 hidden widths do not fit depth 3"));
}

static void the_text_of_a_very_deep_shape_is_cut_and_tells_its_depth(void **state) {
    (void)state;
    static const double phi[] = {1};
    struct net net;
    struct ln_err err;
    char text[64];
    net_begin(&net, phi, 1, 1, LN_MAX_LAYERS);
    point_set_ints(&net.point, LN_MODEL, "width", (int64_t[]){100}, 1);
    assert_int_equal(ln_shape_of(&net.point, &net.shape, &err), LN_OK);
    ln_shape_text(&net.shape, text);
    assert_true(strlen(text) < sizeof text);
    assert_non_null(strstr(text, "...(256)"));
    point_set_ints(&net.point, LN_MODEL, "width", (int64_t[]){4096}, 1);
    assert_int_equal(ln_shape_of(&net.point, &net.shape, &err), LN_INPUT); /* 4e9 weights */
    assert_string_equal(err.where, "model.width");
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_agrees_with_central_differences_on_every_shape),
        cmocka_unit_test(every_lane_has_the_loss_and_gradient_of_its_own_problem),
        cmocka_unit_test(what_the_data_do_not_see_leaves_no_negative_loss),
        cmocka_unit_test(a_descent_step_moves_every_layer_by_the_gradient_at_the_old_weights),
        cmocka_unit_test(a_cleared_lane_is_zero_and_leaves_its_neighbours_alone),
        cmocka_unit_test(the_hessian_agrees_with_differences_of_the_gradient_and_is_symmetric),
        cmocka_unit_test(the_hessian_vector_product_is_the_dense_hessian_times_the_vector),
        cmocka_unit_test(the_hessian_vector_product_of_wide_vectors_is_the_dense_one_too),
        cmocka_unit_test(the_ends_of_the_spectrum_of_a_large_hessian_are_those_of_the_dense_one),
        cmocka_unit_test(the_sharpness_of_the_balanced_minimum_is_n_sigma_to_the_2_minus_2_over_n),
        cmocka_unit_test(the_minimum_behind_a_bottleneck_is_the_best_map_in_the_norm_of_the_loss),
        cmocka_unit_test(with_a_moment_the_sharpness_of_the_minimum_comes_from_its_hessian),
        cmocka_unit_test(balanced_factors_multiply_to_their_matrix_and_are_balanced),
        cmocka_unit_test(widths_default_to_the_larger_end_and_lists_give_the_depth),
        cmocka_unit_test(widths_that_do_not_fit_the_depth_are_an_error_about_the_width),
        cmocka_unit_test(the_text_of_a_very_deep_shape_is_cut_and_tells_its_depth),
    };
    return cmocka_run_group_tests_name("model", tests, start, NULL);
}
