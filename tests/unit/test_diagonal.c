#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/model_diagonal.h"
#include "linnet/random.h"
#include "make_net.h"
#include "near.h"

static const double inputs[] = {1, 0, 2, -1, 0.5, 1, 1, -2, 0.3, 1, 2, 0.7}; /* 3 x 4 */
static const double outputs[] = {1, -2, 0.5, 3};
static const struct ln_matrix x = {3, 4, inputs}, y = {1, 4, outputs};

static const struct {
    const char *form;
    int depth;
} forms[] = {{"squares", 2}, {"uv", 2},   {"power", 3}, {"power", 5},
             {"dual", 2},    {"dual", 3}, {"dual", 4}};
enum { N_FORMS = sizeof forms / sizeof forms[0], D = 3 };

static void begin(struct net *net, const char *form, int depth, double scale) {
    point_clear(&net->point);
    point_choose(&net->point, LN_PROBLEM, &ln_problems, "data");
    point_set_matrices(&net->point, LN_PROBLEM, "x", &x, 1);
    point_set_matrices(&net->point, LN_PROBLEM, "y", &y, 1);
    point_set_word(&net->point, LN_PROBLEM, "loss", "mean");
    point_choose(&net->point, LN_MODEL, &ln_models, "diagonal");
    point_set_word(&net->point, LN_MODEL, "form", form);
    point_set_int(&net->point, LN_MODEL, "depth", depth);
    point_choose(&net->point, LN_INIT, &ln_inits, "diagonal");
    point_set_real(&net->point, LN_INIT, "scale", scale);
}

/* At a start that is not at rest: a warm one with products of both signs and zero. */
static void make(struct net *net, int which, double scale) {
    static const double warm[] = {0.7, -0.4, 0};
    begin(net, forms[which].form, forms[which].depth, scale);
    point_set_reals(&net->point, LN_INIT, "product", warm, D);
    net_complete(net);
}

static double excess(const struct net *net, const double *weights) {
    double b[D], sum = 0;
    struct ln_net view = net_at(net, weights);
    net->shape.model->end_to_end(&view, b);
    for (int i = 0; i < 4; i++) {
        double residual = -outputs[i];
        for (int j = 0; j < D; j++)
            residual += b[j] * inputs[4 * j + i];
        sum += residual * residual / 8;
    }
    return sum - net->problem->loss_floor;
}

static void the_gradient_agrees_with_central_differences_in_every_form(void **state) {
    (void)state;
    for (int f = 0; f < N_FORMS; f++) {
        struct net net;
        double gradient[2 * D];
        make(&net, f, 0.3);
        struct ln_net view = net_view(&net);
        assert_near(ln_net_gradient(&view, gradient), excess(&net, net.weights), 1e-13);
        for (int i = 0; i < net.shape.n_weights; i++) {
            double old = net.weights[i], step = 1e-5;
            net.weights[i] = old + step;
            double above = excess(&net, net.weights);
            net.weights[i] = old - step;
            double below = excess(&net, net.weights);
            net.weights[i] = old;
            assert_near(gradient[i], (above - below) / (2 * step), 1e-7 * (1 + fabs(gradient[i])));
        }
        net_clear(&net);
    }
}

static void the_hessian_agrees_with_differences_of_the_gradient(void **state) {
    (void)state;
    for (int f = 0; f < N_FORMS; f++) {
        struct net net;
        double h[4 * D * D], above[2 * D], below[2 * D], v[2 * D] = {0}, out[2 * D];
        make(&net, f, 0.3);
        struct ln_net view = net_view(&net);
        int n = net.shape.n_weights;
        net.shape.model->hessian(&view, h);
        for (int i = 0; i < n; i++) {
            double old = net.weights[i], step = 1e-5;
            net.weights[i] = old + step;
            net_gradient(&net, net.weights, above);
            net.weights[i] = old - step;
            net_gradient(&net, net.weights, below);
            net.weights[i] = old;
            memset(v, 0, sizeof v);
            v[i] = 1;
            net.shape.model->hessian_vector(&view, v, out);
            for (int j = 0; j < n; j++) {
                double right = (above[j] - below[j]) / (2 * step);
                assert_near(h[j * n + i], right, 1e-6 * (1 + fabs(right)));
                assert_near(out[j], h[j * n + i], 1e-12 * (1 + fabs(right)));
            }
        }
        net_clear(&net);
    }
}

/* The flow moves weights against their gradient in the raw forms, s by -g in the dual. */
static void the_velocity_is_that_of_the_flow_and_of_the_sums_along_it(void **state) {
    (void)state;
    for (int f = 0; f < N_FORMS; f++) {
        struct net net;
        double gradient[2 * D], b[D];
        make(&net, f, 0.3);
        bool is_dual = net.shape.is_flow_only;
        struct ln_net view = net_view(&net);
        struct ln_batch *batch = ln_batch_create(&net.shape);
        double *rate = ln_linalg_alloc((size_t)net.shape.n_state * LN_LANES, sizeof *rate),
               *at = ln_linalg_alloc((size_t)net.shape.n_state, sizeof *at);
        ln_batch_load(batch, 3, &view);
        net.shape.model->forward(batch);
        net.shape.model->velocity(batch, rate);
        for (int i = 0; i < net.shape.n_state; i++)
            at[i] = rate[i * LN_LANES + 3];
        net_gradient(&net, net.weights, gradient);
        net.shape.model->end_to_end(&view, b);
        struct ln_net moving = net_at(&net, at);
        struct ln_diagonal_path path = ln_diagonal_path_of(&moving);
        double squares = 0;
        for (int i = 0; i < D; i++) {
            double g = batch->error[i * LN_LANES + 3], two[2] = {at[i], at[D + i]};
            struct ln_diagonal_jet jet = ln_diagonal_jet_of(
                &net.shape, net.constants[0], 1, (double[]){net.weights[i], net.weights[D + i]});
            double moves = jet.first[0] * (is_dual ? two[0] + two[1] : two[0]) +
                           (is_dual ? 0 : jet.first[1] * two[1]);
            squares += moves * moves;
            assert_near(path.sum[i], b[i], 1e-14);
            assert_near(is_dual ? two[0] + two[1] : path.theta[i], -g, 1e-15);
            for (int leg = 0; leg < 2 && !is_dual; leg++)
                assert_near(two[leg], -gradient[leg * D + i], 1e-15);
        }
        assert_near(path.length, sqrt(squares), 1e-13 * (1 + path.length));
        assert_true(path.time == 1);
        assert_true(net.shape.model->longest_step(batch, 3) > 0);
        free(at);
        free(rate);
        ln_batch_free(batch);
        net_clear(&net);
    }
}

static void a_warm_start_has_its_product_and_the_scale_of_a_cold_one(void **state) {
    (void)state;
    static const double warm[] = {0.7, -0.4, 0};
    for (int f = 0; f < N_FORMS; f++)
        for (int e = 1; e <= 3; e++) {
            struct net net;
            double b[D], s[D], scale = pow(10, -e), digits = 1e-15 * pow(scale, 2 - forms[f].depth);
            make(&net, f, scale);
            struct ln_net view = net_view(&net);
            net.shape.model->end_to_end(&view, b);
            ln_diagonal_dual(&view, s);
            assert_near(near_distance(b, warm, D), 0, 1e-13);
            for (int i = 0; i < D; i++) {
                double again = ln_diagonal_product(forms[f].depth, -log(scale), 1, s[i]);
                assert_near(again, warm[i], 1e-10 + digits);
            }
            if (forms[f].depth == 2 && !net.shape.is_flow_only)
                for (int i = 0; i < D; i++) {
                    double p = net.weights[i], m = net.weights[D + i];
                    double kept = strcmp(forms[f].form, "uv") ? p * m : (p * p - m * m) / 2;
                    assert_near(kept, scale * scale, 1e-15);
                }
            net_clear(&net);
        }
}

static void the_product_of_the_dual_has_its_slope_and_its_inverse(void **state) {
    (void)state;
    struct ln_random random;
    ln_random_init(&random, 1, 2, LN_STREAM_OTHER);
    for (int trial = 0; trial < 400; trial++) {
        int depth = 2 + trial % 4;
        double u = 2 * ln_random_uniform(&random) - 1, size = 2.5 * ln_random_uniform(&random);
        double log_scale = depth == 2 ? 100 * size : size, k = depth == 2 ? 1.3 : 1, h = 1e-6;
        double s = 0.9 * u, b = ln_diagonal_product(depth, log_scale, k, s);
        double slope = ln_diagonal_slope(depth, log_scale, k, s);
        double step = h / (1 + 2 * log_scale),
               rise = (ln_diagonal_product(depth, log_scale, k, s + step) -
                       ln_diagonal_product(depth, log_scale, k, s - step)) /
                      (2 * step);
        assert_near(rise / slope, 1, 1e-6);
        assert_near(ln_diagonal_dual_of(depth, log_scale, k, b), s, 1e-12);
        assert_near(ln_diagonal_product(depth, log_scale, k, -s), -b, 0);
    }
    assert_near(ln_diagonal_product(2, 50, 1, 1e-9) * exp(100) / sinh(1e-7), 1, 1e-13);
    assert_near(ln_diagonal_product(2, 0.5, 1, 0.7), exp(-1) * sinh(0.7), 1e-16);
    assert_near(ln_diagonal_product(3, 1, 1, 0.5), exp(-3) * (8 - 1 / 3.375), 1e-15);
}

/* Lam = 1e5: alpha is 1e-43430. */
static void the_dual_knows_a_product_whose_scale_is_no_number(void **state) {
    (void)state;
    double s = ln_diagonal_dual_of(2, 1e5, 1, -2.0);
    assert_near(s, -(1 + log(4.0) / 2e5), 1e-15);
    assert_near(ln_diagonal_product(2, 1e5, 1, s), -2.0, 1e-10);
    assert_near(ln_diagonal_product(2, 1e5, 1, 0.999), 0.0, 1e-80);
    assert_true(isfinite(ln_diagonal_product(2, 1e5, 1, 40)));
    assert_true(isfinite(ln_diagonal_product(3, 4, 1, 1.5)));
}

static void a_lane_descends_as_a_lane_alone(void **state) {
    (void)state;
    for (int f = 0; f < 4; f++) {
        struct net net;
        _Alignas(64) double eta[LN_LANES] = {0};
        double packed[64], alone[64], gradient[2 * D];
        make(&net, f, 0.3);
        for (int turn = 0; turn < 2; turn++) {
            net.shape.lanes = turn ? 1 : LN_LANES;
            int lane = turn ? 0 : 5;
            struct ln_batch *batch = ln_batch_create(&net.shape);
            struct ln_net view = net_view(&net);
            ln_batch_load(batch, lane, &view);
            memset(eta, 0, sizeof eta);
            eta[lane] = 0.1;
            net.shape.model->forward(batch);
            net.shape.model->descend(batch, eta);
            ln_batch_weights(batch, lane, turn ? alone : packed);
            ln_batch_free(batch);
        }
        net_gradient(&net, net.weights, gradient);
        assert_near(near_distance(packed, alone, net.shape.n_state), 0, 1e-15);
        for (int i = 0; i < 2 * D; i++)
            assert_near(alone[i], net.weights[i] - 0.1 * gradient[i], 1e-14);
        net_clear(&net);
    }
}

/* g of the mean loss at the products b. */
static void plain_gradient(const double *b, double *g) {
    for (int j = 0; j < D; j++)
        g[j] = 0;
    for (int i = 0; i < 4; i++) {
        double residual = -outputs[i];
        for (int j = 0; j < D; j++)
            residual += b[j] * inputs[4 * j + i];
        for (int j = 0; j < D; j++)
            g[j] += residual * inputs[4 * j + i] / 4;
    }
}

/* Five steps of different sizes, and the sums along them by plain loops. */
static void descent_sums_up_its_path(void **state) {
    (void)state;
    static const double etas[] = {0.01, 0.03, 0.002, 0.02, 0.015};
    for (int f = 0; f < 4; f++) {
        struct net net;
        _Alignas(64) double eta[LN_LANES] = {0};
        double b[D], next[D], g[D], sum[D] = {0}, theta[D], plus[D], minus[D], length = 0, at[64];
        make(&net, f, 0.3);
        struct ln_net view = net_view(&net);
        struct ln_batch *batch = ln_batch_create(&net.shape);
        ln_batch_load(batch, 2, &view);
        struct ln_diagonal_path path = ln_diagonal_path_of(&view);
        for (int j = 0; j < D; j++) {
            theta[j] = path.theta[j];
            plus[j] = minus[j] = 1;
        }
        net.shape.model->end_to_end(&view, b);
        for (int k = 0; k < 5; k++) {
            eta[2] = etas[k];
            net.shape.model->forward(batch);
            net.shape.model->descend(batch, eta);
            ln_batch_weights(batch, 2, at);
            view.weights = at;
            net.shape.model->end_to_end(&view, next);
            plain_gradient(b, g);
            double squares = 0;
            for (int j = 0; j < D; j++) {
                sum[j] += etas[k] * b[j];
                theta[j] -= etas[k] * g[j];
                plus[j] *= 1 - etas[k] * g[j];
                minus[j] *= 1 + etas[k] * g[j];
                squares += (next[j] - b[j]) * (next[j] - b[j]);
                b[j] = next[j];
            }
            length += sqrt(squares);
        }
        path = ln_diagonal_path_of(&view);
        assert_near(near_distance(path.sum, sum, D), 0, 1e-14);
        assert_near(near_distance(path.theta, theta, D), 0, 1e-14);
        assert_near(path.length, length, 1e-14);
        assert_near(path.time, 0.077, 1e-16);
        if (path.plus) {
            assert_near(near_distance(path.plus, plus, D), 0, 1e-14);
            assert_near(near_distance(path.minus, minus, D), 0, 1e-14);
        }
        ln_batch_free(batch);
        net_clear(&net);
    }
}

static void expect_refusal(struct net *net, const char *key, const char *words) {
    struct ln_err err = {0};
    int status = ln_shape_of(&net->point, &net->shape, &err);
    if (status == LN_OK)
        status = ln_init_check(&net->point, &net->shape, &err);
    assert_int_equal(status, LN_INPUT);
    assert_string_equal(err.where, key);
    if (!strstr(err.text, words))
        fail_msg("'%s' does not say '%s'", err.text, words);
}

static void what_cannot_be_started_is_refused_with_the_key_and_the_remedy(void **state) {
    (void)state;
    static const double two[] = {1, 2}, three[] = {1, 2, 3};
    static const struct ln_matrix wide = {2, 4, inputs};
    struct net net;
    begin(&net, "squares", 3, 0.1);
    expect_refusal(&net, "model.depth", "take form: power");
    begin(&net, "power", 2, 0.1);
    expect_refusal(&net, "model.depth", "take form: squares");
    begin(&net, "squares", 2, 1e-160);
    expect_refusal(&net, "model.init.scale", "form: dual");
    begin(&net, "dual", 2, 1.0);
    expect_refusal(&net, "model.init.scale", "below 1");
    begin(&net, "dual", 3, 1e-7);
    expect_refusal(&net, "model.init.scale", "larger scale");
    begin(&net, "dual", 2, 0.1);
    point_set_real(&net.point, LN_INIT, "log_scale", 10);
    expect_refusal(&net, "model.init.log_scale", "one of them");
    begin(&net, "dual", 2, 0.1);
    point_set_reals(&net.point, LN_INIT, "product", two, 2);
    expect_refusal(&net, "model.init.product", "give 3");
    begin(&net, "dual", 2, 0.1);
    point_set_reals(&net.point, LN_INIT, "exponents", two, 2);
    expect_refusal(&net, "model.init.exponents", "give 3");
    begin(&net, "dual", 3, 0.1);
    point_set_reals(&net.point, LN_INIT, "exponents", three, 3);
    expect_refusal(&net, "model.init.exponents", "depth 2");
    begin(&net, "uv", 2, 0.1);
    point_set_matrices(&net.point, LN_PROBLEM, "y", &wide, 1);
    expect_refusal(&net, "model.kind", "one output");
    begin(&net, "uv", 2, 0.1);
    point_choose(&net.point, LN_INIT, &ln_inits, "gaussian");
    expect_refusal(&net, "model.init.kind", "diagonal");
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_agrees_with_central_differences_in_every_form),
        cmocka_unit_test(the_hessian_agrees_with_differences_of_the_gradient),
        cmocka_unit_test(the_velocity_is_that_of_the_flow_and_of_the_sums_along_it),
        cmocka_unit_test(a_warm_start_has_its_product_and_the_scale_of_a_cold_one),
        cmocka_unit_test(the_product_of_the_dual_has_its_slope_and_its_inverse),
        cmocka_unit_test(the_dual_knows_a_product_whose_scale_is_no_number),
        cmocka_unit_test(a_lane_descends_as_a_lane_alone),
        cmocka_unit_test(descent_sums_up_its_path),
        cmocka_unit_test(what_cannot_be_started_is_refused_with_the_key_and_the_remedy),
    };
    return cmocka_run_group_tests_name("diagonal", tests, start, NULL);
}
