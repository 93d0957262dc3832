/* Diagonal networks that share their samples X: the engine against one pair of dgemv a point.
 *
 *   load SWEEP [key=value]   the sweep: form squares, one problem for all points
 *   run                      the engine
 *   gemv STEPS               the first steps of the same, point by point: r = X^T b - y, g = c X r,
 *                            then w+- *= 1 -+ eta g, which is the whole step; answers with the
 *                            largest relative difference to the losses of the last engine run
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "job.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/train.h"
#include "measure.h"
#include "serve.h"

static struct ln_bench_job job;
static struct ln_problem *problem;
static struct ln_shape shape;
static struct ln_point point;
static double *state, *b, *residual, *gradient; /* of the point in hand */

static void load(char *rest) {
    const char *path = ln_bench_word(rest), *set = ln_bench_word(NULL);
    struct ln_err err = {0};
    if (job.sweep)
        ln_bench_unload(&job);
    if (problem)
        ln_problem_free(problem);
    ln_bench_load(&job, path, &set, 1);
    ln_sweep_point(job.sweep, 0, &point);
    if (ln_train_shape(&point, &shape, &err) != LN_OK ||
        ln_problem_create(&point, &problem, &err) != LN_OK)
        ln_bench_die(err.text);
    free(state);
    free(b);
    free(residual);
    free(gradient);
    state = ln_linalg_alloc((size_t)shape.n_state, sizeof(double));
    b = ln_linalg_alloc((size_t)problem->d_in, sizeof(double));
    residual = ln_linalg_alloc((size_t)problem->n_samples, sizeof(double));
    gradient = ln_linalg_alloc((size_t)problem->d_in, sizeof(double));
    printf("{\"points\": %lld, \"lanes\": %d}\n", (long long)job.plan->n_points,
           job.plan->groups[0].lanes);
}

/* residual = X^T b - y of the state. */
static void forward(void) {
    int d = problem->d_in, n = problem->n_samples;
    for (int i = 0; i < d; i++)
        b[i] = 0.5 * (state[i] - state[d + i]) * (state[i] + state[d + i]);
    cblas_dcopy(n, problem->y, 1, residual, 1);
    cblas_dgemv(CblasRowMajor, CblasTrans, d, n, 1.0, problem->x, n, b, 1, -1.0, residual, 1);
}

static void step(double eta) {
    int d = problem->d_in, n = problem->n_samples;
    forward();
    cblas_dgemv(CblasRowMajor, CblasNoTrans, d, n, problem->c, problem->x, n, residual, 1, 0.0,
                gradient, 1);
    for (int i = 0; i < d; i++) {
        state[i] *= 1.0 - eta * gradient[i];
        state[d + i] *= 1.0 + eta * gradient[i];
    }
}

/* Where the losses at that step stand in the series. */
static int64_t record_of(int64_t step) {
    int n;
    const int64_t *steps = ln_sweep_record_steps(job.sweep, &n);
    for (int i = 0; i < n; i++)
        if (steps[i] == step)
            return i;
    ln_bench_die("gemv stops at a step that is not recorded");
}

/* Relative difference of the loss of the state from that of the last engine run. */
static double difference(int64_t cell, int64_t record) {
    forward();
    double loss = 0.5 * problem->c * ln_dot(residual, residual, (size_t)problem->n_samples);
    return fabs(loss - ln_bench_element(&job, cell, "loss_series", record)) / loss;
}

static void gemv(char *rest) {
    int64_t count = atoll(ln_bench_word(rest)), record = record_of(count);
    double worst = 0, cpu = 0;
    for (int64_t cell = 0; cell < job.plan->n_cells; cell++) {
        ln_sweep_point(job.sweep, cell, &point);
        ln_init_fill(&point, &shape, state);
        double eta = ln_conf_real(&point.conf[LN_TRAIN], "step_size"), start = ln_bench_cpu();
        for (int64_t k = 0; k < count; k++)
            step(eta);
        cpu += ln_bench_cpu() - start;
        worst = fmax(worst, difference(cell, record));
    }
    printf("{\"cpu\": %.9g, \"steps\": %lld, \"difference\": %.3g}\n", cpu,
           (long long)(count * job.plan->n_cells), worst);
}

static void run(char *rest) {
    (void)rest;
    double cpu = ln_bench_cpu(), steps = 0;
    ln_bench_train(&job);
    cpu = ln_bench_cpu() - cpu;
    for (int64_t cell = 0; cell < job.plan->n_cells; cell++)
        steps += ln_bench_number(&job, cell, "steps");
    printf("{\"cpu\": %.9g, \"steps\": %.17g}\n", cpu, steps);
}

int main(void) {
    const struct ln_bench_verb verbs[] = {
        {"load", load}, {"run", run}, {"gemv", gemv}, {NULL, NULL}};
    ln_bench_serve(verbs);
    return 0;
}
