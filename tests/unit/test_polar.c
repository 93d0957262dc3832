/* Margins, real powers of rotations and balanced layers, with the numbers of an independent solver
 * (cases C15 of the notes on Bartlett, Helmbold, Long 2018). */
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/polar.h"
#include "near.h"

enum { MOST = 8 };

static const double pi = 3.14159265358979323846;

/* rotation(0.4 pi) diag(1.5, 1), given to 13 digits. */
static const double turned[] = {0.4635254915624, -0.9510565162952, 1.426584774443, 0.3090169943749};
static const double non_normal[] = {1, 0.8, 0, -0.2, 0.9, 0.7, 0.3, -0.5, 1.2};

/* SplitMix64, uniform in (-1, 1). */
static double draw(uint64_t *seed) {
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return 2.0 * ((double)((z ^ (z >> 31)) >> 11) * 0x1p-53) - 1.0;
}

static void draw_matrix(uint64_t *seed, double *m, int n) {
    for (int i = 0; i < n * n; i++)
        m[i] = draw(seed);
}

/* A random matrix of margin 0.05. */
static void draw_positive(uint64_t *seed, double *m, int n) {
    draw_matrix(seed, m, n);
    double lift = 0.05 - ln_margin(m, n);
    for (int i = 0; i < n; i++)
        m[i * n + i] += lift;
}

static void rotate(double *r, double angle) {
    r[0] = r[3] = cos(angle);
    r[2] = sin(angle);
    r[1] = -r[2];
}

static void the_margin_is_the_least_eigenvalue_of_the_symmetric_part(void **state) {
    (void)state;
    assert_near(ln_margin(turned, 2), 0.1362712429687, 1e-12);
    assert_near(ln_margin(non_normal, 3), 0.6450126402549, 5e-14);
}

static void projection_gives_the_nearest_matrix_of_the_margin(void **state) {
    (void)state;
    double m[] = {0.1, 2, -1, 0.4};
    static const double right[] = {0.4038239655836, 1.773945657131, -1.226054342869,
                                   0.5681913598619};
    assert_near(ln_margin(m, 2), -0.2720153254455, 5e-14);
    assert_true(ln_margin_project(m, 0.2, 2));
    assert_near(near_distance(m, right, 4), 0, 5e-13);
    assert_near(ln_margin(m, 2), 0.2, 1e-14);
}

static void projection_leaves_the_bits_of_a_matrix_that_has_the_margin(void **state) {
    (void)state;
    double m[9];
    memcpy(m, non_normal, sizeof m);
    assert_false(ln_margin_project(m, 0.6, 3));
    assert_memory_equal(m, non_normal, sizeof m);
}

/* <Q - Proj Q, X - Proj Q> <= 0 for every X of the convex set decides the projection. */
static void projection_satisfies_its_variational_inequality(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 300; round++) {
        int n = 1 + round % MOST;
        double q[MOST * MOST], p[MOST * MOST], x[MOST * MOST], inner = 0;
        draw_matrix(&seed, q, n);
        memcpy(p, q, sizeof p);
        ln_margin_project(p, 0.05, n);
        draw_positive(&seed, x, n);
        for (int i = 0; i < n * n; i++)
            inner += (q[i] - p[i]) * (x[i] - p[i]);
        assert_true(inner <= 1e-13);
        assert_true(ln_margin(p, n) >= 0.05 - 1e-14);
    }
}

static void powers_of_a_plane_rotation_are_rotations_by_shares_of_the_angle(void **state) {
    (void)state;
    static const double angles[] = {0, 1e-12, 1e-9, 1e-5, 0.3, 1.5, 3, -0.7, -3.1};
    for (int i = 0; i < (int)(sizeof angles / sizeof angles[0]); i++)
        for (double s = 0; s <= 1.01; s += 0.125) {
            struct ln_rotation rotation;
            double r[4], power[4], right[4];
            rotate(r, angles[i]);
            rotate(right, s * angles[i]);
            assert_true(ln_rotation_init(&rotation, r, 2));
            ln_rotation_power(&rotation, s, power);
            assert_near(near_distance(power, right, 4), 0, 2e-14);
            ln_rotation_clear(&rotation);
        }
}

static void half_a_turn_has_no_real_principal_root(void **state) {
    (void)state;
    struct ln_rotation rotation;
    double layers[8];
    static const double half[] = {-1, 0, 0, -1};
    assert_false(ln_rotation_init(&rotation, half, 2));
    ln_rotation_clear(&rotation);
    assert_false(ln_polar_layers(layers, half, 2, 2));
    assert_true(isnan(layers[0]) && isnan(layers[7]));
}

static void layers_of_a_turned_stretch_have_their_closed_form(void **state) {
    (void)state;
    static const double first[] = {1.052517051197, -0.309016994375, 0.341983520555, 0.951056516295};
    static const double third[] = {1.001786783746, -0.272159297615, 0.378841217315, 1.001786783746};
    double layers[16], left[4], right[4], stretched[4], closed[4];
    assert_true(ln_polar_layers(layers, turned, 2, 4));
    assert_near(near_distance(layers, first, 4), 0, 5.1e-13);
    assert_near(near_distance(layers + 8, third, 4), 0, 5.1e-13);
    for (int i = 1; i <= 4; i++) {
        rotate(left, 0.1 * pi * i);
        rotate(right, -0.1 * pi * (i - 1));
        for (int k = 0; k < 4; k++)
            stretched[k] = left[k] * (k % 2 ? 1 : pow(1.5, 0.25));
        ln_matmul(closed, stretched, false, right, false, 2, 2, 2);
        assert_near(near_distance(layers + 4 * (i - 1), closed, 4), 0, 1e-12);
    }
}

static void layers_of_a_matrix_that_is_not_normal(void **state) {
    (void)state;
    static const double first[] = {1.002252186117,    0.1379196372105,  -0.02089124755612,
                                   -0.05599633850271, 1.035524754186,   0.1128949958566,
                                   0.05621725230650,  -0.1075595493766, 1.060997451088};
    static const double singular[] = {1.076719530737, 1.062264860815, 0.9822797700339};
    double layers[45], s[3];
    assert_true(ln_polar_layers(layers, non_normal, 3, 5));
    assert_near(near_distance(layers, first, 9), 0, 5.1e-13);
    for (int i = 0; i < 5; i++) {
        ln_svd(NULL, s, NULL, layers + 9 * i, 3, 3);
        assert_near(near_distance(s, singular, 3), 0, 5.1e-13);
    }
}

/* Largest entry of W_{i+1}^T W_{i+1} - W_i W_i^T. */
static double gap(const double *below, int n) {
    double up[MOST * MOST], down[MOST * MOST];
    ln_matmul(up, below + n * n, true, below + n * n, false, n, n, n);
    ln_matmul(down, below, false, below, true, n, n, n);
    return near_distance(up, down, n * n);
}

static void check_layers(const double *layers, const double *p, int n, int n_layers) {
    double product[MOST * MOST], next[MOST * MOST];
    memcpy(product, layers, sizeof(double) * (size_t)(n * n));
    for (int i = 1; i < n_layers; i++) {
        assert_near(gap(layers + (i - 1) * n * n, n), 0, 1e-13);
        ln_matmul(next, layers + i * n * n, false, product, false, n, n, n);
        memcpy(product, next, sizeof product);
    }
    assert_near(near_distance(product, p, n * n), 0, 2e-13);
}

/* ||W_i - I||_2 <= max |sigma^{1/N} - 1| + 2 sin(angle/(2N)), no angle beyond pi/2. */
static void check_distance(const double *layers, const double *p, int n, int n_layers) {
    double s[MOST], rest[MOST * MOST], bound = 0;
    ln_svd(NULL, s, NULL, p, n, n);
    for (int k = 0; k < n; k++)
        bound = fmax(bound, fabs(pow(s[k], 1.0 / n_layers) - 1));
    bound += 2 * sin(0.5 * pi / (2 * n_layers));
    for (int i = 0; i < n_layers; i++) {
        memcpy(rest, layers + i * n * n, sizeof(double) * (size_t)(n * n));
        for (int k = 0; k < n; k++)
            rest[k * n + k] -= 1;
        ln_svd(NULL, s, NULL, rest, n, n);
        assert_true(s[0] <= bound + 1e-13);
    }
}

static void
layers_of_positive_matrices_multiply_to_them_are_balanced_and_near_the_identity(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 200; round++) {
        int n = 1 + round % MOST, n_layers = 1 + round % 9;
        double p[MOST * MOST], *layers = malloc(sizeof(double) * (size_t)(n * n * n_layers));
        draw_positive(&seed, p, n);
        assert_true(ln_polar_layers(layers, p, n, n_layers));
        check_layers(layers, p, n, n_layers);
        check_distance(layers, p, n, n_layers);
        free(layers);
    }
}

static void a_determinant_has_the_sign_of_its_row_exchanges(void **state) {
    (void)state;
    static const double exchange[] = {0, 1, 0, 0, 0, 1, 1, 0, 0},
                        mixed[] = {0, 2, 1, 3, 0, 1, 1, 1, 4}, singular[] = {1, 2, 2, 4};
    assert_near(ln_det(exchange, 3), 1, 0);
    assert_near(ln_det(mixed, 3), -19, 1e-13);
    assert_near(ln_det(singular, 2), 0, 1e-15);
}

/* B_i^T B_i = (P^T P)^{(i-1)/N} for the product B_i of the layers below i. */
static void products_of_the_lower_layers_are_powers_of_the_whole(void **state) {
    (void)state;
    uint64_t seed = 9;
    for (int round = 0; round < 40; round++) {
        int n = 2 + round % 4, n_layers = 2 + round % 5;
        double p[MOST * MOST], s[MOST], v[MOST * MOST], below[MOST * MOST], next[MOST * MOST],
            gram[MOST * MOST], power[MOST * MOST], layers[6 * 5 * 5];
        draw_positive(&seed, p, n);
        assert_true(ln_polar_layers(layers, p, n, n_layers));
        ln_svd(NULL, s, v, p, n, n);
        memcpy(below, layers, sizeof(double) * (size_t)(n * n));
        for (int i = 2; i <= n_layers; i++) {
            ln_matmul(gram, below, true, below, false, n, n, n);
            for (int k = 0; k < n * n; k++)
                next[k] = v[k] * pow(s[k % n], 2.0 * (i - 1) / n_layers);
            ln_matmul(power, next, false, v, true, n, n, n);
            assert_near(near_distance(gram, power, n * n), 0, 1e-12);
            ln_matmul(next, layers + (i - 1) * n * n, false, below, false, n, n, n);
            memcpy(below, next, sizeof below);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_margin_is_the_least_eigenvalue_of_the_symmetric_part),
        cmocka_unit_test(projection_gives_the_nearest_matrix_of_the_margin),
        cmocka_unit_test(projection_leaves_the_bits_of_a_matrix_that_has_the_margin),
        cmocka_unit_test(projection_satisfies_its_variational_inequality),
        cmocka_unit_test(powers_of_a_plane_rotation_are_rotations_by_shares_of_the_angle),
        cmocka_unit_test(a_determinant_has_the_sign_of_its_row_exchanges),
        cmocka_unit_test(products_of_the_lower_layers_are_powers_of_the_whole),
        cmocka_unit_test(half_a_turn_has_no_real_principal_root),
        cmocka_unit_test(layers_of_a_turned_stretch_have_their_closed_form),
        cmocka_unit_test(layers_of_a_matrix_that_is_not_normal),
        cmocka_unit_test(
            layers_of_positive_matrices_multiply_to_them_are_balanced_and_near_the_identity),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("polar", tests, NULL, NULL);
}
