/* Vectors of the instruction set at hand: VL numbers, given by the build. An element of LN_LANES
 * problems is PARTS of them. */
#ifndef LINNET_LINALG_LANES_VEC_H
#define LINNET_LINALG_LANES_VEC_H

#include <stdbool.h>

#include "linnet/fma.h"
#include "linnet/lanes.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))

/* Of a tile: TILE rows and columns, or one row or column of THIN. */
enum { MOST_IN_TILE = TILE * TILE > THIN ? TILE *TILE : THIN };

/* Before a loop over constants whose body keeps its arrays in registers only when unrolled. */
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#define NOT_UNROLLED _Pragma("clang loop unroll(disable)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#define NOT_UNROLLED _Pragma("GCC unroll 1")
#endif

typedef ln_vec_t vec_t;

enum { PARTS = LN_LANES / VL };

/* Masks are only compared, combined and asked for by the names below. */
#if VL == 8
typedef __mmask8 mask_t;
ALWAYS_INLINE mask_t is_greater(vec_t a, vec_t b) {
    return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ);
}
ALWAYS_INLINE vec_t pick(mask_t mask, vec_t yes, vec_t no) {
    return _mm512_mask_blend_pd(mask, no, yes);
}
ALWAYS_INLINE bool is_full(mask_t mask) {
    return mask == 0xff;
}
ALWAYS_INLINE mask_t both(mask_t a, mask_t b) {
    return a & b;
}
#elif VL == 4
typedef vec_t mask_t;
ALWAYS_INLINE mask_t is_greater(vec_t a, vec_t b) {
    return _mm256_cmp_pd(a, b, _CMP_GT_OQ);
}
ALWAYS_INLINE vec_t pick(mask_t mask, vec_t yes, vec_t no) {
    return _mm256_blendv_pd(no, yes, mask);
}
ALWAYS_INLINE bool is_full(mask_t mask) {
    return _mm256_movemask_pd(mask) == 0xf;
}
ALWAYS_INLINE mask_t both(mask_t a, mask_t b) {
    return _mm256_and_pd(a, b);
}
#else
typedef long long mask_t __attribute__((vector_size(VL * sizeof(long long))));
ALWAYS_INLINE mask_t is_greater(vec_t a, vec_t b) {
    return a > b;
}
ALWAYS_INLINE vec_t pick(mask_t mask, vec_t yes, vec_t no) {
    return (vec_t)((mask & (mask_t)yes) | (~mask & (mask_t)no));
}
ALWAYS_INLINE bool is_full(mask_t mask) {
    bool full = true;
    for (int i = 0; i < VL; i++)
        full &= mask[i] != 0;
    return full;
}
ALWAYS_INLINE mask_t both(mask_t a, mask_t b) {
    return a & b;
}
#endif

#endif
