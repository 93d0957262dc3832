/* Sums over the elements of a matrix in the order of linnet/lanes.h. */
#ifndef LINNET_LINALG_LANES_SUM_H
#define LINNET_LINALG_LANES_SUM_H

#include "lanes_vec.h"

enum { CLASSES = 8 };

/* Of the partial sums t[0 .. used - 1]. The others are zeros, and to add those changes nothing
 * unless a sum is -0: a sum of squares never is. */
ALWAYS_INLINE vec_t add_up(const vec_t *t, const int used) {
    vec_t t0 = used > 4 ? t[0] + t[4] : t[0], t1 = used > 5 ? t[1] + t[5] : t[1];
    vec_t t2 = used > 6 ? t[2] + t[6] : t[2], t3 = used > 7 ? t[3] + t[7] : t[3];
    vec_t even = used > 2 ? t0 + t2 : t0, odd = used > 3 ? t1 + t3 : t1;
    return used > 1 ? even + odd : even;
}

/* Every second row of a and b, ld = n; rest = n mod CLASSES; elements are `apart` vectors apart. */
ALWAYS_INLINE void sum_rows(vec_t *sum, const vec_t *a, const vec_t *b, int rows, int n,
                            const int rest, const int apart) {
    UNROLLED
    for (int c = 0; c < CLASSES; c++)
        sum[c] = (vec_t){0};
    for (int i = 0; i < rows; i++) {
        const vec_t *x = a + 2L * i * n * apart, *y = b + 2L * i * n * apart;
        for (int j = rest; j < n; j += CLASSES, x += CLASSES * apart, y += CLASSES * apart) {
            UNROLLED
            for (int c = 0; c < CLASSES; c++)
                sum[c] = ln_plus_product(sum[c], x[c * apart], y[c * apart]);
        }
        UNROLLED
        for (int c = 0; c < rest; c++)
            sum[c] = ln_plus_product(sum[c], x[c * apart], y[c * apart]);
    }
}

/* 1/2 <A, B>, both m x n with m > 0; used: classes that are not known to be zero. */
ALWAYS_INLINE vec_t half_dot_of(const vec_t *a, const vec_t *b, int m, int n, const int rest,
                                const int used, const int apart) {
    vec_t even[CLASSES], odd[CLASSES];
    sum_rows(even, a, b, (m + 1) / 2, n, rest, apart);
    sum_rows(odd, a + (long)n * apart, b + (long)n * apart, m / 2, n, rest, apart);
    UNROLLED
    for (int c = 0; c < CLASSES; c++)
        even[c] += odd[c];
    return 0.5 * add_up(even, used);
}

#endif
