/* Dense linear algebra: thin wrappers of BLAS and LAPACK on raw row-major arrays.
 *
 * Shapes are written [rows x cols]. Outputs come first, sizes last. Work space comes from
 * ln_linalg_alloc, which ends the process where there is no memory. OpenBLAS runs with one thread.
 */
#ifndef LINNET_LINALG_H
#define LINNET_LINALG_H

#include <stdbool.h>
#include <stddef.h>

/* Call once per process before anything else: one BLAS thread; denormals flushed (FTZ and DAZ are
 * part of the definition of a result: without them a step can be a hundred times slower);
 * OpenBLAS's kernels pinned to what the CPU can do (AVX-512: SkylakeX, AVX2 and FMA: Haswell)
 * unless OPENBLAS_CORETYPE is set, where the library lets itself be asked. LINNET_ISA has no say in
 * it. */
void ln_linalg_start(void);

/* Whether this thread flushes denormals. */
bool ln_linalg_flushes(void);

/* What decides the bits of a result on this machine: "FMA, FTZ+DAZ, OpenBLAS core SkylakeX". Static
 * text. */
const char *ln_linalg_cpu_kind(void);

/* Version and core type of OpenBLAS, and who chose it. Static text. */
const char *ln_linalg_blas(void);

/* count * size bytes, 64-byte aligned, zeroed; ends the process with a message if there is no
 * memory. Ownership: free(). */
void *ln_linalg_alloc(size_t count, size_t size);

/* C [m x n] = A [m x k] B [k x n], with A or B stored transposed where said. */
void ln_matmul(double *c, const double *a, bool a_transposed, const double *b, bool b_transposed,
               int m, int n, int k);

/* A [n x n] symmetric = V diag(w) V^T; w ascending; columns of V are the vectors. v may be NULL; v
 * may be a. */
void ln_sym_eig(double *w, double *v, const double *a, int n);

/* Largest (end = +1) or smallest (end = -1) eigenvalue of symmetric A [n x n], as accurate as
 * ln_sym_eig at half its cost; NaN for a matrix that is not finite. */
double ln_sym_extreme(const double *a, int n, int end);

/* A [n x n] = V diag(w) V^T. a is neither v nor w. */
void ln_sym_compose(double *a, const double *v, const double *w, int n);

/* A [m x n] = U diag(s) V^T with r = min(m, n): U [m x r], s [r] descending, V [n x r]. u and v may
 * be NULL. */
void ln_svd(double *u, double *s, double *v, const double *a, int m, int n);

/* Largest singular value of A [m x n]. */
double ln_spectral_norm(const double *a, int m, int n);

/* det A [n x n], by LU with row exchanges. */
double ln_det(const double *a, int n);

/* Orthonormalises the columns of A [m x n] of full rank n <= m in place (QR with positive diagonal:
 * Gaussian columns give a Haar-distributed frame). */
void ln_orthonormalise(double *a, int m, int n);

/* z [n] minimises ||A z - y||, A [m x n], n <= m, given by its columns: n blocks of m numbers. By
 * QR (LAPACK). Returns false where a column depends on those before it to 12 digits. */
bool ln_least_squares(double *z, const double *columns, const double *y, int m, int n);

double ln_norm(const double *x, size_t n); /* 2-norm, Frobenius norm of a matrix */
double ln_dot(const double *x, const double *y, size_t n);

/* y = A x for the symmetric operator of size n. */
typedef void ln_operator(void *ctx, double *y, const double *x);

/* Largest (end = +1) or smallest (end = -1) eigenvalue of a symmetric operator of size n >= 2,
 * algebraically, by implicitly restarted Lanczos (ARPACK). residual: ||A v - lambda v||. Returns
 * false if it did not converge (then the best estimate is given, NaN for an operator that is not
 * finite, or where it was interrupted: interrupt.h). All start vectors are fixed: the bits do not
 * depend on earlier calls. */
bool ln_lanczos_extreme(double *lambda, double *residual, ln_operator *apply, void *ctx, int n,
                        int end);

#endif
