/* Compiled once per instruction set, with ISA, VL (doubles of a vector) and TILE (accumulators
 * that stay in registers, 8 or 24) defined by the build. In lanes a number of the matrix is
 * broadcast and the vector is across the lanes; alone, the vector is across the rows of a panel. */
#include "shared_kernel.h"

#include <stdbool.h>

#include "linnet/fma.h"
#include "linnet/lanes.h"

typedef double vector_t __attribute__((vector_size(VL * sizeof(double)), aligned(8)));

#define INLINE static inline __attribute__((always_inline))

INLINE const vector_t *load(const double *at) {
    return (const vector_t *)at;
}

/* A matrix by its strides: element (i, k) stands at at[i * row + k * column], one of them 1. */
struct view {
    const double *at;
    long row, column, ahead;
};

/* The k-th part of the numbers that lie `ahead` of a tile's. */
INLINE void fetch(struct view a, long k, const int rows) {
    const double *part = a.at + a.ahead + k * (a.row == 1 ? a.column : rows);
    for (int i = 0; i < rows; i += 8)
        __builtin_prefetch(part + i);
}

/* A vector's worth of lanes of `rows` elements: out_i += sum over k < n of a_ik in_k. */
INLINE void tile(double *out, struct view a, const double *in, int n, const int rows,
                 const bool fetches) {
    vector_t acc[24];
    for (int i = 0; i < rows; i++)
        acc[i] = *load(out + i * LN_LANES);
    for (long k = 0; k < n; k++) {
        if (fetches)
            fetch(a, k, rows);
        for (int i = 0; i < rows; i++)
            acc[i] = ln_plus_product(acc[i], ln_vec_of(a.at[i * a.row + k * a.column]),
                                     *load(in + k * LN_LANES));
    }
    for (int i = 0; i < rows; i++)
        *(vector_t *)(out + i * LN_LANES) = acc[i];
}

INLINE void tile_of_lanes(double *out, struct view a, const double *in, int n, const int rows) {
    if (a.ahead)
        tile(out, a, in, n, rows, true);
    else
        tile(out, a, in, n, rows, false);
    for (int part = VL; part < LN_LANES; part += VL)
        tile(out + part, a, in + part, n, rows, false);
}

/* `count` elements, a multiple of 8. */
INLINE void tiles(double *out, struct view a, const double *in, int n, int count) {
    int i = 0;
#if TILE == 24
    for (; i + 24 <= count; i += 24, a.at += 24 * a.row)
        tile_of_lanes(out + i * LN_LANES, a, in, n, 24);
    if (i + 16 <= count) {
        tile_of_lanes(out + i * LN_LANES, a, in, n, 16);
        i += 16;
        a.at += 16 * a.row;
    }
#endif
    for (; i < count; i += 8, a.at += 8 * a.row)
        tile_of_lanes(out + i * LN_LANES, a, in, n, 8);
}

INLINE void down_alone(double *out, const double *panel, const double *in, const int width,
                       int columns) {
    vector_t acc[24 / VL];
    for (int i = 0; i < width / VL; i++)
        acc[i] = *load(out + i * VL);
    for (long k = 0; k < columns; k++)
        for (int i = 0; i < width / VL; i++)
            acc[i] = ln_plus_product(acc[i], *load(panel + k * width + i * VL), ln_vec_of(in[k]));
    for (int i = 0; i < width / VL; i++)
        *(vector_t *)(out + i * VL) = acc[i];
}

/* One round of a transposition: rows `far` apart trade their blocks of `far` numbers. */
#if VL == 8
#define TRADE_1(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define TRADED_1(a, b) __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define TRADE_2(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define TRADED_2(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define TRADE_4(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define TRADED_4(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#elif VL == 4
#define TRADE_1(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define TRADED_1(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#define TRADE_2(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define TRADED_2(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#else
#define TRADE_1(a, b) __builtin_shufflevector(a, b, 0, 2)
#define TRADED_1(a, b) __builtin_shufflevector(a, b, 1, 3)
#endif
#define TRADE_ROWS(far)                                                                            \
    for (int i = 0; i < VL; i++)                                                                   \
        if (!(i & far)) {                                                                          \
            vector_t low = TRADE_##far(rows[i], rows[i + far]);                                    \
            rows[i + far] = TRADED_##far(rows[i], rows[i + far]);                                  \
            rows[i] = low;                                                                         \
        }

INLINE void transpose(vector_t rows[VL]) {
    TRADE_ROWS(1)
#if VL > 2
    TRADE_ROWS(2)
#endif
#if VL > 4
    TRADE_ROWS(4)
#endif
}

/* Columns are the vector here: each keeps its chain over the rows of the panel. */
INLINE void up_alone(double *out, const double *panel, const double *in, const int width,
                     int columns) {
    for (long k = 0; k < columns; k += VL, panel += VL * width) {
        vector_t sum = *load(out + k), block[VL];
        for (int i = 0; i < width; i += VL) {
            for (int j = 0; j < VL; j++)
                block[j] = *load(panel + j * width + i);
            transpose(block);
            for (int j = 0; j < VL; j++)
                sum = ln_plus_product(sum, block[j], ln_vec_of(in[i + j]));
        }
        *(vector_t *)(out + k) = sum;
    }
}

INLINE void down_width(double *out, const struct ln_panel *panel, const double *in, const int width,
                       int lanes) {
    if (lanes == LN_LANES)
        tiles(out, (struct view){panel->at, 1, width, panel->ahead}, in, panel->columns, width);
    else
        down_alone(out, panel->at, in, width, panel->columns);
}

INLINE void up_width(double *out, const struct ln_panel *panel, const double *in, const int width,
                     int lanes) {
    if (lanes == LN_LANES)
        tiles(out, (struct view){panel->at, width, 1, panel->ahead}, in, width, panel->columns);
    else
        up_alone(out, panel->at, in, width, panel->columns);
}

/* The width is a constant in each branch. */
static void down(double *out, const struct ln_panel *panel, const double *in, int lanes) {
    if (panel->width == 24)
        down_width(out, panel, in, 24, lanes);
    else if (panel->width == 16)
        down_width(out, panel, in, 16, lanes);
    else
        down_width(out, panel, in, 8, lanes);
}

static void up(double *out, const struct ln_panel *panel, const double *in, int lanes) {
    if (panel->width == 24)
        up_width(out, panel, in, 24, lanes);
    else if (panel->width == 16)
        up_width(out, panel, in, 16, lanes);
    else
        up_width(out, panel, in, 8, lanes);
}

/* `chains` chains of a vector each, `stride` numbers from one to the next. */
INLINE void dot_part(double *sums, const double *a, const double *b, long n, const int stride,
                     const int chains) {
    vector_t acc[8];
    for (int c = 0; c < chains; c++)
        acc[c] = *load(sums + c * stride);
    for (long at = 0; at < n; at += chains * stride)
        for (int c = 0; c < chains; c++)
            acc[c] =
                ln_plus_product(acc[c], *load(a + at + c * stride), *load(b + at + c * stride));
    for (int c = 0; c < chains; c++)
        *(vector_t *)(sums + c * stride) = acc[c];
}

static void dot(double *sums, const double *a, const double *b, int n, int lanes) {
    if (lanes == LN_LANES)
        for (int part = 0; part < LN_LANES; part += VL)
            dot_part(sums + part, a + part, b + part, (long)n * LN_LANES, LN_LANES, 8);
    else
        dot_part(sums, a, b, n, VL, 8 / VL);
}

const struct ln_shared_isa LN_JOIN(ln_shared_isa_, ISA) = {down, up, dot};
