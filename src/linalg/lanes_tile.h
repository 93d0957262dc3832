/* Tiles of a lane-packed product: a few elements of C whose sums stay in registers while the inner
 * index runs. Everything here is expanded where the size of the tile is a constant. */
#ifndef LINNET_LINALG_LANES_TILE_H
#define LINNET_LINALG_LANES_TILE_H

#include "lanes_kernel.h"
#include "lanes_vec.h"

/* Element (i, k) of a matrix stands at at[i * row + k * col]; strides in vectors. */
struct operand {
    const vec_t *at;
    long row, col;
};

/* A [m x k] and B [k x n] of a product of this form; one stride of each is a constant. */
ALWAYS_INLINE struct operand left_of(const enum ln_chain_form form, const vec_t *a, int m, int k) {
    return form == LN_CHAIN_TN ? (struct operand){a, PARTS, (long)m * PARTS}
                               : (struct operand){a, (long)k * PARTS, PARTS};
}

ALWAYS_INLINE struct operand right_of(const enum ln_chain_form form, const vec_t *b, int n, int k) {
    return form == LN_CHAIN_NT ? (struct operand){b, PARTS, (long)k * PARTS}
                               : (struct operand){b, (long)n * PARTS, PARTS};
}

/* C = sum, or C -= eta sum. */
ALWAYS_INLINE void put(vec_t *c, long ldc, const vec_t *sum, const int rows, const int cols,
                       const bool descends, const vec_t *eta) {
    UNROLLED
    for (int i = 0; i < rows; i++) {
        UNROLLED
        for (int j = 0; j < cols; j++) {
            vec_t *at = &c[i * ldc + j * PARTS];
            *at = descends ? ln_less_product(*at, *eta, sum[i * cols + j]) : sum[i * cols + j];
        }
    }
}

/* rows x cols sums over k, each one chain of FMAs from zero. */
ALWAYS_INLINE void tile(vec_t *c, long ldc, struct operand a, struct operand b, int k,
                        const int rows, const int cols, const bool descends, const vec_t *eta) {
    vec_t sum[MOST_IN_TILE];
    UNROLLED
    for (int e = 0; e < rows * cols; e++)
        sum[e] = (vec_t){0};
    NOT_UNROLLED
    for (long p = 0; p < k; p++) {
        vec_t row[MOST_IN_TILE];
        UNROLLED
        for (int j = 0; j < cols; j++)
            row[j] = b.at[p * b.row + j * b.col];
        UNROLLED
        for (int i = 0; i < rows; i++) {
            vec_t x = a.at[i * a.row + p * a.col];
            UNROLLED
            for (int j = 0; j < cols; j++)
                sum[i * cols + j] = ln_plus_product(sum[i * cols + j], x, row[j]);
        }
    }
    put(c, ldc, sum, rows, cols, descends, eta);
}

/* down x along equal tiles. */
ALWAYS_INLINE void tiles(vec_t *c, long ldc, struct operand a, struct operand b, int k, int down,
                         int along, const int rows, const int cols, const bool descends,
                         const vec_t *eta) {
    for (int part = 0; part < PARTS; part++)
        for (int i = 0; i < down; i++) {
            struct operand left = {a.at + part + i * rows * a.row, a.row, a.col};
            for (int j = 0; j < along; j++) {
                struct operand right = {b.at + part + j * cols * b.col, b.row, b.col};
                tile(c + part + i * rows * ldc + j * cols * PARTS, ldc, left, right, k, rows, cols,
                     descends, descends ? eta + part : eta);
            }
        }
}

#endif
