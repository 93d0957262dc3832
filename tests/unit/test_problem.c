#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/problem.h"
#include "make_point.h"
#include "near.h"

/* Reduced by hand. */
static const double given_x[] = {1, 0, 2, -1, 1, 1}, given_y[] = {1, 2, -1, 0, 1, 3};
static const struct ln_matrix x_given = {2, 3, given_x}, y_given = {2, 3, given_y};

static void make(struct ln_point *point, const char *kind) {
    point_clear(point);
    point_choose(point, LN_PROBLEM, &ln_problems, kind);
}

static void make_data(struct ln_point *point, const struct ln_matrix *x, const struct ln_matrix *y,
                      const char *loss) {
    make(point, "data");
    point_set_matrices(point, LN_PROBLEM, "x", x, 1);
    point_set_matrices(point, LN_PROBLEM, "y", y, 1);
    point_set_word(point, LN_PROBLEM, "loss", loss);
}

static void make_spectrum(struct ln_point *point, const double *spectrum, int count,
                          const char *basis) {
    make(point, "target");
    point_set_reals(point, LN_PROBLEM, "spectrum", spectrum, count);
    point_set_word(point, LN_PROBLEM, "basis", basis);
}

static struct ln_problem *build(const struct ln_point *point) {
    struct ln_problem *problem;
    struct ln_err err = {0};
    if (ln_problem_create(point, &problem, &err) != LN_OK)
        fail_msg("%s", err.text);
    return problem;
}

/* (c/2) || W X - Y ||^2, from the samples themselves. */
static double loss_of(const double *w, const struct ln_matrix *x, const struct ln_matrix *y,
                      double c) {
    double sum = 0;
    for (int i = 0; i < y->rows; i++)
        for (int s = 0; s < x->cols; s++) {
            double residual = -y->data[i * y->cols + s];
            for (int k = 0; k < x->rows; k++)
                residual += w[i * x->rows + k] * x->data[k * x->cols + s];
            sum += residual * residual;
        }
    return 0.5 * c * sum;
}

/* loss_floor + 1/2 tr (W - Phi) M (W - Phi)^T. */
static double reduced_loss(const double *w, const struct ln_problem *problem) {
    int m = problem->d_out, n = problem->d_in;
    double sum = 0;
    for (int i = 0; i < m; i++)
        for (int k = 0; k < n; k++)
            for (int l = 0; l < n; l++)
                sum += (w[i * n + k] - problem->target[i * n + k]) * problem->moment[k * n + l] *
                       (w[i * n + l] - problem->target[i * n + l]);
    return problem->loss_floor + 0.5 * sum;
}

static void samples_are_reduced_to_the_least_squares_map_and_the_moment(void **state) {
    (void)state;
    static const double phi[] = {-3.0 / 14, 1.0 / 14, 1, 1}, moment[] = {5, 1, 1, 3};
    struct ln_point point;
    make_data(&point, &x_given, &y_given, "sum");
    struct ln_problem *problem = build(&point);
    assert_near(near_distance(problem->target, phi, 4), 0, 1e-15);
    assert_near(near_distance(problem->moment, moment, 4), 0, 1e-15);
    assert_near(problem->loss_floor, 81.0 / 28, 1e-14);
    assert_near(problem->sigma[0], 3.178229752706, 1e-12);
    assert_near(problem->sigma[1], 0.3363649109192, 1e-12);
    ln_problem_free(problem);
}

static void the_normalisation_divides_by_samples_or_by_samples_and_outputs(void **state) {
    (void)state;
    static const char *const words[] = {"sum", "mean", "mean_outputs"};
    static const double c[] = {1, 1.0 / 3, 2.0 / (3 * 2)}, w[] = {0.3, -1, 2, 0.7};
    for (int i = 0; i < 3; i++) {
        struct ln_point point;
        make_data(&point, &x_given, &y_given, words[i]);
        struct ln_problem *problem = build(&point);
        assert_near(problem->moment[0], 5 * c[i], 1e-15);
        assert_near(problem->loss_floor, c[i] * 81.0 / 28, 1e-14);
        assert_near(reduced_loss(w, problem), loss_of(w, &x_given, &y_given, c[i]), 1e-13);
        ln_problem_free(problem);
    }
}

static void the_mean_over_outputs_counts_every_output(void **state) {
    (void)state;
    static const double y[] = {1, 2, 3};
    static const struct ln_matrix one_output = {1, 3, y};
    struct ln_point point;
    make_data(&point, &x_given, &one_output, "mean_outputs");
    struct ln_problem *problem = build(&point);
    assert_near(problem->moment[0], 5 * 2.0 / 3, 1e-15);
    ln_problem_free(problem);
}

/* Two inputs that always agree: M has rank one; directions the data never show cost nothing. */
static void inputs_that_do_not_span_the_space_give_the_smallest_least_squares_map(void **state) {
    (void)state;
    static const double x[] = {1, -2, 0.5, 1, -2, 0.5}, y[] = {2, -4, 1.5, 0, 1, 1};
    static const struct ln_matrix twice = {2, 3, x}, outputs = {2, 3, y};
    static const double w[] = {1, -3, 0.25, 4};
    struct ln_point point;
    make_data(&point, &twice, &outputs, "sum");
    struct ln_problem *problem = build(&point);
    assert_near(problem->target[0], problem->target[1], 1e-14);
    assert_near(problem->target[2], problem->target[3], 1e-14);
    assert_near(2 * problem->target[0], 10.75 / 5.25, 1e-14);
    assert_near(problem->sigma[1], 0, 1e-14);
    assert_near(reduced_loss(w, problem), loss_of(w, &twice, &outputs, 1), 1e-12);
    ln_problem_free(problem);
}

static void fewer_samples_than_inputs_are_fitted_exactly(void **state) {
    (void)state;
    static const double x[] = {1, 0, 2, 1, -1, 1}, y[] = {3, -1};
    static const struct ln_matrix few = {3, 2, x}, outputs = {1, 2, y};
    struct ln_point point;
    make_data(&point, &few, &outputs, "mean");
    struct ln_problem *problem = build(&point);
    assert_near(problem->loss_floor, 0, 1e-25);
    assert_int_equal(problem->n_modes, 1);
    ln_problem_free(problem);
}

/* M^{1/2} is symmetric and squares to M, and Q = Phi M^{1/2} = U diag(sigma) V^T. */
static void the_root_squares_to_the_moment_and_the_modes_are_those_of_phi_root(void **state) {
    (void)state;
    struct ln_point point;
    double square[4], q[4], back[4] = {0};
    make_data(&point, &x_given, &y_given, "mean");
    struct ln_problem *problem = build(&point);
    ln_matmul(square, problem->root, false, problem->root, true, 2, 2, 2);
    assert_near(near_distance(square, problem->moment, 4), 0, 1e-14);
    assert_near(problem->root[1], problem->root[2], 1e-15);
    ln_matmul(q, problem->target, false, problem->root, false, 2, 2, 2);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 2; k++)
                back[2 * i + j] +=
                    problem->left[2 * i + k] * problem->sigma[k] * problem->right[2 * j + k];
    assert_near(near_distance(q, back, 4), 0, 1e-14);
    ln_problem_free(problem);
}

static void a_matrix_is_the_target_itself_with_no_moment_and_no_floor(void **state) {
    (void)state;
    static const double phi[] = {3, 0, 0, 0, -2, 0};
    static const struct ln_matrix matrix = {2, 3, phi};
    static const double doubled[] = {6, 0, 0, 0, -4, 0};
    struct ln_point point;
    make(&point, "target");
    point_set_matrices(&point, LN_PROBLEM, "matrix", &matrix, 1);
    point_set_real(&point, LN_PROBLEM, "scale", 2);
    struct ln_problem *problem = build(&point);
    assert_null(problem->moment);
    assert_null(problem->root);
    assert_false(ln_problem_has_moment(&point));
    assert_true(problem->loss_floor == 0);
    assert_int_equal(problem->d_out, 2);
    assert_int_equal(problem->d_in, 3);
    assert_near(near_distance(problem->target, doubled, 6), 0, 0);
    assert_near(problem->sigma[0], 6, 1e-14);
    assert_near(problem->sigma[1], 4, 1e-14);
    ln_problem_free(problem);
}

/* Eckart-Young: the best map of rank r leaves the modes after r. */
static void the_level_of_rank_r_is_half_the_squares_of_the_modes_left_out(void **state) {
    (void)state;
    static const double spectrum[] = {1, 3, 2};
    struct ln_point point;
    make_spectrum(&point, spectrum, 3, "random");
    struct ln_problem *problem = build(&point);
    assert_near(ln_problem_level(problem, 0), 7, 1e-13);
    assert_near(ln_problem_level(problem, 1), 2.5, 1e-13);
    assert_near(ln_problem_level(problem, 2), 0.5, 1e-13);
    assert_true(ln_problem_level(problem, 3) == 0);
    ln_problem_free(problem);
}

static void an_identity_basis_puts_the_spectrum_on_the_diagonal_with_its_signs(void **state) {
    (void)state;
    static const double spectrum[] = {2, -0.5}, right[] = {2, 0, 0, 0, -0.5, 0, 0, 0, 0, 0, 0, 0};
    struct ln_point point;
    make_spectrum(&point, spectrum, 2, "identity");
    point_set_int(&point, LN_PROBLEM, "rows", 4);
    point_set_int(&point, LN_PROBLEM, "cols", 3);
    struct ln_problem *problem = build(&point);
    assert_near(near_distance(problem->target, right, 12), 0, 0);
    ln_problem_free(problem);
}

static void a_random_basis_keeps_the_singular_values_for_any_shape(void **state) {
    (void)state;
    static const double spectrum[] = {2, 1, 0.25};
    struct ln_point point;
    make_spectrum(&point, spectrum, 3, "random");
    point_set_int(&point, LN_PROBLEM, "rows", 6);
    point_set_int(&point, LN_PROBLEM, "cols", 4);
    struct ln_problem *problem = build(&point);
    assert_int_equal(problem->n_modes, 4);
    assert_near(near_distance(problem->sigma, spectrum, 3), 0, 1e-14);
    assert_near(problem->sigma[3], 0, 1e-14);
    ln_problem_free(problem);
}

static void a_symmetric_basis_keeps_negative_eigenvalues(void **state) {
    (void)state;
    static const double spectrum[] = {-3, -1, 0.5, 2};
    struct ln_point point;
    double w[4];
    make_spectrum(&point, spectrum, 4, "symmetric");
    struct ln_problem *problem = build(&point);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            assert_near(problem->target[4 * i + j], problem->target[4 * j + i], 1e-14);
    ln_sym_eig(w, NULL, problem->target, 4);
    assert_near(near_distance(w, spectrum, 4), 0, 1e-13);
    assert_true(fabs(problem->target[1]) > 1e-3); /* and is not the identity basis */
    ln_problem_free(problem);
}

static void the_same_seed_gives_the_same_target_and_another_seed_another(void **state) {
    (void)state;
    static const double spectrum[] = {2, 1, 0.5};
    struct ln_point point;
    make_spectrum(&point, spectrum, 3, "random");
    struct ln_problem *first = build(&point), *again = build(&point);
    assert_memory_equal(first->target, again->target, 9 * sizeof(double));
    point.seed[LN_STREAM_INIT] = 5; /* the start of the weights is no part of the data */
    struct ln_problem *same = build(&point);
    assert_memory_equal(first->target, same->target, 9 * sizeof(double));
    point.seed[LN_STREAM_DATA] = 5;
    struct ln_problem *other = build(&point);
    assert_true(near_distance(first->target, other->target, 9) > 0.1);
    ln_problem_free(other);
    ln_problem_free(same);
    ln_problem_free(again);
    ln_problem_free(first);
}

/* Of a Haar frame in d dimensions every entry has mean 0 and mean square 1/d, the diagonal too
 * (QR without the sign convention would make it of one sign). */
static void random_bases_are_haar_distributed(void **state) {
    (void)state;
    enum { D = 4, TRIES = 2000 };
    static const double ones[] = {1, 1, 1, 1};
    double mean[D * D] = {0}, square[D * D] = {0};
    struct ln_point point;
    make_spectrum(&point, ones, D, "random"); /* U V^T of two Haar frames is Haar itself */
    for (int seed = 0; seed < TRIES; seed++) {
        point_set_seeds(&point, (uint64_t)seed);
        struct ln_problem *problem = build(&point);
        for (int i = 0; i < D * D; i++) {
            mean[i] += problem->target[i] / TRIES;
            square[i] += problem->target[i] * problem->target[i] / TRIES;
        }
        ln_problem_free(problem);
    }
    for (int i = 0; i < D * D; i++) {
        assert_near(mean[i], 0, 4.5 * 0.5 / sqrt((double)TRIES));
        assert_near(square[i], 0.25, 4.5 * 0.25 / sqrt((double)TRIES));
    }
}

static void a_low_rank_target_without_noise_has_the_rank_asked_for(void **state) {
    (void)state;
    struct ln_point point;
    make(&point, "low_rank");
    point_set_int(&point, LN_PROBLEM, "rank", 2);
    point_set_int(&point, LN_PROBLEM, "rows", 6);
    point_set_int(&point, LN_PROBLEM, "cols", 5);
    struct ln_problem *clean = build(&point);
    assert_true(clean->sigma[1] > 0.1);
    assert_near(clean->sigma[2] / clean->sigma[0], 0, 1e-14);
    point_set_real(&point, LN_PROBLEM, "noise", 1e-3);
    struct ln_problem *noisy = build(&point);
    assert_true(noisy->sigma[4] > 1e-5);
    assert_near(near_distance(noisy->target, clean->target, 30), 0, 5e-3); /* the same draws */
    point_set_real(&point, LN_PROBLEM, "noise", 0);
    point_set_real(&point, LN_PROBLEM, "scale", -2);
    struct ln_problem *scaled = build(&point);
    for (int i = 0; i < 30; i++)
        assert_near(scaled->target[i], -2 * clean->target[i], 1e-14);
    ln_problem_free(scaled);
    ln_problem_free(noisy);
    ln_problem_free(clean);
}

static void a_rotation_times_spd_turns_pairs_of_axes_and_leaves_an_odd_one(void **state) {
    (void)state;
    static const double spectrum[] = {2, 1, 4};
    double c = cos(0.75 * acos(-1.0)), s = sin(0.75 * acos(-1.0));
    double right[] = {2 * c, -s, 0, 2 * s, c, 0, 0, 0, 4};
    struct ln_point point;
    make(&point, "rotation_spd");
    point_set_reals(&point, LN_PROBLEM, "spectrum", spectrum, 3);
    point_set_real(&point, LN_PROBLEM, "angle", 0.75);
    struct ln_problem *problem = build(&point);
    assert_near(near_distance(problem->target, right, 9), 0, 1e-15);
    ln_problem_free(problem);
}

/* Without noise a teacher is found again from its samples, and nothing is left over. */
static void a_teacher_without_noise_is_the_least_squares_map_of_its_samples(void **state) {
    (void)state;
    static const double spectrum[] = {3, 1};
    static const double right[] = {3, 0, 0, 0, 1, 0};
    struct ln_point point;
    make(&point, "teacher");
    point_set_int(&point, LN_PROBLEM, "samples", 200);
    point_set_int(&point, LN_PROBLEM, "inputs", 3);
    point_set_int(&point, LN_PROBLEM, "outputs", 2);
    point_set_reals(&point, LN_PROBLEM, "spectrum", spectrum, 2);
    point_set_word(&point, LN_PROBLEM, "basis", "identity");
    struct ln_problem *clean = build(&point);
    assert_near(near_distance(clean->target, right, 6), 0, 1e-13);
    assert_near(clean->loss_floor, 0, 1e-25);
    assert_near(clean->moment[0], 1, 4.5 * sqrt(2.0 / 200));
    assert_true(ln_problem_has_moment(&point));
    point_set_real(&point, LN_PROBLEM, "noise", 0.5);
    struct ln_problem *noisy = build(&point);
    assert_memory_equal(noisy->moment, clean->moment, 9 * sizeof(double));
    /* 1/2 noise^2 (n - d_in) d_out / n */
    assert_near(noisy->loss_floor, 0.5 * 0.25 * 2 * 197 / 200, 4.5 * 0.25 / sqrt(400.0));
    ln_problem_free(noisy);
    ln_problem_free(clean);
}

static void expect_error(const struct ln_point *point, const char *key, const char *word) {
    struct ln_problem *problem;
    struct ln_err err = {0}, early = {0};
    int d_in, d_out;
    assert_int_equal(ln_problem_dims(point, &d_in, &d_out, &early), LN_INPUT);
    assert_string_equal(early.where, key);
    assert_int_equal(ln_problem_create(point, &problem, &err), LN_INPUT);
    assert_null(problem);
    assert_string_equal(err.where, key);
    assert_non_null(strstr(err.text, word));
}

/* X[0,0], the sum of squares and the ends of the spectrum of X X^T are those of the notes on
 * Nguegnang, Rauhut, Terstiege 2021; made by another program. */
static void the_isometry_problem_draws_the_reference_data(void **state) {
    (void)state;
    struct ln_point point;
    double w[70];
    make(&point, "isometry");
    point.base_seed = 0;
    point_set_seeds(&point, 11);
    point_set_int(&point, LN_PROBLEM, "inputs", 70);
    point_set_int(&point, LN_PROBLEM, "rank", 35);
    point_set_word(&point, LN_PROBLEM, "loss", "sum");
    struct ln_problem *problem = build(&point);
    assert_int_equal(problem->n_samples, 210);
    assert_near(problem->x[0], -0.07608204946879639, 0);
    assert_near(ln_dot(problem->x, problem->x, 14700), 209.19821208755764, 1e-11);
    ln_sym_eig(w, NULL, problem->moment, 70);
    assert_near(w[0], 0.54955225, 5e-9);
    assert_near(w[69], 7.15689171, 5e-9);
    assert_near(problem->target[0], -0.08153445606898098, 1e-14); /* W* = least-squares map */
    assert_near(problem->loss_floor, 0, 1e-25);
    ln_svd(NULL, w, NULL, problem->target, 70, 70);
    for (int i = 0; i < 70; i++)
        assert_near(w[i], i < 35, 1e-13);
    ln_problem_free(problem);
}

static void an_isometry_of_too_large_rank_is_an_error_about_the_rank(void **state) {
    (void)state;
    struct ln_point point;
    make(&point, "isometry");
    point_set_int(&point, LN_PROBLEM, "inputs", 5);
    point_set_int(&point, LN_PROBLEM, "outputs", 3);
    point_set_int(&point, LN_PROBLEM, "rank", 4);
    expect_error(&point, "problem.rank", "rank 4");
}

static void a_target_needs_exactly_one_of_matrix_and_spectrum(void **state) {
    (void)state;
    static const double spectrum[] = {1, 1};
    struct ln_point point;
    make(&point, "target");
    expect_error(&point, "problem", "matrix");
    make_spectrum(&point, spectrum, 2, "identity");
    point_set_matrices(&point, LN_PROBLEM, "matrix", &x_given, 1);
    expect_error(&point, "problem", "not both");
}

static void a_spectrum_longer_than_the_target_is_an_error_about_the_spectrum(void **state) {
    (void)state;
    static const double spectrum[] = {3, 2, 1};
    struct ln_point point;
    make_spectrum(&point, spectrum, 3, "random");
    point_set_int(&point, LN_PROBLEM, "rows", 2);
    expect_error(&point, "problem.spectrum", "at most 2");
    make(&point, "teacher");
    point_set_int(&point, LN_PROBLEM, "samples", 5);
    point_set_int(&point, LN_PROBLEM, "inputs", 3);
    point_set_reals(&point, LN_PROBLEM, "spectrum", spectrum, 3);
    expect_error(&point, "problem.spectrum", "at most 1");
}

static void a_symmetric_target_that_is_not_square_is_an_error_about_the_basis(void **state) {
    (void)state;
    static const double spectrum[] = {2, 1};
    struct ln_point point;
    make_spectrum(&point, spectrum, 2, "symmetric");
    point_set_int(&point, LN_PROBLEM, "cols", 3);
    expect_error(&point, "problem.basis", "square");
}

static void samples_that_differ_in_number_are_an_error_about_y(void **state) {
    (void)state;
    static const struct ln_matrix fewer = {3, 2, given_y};
    struct ln_point point;
    make_data(&point, &x_given, &fewer, "sum");
    expect_error(&point, "problem.y", "2 samples");
}

static void a_rank_beyond_the_target_is_an_error_about_the_rank(void **state) {
    (void)state;
    struct ln_point point;
    make(&point, "low_rank");
    point_set_int(&point, LN_PROBLEM, "rank", 4);
    point_set_int(&point, LN_PROBLEM, "rows", 6);
    point_set_int(&point, LN_PROBLEM, "cols", 3);
    expect_error(&point, "problem.rank", "rank 4");
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

static void more_inputs_than_moments_can_be_counted_are_an_error_about_x(void **state) {
    (void)state;
    static const struct ln_matrix tall = {46341, 3, given_x}; /* refused before it is read */
    struct ln_point point;
    make_data(&point, &tall, &y_given, "sum");
    expect_error(&point, "problem.x", "46340");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_reduced_to_the_least_squares_map_and_the_moment),
        cmocka_unit_test(the_normalisation_divides_by_samples_or_by_samples_and_outputs),
        cmocka_unit_test(the_mean_over_outputs_counts_every_output),
        cmocka_unit_test(inputs_that_do_not_span_the_space_give_the_smallest_least_squares_map),
        cmocka_unit_test(fewer_samples_than_inputs_are_fitted_exactly),
        cmocka_unit_test(the_root_squares_to_the_moment_and_the_modes_are_those_of_phi_root),
        cmocka_unit_test(a_matrix_is_the_target_itself_with_no_moment_and_no_floor),
        cmocka_unit_test(the_level_of_rank_r_is_half_the_squares_of_the_modes_left_out),
        cmocka_unit_test(an_identity_basis_puts_the_spectrum_on_the_diagonal_with_its_signs),
        cmocka_unit_test(a_random_basis_keeps_the_singular_values_for_any_shape),
        cmocka_unit_test(a_symmetric_basis_keeps_negative_eigenvalues),
        cmocka_unit_test(the_same_seed_gives_the_same_target_and_another_seed_another),
        cmocka_unit_test(random_bases_are_haar_distributed),
        cmocka_unit_test(a_low_rank_target_without_noise_has_the_rank_asked_for),
        cmocka_unit_test(a_rotation_times_spd_turns_pairs_of_axes_and_leaves_an_odd_one),
        cmocka_unit_test(a_teacher_without_noise_is_the_least_squares_map_of_its_samples),
        cmocka_unit_test(the_isometry_problem_draws_the_reference_data),
        cmocka_unit_test(an_isometry_of_too_large_rank_is_an_error_about_the_rank),
        cmocka_unit_test(a_target_needs_exactly_one_of_matrix_and_spectrum),
        cmocka_unit_test(a_spectrum_longer_than_the_target_is_an_error_about_the_spectrum),
        cmocka_unit_test(a_symmetric_target_that_is_not_square_is_an_error_about_the_basis),
        cmocka_unit_test(samples_that_differ_in_number_are_an_error_about_y),
        cmocka_unit_test(more_inputs_than_moments_can_be_counted_are_an_error_about_x),
        cmocka_unit_test(a_rank_beyond_the_target_is_an_error_about_the_rank),
    };
    return cmocka_run_group_tests_name("problem", tests, start, NULL);
}
