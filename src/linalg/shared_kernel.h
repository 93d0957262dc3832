/* Products of a panel with lanes, once per instruction set. */
#ifndef LINNET_SHARED_KERNEL_H
#define LINNET_SHARED_KERNEL_H

enum { LN_PANEL = 24 };

/* `width` rows of a matrix, column after column: element (i, k) stands at at[k * width + i]; width:
 * 8, 16 or 24. ahead: where the numbers stand that are wanted soon, from those in hand; 0: they are
 * near already. */
struct ln_panel {
    const double *at;
    int width, columns;
    long ahead;
};

struct ln_shared_isa {
    /* out [width][lanes] += panel [width x columns] in [columns][lanes] */
    void (*down)(double *out, const struct ln_panel *panel, const double *in, int lanes);
    /* out [columns][lanes] += panel^T in [width][lanes]; columns is a multiple of 8 */
    void (*up)(double *out, const struct ln_panel *panel, const double *in, int lanes);
    /* sums[(i mod 8)][lanes] += a[i] b[i], i < n, n a multiple of 8 */
    void (*dot)(double *sums, const double *a, const double *b, int n, int lanes);
};

extern const struct ln_shared_isa ln_shared_isa_avx512, ln_shared_isa_avx2, ln_shared_isa_portable;

#endif
