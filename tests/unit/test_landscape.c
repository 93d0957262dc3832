/* Random critical points: the verdict against the spectrum, the exact negative curvature, closed
 * spectra, and what transformations leave alone. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "critical.h"
#include "linnet/certificate.h"
#include "linnet/landscape.h"
#include "linnet/linalg.h"
#include "near.h"

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

/* Eigenvalues of the dense Hessian, ascending. */
static double *spectrum(const struct ln_net *net) {
    int n = net->shape->n_weights;
    double *hessian = numbers(n * n), *w = numbers(n);
    net->shape->model->hessian(net, hessian);
    ln_sym_eig(w, NULL, hessian, n);
    free(hessian);
    return w;
}

static void draw_widths(struct ln_random *random, int *widths, int n_layers, int most) {
    for (int j = 0; j <= n_layers; j++)
        widths[j] = 1 + random_below(random, most);
}

/* A landscape of random widths; generic ones have d_N <= d_0, and room for saddles. */
static void draw_landscape(struct landscape *at, struct ln_random *random, int n_layers,
                           enum critical_kind kind, double penalty) {
    int widths[8];
    draw_widths(random, widths, n_layers, 4);
    for (int j = 0; j <= n_layers && kind != CRITICAL_ANY; j++)
        widths[j] = widths[j] < 2 ? 2 : widths[j];
    if (kind == CRITICAL_GENERIC && widths[n_layers] > widths[0]) {
        int swap = widths[0];
        widths[0] = widths[n_layers];
        widths[n_layers] = swap;
    }
    landscape_make(at, random, widths, n_layers, kind, penalty);
}

static bool find_point(struct landscape *at, struct ln_random *random, bool is_orthogonal) {
    for (int i = 0; i < 30; i++)
        if (landscape_point(at, random, is_orthogonal))
            return true;
    return false;
}

struct tally {
    int verdicts[LN_N_NATURES];
};

static void compare_with_spectrum(const struct landscape *at, struct tally *tally) {
    struct ln_net net = net_view(&at->net);
    struct ln_certificate got;
    double *w = spectrum(&net), zero = 1e-8 * fmax(1, w[net.shape->n_weights - 1]);
    ln_certificate_classify(&net, &ln_certificate_exact, &got);
    tally->verdicts[got.nature]++;
    bool is_strict = w[0] < -zero;
    if (got.nature != LN_IS_STRICT_SADDLE && got.nature != LN_IS_NONSTRICT_SADDLE &&
        got.nature != LN_IS_GLOBAL_MINIMUM)
        fail_msg("a critical point is %s: %s", ln_nature_names[got.nature],
                 ln_statement_texts[got.statement]);
    if (is_strict != (got.nature == LN_IS_STRICT_SADDLE)) {
        char text[64];
        ln_shape_text(net.shape, text);
        fail_msg("%s: %s with lambda_min %.3g; rank %d of %d", text, ln_nature_names[got.nature],
                 w[0], got.rank, got.rank_max);
    }
    bool is_least = got.excess - got.level <= 1e-9;
    assert_true(is_least == (got.nature == LN_IS_GLOBAL_MINIMUM));
    free(w);
}

/* `wanted` critical points of each depth 2 to 4, some from each landscape. */
static void check_points(enum critical_kind kind, int wanted, uint64_t seed) {
    enum { EACH = 12, TRIES = 60 };
    struct tally tally = {{0}};
    struct ln_random random;
    ln_random_init(&random, 7, seed, LN_STREAM_OTHER);
    for (int n_layers = 2; n_layers <= 4; n_layers++)
        for (int n_done = 0; n_done < wanted;) {
            struct landscape at;
            draw_landscape(&at, &random, n_layers, kind, 0);
            for (int i = 0, found = 0; i < TRIES && found < EACH && n_done < wanted; i++)
                if (find_point(&at, &random, false)) {
                    compare_with_spectrum(&at, &tally);
                    found++;
                    n_done++;
                }
            landscape_clear(&at);
        }
    assert_true(tally.verdicts[LN_IS_STRICT_SADDLE] > wanted / 2);
    assert_true(tally.verdicts[LN_IS_NONSTRICT_SADDLE] > wanted / 4);
    assert_true(tally.verdicts[LN_IS_GLOBAL_MINIMUM] > wanted / 20);
}

static void strict_means_a_negative_eigenvalue_at_6000_generic_critical_points(void **state) {
    (void)state;
    check_points(CRITICAL_GENERIC, 2000, 1);
}

static void strict_means_a_negative_eigenvalue_at_4002_points_with_ties_and_zeros(void **state) {
    (void)state;
    check_points(CRITICAL_ANY, 1334, 2);
}

static void whitened_saddles_of_two_layers_have_the_curvature_of_the_bound(void **state) {
    (void)state;
    struct ln_random random;
    int n_saddles = 0;
    ln_random_init(&random, 7, 3, LN_STREAM_OTHER);
    for (int i = 0; i < 600; i++) {
        struct landscape at;
        draw_landscape(&at, &random, 2, CRITICAL_WHITE, 0);
        struct ln_net net = net_view(&at.net);
        struct ln_certificate got;
        if (find_point(&at, &random, false)) {
            ln_certify(&net, &ln_certificate_exact, &got);
            if (got.nature == LN_IS_STRICT_SADDLE) {
                assert_near(got.lambda_min, got.curvature_bound, 1e-8);
                n_saddles++;
            }
        }
        landscape_clear(&at);
    }
    assert_true(n_saddles > 200);
}

static void with_any_data_the_bound_is_negative_and_above_the_least_eigenvalue(void **state) {
    (void)state;
    struct ln_random random;
    int n_saddles = 0, n_strictly_above = 0;
    ln_random_init(&random, 7, 4, LN_STREAM_OTHER);
    for (int i = 0; i < 900; i++) {
        struct landscape at;
        draw_landscape(&at, &random, 2, i % 2 ? CRITICAL_ANY : CRITICAL_GENERIC, 0);
        struct ln_net net = net_view(&at.net);
        struct ln_certificate got;
        if (find_point(&at, &random, false)) {
            ln_certify(&net, &ln_certificate_exact, &got);
            if (got.nature == LN_IS_STRICT_SADDLE) {
                assert_true(got.curvature_bound < -1e-6);
                assert_true(got.lambda_min <= got.curvature_bound + 1e-10);
                n_strictly_above += got.lambda_min < got.curvature_bound - 1e-3;
                n_saddles++;
            }
        }
        landscape_clear(&at);
    }
    assert_true(n_saddles > 200 && n_strictly_above > 20);
}

/* W_h = diag(sigma_a^{1/N}) over the modes of S, in the bases of the target. */
static void fill_balanced(struct landscape *at, const unsigned char *kept) {
    const struct ln_shape *shape = &at->net.shape;
    const struct ln_problem *problem = at->net.problem;
    const int *d = shape->widths, n_layers = shape->n_layers, modes = problem->n_modes;
    memset(at->net.weights, 0, (size_t)shape->n_weights * sizeof(double));
    for (int k = 0, unit = 0; k < modes; unit += kept[k++])
        for (int h = 1; h <= n_layers && kept[k]; h++) {
            double root = pow(problem->sigma[k], 1.0 / n_layers);
            double *w = at->net.weights + shape->offset[h - 1];
            for (int a = 0; h == n_layers && a < d[h]; a++)
                w[a * d[h - 1] + unit] = root * problem->left[a * modes + k];
            for (int b = 0; h == 1 && b < d[0]; b++)
                w[unit * d[0] + b] = root * problem->right[b * modes + k];
            if (h > 1 && h < n_layers)
                w[unit * d[h - 1] + unit] = root;
        }
}

static void closed_spectra_of_balanced_points_are_those_of_the_dense_hessian(void **state) {
    (void)state;
    static const double rhos[] = {0, 0.3, 2};
    struct ln_random random;
    ln_random_init(&random, 7, 5, LN_STREAM_OTHER);
    for (int i = 0; i < 300; i++) {
        int n_layers = 2 + i % 4, widths[8], r = 0;
        double rho = n_layers == 2 ? rhos[i / 4 % 3] : 0;
        struct landscape at;
        draw_widths(&random, widths, n_layers, 4);
        landscape_make(&at, &random, widths, n_layers, CRITICAL_WHITE, rho);
        unsigned char kept[CRITICAL_MOST + 1] = {0};
        for (int k = 0; k < at.n_modes && r < at.net.shape.rank; k++)
            r += kept[k] = ln_random_uniform(&random) < 0.5;
        fill_balanced(&at, kept);
        struct ln_net net = net_view(&at.net);
        double *w = spectrum(&net), *out = numbers(net.shape->n_weights);
        ln_balanced_spectrum(net.shape, at.net.problem->sigma, kept, rho, out);
        assert_near(near_distance(w, out, net.shape->n_weights), 0, 1e-10);
        free(out);
        free(w);
        landscape_clear(&at);
    }
}

/* Problem and shape anew from at->x and at->y, with the same weights. */
static void rebuild(struct landscape *at) {
    int n = at->net.shape.n_weights;
    double *weights = numbers(n);
    memcpy(weights, at->net.weights, (size_t)n * sizeof *weights);
    net_clear(&at->net);
    net_complete(&at->net);
    memcpy(at->net.weights, weights, (size_t)n * sizeof *weights);
    free(weights);
}

/* a [m x n] = q a, or a q. */
static void turn(double *a, const double *q, int m, int n, bool from_the_right) {
    double *b = numbers(m * n);
    if (from_the_right)
        ln_matmul(b, a, false, q, false, m, n, n);
    else
        ln_matmul(b, q, false, a, false, m, n, m);
    memcpy(a, b, (size_t)m * n * sizeof *a);
    free(b);
}

static void check_same_spectrum(const struct landscape *at, const double *before) {
    struct ln_net net = net_view(&at->net);
    double *after = spectrum(&net);
    assert_near(near_distance(before, after, net.shape->n_weights), 0, 1e-11);
    free(after);
}

/* X -> X O and Y -> Y O, the samples; Y -> O Y and W_N -> O W_N, the outputs; W_h -> O W_h and
 * W_{h+1} -> W_{h+1} O^T, a hidden layer. */
static void rotations_of_samples_outputs_and_hidden_units_keep_the_spectrum(void **state) {
    (void)state;
    struct ln_random random;
    ln_random_init(&random, 7, 6, LN_STREAM_OTHER);
    for (int i = 0; i < 60; i++) {
        struct landscape at;
        double q[CRITICAL_MOST * CRITICAL_MOST];
        int n_layers = 2 + i % 3;
        draw_landscape(&at, &random, n_layers, CRITICAL_GENERIC, 0);
        const struct ln_shape *shape = &at.net.shape;
        const int *d = shape->widths, samples = d[0] + 1, h = 1 + i % (n_layers - 1);
        ln_random_normals(&random, (size_t)shape->n_weights, at.net.weights);
        struct ln_net net = net_view(&at.net);
        double *before = spectrum(&net);
        random_frame(&random, q, samples);
        turn(at.x, q, d[0], samples, true);
        turn(at.y, q, d[n_layers], samples, true);
        rebuild(&at);
        check_same_spectrum(&at, before);
        random_frame(&random, q, d[n_layers]);
        turn(at.y, q, d[n_layers], samples, false);
        turn(at.net.weights + shape->offset[n_layers - 1], q, d[n_layers], d[n_layers - 1], false);
        rebuild(&at);
        check_same_spectrum(&at, before);
        random_frame(&random, q, d[h]);
        turn(at.net.weights + shape->offset[h - 1], q, d[h], d[h - 1], false);
        for (int a = 0; a < d[h]; a++) /* transpose */
            for (int b = 0; b < a; b++) {
                double swap = q[a * d[h] + b];
                q[a * d[h] + b] = q[b * d[h] + a];
                q[b * d[h] + a] = swap;
            }
        turn(at.net.weights + shape->offset[h], q, d[h + 1], d[h], true);
        check_same_spectrum(&at, before);
        free(before);
        landscape_clear(&at);
    }
}

/* W_h -> D W_h, W_{h+1} -> W_{h+1} D^{-1} with D diagonal and a rotation before it. */
static void invertible_gauges_of_hidden_units_keep_the_inertia(void **state) {
    (void)state;
    struct ln_random random;
    ln_random_init(&random, 7, 8, LN_STREAM_OTHER);
    for (int i = 0; i < 60; i++) {
        struct landscape at;
        struct ln_certificate before, after;
        int n_layers = 2 + i % 3;
        draw_landscape(&at, &random, n_layers, CRITICAL_GENERIC, 0);
        const struct ln_shape *shape = &at.net.shape;
        const int *d = shape->widths, h = 1 + i % (n_layers - 1);
        if (find_point(&at, &random, true)) {
            struct ln_net net = net_view(&at.net);
            ln_certify(&net, &ln_certificate_exact, &before);
            for (int a = 0; a < d[h]; a++) {
                double factor = 0.5 + ln_random_uniform(&random);
                for (int b = 0; b < d[h - 1]; b++)
                    at.net.weights[shape->offset[h - 1] + a * d[h - 1] + b] *= factor;
                for (int b = 0; b < d[h + 1]; b++)
                    at.net.weights[shape->offset[h] + b * d[h] + a] /= factor;
            }
            ln_certify(&net, &ln_certificate_exact, &after);
            assert_int_equal(before.n_negative, after.n_negative);
            assert_int_equal(before.n_zero, after.n_zero);
            assert_int_equal(before.nature, after.nature);
        }
        landscape_clear(&at);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_means_a_negative_eigenvalue_at_6000_generic_critical_points),
        cmocka_unit_test(strict_means_a_negative_eigenvalue_at_4002_points_with_ties_and_zeros),
        cmocka_unit_test(whitened_saddles_of_two_layers_have_the_curvature_of_the_bound),
        cmocka_unit_test(with_any_data_the_bound_is_negative_and_above_the_least_eigenvalue),
        cmocka_unit_test(closed_spectra_of_balanced_points_are_those_of_the_dense_hessian),
        cmocka_unit_test(rotations_of_samples_outputs_and_hidden_units_keep_the_spectrum),
        cmocka_unit_test(invertible_gauges_of_hidden_units_keep_the_inertia),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("landscape", tests, NULL, NULL);
}
