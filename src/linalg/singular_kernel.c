/* One-sided Jacobi in lanes. Compiled once per instruction set with ISA defined by the build. */
#include "singular_kernel.h"

#include <math.h>
#include <stdint.h>

#include "linnet/lanes.h"

/* Lanes that fit one register (VL of the build); the others follow after them. */
enum { WIDTH = VL };
enum { GROUPS = LN_LANES / WIDTH };

typedef double lanes_t __attribute__((vector_size(WIDTH * sizeof(double))));
typedef int64_t mask_t __attribute__((vector_size(WIDTH * sizeof(double))));

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

enum { MOST_SWEEPS = 40 };

/* Two columns count as orthogonal at a cosine of 2^-50: below, rounding turns them for ever. */
static const double least_cosine = 0x1p-50;

/* Columns of length `length`, as a matrix of either form has them. */
struct columns {
    lanes_t *at;
    int count, length;
    long col, row; /* strides */
};

static inline lanes_t choose(mask_t mask, lanes_t yes, lanes_t no) {
    return (lanes_t)((mask & (mask_t)yes) | (~mask & (mask_t)no));
}

static inline lanes_t absolute(lanes_t x) {
    return (lanes_t)((mask_t)x & INT64_MAX);
}

static inline lanes_t root(lanes_t x) {
    for (int lane = 0; lane < WIDTH; lane++)
        x[lane] = sqrt(x[lane]);
    return x;
}

static inline int any(mask_t mask) {
    int64_t some = 0;
    for (int lane = 0; lane < WIDTH; lane++)
        some |= mask[lane];
    return some != 0;
}

static inline lanes_t dot(const struct columns *c, int i, int j) {
    lanes_t sum = {0};
    for (int k = 0; k < c->length; k++)
        sum += c->at[i * c->col + k * c->row] * c->at[j * c->col + k * c->row];
    return sum;
}

/* x - t y and y + t x, both times cos: every sum is one FMA, whoever compiles it. */
static inline void turn(const struct columns *c, int i, int j, lanes_t t, lanes_t cos) {
    for (int k = 0; k < c->length; k++) {
        lanes_t *x = &c->at[i * c->col + k * c->row], *y = &c->at[j * c->col + k * c->row];
        lanes_t from = *x;
        *x = cos * (*x - t * *y);
        *y = cos * (*y + t * from);
    }
}

/* Makes columns i and j orthogonal in the lanes where they are not. Returns whether there were any.
 */
static inline int rotate(const struct columns *c, int i, int j) {
    const lanes_t one = 1.0 - (lanes_t){0};
    lanes_t a = dot(c, i, i), b = dot(c, j, j), g = dot(c, i, j);
    mask_t is_skew = (mask_t)(g * g > (least_cosine * least_cosine) * (a * b));
    if (!any(is_skew))
        return 0;
    lanes_t zeta = (b - a) / choose(is_skew, 2.0 * g, one);
    lanes_t t = 1.0 / (absolute(zeta) + root(1.0 + zeta * zeta));
    t = (lanes_t)((mask_t)t | ((mask_t)zeta & INT64_MIN));
    t = choose(is_skew, t, (lanes_t){0});
    turn(c, i, j, t, 1.0 / root(1.0 + t * t));
    return 1;
}

/* Powers of two that bring the largest entry of every lane to [1, 2), so that no square is lost. */
static inline lanes_t normalise(lanes_t *a, int size) {
    const mask_t exponent = 0x7ffLL << 52 | (mask_t){0};
    lanes_t most = {0};
    for (int i = 0; i < size; i++) {
        lanes_t x = absolute(a[i * GROUPS]);
        most = choose((mask_t)(x > most), x, most);
    }
    mask_t scale = (mask_t)most & exponent;
    mask_t is_zero = scale == 0;
    scale = (scale & ~is_zero) | (is_zero & (1023LL << 52));
    lanes_t shrink = (lanes_t)((2046LL << 52) - scale);
    for (int i = 0; i < size; i++)
        a[i * GROUPS] *= shrink;
    return (lanes_t)scale;
}

static inline void sort(lanes_t *s, int count) {
    for (int last = count - 1; last > 0; last--)
        for (int i = 0; i < last; i++) {
            lanes_t *x = &s[i * GROUPS], *y = x + GROUPS, larger = *x;
            mask_t is_behind = (mask_t)(*x < *y);
            *x = choose(is_behind, *y, *x);
            *y = choose(is_behind, larger, *y);
        }
}

static inline __attribute__((always_inline)) void values(lanes_t *s, lanes_t *a, int m, int n) {
    struct columns c = m >= n ? (struct columns){a, n, m, GROUPS, (long)n * GROUPS}
                              : (struct columns){a, m, n, (long)n * GROUPS, GROUPS};
    lanes_t scale = normalise(a, m * n);
    int turned = 1;
    for (int sweep = 0; turned && sweep < MOST_SWEEPS; sweep++) {
        turned = 0;
        for (int i = 0; i < c.count; i++)
            for (int j = i + 1; j < c.count; j++)
                turned |= rotate(&c, i, j);
    }
    for (int i = 0; i < c.count; i++)
        s[i * GROUPS] = scale * root(dot(&c, i, i));
    sort(s, c.count);
}

static void group(lanes_t *s, lanes_t *a, int m, int n) {
    switch (m == n ? m : 0) {
    case 2:
        values(s, a, 2, 2);
        break;
    case 3:
        values(s, a, 3, 3);
        break;
    case 4:
        values(s, a, 4, 4);
        break;
    case 5:
        values(s, a, 5, 5);
        break;
    default:
        values(s, a, m, n);
    }
}

void JOIN(ln_singular_, ISA)(double *s, double *a, int m, int n) {
    for (int i = 0; i < GROUPS; i++)
        group((lanes_t *)s + i, (lanes_t *)a + i, m, n);
}
