/* The second-order form of the loss, written down once more from the paper, against the Hessian of
 * the program. Random shapes N = 1..5, widths 1..4, fewer directions of data than inputs included.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "critical.h"
#include "linnet/landscape.h"
#include "linnet/linalg.h"
#include "near.h"

enum { SIZE = CRITICAL_MOST * CRITICAL_MOST };

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

/* W_hi ... W_lo [d_hi x d_{lo-1}], with layer `at` taken from `other` instead (0: none). */
static void product(const struct landscape *l, int hi, int lo, int at, const double *other,
                    double *out) {
    const struct ln_shape *shape = &l->net.shape;
    const int *d = shape->widths, cols = d[lo - 1];
    double next[SIZE];
    memset(out, 0, SIZE * sizeof *out);
    for (int i = 0; i < cols; i++)
        out[i * cols + i] = 1;
    for (int h = lo; h <= hi; h++) {
        const double *w = (h == at ? other : l->net.weights) + shape->offset[h - 1];
        ln_matmul(next, w, false, out, false, d[h], cols, d[h - 1]);
        memcpy(out, next, (size_t)d[h] * cols * sizeof *out);
    }
}

/* G = P M - C from the samples: (P X - Y) X^T. */
static void residual(const struct landscape *l, double *g) {
    const int *d = l->net.shape.widths, n_layers = l->net.shape.n_layers, n = d[0] + 1;
    double p[SIZE], fit[SIZE];
    product(l, n_layers, 1, 0, NULL, p);
    ln_matmul(fit, p, false, l->x, false, d[n_layers], n, d[0]);
    for (int i = 0; i < d[n_layers] * n; i++)
        fit[i] -= l->y[i];
    ln_matmul(g, fit, false, l->x, true, d[n_layers], d[0], n);
}

/* ||sum_i S_i V_i P_{i-1} X||^2 + 2 sum_{i>j} <G, S_i V_i (W_{i-1}..W_{j+1}) V_j P_{j-1}>. */
static double second_order_form(const struct landscape *l, const double *v) {
    const struct ln_shape *shape = &l->net.shape;
    const int *d = shape->widths, n_layers = shape->n_layers, n = d[0] + 1;
    double g[SIZE], part[SIZE], sum[SIZE] = {0}, seen[SIZE], low[SIZE], high[SIZE], form = 0;
    residual(l, g);
    for (int i = 1; i <= n_layers; i++) {
        product(l, n_layers, 1, i, v, part);
        for (int k = 0; k < d[n_layers] * d[0]; k++)
            sum[k] += part[k];
        for (int j = 1; j < i; j++) {
            product(l, i - 1, 1, j, v, low);
            product(l, n_layers, i, i, v, high);
            ln_matmul(part, high, false, low, false, d[n_layers], d[0], d[i - 1]);
            form += 2 * ln_dot(g, part, (size_t)d[n_layers] * d[0]);
        }
    }
    ln_matmul(seen, sum, false, l->x, false, d[n_layers], n, d[0]);
    return form + ln_dot(seen, seen, (size_t)d[n_layers] * n);
}

static void draw(struct landscape *at, struct ln_random *random, int i) {
    int n_layers = 1 + i % 5, widths[8];
    for (int j = 0; j <= n_layers; j++)
        widths[j] = 1 + random_below(random, 4);
    landscape_make(at, random, widths, n_layers, CRITICAL_ANY, 0);
    ln_random_normals(random, (size_t)at->net.shape.n_weights, at->net.weights);
}

static void the_form_is_the_product_with_the_hessian_and_that_is_symmetric(void **state) {
    (void)state;
    struct ln_random random;
    ln_random_init(&random, 9, 1, LN_STREAM_OTHER);
    for (int i = 0; i < 300; i++) {
        struct landscape at;
        draw(&at, &random, i);
        int n = at.net.shape.n_weights;
        double *v = numbers(n), *u = numbers(n), *hv = numbers(n), *hu = numbers(n);
        struct ln_net net = net_view(&at.net);
        ln_random_normals(&random, (size_t)n, v);
        ln_random_normals(&random, (size_t)n, u);
        net.shape->model->hessian_vector(&net, v, hv);
        net.shape->model->hessian_vector(&net, u, hu);
        double form = second_order_form(&at, v);
        double scale = ln_norm(hv, (size_t)n) * ln_norm(v, (size_t)n);
        assert_near(ln_dot(v, hv, (size_t)n), form, 1e-11 * scale);
        assert_near(ln_dot(u, hv, (size_t)n), ln_dot(v, hu, (size_t)n),
                    1e-11 * (scale + ln_norm(hu, (size_t)n) * ln_norm(v, (size_t)n)));
        free(hu);
        free(hv);
        free(u);
        free(v);
        landscape_clear(&at);
    }
}

/* The mean loss is 1/n of the sum, and so is every derivative. */
static void the_factor_of_the_loss_is_a_factor_of_all_derivatives(void **state) {
    (void)state;
    struct ln_random random;
    ln_random_init(&random, 9, 2, LN_STREAM_OTHER);
    for (int i = 0; i < 50; i++) {
        struct landscape at;
        draw(&at, &random, i);
        int n = at.net.shape.n_weights, samples = at.net.shape.widths[0] + 1;
        double *weights = numbers(n), *sum = numbers(n), *mean = numbers(n), *v = numbers(n);
        double *h_sum = numbers(n), *h_mean = numbers(n);
        memcpy(weights, at.net.weights, (size_t)n * sizeof *weights);
        ln_random_normals(&random, (size_t)n, v);
        struct ln_net net = net_view(&at.net);
        double excess = ln_net_gradient(&net, sum);
        net.shape->model->hessian_vector(&net, v, h_sum);
        net_clear(&at.net);
        point_set_word(&at.net.point, LN_PROBLEM, "loss", "mean");
        net_complete(&at.net);
        net = net_at(&at.net, weights);
        assert_near(samples * ln_net_gradient(&net, mean), excess, 1e-11 * (1 + excess));
        net.shape->model->hessian_vector(&net, v, h_mean);
        for (int k = 0; k < n; k++) {
            assert_near(samples * mean[k], sum[k], 1e-11 * (1 + ln_norm(sum, (size_t)n)));
            assert_near(samples * h_mean[k], h_sum[k], 1e-11 * (1 + ln_norm(h_sum, (size_t)n)));
        }
        free(h_mean);
        free(h_sum);
        free(v);
        free(mean);
        free(sum);
        free(weights);
        landscape_clear(&at);
    }
}

/* All sets S of modes that fit, the spectrum of each in closed form. */
static double flattest_by_search(const double *sigma, int n_modes, int width) {
    struct ln_shape shape = {.n_layers = 2, .widths = {n_modes, width, n_modes}};
    double flattest = -INFINITY, out[2 * SIZE];
    shape.n_weights = 2 * n_modes * width;
    for (int set = 0; set < 1 << n_modes; set++) {
        unsigned char kept[CRITICAL_MOST + 1] = {0};
        int size = 0;
        bool is_possible = true;
        for (int k = 0; k < n_modes; k++) {
            kept[k] = (set >> k) & 1;
            size += kept[k];
            is_possible &= !kept[k] || sigma[k] > 0;
        }
        if (!is_possible || size > width)
            continue;
        ln_balanced_spectrum(&shape, sigma, kept, 0, out);
        if (out[0] < -1e-12)
            flattest = fmax(flattest, out[0]);
    }
    return flattest;
}

static void the_flattest_saddle_is_the_flattest_of_all_index_sets(void **state) {
    (void)state;
    static const double sigmas[][4] = {{3, 2, 1, 0.5}, {2, 2, 1, 1},       {2, 2, 2, 1},
                                       {3, 1, 0, 0},   {2, 1.9, 1.5, 1.4}, {1, 1, 1, 1}};
    for (size_t i = 0; i < sizeof sigmas / sizeof sigmas[0]; i++)
        for (int width = 1; width <= 5; width++)
            assert_near(ln_flattest_saddle(sigmas[i], 4, width),
                        flattest_by_search(sigmas[i], 4, width), 1e-12);
    static const double zero[] = {0, 0};
    assert_true(isnan(ln_flattest_saddle(zero, 2, 2)));
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_the_product_with_the_hessian_and_that_is_symmetric),
        cmocka_unit_test(the_factor_of_the_loss_is_a_factor_of_all_derivatives),
        cmocka_unit_test(the_flattest_saddle_is_the_flattest_of_all_index_sets),
    };
    return cmocka_run_group_tests_name("curvature", tests, start, NULL);
}
