/* Diagonal networks that share their samples X: the engine against one pair of dgemv a point.
 *
 *   load SWEEP [key=value]   the sweep: form squares, one problem for all points
 *   run                      the engine
 *   gemv STEPS               the first steps of the same, point by point: r = X^T b - y, g = c X r,
 *                            then w+- *= 1 -+ eta g, which is the whole step; answers with the
 *                            largest relative difference to the losses of the last engine run
 *   products N D             no sweep: g = X X^T v of eight vectors in every form of
 * linnet/shared.h and, a vector at a time, by a pair of dgemv; seconds a vector, the form that the
 * shape takes, the largest relative difference to dgemm
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "job.h"
#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/shared.h"
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

enum { ONE_PASS, TWO_PASSES, MOMENT, N_FORMS };

/* M is d^2 numbers: beyond this width it is not formed. */
enum { WIDEST_MOMENT = 2000 };

/* Numbers of one shape, kept until another is asked for. */
static struct {
    int n, d;
    double *x, *v, *out, *expected, *residual; /* X [d x n]; v, out, expected [d][lanes] */
    struct ln_shared *forms[N_FORMS];          /* NULL: not formed */
} made;

static double *draws(size_t n) {
    double *x = ln_linalg_alloc(n, sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = drand48() - 0.5;
    return x;
}

static void make_forms(void) {
    int n = made.n, d = made.d;
    for (int passes = 1; passes <= 2; passes++)
        made.forms[passes - 1] = ln_shared_of_inputs(made.x, d, n, 1.0, passes);
    if (d > WIDEST_MOMENT)
        return;
    double *moment = ln_linalg_alloc((size_t)d * d, sizeof *moment);
    ln_matmul(moment, made.x, false, made.x, true, d, d, n);
    made.forms[MOMENT] = ln_shared_of_moment(moment, d);
    free(moment);
}

static void make(int n, int d) {
    size_t padded = (size_t)ln_shared_pad(d);
    free(made.x);
    free(made.v);
    free(made.out);
    free(made.expected);
    free(made.residual);
    for (int form = 0; form < N_FORMS; form++) {
        ln_shared_free(made.forms[form]);
        made.forms[form] = NULL;
    }
    made.n = n;
    made.d = d;
    made.x = draws((size_t)d * n);
    made.v = draws(padded * LN_LANES);
    for (size_t i = (size_t)d * LN_LANES; i < padded * LN_LANES; i++)
        made.v[i] = 0;
    made.out = ln_linalg_alloc(padded * LN_LANES, sizeof(double));
    made.expected = ln_linalg_alloc(padded * LN_LANES, sizeof(double));
    made.residual = ln_linalg_alloc((size_t)n * LN_LANES, sizeof(double));
    ln_matmul(made.residual, made.x, true, made.v, false, n, LN_LANES, d);
    ln_matmul(made.expected, made.x, false, made.residual, false, d, LN_LANES, n);
    make_forms();
}

/* Seconds a vector of the pair; the vectors are the lanes one after the other. */
static double time_pair(int64_t count) {
    int n = made.n, d = made.d;
    double start = ln_bench_cpu();
    for (int64_t k = 0; k < count; k++) {
        cblas_dgemv(CblasRowMajor, CblasTrans, d, n, 1.0, made.x, n, made.v, 1, 0.0, made.residual,
                    1);
        cblas_dgemv(CblasRowMajor, CblasNoTrans, d, n, 1.0, made.x, n, made.residual, 1, 0.0,
                    made.out, 1);
    }
    return (ln_bench_cpu() - start) / (double)count;
}

/* The same of a form; worst takes up its difference to what is expected. */
static double time_form(const struct ln_shared *form, int64_t count, double *worst) {
    _Alignas(64) double half[LN_LANES];
    double start = ln_bench_cpu(), largest = 0, apart = 0;
    for (int64_t k = 0; k < count; k++)
        ln_shared_apply(form, made.out, half, made.v, LN_LANES);
    double seconds = (ln_bench_cpu() - start) / (double)(count * LN_LANES);
    for (size_t i = 0; i < (size_t)made.d * LN_LANES; i++) {
        largest = fmax(largest, fabs(made.expected[i]));
        apart = fmax(apart, fabs(made.out[i] - made.expected[i]));
    }
    *worst = fmax(*worst, apart / largest);
    return seconds;
}

static int form_of_shape(void) {
    if (!ln_shared_takes_inputs(made.d, made.n))
        return MOMENT;
    return ln_shared_passes(made.d) == 1 ? ONE_PASS : TWO_PASSES;
}

static void products(char *rest) {
    static const char *const names[N_FORMS] = {"one", "two", "moment"};
    int n = atoi(ln_bench_word(rest)), d = atoi(ln_bench_word(NULL));
    if (n < 1 || d < 1)
        ln_bench_die("products of what shape?");
    if (n != made.n || d != made.d)
        make(n, d);
    int64_t count = 1 + (int64_t)(1e7 / ((double)n * d));
    double worst = 0;
    printf("{\"pair\": %.9g", time_pair(count));
    for (int form = 0; form < N_FORMS; form++)
        if (made.forms[form])
            printf(", \"%s\": %.9g", names[form], time_form(made.forms[form], count, &worst));
    printf(", \"choice\": \"%s\", \"difference\": %.3g}\n", names[form_of_shape()], worst);
}

int main(void) {
    const struct ln_bench_verb verbs[] = {
        {"load", load}, {"run", run}, {"gemv", gemv}, {"products", products}, {NULL, NULL}};
    ln_bench_serve(verbs);
    return 0;
}
