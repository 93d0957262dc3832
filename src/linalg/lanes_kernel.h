/* The lane kernel once per instruction set: C [m x n] = A B or, with eta, C -= eta A B. Strides in
 * elements. */
#ifndef LINNET_LANES_KERNEL_H
#define LINNET_LANES_KERNEL_H

typedef void ln_lanes_product(double *c, const double *eta, const double *a, long a_row, long a_col,
                              const double *b, long b_row, long b_col, int m, int n, int k);

/* Elementwise companions, see linnet/lanes.h. */
typedef void ln_lanes_difference(double *c, const double *a, const double *b, int n);
typedef void ln_lanes_update(double *c, const double *eta, const double *a, int n);
typedef void ln_lanes_sum(double *out, const double *a, const double *b, int m, int n, int lanes);
typedef void ln_lanes_functional(double *out, const double *functional, const double *w, int n,
                                 int lanes);

struct ln_lanes_isa {
    const char *name;
    ln_lanes_product *product;
    ln_lanes_difference *difference;
    ln_lanes_update *update;
    ln_lanes_sum *half_dot;
    ln_lanes_functional *signature;
};

extern const struct ln_lanes_isa ln_lanes_isa_avx512, ln_lanes_isa_avx2, ln_lanes_isa_portable;

#endif
