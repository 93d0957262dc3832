/* Lane-packed products: many small problems of one shape advance together.
 *
 * Element e of lane l stands at x[e * lanes + l]. Small shapes run LN_LANES problems side by side
 * in SIMD lanes; larger ones run alone (lanes = 1) in a padded kernel, the largest on OpenBLAS.
 * Which of the two is decided by the shape alone (ln_lanes_for), so the bits of a point never
 * depend on its neighbours. In lanes every element of a product is one chain c = fma(a_k, b_k, c),
 * k ascending, from c = 0, whatever the tile and the instruction set. */
#ifndef LINNET_LANES_H
#define LINNET_LANES_H

enum { LN_LANES = 8 };

/* Lanes for a chain with `n_layers` layers whose largest width is max_width: LN_LANES or 1. */
int ln_lanes_for(int n_layers, int max_width);

/* C [m x n] = A [m x k] B [k x n] in every lane. Suffix: n stored as is, t stored transposed (A or
 * B). */
void ln_lanes_nn(double *c, const double *a, const double *b, int m, int n, int k, int lanes);
void ln_lanes_tn(double *c, const double *a, const double *b, int m, int n, int k, int lanes);
void ln_lanes_nt(double *c, const double *a, const double *b, int m, int n, int k, int lanes);

/* Elementwise on n elements: c = a - b; c -= eta[lane] * a. */
void ln_lanes_subtract(double *c, const double *a, const double *b, int n, int lanes);
void ln_lanes_axpy(double *c, const double *eta, const double *a, int n, int lanes);

/* out[lane] = 1/2 <A, B>, both [m x n]. Element (i, j) is added, by FMA and in the order of the
 * rows, to the partial sum s[i mod 2][j mod 8]; with t[c] = s[0][c] + s[1][c] the sum is ((t0 + t4)
 * + (t2 + t6)) + ((t1 + t5) + (t3 + t7)) (ln_lanes_add_up): an order that a vector of one problem
 * and a lane of eight can both follow. */
void ln_lanes_half_dot(double *out, const double *a, const double *b, int m, int n, int lanes);

/* The eight partial sums of one problem, `stride` numbers apart, in the order above. */
static inline double ln_lanes_add_up(const double *t, int stride) {
    return ((t[0] + t[4 * stride]) + (t[2 * stride] + t[6 * stride])) +
           ((t[stride] + t[5 * stride]) + (t[3 * stride] + t[7 * stride]));
}

/* out[lane] = a fixed linear functional of w [n]: element e is added by FMA to the partial sum e
 * mod 8, and these are added up as above. It tells apart states of equal loss (w and -w). */
void ln_lanes_signature(double *out, const double *functional, const double *w, int n, int lanes);

/* What kernels are compiled for, in the order in which the first that the CPU has is taken. Tables
 * of kernels have one entry for each. */
enum ln_lanes_set { LN_LANES_AVX512, LN_LANES_AVX2, LN_LANES_PORTABLE, LN_LANES_N_SETS };

/* The instruction set in use, chosen once (LINNET_ISA forces one that the CPU has), and its name:
 * "avx512", "avx2" or "portable". */
enum ln_lanes_set ln_lanes_set(void);
const char *ln_lanes_isa(void);

#endif
