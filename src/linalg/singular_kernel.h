/* The kernel of ln_lanes_singular, once per instruction set. */
#ifndef LINNET_SINGULAR_KERNEL_H
#define LINNET_SINGULAR_KERNEL_H

typedef void ln_singular_kernel(double *s, double *a, int m, int n);

extern ln_singular_kernel ln_singular_avx512, ln_singular_avx2, ln_singular_portable;

#endif
