/* Compiled once per instruction set with ISA defined by the build: every element is one chain of
 * FMAs, k ascending, as in lanes and in OpenBLAS at these sizes. */
#include "matmul_kernel.h"

/* Said outright: left to itself the compiler takes the products of a row in a vector and the sums
 * one by one, which is no chain of FMAs. */
#ifdef __FMA__
#define MULTIPLY_ADD(a, b, c) __builtin_fma(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

void JOIN(ln_matmul_, ISA)(double *c, const double *a, long a_row, long a_col, const double *b,
                           long b_row, long b_col, int m, int n, int k) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++)
                sum = MULTIPLY_ADD(a[i * a_row + l * a_col], b[l * b_row + j * b_col], sum);
            c[i * n + j] = sum;
        }
}
