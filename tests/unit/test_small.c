/* What makes looks at tiny networks cheap: work numbers, products without BLAS, one eigenvalue. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/random.h"
#include "linnet/work.h"
#include "near.h"

static void fill(double *x, int n, uint64_t seed) {
    struct ln_random random;
    ln_random_init(&random, 3, seed, LN_STREAM_DATA);
    ln_random_normals(&random, (size_t)n, x);
}

static double chain(const double *a, int a_step, const double *b, int b_step, int k) {
    bool fuses = strcmp(ln_lanes_isa(), "portable") != 0;
    double sum = 0;
    for (int l = 0; l < k; l++) {
        volatile double product = a[l * a_step] * b[l * b_step];
        sum = fuses ? fma(a[l * a_step], b[l * b_step], sum) : sum + product;
    }
    return sum;
}

static void a_small_product_is_a_chain_of_fmas_whatever_is_transposed(void **state) {
    (void)state;
    enum { MOST = 8 };
    double a[MOST * MOST], b[MOST * MOST], c[MOST * MOST];
    fill(a, MOST * MOST, 1);
    fill(b, MOST * MOST, 2);
    for (int m = 1; m <= MOST; m++)
        for (int n = 1; n <= MOST; n++)
            for (int k = 1; k <= MOST; k++)
                for (int turned = 0; turned < 4; turned++) {
                    bool a_t = turned & 1, b_t = turned & 2;
                    ln_matmul(c, a, a_t, b, b_t, m, n, k);
                    for (int i = 0; i < m; i++)
                        for (int j = 0; j < n; j++) {
                            double wanted = chain(a + (a_t ? i : i * k), a_t ? m : 1,
                                                  b + (b_t ? j * k : j), b_t ? 1 : n, k);
                            assert_memory_equal(&c[i * n + j], &wanted, sizeof wanted);
                        }
                }
}

static void the_ends_of_a_spectrum_are_those_of_all_eigenvalues_at_any_scale(void **state) {
    (void)state;
    static const double scales[] = {1, 1e-160, 1e160};
    enum { MOST = 75 };
    double *a = ln_linalg_alloc((size_t)MOST * MOST, sizeof *a),
           *b = ln_linalg_alloc((size_t)MOST * MOST, sizeof *b), w[MOST];
    for (int n = 1; n <= MOST; n += n < 4 ? 1 : 24)
        for (int s = 0; s < 3; s++) {
            fill(b, n * n, (uint64_t)n);
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++)
                    a[i * n + j] = b[i * n + j] + b[j * n + i];
            ln_sym_eig(w, NULL, a, n);
            double room = 1e-14 * fmax(fabs(w[0]), fabs(w[n - 1]));
            for (int i = 0; i < n * n; i++)
                a[i] *= scales[s];
            assert_near(ln_sym_extreme(a, n, +1) / scales[s], w[n - 1], room);
            assert_near(ln_sym_extreme(a, n, -1) / scales[s], w[0], room);
        }
    memset(a, 0, (size_t)MOST * MOST * sizeof *a);
    assert_near(ln_sym_extreme(a, 9, +1), 0, 0);
    a[3] = a[27] = (double)INFINITY;
    assert_true(isnan(ln_sym_extreme(a, 9, +1)));
    a[3] = a[27] = (double)NAN;
    assert_true(isnan(ln_sym_extreme(a, 9, -1)));
    free(b);
    free(a);
}

static void singular_values_alone_are_those_that_come_with_vectors(void **state) {
    (void)state;
    static const double scales[] = {1, 1e-180, 1e180};
    enum { MOST = 36 };
    double a[MOST * MOST], u[MOST * MOST], v[MOST * MOST], s[MOST], wanted[MOST];
    for (int m = 1; m <= MOST; m += m < 9 ? 1 : 9)
        for (int n = 1; n <= MOST; n += n < 9 ? 1 : 9)
            for (int k = 0; k < 3; k++) {
                int r = m < n ? m : n;
                fill(a, m * n, (uint64_t)(m + n));
                ln_svd(u, wanted, v, a, m, n);
                for (int i = 0; i < m * n; i++)
                    a[i] *= scales[k];
                ln_svd(NULL, s, NULL, a, m, n);
                for (int i = 0; i < r; i++)
                    assert_near(s[i] / scales[k], wanted[i], 1e-14 * wanted[0]);
            }
    memset(a, 0, sizeof a);
    ln_svd(NULL, s, NULL, a, 3, 3);
    assert_near(s[0], 0, 0);
}

/* Larger than a block in between: what is below stays where it is. */
static void work_numbers_stay_in_place_until_they_are_released(void **state) {
    (void)state;
    size_t bottom = ln_work_mark();
    double *first = ln_work_take(3);
    first[2] = 7;
    for (size_t n = 1; n < 3000000; n *= 5) {
        size_t mark = ln_work_mark();
        double *x = ln_work_zeros(n), *y = ln_work_take(n);
        assert_int_equal((uintptr_t)x % 64, 0);
        assert_int_equal((uintptr_t)y % 64, 0);
        assert_true(y >= x + n || x >= y + n);
        assert_near(x[n - 1], 0, 0);
        x[n - 1] = y[n - 1] = 5;
        ln_work_release(mark);
    }
    assert_near(first[2], 7, 0);
    ln_work_release(bottom);
    size_t mark = ln_work_mark();
    assert_int_equal(mark, bottom);
    assert_near(ln_work_zeros(3)[2], 0, 0);
    ln_work_release(mark);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_product_is_a_chain_of_fmas_whatever_is_transposed),
        cmocka_unit_test(the_ends_of_a_spectrum_are_those_of_all_eigenvalues_at_any_scale),
        cmocka_unit_test(singular_values_alone_are_those_that_come_with_vectors),
        cmocka_unit_test(work_numbers_stay_in_place_until_they_are_released),
    };
    return cmocka_run_group_tests_name("small", tests, start, NULL);
}
