#include "linnet/linalg.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/interrupt.h"
#include "linnet/lanes.h"
#include "linnet/work.h"
#include "matmul_kernel.h"
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* LAPACK and ARPACK, Fortran calling convention, matrices column-major. */
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);
void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info);
void dsytrd_(const char *uplo, const int *n, double *a, const int *lda, double *d, double *e,
             double *tau, double *work, const int *lwork, int *info);
void dstebz_(const char *range, const char *order, const int *n, const double *vl, const double *vu,
             const int *il, const int *iu, const double *abstol, const double *d, const double *e,
             int *m, int *nsplit, double *w, int *iblock, int *isplit, double *work, int *iwork,
             int *info);
void dgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, double *a,
             const int *lda, double *s, double *u, const int *ldu, double *vt, const int *ldvt,
             double *work, const int *lwork, int *info);
void dgebd2_(const int *m, const int *n, double *a, const int *lda, double *d, double *e,
             double *tauq, double *taup, double *work, int *info);
void dlasq1_(const int *n, double *d, double *e, double *work, int *info);
void dgels_(const char *trans, const int *m, const int *n, const int *nrhs, double *a,
            const int *lda, double *b, const int *ldb, double *work, const int *lwork, int *info);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *ipiv, int *info);
void dsaupd_(int *ido, const char *bmat, const int *n, const char *which, const int *nev,
             const double *tol, double *resid, const int *ncv, double *v, const int *ldv,
             int *iparam, int *ipntr, double *workd, double *workl, const int *lworkl, int *info);
void dseupd_(const int *rvec, const char *howmny, int *select, double *d, double *z, const int *ldz,
             const double *sigma, const char *bmat, const int *n, const char *which, const int *nev,
             const double *tol, double *resid, const int *ncv, double *v, const int *ldv,
             int *iparam, int *ipntr, double *workd, double *workl, const int *lworkl, int *info);

void *ln_linalg_alloc(size_t count, size_t size) {
    size_t bytes = SIZE_MAX;
    bool fits = !__builtin_mul_overflow(count, size, &bytes) && bytes < SIZE_MAX - 64;
    bytes = (bytes + 63) & ~(size_t)63;
    void *memory = fits ? aligned_alloc(64, bytes ? bytes : 64) : NULL;
    if (!memory) {
        fprintf(stderr, "linnet: out of memory (%zu bytes)\n", bytes);
        abort();
    }
    return memset(memory, 0, bytes);
}

static double *numbers(size_t n) {
    return ln_linalg_alloc(n, sizeof(double));
}

/* The arithmetic of 4 x 4 is done when a call of BLAS has found its kernel. */
static bool is_tiny(int m, int n, int k) {
    return m <= 8 && n <= 8 && k <= 8;
}

static ln_matmul_kernel *tiny_product(void) {
    static ln_matmul_kernel *const kernels[LN_LANES_N_SETS] = {ln_matmul_avx512, ln_matmul_avx2,
                                                               ln_matmul_portable};
    return kernels[ln_lanes_set()];
}

void ln_matmul(double *c, const double *a, bool a_transposed, const double *b, bool b_transposed,
               int m, int n, int k) {
    if (is_tiny(m, n, k)) {
        tiny_product()(c, a, a_transposed ? 1 : k, a_transposed ? m : 1, b, b_transposed ? 1 : n,
                       b_transposed ? k : 1, m, n, k);
        return;
    }
    cblas_dgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans,
                b_transposed ? CblasTrans : CblasNoTrans, m, n, k, 1.0, a, a_transposed ? m : k, b,
                b_transposed ? k : n, 0.0, c, n);
}

/* Divide and conquer costs a fifth at 1000 with the vectors, and room for two more matrices, whose
 * size is an int. */
enum { CONQUER_FROM = 100, CONQUER_TO = 20000 };

static int decompose(char job, double *a, double *w, int n) {
    int info = 0;
    if (n < CONQUER_FROM || n > CONQUER_TO || job == 'N') {
        int lwork = 34 * n + 8; /* room for blocks of 32 */
        dsyev_(&job, "U", &n, a, &n, w, ln_work_take((size_t)lwork), &lwork, &info);
    } else {
        int lwork = 1 + 6 * n + 2 * n * n, liwork = 3 + 5 * n;
        int *iwork = ln_linalg_alloc((size_t)liwork, sizeof *iwork);
        dsyevd_(&job, "U", &n, a, &n, w, ln_work_take((size_t)lwork), &lwork, iwork, &liwork,
                &info);
        free(iwork);
    }
    return info;
}

void ln_sym_eig(double *w, double *v, const double *a, int n) {
    size_t mark = ln_work_mark();
    double *copy = ln_work_take((size_t)n * n);
    memcpy(copy, a, (size_t)n * n * sizeof *a);
    int info = decompose(v ? 'V' : 'N', copy, w, n);
    for (int i = 0; info != 0 && i < n; i++)
        w[i] = NAN;
    for (int i = 0; v && i < n; i++)
        for (int j = 0; j < n; j++)
            v[i * n + j] = copy[j * n + i];
    ln_work_release(mark);
}

/* Bisection for the one eigenvalue: finding all of them takes longer than the reduction. Its pivots
 * are squares, so entries far from 1 are scaled by a power of two. */
double ln_sym_extreme(const double *a, int n, int end) {
    int lwork = 34 * n + 8, info = 0, which = end > 0 ? n : 1, found = 0, n_blocks = 0;
    size_t size = (size_t)n * n, mark = ln_work_mark();
    double *copy = ln_work_take(size), *work = ln_work_take(lwork), *d = ln_work_take(n),
           *e = ln_work_take(n), *tau = ln_work_take(n), *w = ln_work_take(n);
    int *block = (int *)ln_work_take(n), *split = (int *)ln_work_take(n),
        *bounds = (int *)ln_work_take(2 * n);
    double most = fabs(a[cblas_idamax((int)size, a, 1)]), zero = 0, scale = 1, lambda = NAN;
    if (most > 0 && (most < 1e-100 || most > 1e100))
        scale = ldexp(1, -ilogb(most));
    for (size_t i = 0; i < size; i++)
        copy[i] = scale * a[i];
    if (isfinite(ln_norm(copy, size))) {
        dsytrd_("U", &n, copy, &n, d, e, tau, work, &lwork, &info);
        dstebz_("I", "E", &n, &zero, &zero, &which, &which, &zero, d, e, &found, &n_blocks, w,
                block, split, work, bounds, &info);
        lambda = info == 0 && found == 1 ? w[0] / scale : (double)NAN;
    }
    ln_work_release(mark);
    return lambda;
}

void ln_sym_compose(double *a, const double *v, const double *w, int n) {
    size_t mark = ln_work_mark();
    double *scaled = ln_work_take((size_t)n * n);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            scaled[i * n + k] = v[i * n + k] * w[k];
    ln_matmul(a, scaled, false, v, true, n, n, n);
    ln_work_release(mark);
}

/* Singular values alone of a small matrix, near a square: the two routines that dgesvd ends in,
 * with its bits. Half of its time goes into finding out which. False: not such a matrix. */
static bool small_svd(double *s, const double *a, int m, int n) {
    int r = m < n ? m : n, most = m < n ? n : m, info = 0;
    double size = 0;
    for (int i = 0; i < m * n; i++) {
        if (!(fabs(a[i]) < 1e135)) /* nor a number that is none */
            return false;
        size = fmax(size, fabs(a[i]));
    }
    if (r > 32 || most >= (int)(1.6 * r) || (size > 0 && size < 1e-135))
        return false;
    size_t mark = ln_work_mark();
    double *copy = ln_work_take((size_t)m * n), *e = ln_work_take(r), *left = ln_work_take(r),
           *right = ln_work_take(r), *work = ln_work_take(4 * most);
    memcpy(copy, a, (size_t)m * n * sizeof *a);
    dgebd2_(&n, &m, copy, &n, s, e, left, right, work, &info);
    dlasq1_(&r, s, e, work, &info);
    ln_work_release(mark);
    return info == 0;
}

/* Row-major A is column-major A^T = V diag(s) U^T. */
void ln_svd(double *u, double *s, double *v, const double *a, int m, int n) {
    if (!u && !v && small_svd(s, a, m, n))
        return;
    int r = m < n ? m : n, info = 0;
    int lwork = 8 * (m + n) * 4 + 64;
    size_t mark = ln_work_mark();
    double *copy = ln_work_take((size_t)m * n), *work = ln_work_take(lwork);
    double *left = ln_work_take((size_t)n * r), *right = ln_work_take((size_t)r * m);
    memcpy(copy, a, (size_t)m * n * sizeof *a);
    const char *job = u || v ? "S" : "N";
    dgesvd_(job, job, &n, &m, copy, &n, s, left, &n, right, &r, work, &lwork, &info);
    for (int i = 0; info != 0 && i < r; i++)
        s[i] = NAN;
    for (int i = 0; v && i < n; i++)
        for (int k = 0; k < r; k++)
            v[i * r + k] = left[(size_t)k * n + i];
    if (u)
        memcpy(u, right, (size_t)m * r * sizeof *u); /* column-major [r x m] is row-major [m x r] */
    ln_work_release(mark);
}

double ln_spectral_norm(const double *a, int m, int n) {
    size_t mark = ln_work_mark();
    double *s = ln_work_take(m < n ? m : n);
    ln_svd(NULL, s, NULL, a, m, n);
    double norm = s[0];
    ln_work_release(mark);
    return norm;
}

double ln_det(const double *a, int n) {
    int *pivot = ln_linalg_alloc(n, sizeof *pivot), info = 0;
    double *lu = numbers((size_t)n * n), det = 1;
    memcpy(lu, a, (size_t)n * n * sizeof *a);
    dgetrf_(&n, &n, lu, &n, pivot, &info); /* of A^T: the same determinant */
    for (int i = 0; i < n; i++)
        det *= pivot[i] == i + 1 ? lu[i * n + i] : -lu[i * n + i];
    free(lu);
    free(pivot);
    return det;
}

/* Gram-Schmidt, each column twice: orthogonal to rounding, and the sign is that of the column
 * itself. */
void ln_orthonormalise(double *a, int m, int n) {
    for (int j = 0; j < n; j++) {
        for (int pass = 0; pass < 2; pass++)
            for (int k = 0; k < j; k++) {
                double dot = cblas_ddot(m, a + k, n, a + j, n);
                cblas_daxpy(m, -dot, a + k, n, a + j, n);
            }
        cblas_dscal(m, 1.0 / cblas_dnrm2(m, a + j, n), a + j, n);
    }
}

/* LAPACK leaves R in the upper triangle; |R_jj| is the distance of column j to the span of those
 * before. */
bool ln_least_squares(double *z, const double *columns, const double *y, int m, int n) {
    int one = 1, info = 0, lwork = 33 * (m + n) + 64;
    double *a = numbers((size_t)m * n), *b = numbers(m), *work = numbers(lwork);
    memcpy(a, columns, (size_t)m * n * sizeof *a);
    memcpy(b, y, (size_t)m * sizeof *b);
    dgels_("N", &m, &n, &one, a, &m, b, &m, work, &lwork, &info);
    bool is_good = info == 0;
    for (int j = 0; is_good && j < n; j++)
        is_good = fabs(a[(size_t)j * m + j]) > 1e-12 * cblas_dnrm2(m, columns + (size_t)j * m, 1);
    memcpy(z, b, (size_t)n * sizeof *z);
    free(work);
    free(b);
    free(a);
    return is_good;
}

double ln_norm(const double *x, size_t n) {
    return cblas_dnrm2((int)n, x, 1);
}

double ln_dot(const double *x, const double *y, size_t n) {
    return cblas_ddot((int)n, x, 1, y, 1);
}

static double residual_of(ln_operator *apply, void *ctx, double lambda, const double *v,
                          double *work, int n) {
    apply(ctx, work, v);
    cblas_daxpy(n, -lambda, v, 1, work, 1);
    return cblas_dnrm2(n, work, 1);
}

/* Starts that are fixed, and not orthogonal to anything with structure; k = 0, 1, ... */
static void fill_start(double *x, int n, int k) {
    for (int i = 0; i < n; i++)
        x[i] = 1.0 + 0.37 * sin(1.0 + (k + 1) * 2.399963 * i);
}

/* A few steps of the power method: min |lambda| <= result <= ||A||. */
static double rough_norm(ln_operator *apply, void *ctx, int n) {
    enum { STEPS = 6 };
    double *x = numbers(n), *y = numbers(n), size = 0;
    fill_start(x, n, 0);
    cblas_dscal(n, 1.0 / cblas_dnrm2(n, x, 1), x, 1);
    for (int i = 0; i < STEPS && !ln_interrupt_is_due(); i++) {
        apply(ctx, y, x);
        size = cblas_dnrm2(n, y, 1);
        if (!(size > 0))
            break;
        for (int k = 0; k < n; k++)
            x[k] = y[k] / size;
    }
    free(y);
    free(x);
    return size;
}

/* ARPACK's tolerance is relative to the eigenvalue, and the least eigenvalue of a minimum is 0: it
 * would never converge. A + shift has the wanted eigenvalue at least as large as the rough norm:
 * shift = 2 end ||A||, and end lambda >= -min |lambda|. */
bool ln_lanczos_extreme(double *lambda, double *residual, ln_operator *apply, void *ctx, int n,
                        int end) {
    int ido = 0, nev = 1, ncv = n < 24 ? n : 24, ldv = n, info = 1, lworkl = ncv * (ncv + 8),
        rvec = 1, n_starts = 0;
    int iparam[11] = {[0] = 1, [2] = 500, [6] = 1}, ipntr[11] = {0};
    double tol = 1e-12, sigma = 0, shift = 2 * end * rough_norm(apply, ctx, n);
    assert(n >= 2);
    *lambda = *residual = 0;
    if (shift == 0 && !ln_interrupt_has_cut()) /* A = 0, as at the origin of three layers */
        return true;
    if (!isfinite(shift) || ln_interrupt_has_cut()) { /* a state that has diverged */
        *lambda = *residual = NAN;
        return false;
    }
    const char *which = end > 0 ? "LA" : "SA";
    double *resid = numbers(n), *v = numbers((size_t)n * ncv), *workd = numbers((size_t)3 * n);
    double *workl = numbers(lworkl), *vector = numbers(n);
    int *select = ln_linalg_alloc(ncv, sizeof *select);
    fill_start(resid, n, 0);
    while (!ln_interrupt_is_due()) {
        dsaupd_(&ido, "I", &n, which, &nev, &tol, resid, &ncv, v, &ldv, iparam, ipntr, workd, workl,
                &lworkl, &info);
        if (ido != 1 && ido != -1)
            break;
        double *x = workd + ipntr[0] - 1, *y = workd + ipntr[1] - 1;
        /* A start, or a new one where few eigenvalues leave nothing to go on with: ARPACK draws
         * that one from a seed it keeps from call to call, and the bits would follow the history of
         * the process. */
        if (ido == -1)
            fill_start(x, n, n_starts++);
        apply(ctx, y, x);
        cblas_daxpy(n, shift, x, 1, y, 1);
    }
    bool is_over = ido == 99, converged = is_over && info == 0;
    *lambda = *residual = NAN;
    if (is_over && info >= 0) {
        dseupd_(&rvec, "A", select, lambda, vector, &ldv, &sigma, "I", &n, which, &nev, &tol, resid,
                &ncv, v, &ldv, iparam, ipntr, workd, workl, &lworkl, &info);
        *lambda = info == 0 ? *lambda - shift : (double)NAN;
        if (info == 0)
            *residual = residual_of(apply, ctx, *lambda, vector, workd, n);
    }
    free(select);
    free(vector);
    free(workl);
    free(workd);
    free(v);
    free(resid);
    return converged && info == 0;
}
