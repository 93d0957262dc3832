/* For kernels that are compiled once per instruction set, with VL, the doubles of a vector, given
 * by the build: products and sums with one rounding, by name. Left to themselves compilers fuse a *
 * b + c where they see both in one block, at some levels of optimisation and for some CPUs; the
 * bits of a result must not depend on it. Where the set has no FMA the product is rounded by
 * itself, always: everything is compiled with -ffp-contract=off. */
#ifndef LINNET_FMA_H
#define LINNET_FMA_H

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* name_ISA, the names of what is compiled once per set: LN_JOIN(name_, ISA). */
#define LN_JOIN_NOW(a, b) a##b
#define LN_JOIN(a, b) LN_JOIN_NOW(a, b)

#define LN_FMA_INLINE static inline __attribute__((always_inline))

typedef double ln_vec_t __attribute__((vector_size(VL * sizeof(double))));

LN_FMA_INLINE ln_vec_t ln_vec_of(double x) {
    return x - (ln_vec_t){0};
}

/* c + a b and c - a b. */
#if VL == 8
LN_FMA_INLINE ln_vec_t ln_plus_product(ln_vec_t c, ln_vec_t a, ln_vec_t b) {
    return _mm512_fmadd_pd(a, b, c);
}
LN_FMA_INLINE ln_vec_t ln_less_product(ln_vec_t c, ln_vec_t a, ln_vec_t b) {
    return _mm512_fnmadd_pd(a, b, c);
}
#elif VL == 4
LN_FMA_INLINE ln_vec_t ln_plus_product(ln_vec_t c, ln_vec_t a, ln_vec_t b) {
    return _mm256_fmadd_pd(a, b, c);
}
LN_FMA_INLINE ln_vec_t ln_less_product(ln_vec_t c, ln_vec_t a, ln_vec_t b) {
    return _mm256_fnmadd_pd(a, b, c);
}
#else
LN_FMA_INLINE ln_vec_t ln_plus_product(ln_vec_t c, ln_vec_t a, ln_vec_t b) {
    return c + a * b;
}
LN_FMA_INLINE ln_vec_t ln_less_product(ln_vec_t c, ln_vec_t a, ln_vec_t b) {
    return c - a * b;
}
#endif

/* Of one number. */
LN_FMA_INLINE double ln_plus_product_1(double c, double a, double b) {
#if VL > 2
    return __builtin_fma(a, b, c);
#else
    return c + a * b;
#endif
}

#endif
