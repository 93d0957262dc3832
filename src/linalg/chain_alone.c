/* The padded kernel: steps of one point. Compiled once per instruction set with ISA, VL (its
 * doubles), ROWS and VECTORS (of a tile: as many accumulators as registers hold) defined by the
 * build. Element by element the chains are those of ln_lanes_nn, whatever the tile. */
#include <string.h>

#include "alone.h"
#include "linnet/fma.h"
#include "linnet/lanes.h"
#include "linnet/watch_books.h"

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#define UNROLL_BY_4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL_BY_4 _Pragma("GCC unroll 4")
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef double vector_t __attribute__((vector_size(VL * sizeof(double)), may_alias));
typedef int64_t mask_t __attribute__((vector_size(VL * sizeof(double))));

enum {
    SPREAD = 1 << 15, /* doubles: a quarter of a megabyte */
    PARTS = 8 / VL,   /* vectors that hold the 8 classes of ln_lanes_half_dot */
};

/* Some columns of a product: C from column j on, and those of B. */
struct panel {
    long j, ldb;
    const double *b;
    mask_t keep; /* of the last vector: the others have no padding */
};

/* `rows` and `vectors` are constants where this is expanded, and the accumulators registers. */
static inline __attribute__((always_inline)) void tile(const struct ln_alone_product *product,
                                                       const struct panel *panel, long i,
                                                       double eta, const int rows,
                                                       const int vectors) {
    const double *a = product->a + i * product->a_row, *b = panel->b;
    long a_row = product->a_row, a_col = product->a_col, ldb = panel->ldb, k = product->k;
    vector_t sum[ROWS * VECTORS] = {{0}};
    UNROLL_BY_4 for (long p = 0; p < k; p++, a += a_col, b += ldb) {
        vector_t right[VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) right[v] = *(const vector_t *)(b + v * VL);
        UNROLL for (int r = 0; r < rows; r++) {
            vector_t left = ln_vec_of(a[r * a_row]);
            UNROLL for (int v = 0; v < vectors; v++) sum[r * vectors + v] =
                ln_plus_product(sum[r * vectors + v], left, right[v]);
        }
    }
    double *c = product->c + i * product->ldc + panel->j;
    bool descends = product->descends;
    UNROLL for (int r = 0; r < rows; r++, c += product->ldc) {
        UNROLL for (int v = 0; v < vectors; v++) {
            vector_t *out = (vector_t *)(c + v * VL), x = sum[r * vectors + v];
            if (descends)
                x = ln_less_product(*out, ln_vec_of(eta), x);
            *out = v == vectors - 1 ? (vector_t)((mask_t)x & panel->keep) : x;
        }
    }
}

/* Tiles of one size below each other, rows i .. end - 1. */
typedef void tiles_t(const struct ln_alone_product *product, const struct panel *panel, long i,
                     long end, double eta);

#define TILES(r, v)                                                                                \
    static void tiles_##r##_##v(const struct ln_alone_product *product, const struct panel *panel, \
                                long i, long end, double eta) {                                    \
        for (; i < end; i += r)                                                                    \
            tile(product, panel, i, eta, r, v);                                                    \
    }                                                                                              \
    static tiles_t tiles_##r##_##v
#define TILES_OF(r)                                                                                \
    TILES(r, 1);                                                                                   \
    TILES(r, 2);                                                                                   \
    TILES(r, 3)
#define NAMES_OF(r) [r] = {NULL, tiles_##r##_1, tiles_##r##_2, tiles_##r##_3}

TILES_OF(1);
TILES_OF(2);
TILES_OF(3);
TILES_OF(4);
#if ROWS == 8
TILES_OF(5);
TILES_OF(6);
TILES_OF(7);
TILES_OF(8);
#endif

/* By rows and vectors. */
static tiles_t *const tiles[ROWS + 1][VECTORS + 1] = {
    NAMES_OF(1), NAMES_OF(2), NAMES_OF(3), NAMES_OF(4),
#if ROWS == 8
    NAMES_OF(5), NAMES_OF(6), NAMES_OF(7), NAMES_OF(8),
#endif
};

/* Tiles of nearly equal size: a narrow rest would wait for its own sums. */
static void plan(struct ln_alone_product *product) {
    int m = (int)product->m, n_vectors = ((int)product->n + VL - 1) / VL;
    int n_tiles = (m + ROWS - 1) / ROWS;
    product->n_panels = (n_vectors + VECTORS - 1) / VECTORS;
    product->vectors = n_vectors / product->n_panels;
    product->n_wide = n_vectors % product->n_panels;
    product->rows_short = m / n_tiles;
    product->n_tall = m % n_tiles;
    product->is_spread = m >= 4 * ROWS && product->k * product->ldb > SPREAD;
}

static mask_t mask_of(long n) {
    mask_t keep;
    for (int v = 0; v < VL; v++)
        keep[v] = n % VL == 0 || v < n % VL ? -1 : 0;
    return keep;
}

#if VL == 8
/* Rows r, r + 2, r + 4, r + 6, two columns of each, side by side. Loads do the placing, and the
 * ports that multiply are left alone. */
static inline __attribute__((always_inline)) vector_t every_second(const double *from, long ld) {
    vector_t x = _mm512_castpd128_pd512(_mm_load_pd(from));
    x = _mm512_insertf64x2(x, _mm_load_pd(from + 2 * ld), 1);
    x = _mm512_insertf64x2(x, _mm_load_pd(from + 4 * ld), 2);
    return _mm512_insertf64x2(x, _mm_load_pd(from + 6 * ld), 3);
}

/* The transpose of a block, two columns at a time. */
static inline __attribute__((always_inline)) void turn_block(vector_t *to, const double *from,
                                                             long ld) {
    UNROLL for (int c = 0; c < 8; c += 2) {
        vector_t even = every_second(from + c, ld), odd = every_second(from + ld + c, ld);
        to[c] = _mm512_unpacklo_pd(even, odd);
        to[c + 1] = _mm512_unpackhi_pd(even, odd);
    }
}
#elif VL == 4
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

typedef double half_t __attribute__((vector_size(2 * sizeof(double)), may_alias));

/* The transpose of a block: rows r and r + 2 side by side, then pairs. */
static inline __attribute__((always_inline)) void turn_block(vector_t *to, const double *from,
                                                             long ld) {
    UNROLL for (int c = 0; c < 4; c += 2) {
        vector_t pair[2];
        UNROLL for (int r = 0; r < 2; r++) {
            const double *row = from + r * ld + c;
            pair[r] = SHUFFLE(*(const half_t *)row, *(const half_t *)(row + 2 * ld), 0, 1, 2, 3);
        }
        to[c] = SHUFFLE(pair[0], pair[1], 0, 4, 2, 6);
        to[c + 1] = SHUFFLE(pair[0], pair[1], 1, 5, 3, 7);
    }
}
#else
static inline void turn_block(vector_t *to, const double *from, long ld) {
    to[0] = (vector_t){from[0], from[ld]};
    to[1] = (vector_t){from[1], from[ld + 1]};
}
#endif

/* Columns j .. of B^T, from rows of B, by blocks: whatever the padding holds stays in the padding.
 */
static void turn_panel(const struct ln_alone_product *product, long j, double *to, long ld_to) {
    long k = product->k, ld = product->ldb;
    for (long i = 0; i < ld_to; i += VL) {
        const double *from = product->b + (j + i) * ld;
        for (long p = 0; p < k; p += VL) {
            vector_t block[VL];
            turn_block(block, from + p, ld);
            UNROLL for (int r = 0; r < VL; r++) * (vector_t *)(to + (p + r) * ld_to + i) = block[r];
        }
    }
}

static void copy_panel(const struct ln_alone_product *product, long j, double *to, long ld_to) {
    for (long p = 0; p < product->k; p++)
        for (long i = 0; i < ld_to; i += VL)
            *(vector_t *)(to + p * ld_to + i) =
                *(const vector_t *)(product->b + p * product->ldb + j + i);
}

/* The panel of B is made, or brought together where its rows lie far apart, in scratch. */
static void multiply(const struct ln_alone_product *product, double eta) {
    const mask_t all = mask_of(0), last = mask_of(product->n);
    int low = product->rows_short;
    long split = (long)product->n_tall * (low + 1), j = 0;
    for (int i = 0; i < product->n_panels; i++) {
        int vectors = product->vectors + (i < product->n_wide);
        struct panel panel = {j, vectors * VL, product->scratch,
                              i == product->n_panels - 1 ? last : all};
        if (product->form == LN_CHAIN_NT) {
            turn_panel(product, j, product->scratch, panel.ldb);
        } else if (product->is_spread) {
            copy_panel(product, j, product->scratch, panel.ldb);
        } else {
            panel.b = product->b + j;
            panel.ldb = product->ldb;
        }
        if (split > 0)
            tiles[low + 1][vectors](product, &panel, 0, split, eta);
        tiles[low][vectors](product, &panel, split, product->m, eta);
        j += vectors * VL;
    }
}

static inline __attribute__((always_inline)) void
finish(const struct ln_alone_product *product, double *c, vector_t x, double eta, mask_t keep) {
    if (product->descends)
        x = ln_less_product(*(vector_t *)c, ln_vec_of(eta), x);
    *(vector_t *)c = (vector_t)((mask_t)x & keep);
}

/* One row times B, `depth` rows of B at a time: as many streams, and C stays in the cache. */
static inline __attribute__((always_inline)) void add_rows(const struct ln_alone_product *product,
                                                           long p, const int depth, mask_t keep) {
    long whole = (product->n - 1) / VL * VL;
    const double *a = product->a + p * product->a_col, *b = product->b + p * product->ldb;
    for (long j = 0; j <= whole; j += VL) {
        vector_t *c = (vector_t *)(product->c + j), x = p ? *c : (vector_t){0};
        UNROLL for (int r = 0; r < depth; r++) x = ln_plus_product(
            x, ln_vec_of(a[r * product->a_col]), *(const vector_t *)(b + r * product->ldb + j));
        *c = j == whole ? (vector_t)((mask_t)x & keep) : x;
    }
}

static void multiply_row(const struct ln_alone_product *product) {
    mask_t keep = mask_of(product->n);
    long p = 0;
    for (; p + 8 <= product->k; p += 8)
        add_rows(product, p, 8, keep);
    for (; p < product->k; p++)
        add_rows(product, p, 1, keep);
}

/* One row times B^T, turned in registers. Several groups of rows of B: their chains wait for
 * themselves. */
static inline __attribute__((always_inline)) void
add_columns(const struct ln_alone_product *product, long j, double eta, const int groups) {
    const double *a = product->a, *b = product->b + j * product->ldb;
    long k = product->k, ld = product->ldb;
    vector_t sum[4] = {{0}}, block[VL];
    for (long p = 0; p + VL <= k; p += VL)
        UNROLL for (int g = 0; g < groups; g++) {
            turn_block(block, b + g * VL * ld + p, ld);
            UNROLL for (int r = 0; r < VL; r++) sum[g] =
                ln_plus_product(sum[g], ln_vec_of(a[p + r]), block[r]);
        }
    for (int g = 0; k % VL && g < groups; g++) {
        long p = k / VL * VL;
        turn_block(block, b + g * VL * ld + p, ld);
        for (int r = 0; r < k % VL; r++)
            sum[g] = ln_plus_product(sum[g], ln_vec_of(a[p + r]), block[r]);
    }
    for (int g = 0; g < groups; g++) {
        long at = j + g * VL;
        finish(product, product->c + at, sum[g], eta,
               mask_of(at + VL <= product->n ? 0 : product->n));
    }
}

static void multiply_row_turned(const struct ln_alone_product *product, double eta) {
    enum { GROUPS = VL == 8 ? 2 : 4 };
    long j = 0;
    for (; j + (GROUPS - 1) * VL < product->n; j += GROUPS * VL)
        add_columns(product, j, eta, GROUPS);
    for (; j < product->n; j += VL)
        add_columns(product, j, eta, 1);
}

/* One column times one row. The sum starts at +0 here too: it tells -0 from +0. */
static void multiply_outer(const struct ln_alone_product *product, double eta) {
    const mask_t all = mask_of(0), last = mask_of(product->n);
    long whole = (product->n - 1) / VL * VL;
    vector_t zero = {0};
    for (long i = 0; i < product->m; i++) {
        vector_t left = ln_vec_of(product->a[i * product->a_row]);
        double *c = product->c + i * product->ldc;
        for (long j = 0; j <= whole; j += VL)
            finish(product, c + j, ln_plus_product(zero, left, *(const vector_t *)(product->b + j)),
                   eta, j == whole ? last : all);
    }
}

static void update(const struct ln_alone_product *product, double eta) {
    mask_t last = mask_of(product->n);
    vector_t rate = ln_vec_of(eta);
    long whole = (product->n - 1) / VL * VL;
    for (long i = 0; i < product->m; i++) {
        double *c = product->c + i * product->ldc;
        const double *a = product->a + i * product->a_row;
        for (long j = 0; j < whole; j += VL)
            *(vector_t *)(c + j) =
                ln_less_product(*(vector_t *)(c + j), rate, *(const vector_t *)(a + j));
        vector_t x =
            ln_less_product(*(vector_t *)(c + whole), rate, *(const vector_t *)(a + whole));
        *(vector_t *)(c + whole) = (vector_t)((mask_t)x & last);
    }
}

static void do_op(const struct ln_alone_product *product, double eta) {
    bool is_turned = product->form == LN_CHAIN_NT;
    if (product->form == LN_CHAIN_PLAIN) {
        update(product, eta);
    } else if (product->m == 1 && is_turned) {
        multiply_row_turned(product, eta);
    } else if (product->k == 1 && !is_turned) {
        multiply_outer(product, eta);
    } else if (product->m == 1 && !product->descends) {
        multiply_row(product);
    } else {
        multiply(product, eta);
    }
}

static inline double half_of(vector_t (*sum)[PARTS]) {
    for (int v = 0; v < PARTS; v++)
        sum[0][v] += sum[1][v];
    double t[8];
    memcpy(t, sum[0], sizeof t);
    return 0.5 * ln_lanes_add_up(t, 1);
}

/* Two classes of rows, one class of columns for each of 8 lanes: ln_lanes_half_dot. Padding adds
 * zero. */
static double half_dot(const struct ln_alone_slot *a, const struct ln_alone_slot *b) {
    vector_t sum[2][PARTS] = {{{0}}};
    for (long i = 0; i < a->rows; i++) {
        const double *left = a->at + i * a->ld, *right = b->at + i * b->ld;
        vector_t *s = sum[i % 2];
        for (long j = 0; j < a->cols; j += 8)
            UNROLL for (int v = 0; v < PARTS; v++) s[v] =
                ln_plus_product(s[v], *(const vector_t *)(left + j + v * VL),
                                *(const vector_t *)(right + j + v * VL));
    }
    return half_of(sum);
}

/* C = A - B, and 1/2 <C, C> on the way: the same sum. */
static double compare(const struct ln_alone_slot *c, const struct ln_alone_slot *a,
                      const struct ln_alone_slot *b) {
    vector_t sum[2][PARTS] = {{{0}}};
    for (long i = 0; i < c->rows; i++) {
        const double *left = a->at + i * a->ld, *right = b->at + i * b->ld;
        vector_t *s = sum[i % 2];
        for (long j = 0; j < c->cols; j += 8)
            UNROLL for (int v = 0; v < PARTS; v++) {
                long at = j + v * VL;
                vector_t x = *(const vector_t *)(left + at) - *(const vector_t *)(right + at);
                *(vector_t *)(c->at + i * c->ld + at) = x;
                s[v] = ln_plus_product(s[v], x, x);
            }
    }
    return half_of(sum);
}

/* The same sum over transposed matrices of at most 8 rows. */
static double half_dot_turned(const struct ln_alone_slot *a, const struct ln_alone_slot *b) {
    double t[8] = {0};
    for (long j = 0; j < a->rows; j++) {
        const double *left = a->at + j * a->ld, *right = b->at + j * b->ld;
        double sum[2] = {0};
        for (long i = 0; i < a->cols; i += 2) /* the padding is zero, and adds nothing */
            for (int c = 0; c < 2; c++)
                sum[c] = ln_plus_product_1(sum[c], left[i + c], right[i + c]);
        t[j] = sum[0] + sum[1];
    }
    return 0.5 * ln_lanes_add_up(t, 1);
}

static void subtract(const struct ln_alone_slot *c, const struct ln_alone_slot *a,
                     const struct ln_alone_slot *b) {
    for (long i = 0; i < c->rows; i++)
        for (long j = 0; j < c->cols; j += VL)
            *(vector_t *)(c->at + i * c->ld + j) = *(const vector_t *)(a->at + i * a->ld + j) -
                                                   *(const vector_t *)(b->at + i * b->ld + j);
}

static double evaluate(const struct ln_alone *alone) {
    const struct ln_chain *chain = alone->chain;
    const struct ln_alone_slot *slot = alone->slot, *delta = &slot[chain->delta],
                               *error = &slot[chain->error];
    for (int i = 0; i < chain->n_forward; i++)
        do_op(&alone->ops[i], 0);
    if (!chain->has_moment && !alone->is_turned)
        return compare(delta, &slot[chain->product], &slot[chain->target]);
    subtract(delta, &slot[chain->product], &slot[chain->target]);
    if (chain->has_moment)
        do_op(&alone->error, 0);
    double e = alone->is_turned ? half_dot_turned(delta, error) : half_dot(delta, error);
    return chain->has_moment && e <= 0 ? 0 : e; /* -0 too */
}

static double signature(const struct ln_alone *alone, const double *functional) {
    typedef double loose_t
        __attribute__((vector_size(VL * sizeof(double)), aligned(sizeof(double)), may_alias));
    const double *w = alone->flat;
    long n = alone->n_weights, whole = n / 8 * 8;
    vector_t sum[PARTS] = {{0}};
    ln_alone_flatten(alone);
    for (long e = 0; e < whole; e += 8)
        UNROLL for (int v = 0; v < PARTS; v++) sum[v] =
            ln_plus_product(sum[v], *(const loose_t *)(functional + e + v * VL),
                            *(const loose_t *)(w + e + v * VL));
    double t[8];
    memcpy(t, sum, sizeof t);
    for (long e = whole; e < n; e++)
        t[e - whole] = ln_plus_product_1(t[e - whole], functional[e], w[e]);
    return ln_lanes_add_up(t, 1);
}

static void keep_history(const struct ln_alone *alone, struct ln_steps *steps, int lane,
                         int64_t step) {
    struct ln_watch *watch = steps->watch;
    watch->signature[lane] = signature(alone, steps->functional);
    steps->losses[step * LN_LANES + lane] = watch->excess[lane];
    steps->signatures[step * LN_LANES + lane] = watch->signature[lane];
}

static int64_t run(struct ln_alone *alone, struct ln_steps *steps, int lane) {
    const struct ln_chain *chain = alone->chain;
    struct ln_watch *watch = steps->watch;
    int64_t done = 0;
    if (!alone->is_current || steps->most == 0)
        watch->excess[lane] = evaluate(alone);
    while (done < steps->most) {
        double eta = steps->eta[done * steps->eta_stride + lane];
        for (int i = chain->n_forward; i < chain->n_ops; i++)
            do_op(&alone->ops[i], eta);
        watch->excess[lane] = evaluate(alone);
        done++;
        if (steps->losses)
            keep_history(alone, steps, lane, done);
        if (done == steps->most || !ln_watch_holds(watch, lane))
            break;
        ln_watch_note(watch, lane, done);
    }
    return done;
}

const struct ln_alone_isa LN_JOIN(ln_alone_isa_, ISA) = {plan, run};
