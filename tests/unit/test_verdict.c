/* Verdicts and what is watched along a run: states where the golden cases do not come. */
#include "linnet/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"
#include "make_net.h"
#include "near.h"

struct scene {
    struct net net;
    double p[64], singular[8];
    struct ln_run run;
    struct ln_sight sight;
};

static void open_scene(struct scene *scene) {
    const struct ln_shape *shape = &scene->net.shape;
    memset(&scene->run, 0, sizeof scene->run);
    scene->run.diverged_step = -1;
    point_choose(&scene->net.point, LN_TRAIN, &ln_algorithms, "gd");
    struct ln_net view = net_view(&scene->net);
    shape->model->end_to_end(&view, scene->p);
    ln_svd(NULL, scene->singular, NULL, scene->p, shape->widths[shape->n_layers], shape->widths[0]);
    scene->run.excess = net_excess(&scene->net, scene->net.weights);
    scene->sight = (struct ln_sight){
        shape,    scene->net.problem, &scene->run,          scene->net.weights, scene->net.weights,
        scene->p, scene->singular,    scene->net.constants, &scene->net.point};
}

static double seen(const struct scene *scene, const char *name) {
    double out[1];
    const struct ln_entry *entry = ln_catalogue_find(&ln_observables, name);
    assert_non_null(entry);
    ln_observable_look((const struct ln_observable *)entry, &scene->sight, out);
    return out[0];
}

static const double phi[] = {2, 0, 0, 1};

static void open_identity(struct scene *scene) {
    net_begin(&scene->net, phi, 2, 2, 2);
    net_complete(&scene->net);
    open_scene(scene);
}

static void weights_that_are_no_numbers_or_too_large_are_divergence(void **state) {
    (void)state;
    static const double bad[] = {(double)NAN, (double)INFINITY, 1e101};
    for (int i = 0; i < 3; i++) {
        struct scene scene;
        open_identity(&scene);
        scene.net.weights[3] = bad[i];
        assert_int_equal(seen(&scene, "verdict"), LN_NOT_FINITE);
        net_clear(&scene.net);
    }
}

static void a_loss_that_overflows_is_divergence_and_a_large_one_is_not(void **state) {
    (void)state;
    struct scene scene;
    open_identity(&scene);
    scene.net.weights[3] = scene.net.weights[7] = 1e90;
    assert_int_equal(seen(&scene, "verdict"), LN_NOT_FINITE);
    scene.net.weights[3] = scene.net.weights[7] = 1e20;
    scene.run.excess = 0.5e80;
    assert_int_equal(seen(&scene, "verdict"), LN_NOT_FINISHED);
    scene.run.diverged_step = 7; /* stop.diverged may be as low as one likes */
    assert_int_equal(seen(&scene, "verdict"), LN_NOT_FINITE);
    net_clear(&scene.net);
}

/* The level E_k is known to 1e-7 of all there is to learn. */
static void the_loss_itself_certifies_a_global_minimum(void **state) {
    (void)state;
    struct scene scene;
    struct ln_standing standing;
    double lambda;
    open_identity(&scene);
    struct ln_net view = net_view(&scene.net);
    for (int i = 0; i < 2; i++) {
        double off = i ? 7.1e-4 : 7.0e-4; /* 1/2 off^2 against 1e-7 * 2.5 */
        scene.net.weights[0] = scene.net.weights[4] = sqrt(2);
        scene.net.weights[3] = 1 + off;
        ln_verdict_stand(&view, &standing);
        assert_near(standing.excess, 0.5 * off * off, 1e-15);
        assert_int_equal(ln_verdict_of(&view, &standing, &lambda),
                         i ? LN_NOT_FINISHED : LN_GLOBAL_MINIMUM);
        assert_true(isnan(lambda));
    }
    net_clear(&scene.net);
}

/* The gradient sqrt(2) w of this saddle, next to w = 0, is measured by the size of Phi, sqrt(5). */
static void a_point_is_critical_when_its_gradient_is_a_billionth_of_the_target(void **state) {
    (void)state;
    struct scene scene;
    open_identity(&scene);
    scene.net.weights[0] = scene.net.weights[4] = sqrt(2);
    for (int i = 0; i < 2; i++) {
        scene.net.weights[3] = scene.net.weights[7] = (i ? 1.02e-9 : 0.98e-9) * sqrt(2.5);
        assert_int_equal(seen(&scene, "verdict"), i ? LN_NOT_FINISHED : LN_STRICT_SADDLE);
    }
    net_clear(&scene.net);
}

/* A curvature -sigma_1 next to -1e-6. Where it is too small to be called negative, the loss is not
 * the least for rank 1 either: nothing is claimed. */
static void a_saddle_too_flat_to_tell_is_unresolved(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        double sigma = i ? 1.02e-6 : 0.98e-6;
        const double tiny[] = {sigma, 0, 0, 0.5 * sigma};
        struct scene scene;
        net_begin(&scene.net, tiny, 2, 2, 2);
        net_complete(&scene.net);
        scene.net.weights[0] = scene.net.weights[4] = 0;
        scene.net.weights[3] = scene.net.weights[7] = sqrt(0.5 * sigma);
        open_scene(&scene);
        assert_near(seen(&scene, "lambda_min"), -sigma, 1e-15);
        assert_int_equal(seen(&scene, "verdict"), i ? LN_STRICT_SADDLE : LN_UNRESOLVED);
        assert_int_equal(seen(&scene, "top_k"), 0);
        net_clear(&scene.net);
    }
}

/* With inputs of very different scale the rank is that of what the loss sees. */
static void the_rank_counts_in_the_metric_of_the_inputs(void **state) {
    (void)state;
    static const double x[] = {1e6, 0, 0, 1}, y[] = {1, 0, 0, 1};
    const struct ln_matrix inputs = {2, 2, x}, outputs = {2, 2, y};
    struct scene scene;
    point_clear(&scene.net.point);
    point_choose(&scene.net.point, LN_PROBLEM, &ln_problems, "data");
    point_set_word(&scene.net.point, LN_PROBLEM, "loss", "sum");
    point_set_matrices(&scene.net.point, LN_PROBLEM, "x", &inputs, 1);
    point_set_matrices(&scene.net.point, LN_PROBLEM, "y", &outputs, 1);
    point_choose(&scene.net.point, LN_MODEL, &ln_models, "deep");
    point_choose(&scene.net.point, LN_INIT, &ln_inits, "identity");
    net_complete(&scene.net);
    scene.net.weights[0] = scene.net.weights[4] = 1e-3; /* P = diag(1e-6, 1): the solution */
    open_scene(&scene);
    assert_int_equal(seen(&scene, "reached_rank"), 2);
    assert_int_equal(seen(&scene, "numerical_rank"), 1); /* of P itself */
    for (int i = 0; i < 2; i++) {
        scene.net.weights[0] = i ? 0.9e-7 : 1.1e-7; /* P X = diag(1e-4 (1 +- 0.1), 1) */
        assert_int_equal(seen(&scene, "reached_rank"), 2 - i);
    }
    net_clear(&scene.net);
}

static void plateaus_are_seen_within_a_hundredth_of_the_next_gap(void **state) {
    (void)state;
    struct scene scene;
    struct ln_standing standing;
    open_identity(&scene);
    struct ln_net view = net_view(&scene.net);
    scene.net.weights[0] = sqrt(2);
    scene.net.weights[4] = sqrt(2);
    for (int i = 0; i < 2; i++) { /* 1/2 (1 - w)^2 against 1/2 (1 -+ 0.01) */
        scene.net.weights[3] = i ? 0.00505 : 0.005;
        ln_verdict_stand(&view, &standing);
        assert_int_equal(standing.plateau, i ? -1 : 1);
    }
    net_clear(&scene.net);
}

/* On an ordinary state the difference of losses is good to ten digits. */
static void the_descent_ratio_is_that_of_the_next_step(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2, 3, 2};
    for (int i = 0; i < 8; i++) {
        struct scene scene;
        net_make(&scene.net, widths, 4, i % 2, (uint64_t)i);
        open_scene(&scene);
        int n = scene.net.shape.n_weights;
        double *gradient = ln_linalg_alloc(n, sizeof *gradient),
               *next = ln_linalg_alloc(n, sizeof *next);
        double decay = i < 4 ? 0 : 0.5;
        point_set_real(&scene.net.point, LN_TRAIN, "decay", decay);
        scene.run.step_size = 0.05;
        scene.run.step = 8;
        double eta = 0.05 * pow(9, -decay);
        net_gradient(&scene.net, scene.net.weights, gradient);
        for (int k = 0; k < n; k++)
            next[k] = scene.net.weights[k] - eta * gradient[k];
        double fall = scene.run.excess - net_excess(&scene.net, next);
        assert_near(seen(&scene, "descent_ratio"),
                    fall / (eta * ln_dot(gradient, gradient, (size_t)n)), 1e-10);
        free(next);
        free(gradient);
        net_clear(&scene.net);
    }
}

/* Next to a minimum with E = 1e-24 the ratio is 1 - eta g^T H g / (2 g^T g) to full precision. */
static void the_descent_ratio_keeps_its_digits_next_to_a_minimum(void **state) {
    (void)state;
    struct scene scene;
    open_identity(&scene);
    scene.net.weights[0] = scene.net.weights[4] = sqrt(2);
    scene.net.weights[3] = 1 + 1e-12; /* the mode 1 alone is off; its curvature is 2 */
    open_scene(&scene);
    scene.run.step_size = 0.1;
    double first = scene.p[0] - 2, second = scene.p[3] - 1;
    double expected = 1 - 0.1 * (4 * first * first * 4 + 2 * second * second * 2) /
                              (2 * (4 * first * first + 2 * second * second));
    assert_near(seen(&scene, "descent_ratio"), expected, 1e-9);
    net_clear(&scene.net);
}

static void norms_of_layers_and_product_are_spectral(void **state) {
    (void)state;
    static const int widths[] = {3, 4, 2, 3};
    struct scene scene;
    net_make(&scene.net, widths, 3, true, 3);
    open_scene(&scene);
    double largest = 0, s[4];
    for (int j = 1; j <= 3; j++) {
        ln_svd(NULL, s, NULL, scene.net.weights + scene.net.shape.offset[j - 1], widths[j],
               widths[j - 1]);
        largest = fmax(largest, s[0]);
    }
    assert_near(seen(&scene, "largest_layer"), largest, 1e-15);
    assert_near(seen(&scene, "product_norm"), scene.singular[0], 0);
    net_clear(&scene.net);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_that_are_no_numbers_or_too_large_are_divergence),
        cmocka_unit_test(a_loss_that_overflows_is_divergence_and_a_large_one_is_not),
        cmocka_unit_test(the_loss_itself_certifies_a_global_minimum),
        cmocka_unit_test(a_point_is_critical_when_its_gradient_is_a_billionth_of_the_target),
        cmocka_unit_test(a_saddle_too_flat_to_tell_is_unresolved),
        cmocka_unit_test(the_rank_counts_in_the_metric_of_the_inputs),
        cmocka_unit_test(plateaus_are_seen_within_a_hundredth_of_the_next_gap),
        cmocka_unit_test(the_descent_ratio_is_that_of_the_next_step),
        cmocka_unit_test(the_descent_ratio_keeps_its_digits_next_to_a_minimum),
        cmocka_unit_test(norms_of_layers_and_product_are_spectral),
    };
    return cmocka_run_group_tests_name("verdict", tests, start, NULL);
}
