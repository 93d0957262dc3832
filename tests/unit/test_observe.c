#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"
#include "make_net.h"
#include "near.h"

/* A network 2-2-2 with target diag(3, 1) and W_2 = diag(2, -1), W_1 = [[1, 0], [0, 0.5]], so that
 * P = diag(2, -0.5). */
static const double phi[] = {3, 0, 0, 1};
static const double by_hand[] = {1, 0, 0, 0.5, 2, 0, 0, -1};

struct scene {
    struct net net;
    double p[64], singular[8], start[256];
    struct ln_run run;
    struct ln_sight sight;
};

/* Sees the weights the network has now; the start is what it is at the first look. */
static void look_again(struct scene *scene) {
    const struct ln_shape *shape = &scene->net.shape;
    struct ln_net view = net_view(&scene->net);
    shape->model->end_to_end(&view, scene->p);
    ln_svd(NULL, scene->singular, NULL, scene->p, shape->widths[shape->n_layers], shape->widths[0]);
    scene->run.excess = net_excess(&scene->net, scene->net.weights);
}

static void open_scene(struct scene *scene) {
    memset(&scene->run, 0, sizeof scene->run);
    scene->run.diverged_step = -1;
    scene->run.step_size = 0.01;
    point_choose(&scene->net.point, LN_TRAIN, &ln_algorithms, "gd");
    memcpy(scene->start, scene->net.weights, (size_t)scene->net.shape.n_weights * sizeof(double));
    scene->sight = (struct ln_sight){&scene->net.shape,  scene->net.problem,   &scene->run,
                                     scene->net.weights, scene->start,         scene->p,
                                     scene->singular,    scene->net.constants, &scene->net.point};
    look_again(scene);
}

static void open_by_hand(struct scene *scene) {
    net_begin(&scene->net, phi, 2, 2, 2);
    net_complete(&scene->net);
    memcpy(scene->net.weights, by_hand, sizeof by_hand);
    open_scene(scene);
}

static const struct ln_observable *observable(const char *name) {
    const struct ln_entry *entry = ln_catalogue_find(&ln_observables, name);
    assert_non_null(entry);
    return (const struct ln_observable *)entry;
}

static double seen(const struct scene *scene, const char *name, int element) {
    double out[16];
    ln_observable_look(observable(name), &scene->sight, out);
    return out[element];
}

static void scalar_observables_have_their_values_on_a_network_made_by_hand(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double value;
    } known[] = {
        {"loss", 0.5 * (1 + 2.25)},
        {"numerical_rank", 2},
        {"stable_rank", (4 + 0.25) / 4},
        {"effective_rank", 1.6493848884661177}, /* exp of the entropy of (0.8, 0.2) */
        {"balancedness", 3},                    /* diag(4, 1) - diag(1, 0.25) */
        {"weight_change", 0},
        {"kernel_distance", 0},
    };
    struct scene scene;
    open_by_hand(&scene);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_near(seen(&scene, known[i].name, 0), known[i].value, 1e-14);
    net_clear(&scene.net);
}

static void observables_of_modes_and_layers_have_one_value_each(void **state) {
    (void)state;
    struct scene scene;
    open_by_hand(&scene);
    assert_int_equal(ln_observable_count(observable("loss"), &scene.net.shape), 1);
    assert_int_equal(ln_observable_count(observable("singular_values"), &scene.net.shape), 2);
    assert_int_equal(ln_observable_count(observable("layer_norms"), &scene.net.shape), 2);
    assert_near(seen(&scene, "singular_values", 0), 2, 1e-15);
    assert_near(seen(&scene, "singular_values", 1), 0.5, 1e-15);
    assert_near(seen(&scene, "mode_overlap", 0), 2.0 / 3, 1e-15);
    assert_near(seen(&scene, "mode_overlap", 1), -0.5, 1e-15);
    assert_near(seen(&scene, "layer_norms", 0), sqrt(1.25), 1e-15);
    assert_near(seen(&scene, "layer_norms", 1), sqrt(5.0), 1e-15);
    net_clear(&scene.net);
}

static void modes_and_layers_are_counted_on_rectangular_networks(void **state) {
    (void)state;
    static const int widths[] = {5, 2, 4, 3};
    struct net net;
    net_make(&net, widths, 3, false, 1);
    assert_int_equal(ln_observable_count(observable("mode_overlap"), &net.shape), 3);
    assert_int_equal(ln_observable_count(observable("layer_norms"), &net.shape), 3);
    net_clear(&net);
}

static void the_weight_change_is_relative_to_the_norm_of_the_start(void **state) {
    (void)state;
    struct scene scene;
    open_by_hand(&scene);
    scene.net.weights[1] = 0.3;
    scene.net.weights[7] += 0.4;
    look_again(&scene);
    assert_near(seen(&scene, "weight_change", 0), 0.5 / 2.5, 1e-15);
    memset(scene.start, 0, sizeof scene.start);
    assert_true(isinf(seen(&scene, "weight_change", 0)));
    net_clear(&scene.net);
}

/* With data the loss has a floor, and a mode is fitted in the metric of the moment. */
static void with_a_moment_the_loss_has_its_floor_and_fitted_modes_overlap_fully(void **state) {
    (void)state;
    static const int widths[] = {3, 3, 2};
    struct scene scene;
    net_make(&scene.net, widths, 2, true, 2);
    ln_balanced_factors(&scene.net.shape, scene.net.problem->target, scene.net.weights);
    open_scene(&scene);
    assert_true(scene.net.problem->loss_floor > 1e-3);
    assert_near(seen(&scene, "loss", 0), scene.net.problem->loss_floor, 1e-14);
    for (int k = 0; k < 2; k++)
        assert_near(seen(&scene, "mode_overlap", k), 1, 1e-12);
    assert_near(seen(&scene, "gradient_norm", 0), 0, 1e-13);
    assert_near(seen(&scene, "balancedness", 0), 0, 1e-13);
    net_clear(&scene.net);
}

static void a_zero_map_has_no_rank(void **state) {
    (void)state;
    struct scene scene;
    open_by_hand(&scene);
    memset(scene.net.weights, 0, sizeof by_hand);
    look_again(&scene);
    assert_true(seen(&scene, "numerical_rank", 0) == 0);
    assert_true(seen(&scene, "stable_rank", 0) == 0);
    assert_true(seen(&scene, "effective_rank", 0) == 0);
    assert_true(isnan(seen(&scene, "kernel_distance", 0))); /* no kernel, no angle */
    net_clear(&scene.net);
}

static void the_numerical_rank_counts_from_a_ten_thousandth_of_the_target(void **state) {
    (void)state;
    struct scene scene;
    open_by_hand(&scene);
    scene.net.weights[3] = 2.9e-4; /* with W_2: just below 1e-4 * 3 */
    look_again(&scene);
    assert_true(seen(&scene, "numerical_rank", 0) == 1);
    scene.net.weights[3] = 3.1e-4;
    look_again(&scene);
    assert_true(seen(&scene, "numerical_rank", 0) == 2);
    net_clear(&scene.net);
}

/* The balancedness is a spectral norm, not a Frobenius norm, and takes the worst pair. */
static void balancedness_is_the_spectral_norm_of_the_worst_pair_of_layers(void **state) {
    (void)state;
    static const double layers[] = {1, 0, 0, 1, 2, 0, 0, 3, 2, 0, 0, 0.5};
    struct scene scene;
    net_begin(&scene.net, phi, 2, 2, 3);
    net_complete(&scene.net);
    memcpy(scene.net.weights, layers, sizeof layers);
    open_scene(&scene);
    assert_near(seen(&scene, "balancedness", 0), 8.75, 1e-14); /* 3, 8 | 0, -8.75 */
    net_clear(&scene.net);
}

static void the_gradient_norm_is_that_of_the_gradient_over_all_layers(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2, 2};
    for (int has_moment = 0; has_moment < 2; has_moment++) {
        struct scene scene;
        double gradient[64];
        net_make(&scene.net, widths, 3, has_moment, 3);
        open_scene(&scene);
        net_gradient(&scene.net, scene.net.weights, gradient);
        double norm = ln_norm(gradient, (size_t)scene.net.shape.n_weights);
        assert_true(norm > 0.1);
        assert_near(seen(&scene, "gradient_norm", 0), norm, 1e-13 * norm);
        net_clear(&scene.net);
    }
}

/* D = P - Phi = diag(-1, -1.5): g_2 = D W_1^T = diag(-1, -0.75), g_1 = W_2^T D = diag(-2, 1.5). */
static void the_gradient_norm_is_known_on_the_network_made_by_hand(void **state) {
    (void)state;
    struct scene scene;
    open_by_hand(&scene);
    assert_near(seen(&scene, "gradient_norm", 0), sqrt(1 + 0.5625 + 4 + 2.25), 1e-14);
    net_clear(&scene.net);
}

static void sharpness_is_the_top_eigenvalue_of_the_dense_hessian(void **state) {
    (void)state;
    static const int widths[] = {3, 2, 4, 2};
    struct scene scene;
    double w[64];
    net_make(&scene.net, widths, 3, true, 4);
    open_scene(&scene);
    int n = scene.net.shape.n_weights;
    double *hessian = ln_linalg_alloc((size_t)n * n, sizeof *hessian);
    struct ln_net view = net_view(&scene.net);
    scene.net.shape.model->hessian(&view, hessian);
    ln_sym_eig(w, NULL, hessian, n);
    assert_near(seen(&scene, "sharpness", 0), w[n - 1], 1e-13 * w[n - 1]);
    free(hessian);
    net_clear(&scene.net);
}

/* Jacobian of all entries of P, [d_N d_0 x n_weights], by central differences, exact up to
 * rounding for N = 2 and to second order for more. */
static double *jacobian(const struct net *net, double *weights) {
    int n = net->shape.n_weights, size = net->problem->d_in * net->problem->d_out;
    double *out = ln_linalg_alloc((size_t)n * size, sizeof *out), above[64], below[64];
    struct ln_net view = net_at(net, weights);
    for (int i = 0; i < n; i++) {
        double old = weights[i];
        weights[i] = old + 1e-4;
        net->shape.model->end_to_end(&view, above);
        weights[i] = old - 1e-4;
        net->shape.model->end_to_end(&view, below);
        weights[i] = old;
        for (int e = 0; e < size; e++)
            out[e * n + i] = (above[e] - below[e]) / 2e-4;
    }
    return out;
}

static double *tangent_kernel(const struct net *net, double *weights) {
    int n = net->shape.n_weights, size = net->problem->d_in * net->problem->d_out;
    double *map = jacobian(net, weights);
    double *kernel = ln_linalg_alloc((size_t)size * size, sizeof *kernel);
    ln_matmul(kernel, map, false, map, true, size, size, n);
    free(map);
    return kernel;
}

static void the_kernel_distance_is_that_of_the_explicit_tangent_kernels(void **state) {
    (void)state;
    static const int widths[] = {3, 2, 4, 2};
    struct scene scene;
    net_make(&scene.net, widths, 3, false, 5);
    open_scene(&scene);
    assert_near(seen(&scene, "kernel_distance", 0), 0, 1e-14);
    for (int i = 0; i < scene.net.shape.n_weights; i++)
        scene.net.weights[i] += 0.4 * cos(7.0 * i);
    look_again(&scene);
    double *start = tangent_kernel(&scene.net, scene.start);
    double *now = tangent_kernel(&scene.net, scene.net.weights);
    double cosine = ln_dot(start, now, 36) / (ln_norm(start, 36) * ln_norm(now, 36));
    assert_true(cosine < 0.99);
    assert_near(seen(&scene, "kernel_distance", 0), 1 - cosine, 1e-7);
    free(now);
    free(start);
    net_clear(&scene.net);
}

static void a_state_that_is_not_finite_gives_nan_in_every_element(void **state) {
    (void)state;
    static const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    struct scene scene;
    open_by_hand(&scene);
    for (int which = 0; which < 7; which++) {
        bool is_told = which >= 3; /* forward has turned the weight into a loss, as it does */
        scene.net.weights[5] = which < 6 ? bad[which % 3] : 0;
        scene.run.excess = is_told ? (double)NAN : 1; /* the last: the loss can overflow first */
        for (int i = 0; i < ln_observables.n_entries; i++) {
            const struct ln_observable *entry =
                (const struct ln_observable *)ln_observables.entries[i];
            double out[64] = {0};
            ln_observable_look(entry, &scene.sight, out);
            for (int k = 0; k < ln_observable_count(entry, &scene.net.shape); k++)
                assert_true(entry->any_state || isnan(out[k]) ||
                            (!is_told && !(entry->reads & LN_READS_WEIGHTS)));
        }
    }
    net_clear(&scene.net);
}

static void every_observable_is_documented_and_finite_on_an_ordinary_state(void **state) {
    (void)state;
    static const int widths[] = {3, 2, 4, 2};
    struct scene scene;
    net_make(&scene.net, widths, 3, true, 6);
    open_scene(&scene);
    for (int i = 0; i < ln_observables.n_entries; i++) {
        const struct ln_observable *entry = (const struct ln_observable *)ln_observables.entries[i];
        double out[64];
        assert_non_null(entry->entry.doc);
        assert_non_null(entry->long_name);
        assert_non_null(entry->units);
        ln_observable_look(entry, &scene.sight, out);
        bool applies = ln_observable_applies(entry, &scene.net.shape);
        for (int k = 0; k < ln_observable_count(entry, &scene.net.shape); k++)
            assert_true(applies ? isfinite(out[k]) : isnan(out[k]));
    }
    net_clear(&scene.net);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalar_observables_have_their_values_on_a_network_made_by_hand),
        cmocka_unit_test(observables_of_modes_and_layers_have_one_value_each),
        cmocka_unit_test(modes_and_layers_are_counted_on_rectangular_networks),
        cmocka_unit_test(the_weight_change_is_relative_to_the_norm_of_the_start),
        cmocka_unit_test(with_a_moment_the_loss_has_its_floor_and_fitted_modes_overlap_fully),
        cmocka_unit_test(a_zero_map_has_no_rank),
        cmocka_unit_test(the_numerical_rank_counts_from_a_ten_thousandth_of_the_target),
        cmocka_unit_test(balancedness_is_the_spectral_norm_of_the_worst_pair_of_layers),
        cmocka_unit_test(the_gradient_norm_is_that_of_the_gradient_over_all_layers),
        cmocka_unit_test(the_gradient_norm_is_known_on_the_network_made_by_hand),
        cmocka_unit_test(sharpness_is_the_top_eigenvalue_of_the_dense_hessian),
        cmocka_unit_test(the_kernel_distance_is_that_of_the_explicit_tangent_kernels),
        cmocka_unit_test(a_state_that_is_not_finite_gives_nan_in_every_element),
        cmocka_unit_test(every_observable_is_documented_and_finite_on_an_ordinary_state),
    };
    return cmocka_run_group_tests_name("observe", tests, start, NULL);
}
