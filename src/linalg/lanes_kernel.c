/* The lane kernel. Compiled once per instruction set with ISA, TILE_ROWS and TILE_COLS defined by
 * the build. */
#include "lanes_kernel.h"

#include "linnet/lanes.h"

/* One element of LN_LANES problems. */
typedef double lanes_t __attribute__((vector_size(LN_LANES * sizeof(double))));

#define TEXT2(a) #a
#define TEXT(a) TEXT2(a)
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

struct operand {
    const lanes_t *at;
    long row, col; /* strides, in elements */
};

/* c [rows x cols] = sum over k; the accumulators stay in registers, so rows and cols are constants
 * where this is expanded. Starting from zero keeps the chain of FMAs unambiguous for the compiler.
 */
static inline __attribute__((always_inline)) void tile(lanes_t *c, long ldc, struct operand a,
                                                       struct operand b, int k, const int rows,
                                                       const int cols, const double *eta) {
    lanes_t acc[TILE_ROWS][TILE_COLS] = {{{0}}};
    for (long p = 0; p < k; p++)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < cols; j++)
                acc[i][j] += a.at[i * a.row + p * a.col] * b.at[p * b.row + j * b.col];
    const lanes_t *step = (const lanes_t *)eta;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            c[i * ldc + j] = eta ? c[i * ldc + j] - *step * acc[i][j] : acc[i][j];
}

/* A row of tiles of fixed height; the width is a constant in each branch. */
static inline __attribute__((always_inline)) void panel(lanes_t *c, struct operand a,
                                                        struct operand b, int n, int k,
                                                        const int rows, const double *eta) {
    int j = 0;
    for (; j + TILE_COLS <= n; j += TILE_COLS) {
        struct operand shifted = {b.at + j * b.col, b.row, b.col};
        tile(c + j, n, a, shifted, k, rows, TILE_COLS, eta);
    }
    struct operand rest = {b.at + j * b.col, b.row, b.col};
    switch (n - j) {
    case 1:
        tile(c + j, n, a, rest, k, rows, 1, eta);
        break;
#if TILE_COLS > 2
    case 2:
        tile(c + j, n, a, rest, k, rows, 2, eta);
        break;
#endif
#if TILE_COLS > 3
    case 3:
        tile(c + j, n, a, rest, k, rows, 3, eta);
        break;
#endif
    default:
        break;
    }
}

static void product(double *c, const double *eta, const double *a, long a_row, long a_col,
                    const double *b, long b_row, long b_col, int m, int n, int k) {
    lanes_t *out = (lanes_t *)c;
    struct operand left = {(const lanes_t *)a, a_row, a_col};
    struct operand right = {(const lanes_t *)b, b_row, b_col};
    int i = 0;
    for (; i + TILE_ROWS <= m; i += TILE_ROWS, left.at += TILE_ROWS * a_row)
        panel(out + (long)i * n, left, right, n, k, TILE_ROWS, eta);
    switch (m - i) {
    case 1:
        panel(out + (long)i * n, left, right, n, k, 1, eta);
        break;
#if TILE_ROWS > 2
    case 2:
        panel(out + (long)i * n, left, right, n, k, 2, eta);
        break;
#endif
#if TILE_ROWS > 3
    case 3:
        panel(out + (long)i * n, left, right, n, k, 3, eta);
        break;
#endif
    default:
        break;
    }
}

static void difference(double *c, const double *a, const double *b, int n) {
    for (int i = 0; i < n; i++)
        ((lanes_t *)c)[i] = ((const lanes_t *)a)[i] - ((const lanes_t *)b)[i];
}

static void update(double *c, const double *eta, const double *a, int n) {
    for (int i = 0; i < n; i++)
        ((lanes_t *)c)[i] -= *(const lanes_t *)eta * ((const lanes_t *)a)[i];
}

enum { CLASSES = 8 };

static inline __attribute__((always_inline)) lanes_t add_up(const lanes_t *s) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static void half_dot_lanes(double *out, const lanes_t *a, const lanes_t *b, int m, int n) {
    lanes_t sum[2][CLASSES] = {{{0}}};
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            sum[i % 2][j % CLASSES] += a[(long)i * n + j] * b[(long)i * n + j];
    for (int c = 0; c < CLASSES; c++)
        sum[0][c] += sum[1][c];
    *(lanes_t *)out = 0.5 * add_up(sum[0]);
}

static void half_dot_alone(double *out, const double *a, const double *b, int m, int n) {
    double sum[2][CLASSES] = {{0}};
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            sum[i % 2][j % CLASSES] += a[(long)i * n + j] * b[(long)i * n + j];
    for (int c = 0; c < CLASSES; c++)
        sum[0][c] += sum[1][c];
    const double *t = sum[0];
    out[0] = 0.5 * (((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7])));
}

static void half_dot(double *out, const double *a, const double *b, int m, int n, int lanes) {
    if (lanes == LN_LANES)
        half_dot_lanes(out, (const lanes_t *)a, (const lanes_t *)b, m, n);
    else
        half_dot_alone(out, a, b, m, n);
}

static void signature(double *out, const double *functional, const double *w, int n, int lanes) {
    for (int lane = 0; lane < lanes; lane++) {
        double s[CLASSES] = {0};
        for (int e = 0; e < n; e++)
            s[e % CLASSES] += functional[e] * w[(long)e * lanes + lane];
        out[lane] = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    }
}

const struct ln_lanes_isa JOIN(ln_lanes_isa_, ISA) = {TEXT(ISA), product,  difference,
                                                      update,    half_dot, signature};
