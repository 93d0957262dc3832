#include "linnet/lanes.h"

#include <cblas.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lanes_kernel.h"
#include "linnet/linalg.h"

static const char *const names[LN_LANES_N_SETS] = {"avx512", "avx2", "portable"};

static bool cpu_has(enum ln_lanes_set set) {
    switch (set) {
    case LN_LANES_AVX512:
        return cpu_has(LN_LANES_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd");
    case LN_LANES_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    default:
        return true;
    }
}

static enum ln_lanes_set first_set(const char *forced) {
    enum ln_lanes_set set = LN_LANES_AVX512;
    while (set < LN_LANES_N_SETS && !(cpu_has(set) && (!forced || strcmp(forced, names[set]) == 0)))
        set++;
    return set < LN_LANES_N_SETS ? set : first_set(NULL);
}

enum ln_lanes_set ln_lanes_set(void) {
    static enum ln_lanes_set chosen = LN_LANES_N_SETS;
    if (chosen == LN_LANES_N_SETS)
        chosen = first_set(getenv("LINNET_ISA"));
    return chosen;
}

const char *ln_lanes_isa(void) {
    return names[ln_lanes_set()];
}

const struct ln_lanes_isa *ln_lanes_chosen(void) {
    static const struct ln_lanes_isa *const isas[LN_LANES_N_SETS] = {
        &ln_lanes_isa_avx512, &ln_lanes_isa_avx2, &ln_lanes_isa_portable};
    return isas[ln_lanes_set()];
}

/* In lanes nothing is padded and nothing is turned, which is worth 1.03 to 1.4 times the speed of
 * the padded kernel at every width, as long as the arrays of a batch (2N + 3 matrices of LN_LANES
 * problems) stay in the second-level cache; far beyond it (100 x 100, 4.5 MB) they lose. The rule
 * decides bits, so it knows the shape and not the machine. */
int ln_lanes_for(int n_layers, int max_width) {
    double bytes = (2.0 * n_layers + 3.0) * max_width * max_width * LN_LANES * sizeof(double);
    return max_width <= 64 && bytes <= 2e6 ? LN_LANES : 1;
}

static void by_dgemm(const struct ln_lanes_job *job, double alpha, double beta) {
    bool turns_a = job->form == LN_CHAIN_TN, turns_b = job->form == LN_CHAIN_NT;
    int m = job->m, n = job->n, k = job->k;
    cblas_dgemm(CblasRowMajor, turns_a ? CblasTrans : CblasNoTrans,
                turns_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, job->a, turns_a ? m : k,
                job->b, turns_b ? k : n, beta, job->c, n);
}

/* One column, or row, and a matrix; or one of each: dgemm would first pack the matrix. */
static void by_blas(const struct ln_lanes_job *job, double alpha, double beta) {
    bool turns_a = job->form == LN_CHAIN_TN, turns_b = job->form == LN_CHAIN_NT;
    int m = job->m, n = job->n, k = job->k;
    bool is_tiny = m <= 4 && n <= 4 && k <= 4; /* done before BLAS has found its kernel */
    if (is_tiny && !job->descends)
        ln_matmul(job->c, job->a, turns_a, job->b, turns_b, m, n, k);
    else if (n == 1)
        cblas_dgemv(CblasRowMajor, turns_a ? CblasTrans : CblasNoTrans, turns_a ? k : m,
                    turns_a ? m : k, alpha, job->a, turns_a ? m : k, job->b, 1, beta, job->c, 1);
    else if (m == 1)
        cblas_dgemv(CblasRowMajor, turns_b ? CblasNoTrans : CblasTrans, turns_b ? n : k,
                    turns_b ? k : n, alpha, job->b, turns_b ? k : n, job->a, 1, beta, job->c, 1);
    else if (k == 1 && job->descends)
        cblas_dger(CblasRowMajor, m, n, alpha, job->a, 1, job->b, 1, job->c, n);
    else
        by_dgemm(job, alpha, beta);
}

void ln_lanes_do(const struct ln_lanes_job *job, const double *eta, int lanes) {
    if (lanes == LN_LANES)
        ln_lanes_chosen()->product(job, eta);
    else if (job->form == LN_CHAIN_PLAIN)
        cblas_daxpy(job->m * job->n, -eta[0], job->a, 1, job->c, 1);
    else
        by_blas(job, job->descends ? -eta[0] : 1.0, job->descends ? 1.0 : 0.0);
}

static void multiply(enum ln_chain_form form, double *c, const double *a, const double *b, int m,
                     int n, int k, int lanes) {
    struct ln_lanes_job job = {.form = form, .m = m, .n = n, .k = k, .c = c, .a = a, .b = b};
    if (lanes != LN_LANES) {
        by_dgemm(&job, 1.0, 0.0);
        return;
    }
    ln_lanes_chosen()->lay_out(&job);
    ln_lanes_chosen()->product(&job, NULL);
}

void ln_lanes_nn(double *c, const double *a, const double *b, int m, int n, int k, int lanes) {
    multiply(LN_CHAIN_NN, c, a, b, m, n, k, lanes);
}

void ln_lanes_tn(double *c, const double *a, const double *b, int m, int n, int k, int lanes) {
    multiply(LN_CHAIN_TN, c, a, b, m, n, k, lanes);
}

void ln_lanes_nt(double *c, const double *a, const double *b, int m, int n, int k, int lanes) {
    multiply(LN_CHAIN_NT, c, a, b, m, n, k, lanes);
}

void ln_lanes_subtract(double *c, const double *a, const double *b, int n, int lanes) {
    if (lanes == LN_LANES)
        ln_lanes_chosen()->difference(c, a, b, n);
    else
        for (int i = 0; i < n; i++)
            c[i] = a[i] - b[i];
}

void ln_lanes_axpy(double *c, const double *eta, const double *a, int n, int lanes) {
    if (lanes == LN_LANES)
        ln_lanes_chosen()->update(c, eta, a, n);
    else
        cblas_daxpy(n, -eta[0], a, 1, c, 1);
}

void ln_lanes_half_dot(double *out, const double *a, const double *b, int m, int n, int lanes) {
    ln_lanes_chosen()->half_dot(out, a, b, m, n, lanes);
}

void ln_lanes_signature(double *out, const double *functional, const double *w, int n, int lanes) {
    ln_lanes_chosen()->signature(out, functional, w, n, lanes);
}
