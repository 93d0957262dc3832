/* Matrix gradient descent from alpha I against the exact recursions it decouples into.
 *
 * Symmetric target, eigenvalues lambda: theta <- theta - eta theta^(L-1) (theta^L - lambda), loss
 * 1/2 sum (theta^L - lambda)^2. Rotation by a: the same with w = exp(i a), z <- z - eta
 * conj(z)^(L-1) (z^L - w), loss |z^L - w|^2. Source: Bartlett, Helmbold, Long 2018, lemma 6. */
#include "golden.h"

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linnet/linalg.h"

enum { N_DEPTHS = 8, N_DIMS = 6, N_STEPS = 200 };

/* A loss of relative size delta^2 is known to eps/delta only; smaller ones are not compared. */
static const double least_loss = 1e-4;

static double step_of(int depth) {
    return 0.05 / depth;
}

/* Eigenvalues in (-1.5, 2), the first of them always negative and not small: the loss stays up. */
static void draw_eigenvalues(uint64_t *seed, int dim, double *lambda) {
    for (int i = 0; i < dim; i++)
        lambda[i] = 0.25 + 1.75 * golden_splitmix(seed);
    lambda[0] = -0.75 + 0.5 * golden_splitmix(seed);
}

static double power(double x, int n) {
    double y = 1;
    while (n-- > 0)
        y *= x;
    return y;
}

/* loss: [N_STEPS + 1] */
static void recursion(const double *lambda, int dim, int depth, double alpha, double *loss) {
    memset(loss, 0, (N_STEPS + 1) * sizeof *loss);
    for (int i = 0; i < dim; i++) {
        double theta = alpha;
        for (int t = 0; t <= N_STEPS; t++) {
            double error = power(theta, depth) - lambda[i];
            loss[t] += 0.5 * error * error;
            theta -= step_of(depth) * power(theta, depth - 1) * error;
        }
    }
}

static double complex complex_power(double complex z, int n) {
    double complex y = 1;
    while (n-- > 0)
        y *= z;
    return y;
}

static void complex_recursion(double angle, int depth, double *loss) {
    const double complex i = (double complex)I;
    double complex w = cexp(i * angle), z = 1;
    for (int t = 0; t <= N_STEPS; t++) {
        double complex error = complex_power(z, depth) - w;
        loss[t] = creal(error * conj(error));
        z -= step_of(depth) * complex_power(conj(z), depth - 1) * error;
    }
}

/* Returns the number of steps compared. */
static int compare(const struct golden *run, int64_t cell, const double *loss) {
    int compared = 0;
    for (int t = 0; t <= N_STEPS; t++) {
        if (loss[t] < least_loss)
            continue;
        assert_near(golden_at(run, cell, "loss_series", t, 0), loss[t], 1e-12 * loss[t]);
        compared++;
    }
    return compared;
}

/* The zip group over depth that keeps step_of. */
static size_t write_axes(char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "axes: {case: {zip: {depth: [");
    for (int depth = 1; depth <= N_DEPTHS; depth++)
        used += (size_t)snprintf(text + used, size - used, "%s%d", depth > 1 ? ", " : "", depth);
    used += (size_t)snprintf(text + used, size - used, "], step_size: [");
    for (int depth = 1; depth <= N_DEPTHS; depth++)
        used += (size_t)snprintf(text + used, size - used, "%s%.17g", depth > 1 ? ", " : "",
                                 step_of(depth));
    return used + (size_t)snprintf(text + used, size - used, "]}}}");
}

static void run_symmetric(struct golden *run, const double *lambda, int dim, double alpha) {
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text,
                                   "linnet: 1\n"
                                   "problem: {kind: target, basis: symmetric, spectrum: [");
    for (int i = 0; i < dim; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%.17g", i ? ", " : "", lambda[i]);
    used += (size_t)snprintf(text + used, sizeof text - used,
                             "]}\n"
                             "model: {kind: deep, init: {kind: identity, scale: %.17g}}\n"
                             "train: {algorithm: gd, max_steps: %d, stop: {loss: 0}}\n"
                             "record: {times: {every: 1}, series: [loss]}\n"
                             "random: {seed: %d}\n",
                             alpha, N_STEPS, dim);
    write_axes(text + used, sizeof text - used);
    golden_run_text(run, text);
}

static void symmetric_targets_follow_the_scalar_recursion_at_every_depth_and_size(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int dim = 1; dim <= N_DIMS; dim++) {
        double lambda[N_DIMS], loss[N_STEPS + 1], alpha = 0.9 + 0.2 * golden_splitmix(&seed);
        struct golden run;
        draw_eigenvalues(&seed, dim, lambda);
        run_symmetric(&run, lambda, dim, alpha);
        for (int depth = 1; depth <= N_DEPTHS; depth++) {
            recursion(lambda, dim, depth, alpha, loss);
            assert_true(compare(&run, depth - 1, loss) > N_STEPS / 4);
        }
        golden_clear(&run);
    }
}

static void rotations_follow_the_complex_recursion_at_every_depth(void **state) {
    (void)state;
    static const double angles[] = {-0.7, 0.1, 0.5, 0.9, 0.99};
    for (int i = 0; i < (int)(sizeof angles / sizeof angles[0]); i++) {
        double loss[N_STEPS + 1];
        char text[4096];
        size_t used =
            (size_t)snprintf(text, sizeof text,
                             "linnet: 1\n"
                             "problem: {kind: rotation_spd, angle: %g, spectrum: [1, 1]}\n"
                             "model: {kind: deep, init: {kind: identity}}\n"
                             "train: {algorithm: gd, max_steps: %d, stop: {loss: 0}}\n"
                             "record: {times: {every: 1}, series: [loss]}\n",
                             angles[i], N_STEPS);
        write_axes(text + used, sizeof text - used);
        struct golden run;
        golden_run_text(&run, text);
        for (int depth = 1; depth <= N_DEPTHS; depth++) {
            complex_recursion(angles[i] * 3.14159265358979323846, depth, loss);
            assert_true(compare(&run, depth - 1, loss) > N_STEPS / 8);
        }
        golden_clear(&run);
    }
}

enum { N_NORMAL = 6 };

/* Rotations by `angle` times `radius`, and one real eigenvalue. */
static const struct {
    double angle, radius, real;
} normal_targets[N_NORMAL] = {{0.3, 1.4, 0.7},   {0.5, 0.6, 1.3},  {-0.8, 1.2, 0.4},
                              {0.95, 0.9, -0.5}, {0.6, 1.1, -0.3}, {-0.2, 0.5, 1.6}};

static void run_normal(struct golden *run, int i) {
    char text[4096];
    double turn = normal_targets[i].angle * 3.14159265358979323846,
           c = normal_targets[i].radius * cos(turn), s = normal_targets[i].radius * sin(turn);
    size_t used = (size_t)snprintf(
        text, sizeof text,
        "linnet: 1\n"
        "problem: {kind: target, matrix: [[%.17g, 0, %.17g], [0, %.17g, 0], [%.17g, 0, %.17g]]}\n"
        "model: {kind: deep, init: {kind: identity}}\n"
        "train: {algorithm: gd, max_steps: %d, stop: {loss: 0}}\n"
        "record: {times: {every: 1}, series: [loss]}\n",
        c, -s, normal_targets[i].real, s, c, N_STEPS);
    write_axes(text + used, sizeof text - used);
    golden_run_text(run, text);
}

/* A normal target: each pair of eigenvalues w, conj(w) follows z <- z - eta conj(z)^(L-1) (z^L -
 * w), each real one the same with a real z. */
static void normal_targets_follow_the_complex_recursion_at_every_depth(void **state) {
    (void)state;
    const double complex imaginary = (double complex)I;
    for (int i = 0; i < N_NORMAL; i++) {
        struct golden run;
        run_normal(&run, i);
        for (int depth = 1; depth <= N_DEPTHS; depth++) {
            double loss[N_STEPS + 1], real[N_STEPS + 1];
            double complex z = 1,
                           w = normal_targets[i].radius *
                               cexp(imaginary * normal_targets[i].angle * 3.14159265358979323846);
            recursion(&normal_targets[i].real, 1, depth, 1, real);
            for (int t = 0; t <= N_STEPS; t++) {
                double complex error = complex_power(z, depth) - w;
                loss[t] = real[t] + creal(error * conj(error));
                z -= step_of(depth) * complex_power(conj(z), depth - 1) * error;
            }
            assert_true(compare(&run, depth - 1, loss) > N_STEPS / 8);
        }
        golden_clear(&run);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symmetric_targets_follow_the_scalar_recursion_at_every_depth_and_size),
        cmocka_unit_test(rotations_follow_the_complex_recursion_at_every_depth),
        cmocka_unit_test(normal_targets_follow_the_complex_recursion_at_every_depth),
    };
    ln_linalg_start();
    return cmocka_run_group_tests_name("exact", tests, NULL, NULL);
}
