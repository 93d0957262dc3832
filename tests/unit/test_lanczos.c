#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/random.h"
#include "near.h"

/* Q diag(w) Q with the reflection Q = I - (2/n) 1 1^T: dense, and its spectrum is known exactly. */
struct mirrored {
    const double *w;
    int n;
};

static void reflect(double *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    for (int i = 0; i < n; i++)
        x[i] -= 2.0 / n * sum;
}

static void apply_mirrored(void *ctx, double *y, const double *x) {
    const struct mirrored *a = ctx;
    memcpy(y, x, (size_t)a->n * sizeof *y);
    reflect(y, a->n);
    for (int i = 0; i < a->n; i++)
        y[i] *= a->w[i];
    reflect(y, a->n);
}

static void check_lanczos(const double *w, int n) {
    struct mirrored a = {w, n};
    double least = w[0], most = w[0];
    for (int i = 1; i < n; i++) {
        least = fmin(least, w[i]);
        most = fmax(most, w[i]);
    }
    double scale = fmax(fabs(least), fabs(most));
    for (int end = -1; end <= 1; end += 2) {
        double lambda, residual;
        assert_true(ln_lanczos_extreme(&lambda, &residual, apply_mirrored, &a, n, end));
        assert_near(lambda, end > 0 ? most : least, 1e-10 * scale);
        assert_near(residual, 0, 1e-6 * scale);
    }
}

static void check_random_spectrum(int n) {
    struct ln_random random;
    double *w = ln_linalg_alloc(n, sizeof *w);
    ln_random_init(&random, 77, 4, LN_STREAM_OTHER);
    ln_random_normals(&random, n, w);
    check_lanczos(w, n);
    free(w);
}

static void both_ends_of_a_random_spectrum_are_found(void **state) {
    (void)state;
    for (int n = 30; n <= 300; n += 90)
        check_random_spectrum(n);
}

static void the_ends_of_a_small_operator_are_found(void **state) {
    (void)state;
    for (int n = 2; n <= 5; n++)
        check_random_spectrum(n);
}

/* All of -10 < -3 < -1 are below zero: the largest is -1, whatever its modulus. */
static void the_largest_eigenvalue_is_not_that_of_largest_modulus(void **state) {
    (void)state;
    double w[130];
    for (int n = 30; n <= 130; n += 50) {
        for (int i = 0; i < n; i++)
            w[i] = -1.0 - 9.0 * i / (n - 1);
        check_lanczos(w, n);
    }
}

/* Sharpness at a minimum: a few eigenvalues apart, a cluster at the top, many at zero. */
static void the_ends_of_a_clustered_spectrum_are_found(void **state) {
    (void)state;
    double w[240];
    for (int n = 40; n <= 240; n += 100) {
        for (int i = 0; i < n; i++)
            w[i] = i < 6 ? 4.0 - 1e-5 * i : i < 12 ? -0.25 - 0.01 * i : 0.0;
        check_lanczos(w, n);
    }
}

/* Flat minima: ARPACK's own tolerance, relative to the eigenvalue, cannot be met at 0. */
static void the_eigenvalue_zero_of_a_semidefinite_operator_is_found(void **state) {
    (void)state;
    for (int n = 40; n <= 280; n += 120) {
        double w[280] = {0};
        check_lanczos(w, n); /* A = 0: no step at all */
        for (int i = n / 2; i < n; i++)
            w[i] = 1e-4 * (i - n / 2 + 1);
        check_lanczos(w, n);
    }
}

/* Few eigenvalues: a Krylov space is exhausted after as many steps, and new starts are needed. */
static void apply_levels(void *ctx, double *y, const double *x) {
    static const double levels[] = {0.3401877, -0.1056171, 0.2830992, 0.2984400, 0.4116474};
    const int *n = ctx;
    for (int i = 0; i < *n; i++)
        y[i] = levels[i % 5] * x[i];
}

static void the_bits_do_not_depend_on_what_was_asked_before(void **state) {
    (void)state;
    for (int n = 205; n <= 445; n += 24) {
        double first[2], again[2];
        assert_true(ln_lanczos_extreme(&first[0], &first[1], apply_levels, &n, n, 1));
        assert_true(ln_lanczos_extreme(&again[0], &again[1], apply_levels, &n, n, 1));
        assert_near(first[0], 0.4116474, 1e-12);
        assert_memory_equal(first, again, sizeof first);
    }
}

static void apply_nothing_finite(void *ctx, double *y, const double *x) {
    const int *n = ctx;
    for (int i = 0; i < *n; i++)
        y[i] = (double)INFINITY * x[i];
}

static void an_operator_that_is_not_finite_has_no_eigenvalue(void **state) {
    (void)state;
    int n = 300;
    double lambda, residual;
    assert_false(ln_lanczos_extreme(&lambda, &residual, apply_nothing_finite, &n, n, 1));
    assert_true(isnan(lambda));
    assert_true(isnan(residual));
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_of_a_random_spectrum_are_found),
        cmocka_unit_test(the_ends_of_a_small_operator_are_found),
        cmocka_unit_test(the_largest_eigenvalue_is_not_that_of_largest_modulus),
        cmocka_unit_test(the_ends_of_a_clustered_spectrum_are_found),
        cmocka_unit_test(the_eigenvalue_zero_of_a_semidefinite_operator_is_found),
        cmocka_unit_test(the_bits_do_not_depend_on_what_was_asked_before),
        cmocka_unit_test(an_operator_that_is_not_finite_has_no_eigenvalue),
    };
    return cmocka_run_group_tests_name("lanczos", tests, start, NULL);
}
