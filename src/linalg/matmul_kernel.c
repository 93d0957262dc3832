/* Compiled once per instruction set with ISA and VL defined by the build: every element is one
 * chain of FMAs, k ascending, as in lanes and in OpenBLAS at these sizes. */
#include "matmul_kernel.h"

#include "linnet/fma.h"

void LN_JOIN(ln_matmul_, ISA)(double *c, const double *a, long a_row, long a_col, const double *b,
                              long b_row, long b_col, int m, int n, int k) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++)
                sum = ln_plus_product_1(sum, a[i * a_row + l * a_col], b[l * b_row + j * b_col]);
            c[i * n + j] = sum;
        }
}
