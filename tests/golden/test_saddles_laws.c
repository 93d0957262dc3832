/* Laws of the recursive algorithm on random problems: certificates, scaling, permutation,
 * closed forms, recovery. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "linnet/linalg.h"
#include "linnet/random.h"
#include "linnet/saddles.h"

struct problem {
    struct ln_regression regression;
    double *x, *y;
};

static struct problem make(int n, int d) {
    struct problem problem = {.x = ln_linalg_alloc((size_t)n * d, sizeof(double)),
                              .y = ln_linalg_alloc((size_t)n, sizeof(double))};
    problem.regression =
        (struct ln_regression){.n = n, .d = d, .x = problem.x, .y = problem.y, .c = 1.0 / n};
    return problem;
}

static void clear(struct problem *problem) {
    free(problem->x);
    free(problem->y);
}

static struct problem draw(struct ln_random *random, int n, int d) {
    struct problem problem = make(n, d);
    ln_random_normals(random, (size_t)n * d, problem.x);
    ln_random_normals(random, (size_t)n, problem.y);
    return problem;
}

struct tally {
    int dropped, flipped, loops, most;
};

static void count(const struct ln_saddles *saddles, struct tally *tally) {
    int bits = 0;
    for (int i = 0; i < (saddles->n_jumps + 1) * saddles->d; i++)
        bits |= saddles->events[i];
    tally->dropped += (bits & LN_SADDLE_DROPPED) != 0;
    tally->flipped += (bits & LN_SADDLE_FLIPPED) != 0;
    tally->loops += saddles->n_jumps;
    tally->most = saddles->n_jumps > tally->most ? saddles->n_jumps : tally->most;
}

/* s = X' nu for some nu; any s is, where there are no more coordinates than samples. */
static void assert_in_row_space(const struct ln_regression *regression, const double *s) {
    int n = regression->n, d = regression->d;
    if (n >= d)
        return;
    double *rows = ln_linalg_alloc((size_t)n * d, sizeof *rows);
    double *nu = ln_linalg_alloc((size_t)n, sizeof *nu);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < d; j++)
            rows[i * d + j] = regression->x[j * n + i];
    assert_true(ln_least_squares(nu, rows, s, d, n));
    for (int j = 0; j < d; j++)
        assert_near(ln_dot(regression->x + (size_t)j * n, nu, (size_t)n), s[j], 4e-12);
    free(nu);
    free(rows);
}

/* Duality: with s = X' nu in the box and on the wall of sign b, the l1 norm is nu' X b, and X b is
 * that of every minimiser: no other has a smaller one. */
static void assert_is_least(const struct ln_regression *regression,
                            const struct ln_saddles *saddles) {
    size_t d = (size_t)saddles->d;
    const double *b = saddles->b + (size_t)saddles->n_jumps * d;
    const double *s = saddles->s + (size_t)saddles->n_jumps * d;
    double norm = ln_saddles_penalty(regression, b);
    assert_near(ln_dot(s, b, d), norm, 6e-12 * norm);
    assert_in_row_space(regression, s);
    assert_true(saddles->certificate < 4e-12);
    for (int k = 1; k <= saddles->n_jumps; k++) {
        assert_true(saddles->loss[k] < saddles->loss[k - 1]);
        assert_true(saddles->time[k] > saddles->time[k - 1]);
    }
}

/* Shares within four standard deviations of what 400 other draws gave. */
static void assert_share(int found, double percent) {
    double share = percent / 100, spread = sqrt(2 * share * (1 - share) / 400);
    assert_near(found / 400.0, share, 4 * spread + 0.005);
}

static void random_problems_end_at_a_proven_minimum_of_the_l1_norm(void **state) {
    (void)state;
    static const struct {
        int n, d;
        double dropped, flipped, mean;
        int most;
    } rows[] = {{3, 3, 32, 30, 3.35, 5}, {3, 5, 22, 2.5, 3.26, 5},  {5, 7, 53, 17, 5.80, 11},
                {8, 4, 8.5, 8, 4.09, 6}, {5, 20, 42, .3, 5.59, 10}, {10, 30, 85, 0, 12.3, 22}};
    for (int row = 0; row < 6; row++) {
        struct tally tally = {0};
        for (uint64_t i = 0; i < 400; i++) {
            struct ln_random random;
            struct ln_saddles saddles;
            ln_random_init(&random, 12345, i + 1000 * row, LN_STREAM_DATA);
            struct problem problem = draw(&random, rows[row].n, rows[row].d);
            assert_int_equal(ln_saddles_walk(&problem.regression, &saddles), LN_SADDLES_DONE);
            assert_is_least(&problem.regression, &saddles);
            count(&saddles, &tally);
            ln_saddles_clear(&saddles);
            clear(&problem);
        }
        print_message("# %d x %d: dropped %.1f%%, flipped %.1f%%, loops %.2f / %d\n", rows[row].n,
                      rows[row].d, tally.dropped / 4.0, tally.flipped / 4.0, tally.loops / 400.0,
                      tally.most);
        assert_share(tally.dropped, rows[row].dropped);
        assert_share(tally.flipped, rows[row].flipped);
        assert_near(tally.loops / 400.0, rows[row].mean, 0.1 * rows[row].mean);
        assert_true(abs(tally.most - rows[row].most) <= 5);
    }
}

/* Walks `changed` and asserts times and saddles are those of `plain` times the factors, coordinate
 * i of the plain problem being order[i] with sign[i] of the changed one. */
static void assert_scaled(const struct ln_regression *plain, const struct ln_regression *changed,
                          double time_factor, double b_factor, const int *order,
                          const double *sign) {
    struct ln_saddles a, b;
    ln_saddles_walk(plain, &a);
    assert_int_equal(ln_saddles_walk(changed, &b), LN_SADDLES_DONE);
    assert_int_equal(a.n_jumps, b.n_jumps);
    for (int k = 0; k <= a.n_jumps; k++) {
        assert_near(b.time[k], a.time[k] * time_factor, 1e-10 * a.time[k] * time_factor);
        for (int i = 0; i < a.d; i++) {
            int at = k * a.d + (order ? order[i] : i), from = k * a.d + i;
            double turn = sign ? sign[i] : 1;
            assert_near(b.b[at], turn * b_factor * a.b[from], 1e-9 * b_factor);
            assert_near(b.s[at], turn * a.s[from], 1e-10);
        }
    }
    ln_saddles_clear(&a);
    ln_saddles_clear(&b);
}

/* L -> cL, y -> ky, (X, y) -> k (X, y), over 24 orders of magnitude. */
static void times_and_saddles_scale_as_the_units_do(void **state) {
    (void)state;
    static const double factors[] = {1e-12, 3e-5, 0.3, 7, 2e6, 1e12};
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct ln_random random;
        ln_random_init(&random, 7, seed, LN_STREAM_DATA);
        struct problem problem = draw(&random, 5, 7), changed = make(5, 7);
        double k = factors[seed % 6];
        memcpy(changed.x, problem.x, 35 * sizeof(double));
        memcpy(changed.y, problem.y, 5 * sizeof(double));
        changed.regression.c = k * problem.regression.c;
        assert_scaled(&problem.regression, &changed.regression, 1 / k, 1, NULL, NULL);
        changed.regression.c = problem.regression.c;
        for (int i = 0; i < 5; i++)
            changed.y[i] = k * problem.y[i];
        assert_scaled(&problem.regression, &changed.regression, 1 / k, k, NULL, NULL);
        for (int i = 0; i < 35; i++)
            changed.x[i] = k * problem.x[i];
        assert_scaled(&problem.regression, &changed.regression, 1 / (k * k), 1, NULL, NULL);
        clear(&changed);
        clear(&problem);
    }
}

static void columns_may_be_permuted_and_turned(void **state) {
    (void)state;
    static const int order[] = {3, 0, 6, 1, 5, 2, 4};
    static const double sign[] = {1, -1, -1, 1, 1, -1, 1};
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct ln_random random;
        ln_random_init(&random, 8, seed, LN_STREAM_DATA);
        struct problem problem = draw(&random, 5, 7), changed = make(5, 7);
        memcpy(changed.y, problem.y, 5 * sizeof(double));
        for (int i = 0; i < 7; i++)
            for (int k = 0; k < 5; k++)
                changed.x[order[i] * 5 + k] = sign[i] * problem.x[i * 5 + k];
        assert_scaled(&problem.regression, &changed.regression, 1, 1, order, sign);
        clear(&changed);
        clear(&problem);
    }
}

/* H = diag(l): b*_i comes at 1 / (l_i |b*_i|), all at once and alone, with noise. */
static void an_orthogonal_design_learns_one_coordinate_after_the_other(void **state) {
    (void)state;
    enum { N = 12, D = 6 };
    struct ln_random random;
    double frame[N * D], l[D], best[D], wanted[D], s[D];
    ln_random_init(&random, 9, 1, LN_STREAM_DATA);
    struct problem problem = draw(&random, N, D);
    struct ln_saddles saddles;
    ln_random_normals(&random, N * D, frame);
    ln_orthonormalise(frame, N, D);
    for (int i = 0; i < D; i++) {
        l[i] = 0.5 + 0.4 * i;
        for (int k = 0; k < N; k++)
            problem.x[i * N + k] = frame[k * D + i] * sqrt(N * l[i]);
        best[i] = ln_dot(problem.x + i * N, problem.y, N) / N / l[i];
    }
    ln_saddles_walk(&problem.regression, &saddles);
    assert_int_equal(saddles.n_jumps, D);
    for (int k = 1; k <= D; k++) {
        double t = saddles.time[k];
        for (int i = 0; i < D; i++) {
            wanted[i] = l[i] * fabs(best[i]) * t > 1 - 1e-9 ? best[i] : 0;
            s[i] = fmax(-1, fmin(1, t * l[i] * best[i]));
            assert_near(saddles.b[k * D + i], wanted[i], 1e-12);
            assert_near(saddles.s[k * D + i], s[i], 1e-12);
            if (saddles.events[k * D + i] & LN_SADDLE_HIT)
                assert_near(t, 1 / (l[i] * fabs(best[i])), 1e-12 * t);
        }
    }
    ln_saddles_clear(&saddles);
    clear(&problem);
}

/* b* = (4, -2, 1), noiseless, d = 20: three loops, errors falling with n (elsewhere .34/.25,
 * .068/.076, .032/.018 for these n with other draws). */
static void a_restricted_isometry_recovers_the_largest_first(void **state) {
    (void)state;
    static const int sizes[] = {200, 2000, 20000};
    static const double truth[] = {4, -2, 1}, time_bounds[] = {.5, .15, .05},
                        saddle_bounds[] = {.5, .15, .05};
    for (int row = 0; row < 3; row++)
        for (uint64_t seed = 0; seed < 10; seed++) {
            int n = sizes[row];
            struct ln_random random;
            struct ln_saddles saddles;
            ln_random_init(&random, 10, seed, LN_STREAM_DATA);
            struct problem problem = draw(&random, n, 20);
            for (int i = 0; i < n; i++) {
                problem.y[i] = 0;
                for (int j = 0; j < 3; j++)
                    problem.y[i] += truth[j] * problem.x[j * n + i];
            }
            assert_int_equal(ln_saddles_walk(&problem.regression, &saddles), LN_SADDLES_DONE);
            assert_int_equal(saddles.n_jumps, 3);
            for (int k = 1; k <= 3; k++) {
                assert_near(saddles.time[k] * fabs(truth[k - 1]), 1, time_bounds[row]);
                for (int j = 0; j < 20; j++)
                    assert_near(saddles.b[k * 20 + j], j < k ? truth[j] : 0, saddle_bounds[row]);
            }
            ln_saddles_clear(&saddles);
            clear(&problem);
        }
}

static void a_start_at_the_refit_of_its_support_stays_there(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct ln_random random;
        struct ln_saddles cold, warm;
        ln_random_init(&random, 11, seed, LN_STREAM_DATA);
        struct problem problem = draw(&random, 5, 7);
        ln_saddles_walk(&problem.regression, &cold);
        problem.regression.start = cold.b + 7;
        assert_int_equal(ln_saddles_walk(&problem.regression, &warm), LN_SADDLES_DONE);
        for (int i = 0; i < 7; i++)
            assert_near(warm.b[i], cold.b[7 + i], 1e-12);
        assert_true(warm.certificate < 4e-12);
        ln_saddles_clear(&warm);
        ln_saddles_clear(&cold);
        clear(&problem);
    }
}

/* The walk begins with a refit that keeps the signs. Where it fits the outputs, so do others, and
 * the limit is not that of one saddle. */
static void
a_start_may_have_more_coordinates_than_samples_unless_they_fit_in_many_ways(void **state) {
    (void)state;
    int n_walked = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct ln_random random;
        struct ln_saddles saddles;
        double start[7], b[7] = {0};
        int8_t sign[7];
        ln_random_init(&random, 13, seed, LN_STREAM_DATA);
        struct problem problem = draw(&random, 5, 7);
        ln_random_normals(&random, 7, start);
        for (int i = 0; i < 7; i++)
            sign[i] = start[i] > 0 ? 1 : -1;
        assert_true(ln_signed_nnls(&problem.regression, sign, 1e-13, b));
        bool is_one = ln_regression_loss(&problem.regression, b, NULL) > 1e-20;
        problem.regression.start = start;
        assert_int_equal(ln_saddles_walk(&problem.regression, &saddles),
                         is_one ? LN_SADDLES_DONE : LN_SADDLES_NOT_GENERAL);
        n_walked += is_one;
        for (int i = 0; is_one && i < 7; i++)
            assert_near(saddles.b[i], b[i], 1e-11);
        assert_true(!is_one || saddles.certificate < 4e-12);
        ln_saddles_clear(&saddles);
        clear(&problem);
    }
    assert_true(n_walked > 10 && n_walked < 40);
}

/* Without the lower wall: non-negative least squares (b = u o u). */
static void a_box_without_lower_walls_gives_non_negative_least_squares(void **state) {
    (void)state;
    double low[7];
    int8_t sign[7];
    for (int i = 0; i < 7; i++) {
        low[i] = INFINITY;
        sign[i] = 1;
    }
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct ln_random random;
        struct ln_saddles saddles;
        double b[7] = {0};
        ln_random_init(&random, 12, seed, LN_STREAM_DATA);
        struct problem problem = draw(&random, 9, 7);
        problem.regression.low = low;
        assert_int_equal(ln_saddles_walk(&problem.regression, &saddles), LN_SADDLES_DONE);
        assert_true(ln_signed_nnls(&problem.regression, sign, 1e-13, b));
        for (int i = 0; i < 7; i++)
            assert_near(saddles.b[saddles.n_jumps * 7 + i], b[i], 1e-11);
        ln_saddles_clear(&saddles);
        clear(&problem);
    }
}

/* Two equal columns hit together, and any share of the load between them is a minimiser; no outputs
 * leave nothing to learn. */
static void a_problem_without_general_position_is_refused_where_it_matters(void **state) {
    (void)state;
    struct problem problem = make(3, 3);
    struct ln_saddles saddles;
    static const double x[] = {1, 2, 0, 1, 2, 0, 0, 1, 1}, y[] = {1, 2, 3};
    memcpy(problem.x, x, sizeof x);
    memcpy(problem.y, y, sizeof y);
    assert_int_equal(ln_saddles_walk(&problem.regression, &saddles), LN_SADDLES_NOT_GENERAL);
    assert_int_equal(saddles.n_jumps, 0);
    assert_true(isnan(saddles.certificate));
    ln_saddles_clear(&saddles);
    problem.x[3] = 0.9; /* now the first column is first */
    assert_int_equal(ln_saddles_walk(&problem.regression, &saddles), LN_SADDLES_DONE);
    assert_is_least(&problem.regression, &saddles);
    ln_saddles_clear(&saddles);
    memset(problem.y, 0, 3 * sizeof(double));
    assert_int_equal(ln_saddles_walk(&problem.regression, &saddles), LN_SADDLES_DONE);
    assert_int_equal(saddles.n_jumps, 0);
    ln_saddles_clear(&saddles);
    clear(&problem);
}

static void dependent_columns_are_noticed_by_the_refit(void **state) {
    (void)state;
    static const double x[] = {1, 2, 3, 2, 4, 6, 0, 1, 0}, y[] = {1, 0, 1};
    double z[3];
    assert_false(ln_least_squares(z, x, y, 3, 2));
    assert_true(ln_least_squares(z, x + 3, y, 3, 2));
    assert_near(2 * z[0], 0.4, 1e-15); /* normal equations by hand */
    assert_near(z[1], -0.8, 1e-15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_problems_end_at_a_proven_minimum_of_the_l1_norm),
        cmocka_unit_test(times_and_saddles_scale_as_the_units_do),
        cmocka_unit_test(columns_may_be_permuted_and_turned),
        cmocka_unit_test(an_orthogonal_design_learns_one_coordinate_after_the_other),
        cmocka_unit_test(a_restricted_isometry_recovers_the_largest_first),
        cmocka_unit_test(a_start_at_the_refit_of_its_support_stays_there),
        cmocka_unit_test(
            a_start_may_have_more_coordinates_than_samples_unless_they_fit_in_many_ways),
        cmocka_unit_test(a_box_without_lower_walls_gives_non_negative_least_squares),
        cmocka_unit_test(a_problem_without_general_position_is_refused_where_it_matters),
        cmocka_unit_test(dependent_columns_are_noticed_by_the_refit),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
