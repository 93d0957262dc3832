/* One matrix times the vectors of all lanes. Run under every instruction set. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/random.h"
#include "linnet/shared.h"
#include "near.h"

static struct ln_random randoms;

static double *draws(size_t n) {
    double *x = ln_linalg_alloc(n, sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = ln_random_normal(&randoms);
    return x;
}

/* Zero from d on. */
static double *lanes_of_draws(int d, int lanes) {
    double *x = ln_linalg_alloc((size_t)ln_shared_pad(d) * lanes, sizeof *x);
    for (int i = 0; i < d * lanes; i++)
        x[i] = ln_random_normal(&randoms);
    return x;
}

static double *outcome(int d, int lanes) {
    double *x = ln_linalg_alloc((size_t)ln_shared_pad(d) * lanes, sizeof *x);
    for (int i = 0; i < ln_shared_pad(d) * lanes; i++)
        x[i] = 7; /* must not be added to */
    return x;
}

static double *symmetric(int d) {
    double *h = draws((size_t)d * d);
    for (int i = 0; i < d; i++)
        for (int j = 0; j < i; j++)
            h[i * d + j] = h[j * d + i];
    return h;
}

/* The step of a chain on this machine. */
static double chain(double a, double b, double c) {
    volatile double product = a * b;
    return strcmp(ln_lanes_isa(), "portable") == 0 ? c + product : fma(a, b, c);
}

/* 1/2 sum of a_i b_i over eight classes, as the header of the lanes says it. */
static double half_of(const double *a, const double *b, int n, int stride, double c) {
    double s[8] = {0};
    for (int i = 0; i < n; i++)
        s[i % 8] = chain(a[i * stride], b[i * stride], s[i % 8]);
    return 0.5 * c * (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));
}

static const int sizes[] = {1, 2, 7, 8, 9, 16, 23, 24, 25, 31, 33, 47, 48, 49, 71, 130};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

static void every_element_is_the_chain_over_its_row(void **state) {
    (void)state;
    for (int t = 0; t < N_SIZES; t++) {
        int d = sizes[t];
        _Alignas(64) double half[LN_LANES];
        double *h = symmetric(d), *v = lanes_of_draws(d, LN_LANES), *out = outcome(d, LN_LANES);
        struct ln_shared *shared = ln_shared_of_moment(h, d);
        ln_shared_apply(shared, out, half, v, LN_LANES);
        for (int l = 0; l < LN_LANES; l++) {
            for (int i = 0; i < d; i++) {
                double sum = 0;
                for (int k = 0; k < d; k++)
                    sum = chain(h[i * d + k], v[k * LN_LANES + l], sum);
                assert_true(out[i * LN_LANES + l] == sum);
            }
            double e = half_of(v + l, out + l, d, LN_LANES, 1);
            assert_true(half[l] == (e < 0 ? 0 : e));
        }
        ln_shared_free(shared);
        free(h);
        free(v);
        free(out);
    }
}

static void check_inputs(int d, int n, int passes) {
    _Alignas(64) double half[LN_LANES];
    double *x = draws((size_t)d * n), *v = lanes_of_draws(d, LN_LANES), *out = outcome(d, LN_LANES),
           *r = ln_linalg_alloc((size_t)n, sizeof *r);
    struct ln_shared *shared = ln_shared_of_inputs(x, d, n, 0.3, passes);
    ln_shared_apply(shared, out, half, v, LN_LANES);
    for (int l = 0; l < LN_LANES; l += 3) {
        for (int s = 0; s < n; s++) {
            r[s] = 0;
            for (int k = 0; k < d; k++)
                r[s] = chain(x[(size_t)k * n + s], v[k * LN_LANES + l], r[s]);
        }
        assert_true(half[l] == half_of(r, r, n, 1, 0.3));
        for (int i = 0; i < d; i++) {
            double sum = 0;
            for (int s = 0; s < n; s++)
                sum = chain(x[(size_t)i * n + s], 0.3 * r[s], sum);
            assert_true(out[i * LN_LANES + l] == sum);
        }
    }
    ln_shared_free(shared);
    free(x);
    free(v);
    free(out);
    free(r);
}

/* The last three are wide enough for narrower panels, or large enough to be fetched early. */
static void inputs_take_the_residuals_first_and_the_samples_in_order(void **state) {
    (void)state;
    for (int passes = 1; passes <= 2; passes++) {
        for (int t = 0; t < N_SIZES; t++)
            check_inputs(sizes[t], sizes[(5 * t + 3) % N_SIZES], passes);
        check_inputs(5300, 19, passes);
        check_inputs(7900, 30, passes);
        check_inputs(2100, 100, passes);
    }
}

/* In lanes and alone. Sizes: one panel and one chunk of columns; ends that are neither; widths on
 * both sides of where the choice changes. */
static void two_passes_have_the_bits_of_one(void **state) {
    (void)state;
    static const int shapes[][2] = {{5, 3}, {96, 24}, {97, 25}, {300, 57}, {7812, 31}, {7813, 55}};
    for (int t = 0; t < 6; t++)
        for (int lanes = 1; lanes <= LN_LANES; lanes += LN_LANES - 1) {
            int d = shapes[t][0], n = shapes[t][1];
            _Alignas(64) double half[2][LN_LANES] = {{0}};
            double *x = draws((size_t)d * n), *v = lanes_of_draws(d, lanes), *out[2];
            for (int k = 0; k < 2; k++) {
                struct ln_shared *shared = ln_shared_of_inputs(x, d, n, 0.7, k + 1);
                out[k] = outcome(d, lanes);
                ln_shared_apply(shared, out[k], half[k], v, lanes);
                ln_shared_free(shared);
            }
            assert_memory_equal(out[0], out[1], (size_t)ln_shared_pad(d) * lanes * sizeof(double));
            assert_memory_equal(half[0], half[1], sizeof half[0]);
            free(out[0]);
            free(out[1]);
            free(x);
            free(v);
        }
}

static void the_width_alone_chooses_passes_and_samples_and_inputs_the_matrix(void **state) {
    (void)state;
    assert_int_equal(ln_shared_passes(1), 1);
    assert_int_equal(ln_shared_passes(7812), 1);
    assert_int_equal(ln_shared_passes(7813), 2);
    assert_true(ln_shared_takes_inputs(100, 99));
    assert_true(ln_shared_takes_inputs(100, 51)); /* d < 2 n */
    assert_false(ln_shared_takes_inputs(100, 100));
}

/* g = c X X^T v of a lane by two products of a BLAS, and every form beside it. */
static void every_form_agrees_with_plain_products(void **state) {
    (void)state;
    enum { D = 130, N = 90 };
    _Alignas(64) double half[LN_LANES];
    double *x = draws(D * N), *h = ln_linalg_alloc(D * D, sizeof *h),
           *v = lanes_of_draws(D, LN_LANES), *out = outcome(D, LN_LANES),
           *r = ln_linalg_alloc(N * LN_LANES, sizeof *r),
           *g = ln_linalg_alloc(D * LN_LANES, sizeof *g);
    ln_matmul(h, x, false, x, true, D, D, N);
    ln_matmul(r, x, true, v, false, N, LN_LANES, D);
    ln_matmul(g, x, false, r, false, D, LN_LANES, N);
    for (int form = 0; form < 3; form++) {
        struct ln_shared *shared =
            form == 0 ? ln_shared_of_moment(h, D) : ln_shared_of_inputs(x, D, N, 1, form);
        ln_shared_apply(shared, out, half, v, LN_LANES);
        assert_near(near_distance(out, g, D * LN_LANES), 0, 1e-10); /* of about 1000 */
        for (int l = 0; l < LN_LANES; l++) {
            double sum = 0;
            for (int s = 0; s < N; s++)
                sum += r[s * LN_LANES + l] * r[s * LN_LANES + l];
            assert_near(half[l] / (0.5 * sum), 1, 1e-13);
        }
        ln_shared_free(shared);
    }
    free(x);
    free(h);
    free(v);
    free(out);
    free(r);
    free(g);
}

static void a_vector_alone_has_the_bits_of_a_lane_whatever_stands_beside_it(void **state) {
    (void)state;
    for (int t = 0; t < 2 * N_SIZES; t++) {
        int d = sizes[t / 2], n = sizes[(7 * t + 1) % N_SIZES];
        _Alignas(64) double half[LN_LANES], alone_half[1];
        double *h = symmetric(d), *x = draws((size_t)d * n), *v = lanes_of_draws(d, LN_LANES),
               *out = outcome(d, LN_LANES), *alone = outcome(d, 1),
               *line = ln_linalg_alloc((size_t)ln_shared_pad(d), sizeof *line);
        struct ln_shared *shared =
            t % 2 ? ln_shared_of_inputs(x, d, n, 2.0, 1 + t / 2 % 2) : ln_shared_of_moment(h, d);
        for (int i = 0; i < d; i++) {
            line[i] = v[i * LN_LANES + 5];
            v[i * LN_LANES + 4] = (double)NAN;
            v[i * LN_LANES + 6] = HUGE_VAL;
        }
        ln_shared_apply(shared, out, half, v, LN_LANES);
        ln_shared_apply(shared, alone, alone_half, line, 1);
        for (int i = 0; i < ln_shared_pad(d); i++)
            assert_true(alone[i] == out[i * LN_LANES + 5]);
        assert_true(alone_half[0] == half[5]);
        assert_true(isnan(half[4]));
        ln_shared_free(shared);
        free(h);
        free(x);
        free(v);
        free(out);
        free(alone);
        free(line);
    }
}

/* Of a difference that the samples do not see, all of H v is rounding; its half square must be that
 * of the rounding, not of its product with the difference. */
static void the_two_forms_agree_and_inputs_see_a_loss_of_nothing(void **state) {
    (void)state;
    enum { D = 60, N = 25 };
    _Alignas(64) double half_m[LN_LANES], half_x[LN_LANES];
    double *x = draws(D * N), *h = ln_linalg_alloc(D * D, sizeof *h),
           *v = lanes_of_draws(D, LN_LANES), *out_m = outcome(D, LN_LANES),
           *out_x = outcome(D, LN_LANES), *q = ln_linalg_alloc(D * N, sizeof *q);
    memcpy(q, x, D * N * sizeof *q);
    ln_orthonormalise(q, D, N);
    for (int pass = 0; pass < 2; pass++) /* lane 1 loses what the samples see of it */
        for (int s = 0; s < N; s++) {
            double dot = 0;
            for (int i = 0; i < D; i++)
                dot += q[i * N + s] * v[i * LN_LANES + 1];
            for (int i = 0; i < D; i++)
                v[i * LN_LANES + 1] -= dot * q[i * N + s];
        }
    ln_matmul(h, x, false, x, true, D, D, N);
    struct ln_shared *by_m = ln_shared_of_moment(h, D), *by_x = ln_shared_of_inputs(x, D, N, 1, 1);
    ln_shared_apply(by_m, out_m, half_m, v, LN_LANES);
    ln_shared_apply(by_x, out_x, half_x, v, LN_LANES);
    for (int i = 0; i < D * LN_LANES; i++)
        assert_near(out_m[i], out_x[i], 1e-12 * 100);
    for (int l = 0; l < LN_LANES; l++)
        if (l != 1)
            assert_near(half_x[l] / half_m[l], 1, 1e-12);
    assert_true(half_x[1] > 0 && half_x[1] < 1e-26);
    ln_shared_free(by_m);
    ln_shared_free(by_x);
    free(x);
    free(h);
    free(v);
    free(out_m);
    free(out_x);
    free(q);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    ln_random_init(&randoms, 4, 7, LN_STREAM_OTHER);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_is_the_chain_over_its_row),
        cmocka_unit_test(inputs_take_the_residuals_first_and_the_samples_in_order),
        cmocka_unit_test(two_passes_have_the_bits_of_one),
        cmocka_unit_test(the_width_alone_chooses_passes_and_samples_and_inputs_the_matrix),
        cmocka_unit_test(every_form_agrees_with_plain_products),
        cmocka_unit_test(a_vector_alone_has_the_bits_of_a_lane_whatever_stands_beside_it),
        cmocka_unit_test(the_two_forms_agree_and_inputs_see_a_loss_of_nothing),
    };
    return cmocka_run_group_tests_name("shared", tests, start, NULL);
}
