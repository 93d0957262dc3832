/* Gradient descent on diagonal networks, what remains true of it at any step size, and the averages
 * along the path. Source of the numbers: closed forms and identities. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagonal_sweep.h"
#include "linnet/linalg.h"

/* Takes from v [d] its part in the row space of X, by Gram-Schmidt on the samples. */
static double off_row_space(const struct ln_regression *data, double *v) {
    double rows[8][16], size = 0;
    for (int i = 0; i < data->n; i++) {
        for (int j = 0; j < data->d; j++)
            rows[i][j] = data->x[j * data->n + i];
        for (int twice = 0; twice < 2; twice++)
            for (int k = 0; k < i; k++) {
                double along = ln_dot(rows[i], rows[k], (size_t)data->d);
                for (int j = 0; j < data->d; j++)
                    rows[i][j] -= along * rows[k][j];
            }
        double norm = ln_norm(rows[i], (size_t)data->d);
        for (int j = 0; j < data->d; j++)
            rows[i][j] /= norm;
        double along = ln_dot(v, rows[i], (size_t)data->d);
        for (int j = 0; j < data->d; j++)
            v[j] -= along * rows[i][j];
    }
    for (int j = 0; j < data->d; j++)
        size = fmax(size, fabs(v[j]));
    return size;
}

/* 1/2 arcsinh(b / a_inf^2) - 1/2 arcsinh(b~0 / a_inf^2) = -sum x, which lies in the row space. */
static void check_identity(const struct golden *run, int64_t cell, const struct ln_regression *data,
                           double scale, double tolerance) {
    double shift[16];
    for (int j = 0; j < data->d; j++) {
        double a = golden_number(run, cell, "effective_alpha", j);
        assert_true(a < scale);
        shift[j] = 0.5 * asinh(golden_number(run, cell, "coefficients", j) / (a * a)) -
                   0.5 * asinh(golden_number(run, cell, "effective_start", j) / (a * a));
        assert_near(shift[j], -log(scale) * golden_number(run, cell, "dual", j), tolerance);
    }
    assert_true(off_row_space(data, shift) < tolerance);
}

/* What is said of b, from b itself. */
static void observables_of_the_coefficients_are_those_of_their_definition(void **state) {
    (void)state;
    const struct pesme_case *a_case = pesme_find("mono3x5");
    struct ln_regression data = pesme_regression(a_case);
    struct golden run;
    sweep_case(
        &run, a_case,
        "model: {kind: diagonal, init: {kind: diagonal, product: [1, 0, -0.5, 1.0e-5, 0.3]}}\n"
        "train: {algorithm: gd, step_size: 0.05, max_steps: 8, stop: {loss: 0}}\n"
        "record: {times: {every: 1}, series: [coefficients, criticality, sparsity, l1_norm, "
        "loss]}\n");
    for (int step = 0; step <= 8; step++) {
        double b[5], g[5], critical = 0, sum = 0, active = 0;
        for (int j = 0; j < 5; j++)
            b[j] = golden_at(&run, 0, "coefficients_series", step, j);
        double loss = ln_regression_loss(&data, b, g);
        for (int j = 0; j < 5; j++) {
            critical = fmax(critical, fabs(b[j] * g[j]));
            sum += fabs(b[j]);
            active += fabs(b[j]) > 2e-4;
        }
        assert_near(golden_at(&run, 0, "loss_series", step, 0), loss, 1e-13);
        assert_near(golden_at(&run, 0, "criticality_series", step, 0), critical, 1e-13);
        assert_near(golden_at(&run, 0, "l1_norm_series", step, 0), sum, 1e-13);
        assert_near(golden_at(&run, 0, "sparsity_series", step, 0), active, 0);
    }
    assert_near(golden_at(&run, 0, "sparsity_series", 0, 0), 3, 0);
    golden_clear(&run);
    pesme_clear(&data);
}

static void descent_follows_the_mirror_of_its_effective_scale(void **state) {
    (void)state;
    static const double scales[] = {0.1, 0.01, 1e-4};
    const struct pesme_case *a_case = pesme_find("mono3x5");
    struct ln_regression data = pesme_regression(a_case);
    struct golden run;
    sweep_case(&run, a_case,
               "model: {kind: diagonal, form: squares, init: {kind: diagonal}}\n"
               "train: {algorithm: gd, max_steps: 20000, stop: {loss: 0}}\n"
               "record: {final: [coefficients, dual, effective_alpha, effective_start], series: "
               "[loss]}\n"
               "axes: {scale: [0.1, 0.01, 1.0e-4], step_size: [0.001, 0.05, 0.15]}\n");
    for (int cell = 0; cell < 9; cell++)
        check_identity(&run, cell, &data, scales[cell / 3], 3e-11);
    for (int cell = 2; cell < 9; cell += 3)
        assert_true(golden_number(&run, cell, "final_loss", 0) < 1e-15);
    golden_clear(&run);
    sweep_case(&run, a_case,
               "model: {kind: diagonal, form: squares, init: {kind: diagonal}}\n"
               "train: {algorithm: sgd, max_steps: 20000, stop: {loss: 0}}\n"
               "record: {final: [coefficients, dual, effective_alpha, effective_start], series: "
               "[loss]}\n"
               "axes: {scale: [0.1, 0.01, 1.0e-4], step_size: [0.002, 0.01, 0.02]}\n");
    for (int cell = 0; cell < 9; cell++)
        check_identity(&run, cell, &data, scales[cell / 3], 4e-12);
    golden_clear(&run);
    pesme_clear(&data);
}

/* Off the support the Hessian has the block [[0, g_i], [g_i, 0]], on it none of its eigenvalues is
 * negative: every saddle of the walk is strict, and is left at the rate of its largest g_i. */
static void the_least_eigenvalue_at_a_saddle_is_minus_its_largest_gradient(void **state) {
    (void)state;
    for (int i = 0; i < n_pesme_cases; i++) {
        struct ln_regression data = pesme_regression(&pesme_cases[i]);
        double time, b[16] = {0}, g[16];
        for (int k = -1; k < 0 || sweep_jump(&pesme_cases[i], k, &time, b); k++) {
            struct golden run;
            char product[400] = "";
            double largest = 0;
            ln_regression_loss(&data, b, g);
            for (int j = 0; j < data.d; j++) {
                size_t used = strlen(product);
                snprintf(product + used, sizeof product - used, "%s%.17g", j ? ", " : "", b[j]);
                largest = fmax(largest, fabs(g[j]));
            }
            sweep_case(&run, &pesme_cases[i],
                       "model: {kind: diagonal, form: uv, init: {kind: diagonal, scale: 1.0e-9, "
                       "product: [%s]}}\n"
                       "train: {step_size: 1.0e-18, max_steps: 1, stop: {loss: 0}}\n"
                       "record: {final: [lambda_min]}\n",
                       product);
            assert_near(golden_number(&run, 0, "lambda_min", 0), -largest, 1e-12 * (1 + largest));
            golden_clear(&run);
        }
        pesme_clear(&data);
    }
}

/* u - v has to carry w- = alpha^(1 + s), which is lost below rounding: u v stalls at the saddle it
 * should leave with the other sign. */
static void the_literal_weights_stall_where_the_squares_do_not(void **state) {
    (void)state;
    static const double stalled[] = {-3, 0}, end[] = {-4, -0.5};
    struct golden run;
    sweep_case(&run, pesme_find("flip2x2"),
               "model: {kind: diagonal, init: {kind: diagonal}}\n"
               "train: {algorithm: gd, step_size: 0.05, max_steps: 16000, stop: {loss: 0}}\n"
               "record: {times: {every: 16000}, series: [coefficients]}\n"
               "axes: {scale: [1.0e-6, 1.0e-20, 1.0e-60], form: [uv, squares]}\n");
    assert_near(sweep_error(&run, 0, 16000, end, 2), 0, 1e-12);
    assert_near(sweep_error(&run, 1, 16000, end, 2), 0, 1e-12);
    assert_near(sweep_error(&run, 2, 16000, stalled, 2), 0, 1e-12);
    assert_near(sweep_error(&run, 3, 16000, end, 2), 0, 1e-12);
    assert_near(sweep_error(&run, 4, 16000, stalled, 2), 0, 1e-12);
    assert_near(sweep_error(&run, 5, 16000, end, 2), 0, 1e-12);
    golden_clear(&run);
}

/* lambda_max(D^1/2 H D^1/2), D = diag(2 sqrt(b^2 + alpha^4)). */
static double curvature(const struct ln_regression *data, const double *b, double scale) {
    int d = data->d;
    double m[256], w[16];
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
            double h = 0;
            for (int k = 0; k < data->n; k++)
                h += data->c * data->x[i * data->n + k] * data->x[j * data->n + k];
            m[i * d + j] = h * 2 * sqrt(hypot(b[i], scale * scale) * hypot(b[j], scale * scale));
        }
    ln_sym_eig(w, NULL, m, d);
    return w[d - 1];
}

/* Started a little off a minimum: below 2/lambda_max the way back is monotone, above it the loss
 * grows. */
static void a_minimum_is_stable_up_to_two_over_its_curvature(void **state) {
    (void)state;
    static const double minimum[] = {-2.0 / 3, 5.0 / 3, 0, -2.0 / 3, 0};
    const struct pesme_case *a_case = pesme_find("mono3x5");
    struct ln_regression data = pesme_regression(a_case);
    struct golden run;
    sweep_case(
        &run, a_case,
        "model: {kind: diagonal, form: squares, init: {kind: diagonal, scale: 0.05, product: "
        "[-0.666667, 1.66667, 0, -0.666667, 0]}}\n"
        "train: {algorithm: gd, step_unit: start, max_steps: 5000, stop: {loss: 1.0e-15}}\n"
        "record: {final: [sharpness, loss], series: [loss]}\n"
        "axes: {step_size: [0.98, 1.02], form: [squares, uv]}\n");
    for (int cell = 0; cell < 4; cell++) {
        double lambda = curvature(&data, minimum, 0.05);
        assert_near(golden_number(&run, cell, "sharpness_start", 0) / lambda, 1, 1e-5);
        assert_near(golden_number(&run, cell, "step_size_used", 0) * lambda / 2,
                    cell < 2 ? 0.98 : 1.02, 1e-4);
        if (cell < 2)
            assert_string_equal(golden_label(&run, cell), "converged_monotone");
        else
            assert_true(golden_number(&run, cell, "loss_ratio_max", 0) > 10);
    }
    golden_clear(&run);
    pesme_clear(&data);
}

/* argmin L + lambda ||.||_1 by coordinate descent. */
static void lasso(const struct ln_regression *data, double lambda, double *b) {
    double g[16], h[16];
    for (int j = 0; j < data->d; j++) {
        b[j] = h[j] = 0;
        for (int i = 0; i < data->n; i++)
            h[j] += data->c * data->x[j * data->n + i] * data->x[j * data->n + i];
    }
    for (int sweep = 0; sweep < 20000; sweep++)
        for (int j = 0; j < data->d; j++) {
            ln_regression_loss(data, b, g);
            double z = b[j] - g[j] / h[j];
            b[j] = copysign(fmax(fabs(z) - lambda / h[j], 0), z);
        }
}

/* The largest distance of the average to the Lasso path at a cell, and of its gradient to s/t. */
static double distance_to_lasso(const struct golden *run, int64_t cell,
                                const struct ln_regression *data, double time_step) {
    double worst = 0, average[16], g[16], b[16];
    for (int step = 1; step <= 12; step++) {
        double t = step * time_step;
        for (int j = 0; j < data->d; j++)
            average[j] = golden_at(run, cell, "lasso_average_series", step, j);
        ln_regression_loss(data, average, g);
        lasso(data, 1 / t, b);
        for (int j = 0; j < data->d; j++) {
            assert_near(-g[j], golden_at(run, cell, "dual_series", step, j) / t, 1e-9);
            worst = fmax(worst, fabs(average[j] - b[j]));
        }
    }
    return worst;
}

/* While no dual leaves its boundary the average is the Lasso path in the limit; finite scales are
 * off by O(1/Lam). A deactivation breaks it. */
static void averages_are_lasso_solutions_until_a_coordinate_is_dropped(void **state) {
    (void)state;
    static const char rest[] =
        "model: {kind: diagonal, form: dual, init: {kind: diagonal}}\n"
        "train: {algorithm: flow, time_step: %g, max_steps: 12, stop: {loss: 0}}\n"
        "record: {times: {every: 1}, series: [lasso_average, dual]}\n"
        "axes: {log_scale: [100, 1000, 10000]}\n";
    struct golden run;
    struct ln_regression data = pesme_regression(pesme_find("mono3x5"));
    sweep_case(&run, pesme_find("mono3x5"), rest, 0.2);
    for (int cell = 0; cell < 3; cell++) {
        double log_scale = pow(10, 2 + cell), off = distance_to_lasso(&run, cell, &data, 0.2);
        assert_true(off < 3 / log_scale);
    }
    golden_clear(&run);
    pesme_clear(&data);
    data = pesme_regression(pesme_find("zhao2x4"));
    sweep_case(&run, pesme_find("zhao2x4"), rest, 1.2);
    for (int cell = 0; cell < 3; cell++) {
        double off = distance_to_lasso(&run, cell, &data, 1.2);
        assert_true(off > 0.2 && off < 0.36);
    }
    golden_clear(&run);
    pesme_clear(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observables_of_the_coefficients_are_those_of_their_definition),
        cmocka_unit_test(descent_follows_the_mirror_of_its_effective_scale),
        cmocka_unit_test(the_least_eigenvalue_at_a_saddle_is_minus_its_largest_gradient),
        cmocka_unit_test(the_literal_weights_stall_where_the_squares_do_not),
        cmocka_unit_test(a_minimum_is_stable_up_to_two_over_its_curvature),
        cmocka_unit_test(averages_are_lasso_solutions_until_a_coordinate_is_dropped),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("diagonal_descent", tests, NULL, NULL);
}
