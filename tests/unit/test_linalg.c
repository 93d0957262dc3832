#include <stdlib.h>
#include <string.h>

#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/random.h"
#include "near.h"

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

static double *random_numbers(int n, uint64_t seed) {
    struct ln_random random;
    double *x = numbers(n);
    ln_random_init(&random, 77, seed, LN_STREAM_OTHER);
    ln_random_normals(&random, n, x);
    return x;
}

/* Element (i, k) of a matrix [rows x cols] that may be stored transposed. */
static double element(const double *a, bool transposed, int i, int k, int rows, int cols) {
    return transposed ? a[k * rows + i] : a[i * cols + k];
}

static void check_matmul(int m, int n, int k, bool a_t, bool b_t) {
    double *a = random_numbers(m * k, 1), *b = random_numbers(k * n, 2), *c = numbers(m * n);
    c[0] = NAN; /* what stood there must not matter */
    ln_matmul(c, a, a_t, b, b_t, m, n, k);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int p = 0; p < k; p++)
                sum += element(a, a_t, i, p, m, k) * element(b, b_t, p, j, k, n);
            assert_near(c[i * n + j], sum, 1e-13 * k);
        }
    free(c);
    free(b);
    free(a);
}

static void a_product_is_the_triple_loop_for_all_four_transposes(void **state) {
    (void)state;
    static const int shapes[][3] = {{1, 1, 1}, {2, 3, 4}, {5, 1, 7}, {1, 6, 2}, {17, 9, 33}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (int transposes = 0; transposes < 4; transposes++)
            check_matmul(shapes[s][0], shapes[s][1], shapes[s][2], transposes & 1, transposes & 2);
}

/* || X^T X - I || for X [m x n]. */
static double defect(const double *x, int m, int n) {
    double *gram = numbers(n * n);
    ln_matmul(gram, x, true, x, false, n, n, m);
    for (int i = 0; i < n; i++)
        gram[i * n + i] -= 1;
    double norm = ln_norm(gram, (size_t)n * n);
    free(gram);
    return norm;
}

/* A random matrix of the given rank. */
static double *of_rank(int m, int n, int rank, uint64_t seed) {
    double *left = random_numbers(m * rank, seed), *right = random_numbers(rank * n, seed + 1000);
    double *a = numbers(m * n);
    ln_matmul(a, left, false, right, false, m, n, rank);
    free(right);
    free(left);
    return a;
}

static void check_svd(int m, int n, int rank) {
    int r = m < n ? m : n;
    double *a = of_rank(m, n, rank, (uint64_t)(m * 100 + n)), *s = numbers(r), *alone = numbers(r);
    double *u = numbers(m * r), *v = numbers(n * r), *back = numbers(m * n);
    ln_svd(u, s, v, a, m, n);
    double tiny = 1e-13 * (m + n) * s[0];
    for (int i = 0; i < r; i++)
        assert_true(s[i] >= 0 && (i == 0 || s[i] <= s[i - 1]));
    for (int i = rank; i < r; i++)
        assert_near(s[i], 0, tiny);
    assert_true(s[rank - 1] > tiny);
    assert_near(defect(v, n, r) + defect(u, m, r), 0, 1e-12);
    for (int i = 0; i < m; i++)
        for (int k = 0; k < r; k++)
            u[i * r + k] *= s[k];
    ln_matmul(back, u, false, v, true, m, n, r);
    assert_near(near_distance(back, a, m * n), 0, tiny);
    ln_svd(NULL, alone, NULL, a, m, n);
    assert_near(near_distance(alone, s, r), 0, tiny);
    free(back);
    free(v);
    free(u);
    free(alone);
    free(s);
    free(a);
}

static void a_singular_value_decomposition_gives_the_matrix_back(void **state) {
    (void)state;
    static const int cases[][3] = {{1, 1, 1}, {1, 5, 1}, {5, 1, 1},    {3, 3, 3},
                                   {4, 7, 4}, {7, 4, 4}, {30, 12, 12}, {12, 30, 12}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_svd(cases[i][0], cases[i][1], cases[i][2]);
}

static void a_rank_deficient_matrix_has_singular_values_zero_and_full_bases(void **state) {
    (void)state;
    static const int cases[][3] = {{3, 3, 1}, {6, 4, 2}, {4, 6, 2}, {20, 25, 7}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_svd(cases[i][0], cases[i][1], cases[i][2]);
}

/* V diag(w) V^T. */
static double *with_spectrum(const double *w, int n, uint64_t seed) {
    double *v = random_numbers(n * n, seed), *scaled = numbers(n * n), *a = numbers(n * n);
    ln_orthonormalise(v, n, n);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            scaled[i * n + k] = v[i * n + k] * w[k];
    ln_matmul(a, scaled, false, v, true, n, n, n);
    free(scaled);
    free(v);
    return a;
}

static void symmetric_eigenvalues_ascend_and_give_the_matrix_back(void **state) {
    (void)state;
    for (int n = 1; n <= 40; n += 13) {
        double *w = random_numbers(n, (uint64_t)n);
        w[0] = w[n / 2]; /* a double one, and signs of both kinds */
        double *a = with_spectrum(w, n, 5), *values = numbers(n), *v = numbers(n * n);
        double *scaled = numbers(n * n), *back = numbers(n * n);
        ln_sym_eig(values, v, a, n);
        for (int i = 1; i < n; i++)
            assert_true(values[i] >= values[i - 1]);
        assert_near(defect(v, n, n), 0, 1e-12);
        for (int i = 0; i < n * n; i++)
            scaled[i] = v[i] * values[i % n];
        ln_matmul(back, scaled, false, v, true, n, n, n);
        assert_near(near_distance(back, a, n * n), 0, 1e-12);
        memcpy(back, a, (size_t)n * n * sizeof *a);
        ln_sym_eig(w, back, back, n); /* vectors over the matrix itself */
        assert_memory_equal(back, v, (size_t)n * n * sizeof *v);
        free(back);
        free(scaled);
        free(v);
        free(values);
        free(a);
        free(w);
    }
}

/* Gram-Schmidt: R = Q^T A is upper triangular with a positive diagonal, which makes Q unique. */
static void orthonormalising_keeps_the_span_of_the_first_columns_and_their_signs(void **state) {
    (void)state;
    for (int n = 1; n <= 9; n += 4) {
        int m = 9;
        double *a = random_numbers(m * n, 3), *q = numbers(m * n), *r = numbers(n * n);
        for (int i = 0; n > 1 && i < m; i++) /* nearly dependent columns lose no orthogonality */
            a[i * n + 1] = a[i * n] + 1e-9 * a[i * n + 1];
        memcpy(q, a, (size_t)m * n * sizeof *q);
        ln_orthonormalise(q, m, n);
        assert_near(defect(q, m, n), 0, 1e-13 * n);
        ln_matmul(r, q, true, a, false, n, n, m);
        for (int i = 0; i < n; i++) {
            assert_true(r[i * n + i] > 0);
            for (int j = 0; j < i; j++)
                assert_near(r[i * n + j], 0, 1e-13);
        }
        free(r);
        free(q);
        free(a);
    }
}

enum { MOST = 9, SIZE = MOST * MOST * LN_LANES };

/* The three products, with the order of arguments of the kernels. */
enum kernel { NN, TN, NT, N_KERNELS };

static void run_kernel(enum kernel kernel, double *c, const double *a, const double *b, int m,
                       int n, int k, int lanes) {
    switch (kernel) {
    case NN:
        ln_lanes_nn(c, a, b, m, n, k, lanes);
        break;
    case TN:
        ln_lanes_tn(c, a, b, m, n, k, lanes);
        break;
    default:
        ln_lanes_nt(c, a, b, m, n, k, lanes);
        break;
    }
}

static bool fuses(void) {
    return strcmp(ln_lanes_isa(), "portable") != 0;
}

/* One element as the header defines it: c = fma(a_p, b_p, c), p ascending, from 0. */
static double chain(enum kernel kernel, const double *a, const double *b, int i, int j, int m,
                    int n, int k, int lane, int lanes) {
    bool a_t = kernel == TN, b_t = kernel == NT;
    double sum = 0;
    for (int p = 0; p < k; p++) {
        double x = a[(a_t ? p * m + i : i * k + p) * lanes + lane];
        double y = b[(b_t ? j * k + p : p * n + j) * lanes + lane];
        sum = fma(x, y, sum);
    }
    return sum;
}

static void check_kernel(enum kernel kernel, int m, int n, int k, const double *a, const double *b,
                         double *c, int lanes) {
    run_kernel(kernel, c, a, b, m, n, k, lanes);
    for (int e = 0; e < m * n; e++)
        for (int lane = 0; lane < lanes; lane++) {
            double right = chain(kernel, a, b, e / n, e % n, m, n, k, lane, lanes);
            double got = c[e * lanes + lane];
            if (fuses() && lanes == LN_LANES)
                assert_memory_equal(&got, &right, sizeof got);
            else
                assert_near(got, right, 1e-13);
        }
}

static void check_all_shapes(enum kernel kernel, int lanes) {
    double *a = random_numbers(SIZE, 10), *b = random_numbers(SIZE, 11);
    double *c = random_numbers(SIZE, 12);
    for (int m = 1; m <= MOST; m++)
        for (int n = 1; n <= MOST; n++)
            for (int k = 1; k <= MOST; k++)
                check_kernel(kernel, m, n, k, a, b, c, lanes);
    free(c);
    free(b);
    free(a);
}

static void every_lane_of_a_product_is_one_fma_chain_to_the_bit(void **state) {
    (void)state;
    check_all_shapes(NN, LN_LANES);
}

static void every_lane_of_a_product_with_a_transposed_is_one_fma_chain(void **state) {
    (void)state;
    check_all_shapes(TN, LN_LANES);
}

static void every_lane_of_a_product_with_b_transposed_is_one_fma_chain(void **state) {
    (void)state;
    check_all_shapes(NT, LN_LANES);
}

static void one_lane_gives_the_same_products_by_blas(void **state) {
    (void)state;
    for (int kernel = 0; kernel < N_KERNELS; kernel++)
        check_all_shapes((enum kernel)kernel, 1);
}

/* Fills every lane but one. */
static void spoil(double *x, int n, int kept, double value) {
    for (int i = 0; i < n * LN_LANES; i++)
        if (i % LN_LANES != kept)
            x[i] = value;
}

static void a_lane_keeps_its_bits_when_its_neighbours_are_not_numbers(void **state) {
    (void)state;
    enum { M = 5, N = 6, K = 7 };
    static const double bad[] = {(double)NAN, (double)INFINITY, -1e308, 0.0};
    double *a = random_numbers(SIZE, 20), *b = random_numbers(SIZE, 21), *c = numbers(SIZE);
    double *clean = numbers(SIZE);
    for (int kernel = 0; kernel < N_KERNELS; kernel++)
        for (int i = 0; i < 4; i++) {
            int kept = 3 + i % 2;
            double *x = numbers(SIZE), *y = numbers(SIZE);
            memcpy(x, a, SIZE * sizeof *x);
            memcpy(y, b, SIZE * sizeof *y);
            memset(clean, 0, SIZE * sizeof *clean);
            run_kernel((enum kernel)kernel, clean, x, y, M, N, K, LN_LANES);
            spoil(x, SIZE / LN_LANES, kept, bad[i]);
            spoil(y, SIZE / LN_LANES, kept, bad[i]);
            memset(c, 0, SIZE * sizeof *c);
            run_kernel((enum kernel)kernel, c, x, y, M, N, K, LN_LANES);
            for (int e = 0; e < M * N; e++)
                assert_memory_equal(&c[e * LN_LANES + kept], &clean[e * LN_LANES + kept],
                                    sizeof *c);
            free(y);
            free(x);
        }
    free(clean);
    free(c);
    free(b);
    free(a);
}

static void check_elementwise(int lanes) {
    enum { N = 11 };
    double *a = random_numbers(N * LN_LANES, 30), *b = random_numbers(N * LN_LANES, 31);
    double *c = numbers(N * LN_LANES), *eta = random_numbers(LN_LANES, 32);
    ln_lanes_subtract(c, a, b, N, lanes);
    for (int i = 0; i < N * lanes; i++)
        assert_true(c[i] == a[i] - b[i]);
    memcpy(c, b, N * LN_LANES * sizeof *c);
    ln_lanes_axpy(c, eta, a, N, lanes);
    for (int i = 0; i < N * lanes; i++)
        assert_near(c[i], b[i] - eta[i % lanes] * a[i], 1e-15);
    free(eta);
    free(c);
    free(b);
    free(a);
}

static double add_up(const double *s) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* The order of the sums is part of the results. */
static void sums_are_taken_in_the_documented_order(void **state) {
    enum { M = 5, N = 11 };
    (void)state;
    double *a = random_numbers(M * N * LN_LANES, 30), *b = random_numbers(M * N * LN_LANES, 31);
    double *dot = numbers(LN_LANES), tolerance = fuses() ? 0 : 1e-13;
    for (int lanes = 1; lanes <= LN_LANES; lanes += LN_LANES - 1) {
        ln_lanes_half_dot(dot, a, b, M, N, lanes);
        for (int lane = 0; lane < lanes; lane++) {
            double s[2][8] = {{0}};
            for (int e = 0; e < M * N; e++) {
                double *part = &s[e / N % 2][e % N % 8];
                *part = fma(a[e * lanes + lane], b[e * lanes + lane], *part);
            }
            for (int c = 0; c < 8; c++)
                s[0][c] += s[1][c];
            assert_near(dot[lane], 0.5 * add_up(s[0]), tolerance);
        }
        ln_lanes_signature(dot, a, b, M * N, lanes);
        for (int lane = 0; lane < lanes; lane++) {
            double s[8] = {0};
            for (int e = 0; e < M * N; e++)
                s[e % 8] = fma(a[e], b[e * lanes + lane], s[e % 8]);
            assert_near(dot[lane], add_up(s), tolerance);
        }
    }
    free(dot);
    free(b);
    free(a);
}

static void elementwise_kernels_serve_eight_lanes_and_one(void **state) {
    (void)state;
    check_elementwise(LN_LANES);
    check_elementwise(1);
}

static void narrow_networks_share_lanes_and_wide_or_very_deep_ones_run_alone(void **state) {
    (void)state;
    assert_int_equal(ln_lanes_for(3, 3), LN_LANES);
    assert_int_equal(ln_lanes_for(2, 64), LN_LANES);
    assert_int_equal(ln_lanes_for(2, 65), 1);
    assert_int_equal(ln_lanes_for(3, 64), 1);
    assert_int_equal(ln_lanes_for(256, 24), 1);
}

static bool cpu_has(const char *isa) {
    if (strcmp(isa, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return strcmp(isa, "portable") == 0 || __builtin_cpu_supports("avx2");
}

/* The build runs this program once under each instruction set; a CPU without it falls back. */
static void the_instruction_set_is_the_best_of_the_cpu_or_the_one_forced(void **state) {
    (void)state;
    const char *forced = getenv("LINNET_ISA");
    const char *best = cpu_has("avx512") ? "avx512" : cpu_has("avx2") ? "avx2" : "portable";
    assert_string_equal(ln_lanes_isa(), forced && cpu_has(forced) ? forced : best);
}

/* All sets that fuse have the same bits, so only fusing is part of the kind of CPU. */
static void the_kind_of_cpu_tells_whether_products_are_fused(void **state) {
    (void)state;
    assert_true(!strstr(ln_linalg_cpu_kind(), "no FMA") == fuses());
}

/* FTZ and DAZ: a step through denormals costs a hundred times more, so they are zero everywhere. */
static void denormal_numbers_are_zero_after_start(void **state) {
    (void)state;
    volatile double small = 1e-300, denormal = 4.9e-324;
    assert_true(small * 1e-10 == 0.0);
    assert_true(denormal * 1e300 == 0.0);
}

static void allocated_memory_is_zero_and_aligned_for_the_widest_vector(void **state) {
    (void)state;
    for (size_t n = 0; n < 20; n++) {
        unsigned char *memory = ln_linalg_alloc(n, 3);
        assert_int_equal((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < 3 * n; i++)
            assert_int_equal(memory[i], 0);
        free(memory);
    }
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_product_is_the_triple_loop_for_all_four_transposes),
        cmocka_unit_test(a_singular_value_decomposition_gives_the_matrix_back),
        cmocka_unit_test(a_rank_deficient_matrix_has_singular_values_zero_and_full_bases),
        cmocka_unit_test(symmetric_eigenvalues_ascend_and_give_the_matrix_back),
        cmocka_unit_test(orthonormalising_keeps_the_span_of_the_first_columns_and_their_signs),
        cmocka_unit_test(every_lane_of_a_product_is_one_fma_chain_to_the_bit),
        cmocka_unit_test(every_lane_of_a_product_with_a_transposed_is_one_fma_chain),
        cmocka_unit_test(every_lane_of_a_product_with_b_transposed_is_one_fma_chain),
        cmocka_unit_test(one_lane_gives_the_same_products_by_blas),
        cmocka_unit_test(a_lane_keeps_its_bits_when_its_neighbours_are_not_numbers),
        cmocka_unit_test(elementwise_kernels_serve_eight_lanes_and_one),
        cmocka_unit_test(sums_are_taken_in_the_documented_order),
        cmocka_unit_test(narrow_networks_share_lanes_and_wide_or_very_deep_ones_run_alone),
        cmocka_unit_test(the_instruction_set_is_the_best_of_the_cpu_or_the_one_forced),
        cmocka_unit_test(the_kind_of_cpu_tells_whether_products_are_fused),
        cmocka_unit_test(denormal_numbers_are_zero_after_start),
        cmocka_unit_test(allocated_memory_is_zero_and_aligned_for_the_widest_vector),
    };
    return cmocka_run_group_tests_name("linalg", tests, start, NULL);
}
