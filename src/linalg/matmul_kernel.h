/* Products too small for a call of BLAS, once per instruction set. Strides in elements. */
#ifndef LINNET_MATMUL_KERNEL_H
#define LINNET_MATMUL_KERNEL_H

typedef void ln_matmul_kernel(double *c, const double *a, long a_row, long a_col, const double *b,
                              long b_row, long b_col, int m, int n, int k);

extern ln_matmul_kernel ln_matmul_avx512, ln_matmul_avx2, ln_matmul_portable;

#endif
