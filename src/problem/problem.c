#include "linnet/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

#define LN_PROBLEM(name) extern const struct ln_problem_kind ln_problem_##name;
#include "list.h"
#undef LN_PROBLEM

static const struct ln_entry *const entries[] = {
#define LN_PROBLEM(name) &ln_problem_##name.entry,
#include "list.h"
#undef LN_PROBLEM
};

const struct ln_catalogue ln_problems = {"problem", entries, sizeof entries / sizeof entries[0]};

static const struct ln_problem_kind *kind_of(const struct ln_point *point) {
    return (const struct ln_problem_kind *)point->entry[LN_PROBLEM];
}

double ln_problem_normalisation(const struct ln_conf *conf, int n_samples, int d_out) {
    if (ln_conf_is(conf, "loss", "mean"))
        return 1.0 / n_samples;
    return ln_conf_is(conf, "loss", "mean_outputs") ? 2.0 / ((double)n_samples * d_out) : 1.0;
}

int ln_problem_dims(const struct ln_point *point, int *d_in, int *d_out, struct ln_err *err) {
    return kind_of(point)->dims(point, d_in, d_out, err);
}

bool ln_problem_has_moment(const struct ln_point *point) {
    return kind_of(point)->has_moment;
}

/* From here on BLAS is worth its call. Below, plain sums: exact data of a few inputs keep exact
 * least-squares maps. */
enum { BLAS_FROM = 64 };

/* out = A B [d x d], out zero before. */
static void multiply(double *out, const double *a, const double *b, int d) {
    if (d >= BLAS_FROM) {
        ln_matmul(out, a, false, b, false, d, d, d);
        return;
    }
    for (int i = 0; i < d; i++)
        for (int k = 0; k < d; k++)
            for (int j = 0; j < d; j++)
                out[i * d + j] += a[i * d + k] * b[k * d + j];
}

/* M = c X X^T, symmetric to the last digit. */
static void form_moment(double *moment, const struct ln_samples *samples) {
    int d = samples->d_in;
    ln_matmul(moment, samples->x, false, samples->x, true, d, d, samples->n);
    for (int i = 0; i < d; i++)
        for (int j = i; j < d; j++) {
            double *element = &moment[(size_t)i * d + j];
            *element *= samples->c;
            moment[(size_t)j * d + i] = *element;
        }
}

/* M, its root and its pseudo-inverse from one symmetric eigenproblem. Directions in which the data
 * do not vary (eigenvalues at rounding level) are left out: the loss does not see them. */
static void reduce_inputs(struct ln_problem *problem, double *inverse,
                          const struct ln_samples *samples) {
    int d = samples->d_in;
    size_t size = (size_t)d * d;
    double *w = ln_linalg_alloc(d, sizeof *w), *v = ln_linalg_alloc(size, sizeof *v);
    double *vt = ln_linalg_alloc(size, sizeof *vt), *scaled = ln_linalg_alloc(size, sizeof *scaled);
    problem->moment = ln_linalg_alloc(size, sizeof(double));
    problem->root = ln_linalg_alloc(size, sizeof(double));
    form_moment(problem->moment, samples);
    ln_sym_eig(w, v, problem->moment, d);
    double tiny = 1e-14 * d * (w[d - 1] > 0 ? w[d - 1] : 0);
    for (size_t i = 0; i < size; i++) {
        vt[i % d * d + i / d] = v[i];
        scaled[i] = w[i % d] > tiny ? v[i] * sqrt(w[i % d]) : 0;
    }
    multiply(problem->root, scaled, vt, d);
    for (size_t i = 0; i < size; i++)
        scaled[i] = w[i % d] > tiny ? v[i] / w[i % d] : 0;
    multiply(inverse, scaled, vt, d);
    free(scaled);
    free(vt);
    free(v);
    free(w);
}

/* The loss of the least-squares map from its residuals: a difference of traces would lose every
 * digit of a small one. */
static double residual_loss(const struct ln_problem *problem, const struct ln_samples *samples) {
    size_t size = (size_t)samples->d_out * samples->n;
    double *fit = ln_linalg_alloc(size, sizeof *fit), sum = 0;
    ln_matmul(fit, problem->target, false, samples->x, false, samples->d_out, samples->n,
              samples->d_in);
    for (size_t i = 0; i < size; i++)
        sum += (fit[i] - samples->y[i]) * (fit[i] - samples->y[i]);
    free(fit);
    return 0.5 * samples->c * sum;
}

static void reduce_samples(struct ln_problem *problem, const struct ln_samples *samples) {
    int d_in = samples->d_in, d_out = samples->d_out;
    double *inverse = ln_linalg_alloc((size_t)d_in * d_in, sizeof *inverse);
    double *cross = ln_linalg_alloc((size_t)d_out * d_in, sizeof *cross);
    reduce_inputs(problem, inverse, samples);
    ln_matmul(cross, samples->y, false, samples->x, true, d_out, d_in, samples->n);
    for (int i = 0; i < d_out * d_in; i++)
        cross[i] *= samples->c;
    problem->target = ln_linalg_alloc((size_t)d_out * d_in, sizeof(double));
    ln_matmul(problem->target, cross, false, inverse, false, d_out, d_in, d_in);
    problem->loss_floor = residual_loss(problem, samples);
    free(cross);
    free(inverse);
}

static void decompose(struct ln_problem *problem) {
    int m = problem->d_out, n = problem->d_in;
    problem->n_modes = m < n ? m : n;
    problem->sigma = ln_linalg_alloc(problem->n_modes, sizeof(double));
    problem->left = ln_linalg_alloc((size_t)m * problem->n_modes, sizeof(double));
    problem->right = ln_linalg_alloc((size_t)n * problem->n_modes, sizeof(double));
    double *q = ln_linalg_alloc((size_t)m * n, sizeof *q);
    if (problem->root)
        ln_matmul(q, problem->target, false, problem->root, false, m, n, n);
    else
        memcpy(q, problem->target, (size_t)m * n * sizeof *q);
    ln_svd(problem->left, problem->sigma, problem->right, q, m, n);
    free(q);
}

int ln_problem_create(const struct ln_point *point, struct ln_problem **out, struct ln_err *err) {
    struct ln_samples samples = {0};
    *out = NULL;
    int status = kind_of(point)->build(point, &samples, err);
    if (status != LN_OK)
        return status;
    static uint64_t n_problems;
    struct ln_problem *problem = ln_linalg_alloc(1, sizeof *problem);
    problem->number = ++n_problems;
    problem->d_in = samples.d_in;
    problem->d_out = samples.d_out;
    problem->c = samples.target ? 1.0 : samples.c;
    problem->n_samples = samples.target ? 0 : samples.n;
    problem->x = samples.x;
    problem->y = samples.y;
    if (samples.target)
        problem->target = samples.target;
    else
        reduce_samples(problem, &samples);
    decompose(problem);
    *out = problem;
    return LN_OK;
}

void ln_problem_free(struct ln_problem *problem) {
    if (!problem)
        return;
    free(problem->target);
    free(problem->moment);
    free(problem->root);
    free(problem->sigma);
    free(problem->left);
    free(problem->right);
    free(problem->x);
    free(problem->y);
    free(problem);
}

static bool is_same_value(const struct ln_value *a, const struct ln_value *b) {
    return a->is_set == b->is_set &&
           (a->text == b->text || (a->text && b->text && strcmp(a->text, b->text) == 0)) &&
           a->integer == b->integer && (a->real == b->real || (isnan(a->real) && isnan(b->real))) &&
           a->count == b->count && a->integers == b->integers && a->reals == b->reals &&
           a->matrices == b->matrices;
}

bool ln_problem_is_same(const struct ln_point *a, const struct ln_point *b) {
    if (a->entry[LN_PROBLEM] != b->entry[LN_PROBLEM])
        return false;
    if (!kind_of(a)->is_given &&
        (a->base_seed != b->base_seed || a->seed[LN_STREAM_DATA] != b->seed[LN_STREAM_DATA]))
        return false;
    for (int i = 0; i < a->conf[LN_PROBLEM].n_params; i++)
        if (!is_same_value(&a->conf[LN_PROBLEM].values[i], &b->conf[LN_PROBLEM].values[i]))
            return false;
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t bits) {
    hash = (hash ^ bits) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

/* What is_same_value compares. 0.0 and -0.0 are the same, and so are two NaNs. */
static uint64_t hash_value(uint64_t hash, const struct ln_value *value) {
    double real = isnan(value->real) ? 1.0 : value->real + 0.0;
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    hash = mix(mix(hash, value->is_set), bits);
    for (const char *c = value->text; c && *c; c++)
        hash = mix(hash, (uint64_t)(unsigned char)*c);
    hash = mix(mix(hash, (uint64_t)value->integer), (uint64_t)value->count);
    hash = mix(mix(hash, (uintptr_t)value->integers), (uintptr_t)value->reals);
    return mix(hash, (uintptr_t)value->matrices);
}

uint64_t ln_problem_hash(const struct ln_point *point) {
    uint64_t hash = (uintptr_t)point->entry[LN_PROBLEM];
    if (!kind_of(point)->is_given)
        hash = mix(mix(hash, point->base_seed), point->seed[LN_STREAM_DATA]);
    for (int i = 0; i < point->conf[LN_PROBLEM].n_params; i++)
        hash = hash_value(hash, &point->conf[LN_PROBLEM].values[i]);
    return hash;
}

bool ln_problem_is_white(const struct ln_problem *problem, double *lambda) {
    int d = problem->d_in;
    *lambda = problem->moment ? problem->moment[0] : 1.0;
    for (int i = 0; problem->moment && i < d * d; i++)
        if (!(fabs(problem->moment[i] - (i % (d + 1) == 0 ? *lambda : 0)) <= 1e-12 * *lambda))
            return false;
    return *lambda > 0;
}

double ln_problem_level(const struct ln_problem *problem, int rank) {
    double sum = 0;
    for (int i = problem->n_modes; i-- > rank;)
        sum += problem->sigma[i] * problem->sigma[i];
    return 0.5 * sum;
}
