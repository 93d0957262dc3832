#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/random.h"
#include "linnet/singular.h"
#include "near.h"

enum { MOST = 12 };

/* Gaussian entries; a graded one, rows falling by `grade` from one to the next. */
static void fill(double *a, int m, int n, double grade, uint64_t seed) {
    struct ln_random random;
    ln_random_init(&random, 7, seed, LN_STREAM_DATA);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            a[i * n + j] = pow(grade, i) * ln_random_normal(&random);
}

static void check(int m, int n, double grade, double scale) {
    int r = m < n ? m : n;
    double *packed = ln_linalg_alloc((size_t)m * n * LN_LANES, sizeof *packed);
    double *s = ln_linalg_alloc((size_t)r * LN_LANES, sizeof *s), one[MOST * MOST], expected[MOST];
    for (int lane = 0; lane < LN_LANES; lane++) {
        fill(one, m, n, grade, (uint64_t)lane);
        for (int i = 0; i < m * n; i++)
            packed[i * LN_LANES + lane] = lane == 3 ? 0 : scale * one[i];
    }
    ln_lanes_singular(s, packed, m, n);
    for (int lane = 0; lane < LN_LANES; lane++) {
        fill(one, m, n, grade, (uint64_t)lane);
        ln_svd(NULL, expected, NULL, one, m, n);
        for (int k = 0; k < r; k++) {
            double right = lane == 3 ? 0 : scale * expected[k];
            double room = 4e-15 * scale * expected[0];
            assert_true(fabs(s[k * LN_LANES + lane] - right) <= room);
            assert_true(k == 0 || s[k * LN_LANES + lane] <= s[(k - 1) * LN_LANES + lane]);
        }
    }
    free(s);
    free(packed);
}

static void singular_values_in_lanes_are_those_of_lapack_for_any_shape(void **state) {
    (void)state;
    for (int m = 1; m <= MOST; m++)
        for (int n = 1; n <= MOST; n++) {
            check(m, n, 1, 1);
            check(m, n, 1e-3,
                  1); /* far from full rank: a cosine of rounding must not turn for ever */
        }
}

/* Squares of entries below 1e-154 are no numbers any more, above 1e154 infinite. */
static void sizes_near_the_ends_of_the_range_keep_their_digits(void **state) {
    (void)state;
    check(3, 3, 1, 1e-250);
    check(5, 4, 1, 1e+250);
}

/* Small values of a graded matrix to all digits, where LAPACK's keep only those above the rounding
 * of the largest: a diagonal times a rotation has its diagonal as singular values. */
static void small_singular_values_keep_their_digits(void **state) {
    (void)state;
    double *a = ln_linalg_alloc((size_t)4 * LN_LANES, sizeof *a),
           *s = ln_linalg_alloc((size_t)2 * LN_LANES, sizeof *s);
    for (int lane = 0; lane < LN_LANES; lane++) {
        a[0 * LN_LANES + lane] = 0.6;
        a[1 * LN_LANES + lane] = 0.8;
        a[2 * LN_LANES + lane] = -0.8 * 1e-30;
        a[3 * LN_LANES + lane] = 0.6 * 1e-30;
    }
    ln_lanes_singular(s, a, 2, 2);
    assert_true(fabs(s[0] - 1) <= 1e-15);
    assert_true(fabs(s[LN_LANES] - 1e-30) <= 1e-44);
    free(s);
    free(a);
}

static void a_lane_does_not_depend_on_its_neighbours(void **state) {
    (void)state;
    int n = 5;
    double *a = ln_linalg_alloc((size_t)n * n * LN_LANES, sizeof *a), one[25], alone[5];
    double *s = ln_linalg_alloc((size_t)n * LN_LANES, sizeof *s);
    fill(one, n, n, 1e-2, 1);
    for (int company = 0; company < 3; company++) {
        memset(a, 0, (size_t)n * n * LN_LANES * sizeof *a);
        for (int lane = 0; lane < LN_LANES && company > 0; lane++) {
            double other[25];
            fill(other, n, n, company == 1 ? 1 : 1e-8, (uint64_t)(lane + 40));
            for (int i = 0; i < n * n; i++)
                a[i * LN_LANES + lane] = other[i];
        }
        int mine = 6 - company; /* nor on which lane it is */
        for (int i = 0; i < n * n; i++)
            a[i * LN_LANES + mine] = one[i];
        ln_lanes_singular(s, a, n, n);
        for (int k = 0; k < n; k++) {
            if (company == 0)
                alone[k] = s[k * LN_LANES + mine];
            assert_memory_equal(&s[k * LN_LANES + mine], &alone[k], sizeof alone[k]);
        }
    }
    free(s);
    free(a);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(singular_values_in_lanes_are_those_of_lapack_for_any_shape),
        cmocka_unit_test(sizes_near_the_ends_of_the_range_keep_their_digits),
        cmocka_unit_test(small_singular_values_keep_their_digits),
        cmocka_unit_test(a_lane_does_not_depend_on_its_neighbours),
    };
    return cmocka_run_group_tests_name("singular", tests, start, NULL);
}
