/* The padded kernel: steps of one point. Compiled once per instruction set with ISA, VL (its
 * doubles), ROWS and VECTORS (of a tile: as many accumulators as registers hold) defined by the
 * build. Element by element the chains are those of ln_lanes_nn, whatever the tile. */
#include <string.h>

#include "alone.h"
#include "linnet/watch_books.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef double vector_t __attribute__((vector_size(VL * sizeof(double)), may_alias));
typedef int64_t mask_t __attribute__((vector_size(VL * sizeof(double))));

enum {
    WIDE = 8,       /* vectors of a tile of one row: enough to hide the latency of an FMA */
    PARTS = 8 / VL, /* vectors that hold the 8 classes of ln_lanes_half_dot */
    MOST = ROWS * VECTORS > WIDE ? ROWS *VECTORS : WIDE
};

/* `rows` and `vectors` are constants where this is expanded, and the accumulators registers. Only
 * the last vector of a row has padding. */
static inline __attribute__((always_inline)) void tile(const struct ln_alone_product *product,
                                                       long i, long j, double eta, mask_t keep,
                                                       const int rows, const int vectors) {
    const double *a = product->a + i * product->a_row, *b = product->b + j;
    long a_row = product->a_row, a_col = product->a_col, ldb = product->ldb, k = product->k;
    vector_t sum[MOST] = {{0}};
    for (long p = 0; p < k; p++, a += a_col, b += ldb) {
        vector_t right[WIDE];
        UNROLL for (int v = 0; v < vectors; v++) right[v] = *(const vector_t *)(b + v * VL);
        UNROLL for (int r = 0; r < rows; r++) {
            double left = a[r * a_row];
            UNROLL for (int v = 0; v < vectors; v++) sum[r * vectors + v] += left * right[v];
        }
    }
    double *c = product->c + i * product->ldc + j;
    bool descends = product->descends;
    UNROLL for (int r = 0; r < rows; r++, c += product->ldc) {
        UNROLL for (int v = 0; v < vectors; v++) {
            vector_t *out = (vector_t *)(c + v * VL), x = sum[r * vectors + v];
            if (descends)
                x = *out - eta * x;
            *out = v == vectors - 1 ? (vector_t)((mask_t)x & keep) : x;
        }
    }
}

/* Tiles of one size below each other, rows i .. end - 1. */
typedef void tiles_t(const struct ln_alone_product *product, long i, long end, long j, double eta,
                     mask_t keep);

#define TILES(r, v)                                                                                \
    static void tiles_##r##_##v(const struct ln_alone_product *product, long i, long end, long j,  \
                                double eta, mask_t keep) {                                         \
        for (; i < end; i += r)                                                                    \
            tile(product, i, j, eta, keep, r, v);                                                  \
    }                                                                                              \
    static tiles_t tiles_##r##_##v
#define TILES_OF(r)                                                                                \
    TILES(r, 1);                                                                                   \
    TILES(r, 2);                                                                                   \
    TILES(r, 3)
#define NAMES_OF(r) [r] = {NULL, tiles_##r##_1, tiles_##r##_2, tiles_##r##_3}

TILES_OF(1);
TILES(1, 4);
TILES(1, 5);
TILES(1, 6);
TILES(1, 7);
TILES(1, 8);
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
static tiles_t *const tiles[ROWS + 1][WIDE + 1] = {
    [1] = {NULL, tiles_1_1, tiles_1_2, tiles_1_3, tiles_1_4, tiles_1_5, tiles_1_6, tiles_1_7,
           tiles_1_8},
    NAMES_OF(2),
    NAMES_OF(3),
    NAMES_OF(4),
#if ROWS == 8
    NAMES_OF(5),
    NAMES_OF(6),
    NAMES_OF(7),
    NAMES_OF(8),
#endif
};

/* Tiles of nearly equal size: a narrow rest would wait for its own sums. */
static void plan(struct ln_alone_product *product) {
    int m = (int)product->m, n_vectors = ((int)product->n + VL - 1) / VL;
    int most = m == 1 ? WIDE : VECTORS, n_tiles = (m + ROWS - 1) / ROWS;
    product->n_panels = (n_vectors + most - 1) / most;
    product->vectors = n_vectors / product->n_panels;
    product->n_wide = n_vectors % product->n_panels;
    product->rows_short = m / n_tiles;
    product->n_tall = m % n_tiles;
}

static mask_t mask_of(long n) {
    mask_t keep;
    for (int v = 0; v < VL; v++)
        keep[v] = n % VL == 0 || v < n % VL ? -1 : 0;
    return keep;
}

static void multiply(const struct ln_alone_product *product, double eta) {
    const mask_t all = mask_of(0), last = mask_of(product->n);
    int low = product->rows_short;
    long split = (long)product->n_tall * (low + 1), j = 0;
    for (int panel = 0; panel < product->n_panels; panel++) {
        int vectors = product->vectors + (panel < product->n_wide);
        mask_t keep = panel == product->n_panels - 1 ? last : all;
        if (split > 0)
            tiles[low + 1][vectors](product, 0, split, j, eta, keep);
        tiles[low][vectors](product, split, product->m, j, eta, keep);
        j += vectors * VL;
    }
}

#if VL == 8
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

typedef double half_t __attribute__((vector_size(4 * sizeof(double)), may_alias));

/* Rows r and r + 4 side by side, then pairs, then fours. */
static inline void turn_block(double *to, long ld_to, const double *from, long ld) {
    vector_t pair[8], four[8];
    UNROLL for (int r = 0; r < 8; r++) {
        const double *row = from + (r % 4) * ld + r / 4 * 4;
        pair[r] =
            SHUFFLE(*(const half_t *)row, *(const half_t *)(row + 4 * ld), 0, 1, 2, 3, 4, 5, 6, 7);
    }
    UNROLL for (int r = 0; r < 8; r += 2) {
        four[r] = SHUFFLE(pair[r], pair[r + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        four[r + 1] = SHUFFLE(pair[r], pair[r + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    UNROLL for (int h = 0; h < 8; h += 4) {
        UNROLL for (int r = 0; r < 2; r++) {
            *(vector_t *)(to + (h + r) * ld_to) =
                SHUFFLE(four[h + r], four[h + r + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            *(vector_t *)(to + (h + r + 2) * ld_to) =
                SHUFFLE(four[h + r], four[h + r + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
}
#elif VL == 4
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

typedef double half_t __attribute__((vector_size(2 * sizeof(double)), may_alias));

/* Rows r and r + 2 side by side, then pairs. */
static inline void turn_block(double *to, long ld_to, const double *from, long ld) {
    UNROLL for (int c = 0; c < 4; c += 2) {
        vector_t pair[2];
        UNROLL for (int r = 0; r < 2; r++) {
            const double *row = from + r * ld + c;
            pair[r] = SHUFFLE(*(const half_t *)row, *(const half_t *)(row + 2 * ld), 0, 1, 2, 3);
        }
        *(vector_t *)(to + c * ld_to) = SHUFFLE(pair[0], pair[1], 0, 4, 2, 6);
        *(vector_t *)(to + (c + 1) * ld_to) = SHUFFLE(pair[0], pair[1], 1, 5, 3, 7);
    }
}
#else
static inline void turn_block(double *to, long ld_to, const double *from, long ld) {
    UNROLL for (int c = 0; c < VL; c++) UNROLL for (int r = 0; r < VL; r++) to[c * ld_to + r] =
        from[r * ld + c];
}
#endif

/* B [n x k] to its transpose, by blocks: whatever the padding holds stays in the padding. */
static void turn(const struct ln_alone_product *product) {
    double *to = (double *)(uintptr_t)product->b; /* scratch */
    for (long i = 0; i < product->n; i += VL)
        for (long p = 0; p < product->k; p += VL)
            turn_block(to + p * product->ldb + i, product->ldb,
                       product->turn + i * product->ld_turn + p, product->ld_turn);
}

static void update(const struct ln_alone_product *product, double eta) {
    mask_t last = mask_of(product->n);
    long whole = (product->n - 1) / VL * VL;
    for (long i = 0; i < product->m; i++) {
        double *c = product->c + i * product->ldc;
        const double *a = product->a + i * product->a_row;
        for (long j = 0; j < whole; j += VL)
            *(vector_t *)(c + j) -= eta * *(const vector_t *)(a + j);
        vector_t x = *(vector_t *)(c + whole) - eta * *(const vector_t *)(a + whole);
        *(vector_t *)(c + whole) = (vector_t)((mask_t)x & last);
    }
}

static void do_op(const struct ln_alone_product *product, double eta) {
    if (product->form == LN_CHAIN_PLAIN) {
        update(product, eta);
        return;
    }
    if (product->form == LN_CHAIN_NT)
        turn(product);
    multiply(product, eta);
}

static double add_up(const double *t) {
    return ((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7]));
}

/* Two classes of rows, one class of columns for each of 8 lanes: ln_lanes_half_dot. Padding adds
 * zero. */
static double half_dot(const struct ln_alone_slot *a, const struct ln_alone_slot *b) {
    vector_t sum[2][PARTS] = {{{0}}};
    for (long i = 0; i < a->rows; i++) {
        const double *left = a->at + i * a->ld, *right = b->at + i * b->ld;
        vector_t *s = sum[i % 2];
        for (long j = 0; j < a->cols; j += 8)
            UNROLL for (int v = 0; v < PARTS; v++) s[v] +=
                *(const vector_t *)(left + j + v * VL) * *(const vector_t *)(right + j + v * VL);
    }
    for (int v = 0; v < PARTS; v++)
        sum[0][v] += sum[1][v];
    double t[8];
    memcpy(t, sum[0], sizeof t);
    return 0.5 * add_up(t);
}

/* The same sum over transposed matrices of at most 8 rows. Vectors are spelled out: gcc would take
 * the sums of a plain loop by products first, and add those. */
static double half_dot_turned(const struct ln_alone_slot *a, const struct ln_alone_slot *b) {
    typedef double pair_t __attribute__((vector_size(2 * sizeof(double)), may_alias));
    double t[8] = {0};
    for (long j = 0; j < a->rows; j++) {
        const double *left = a->at + j * a->ld, *right = b->at + j * b->ld;
        pair_t sum = {0};
        for (long i = 0; i < a->cols; i += 2)
            sum += *(const pair_t *)(left + i) * *(const pair_t *)(right + i);
        t[j] = sum[0] + sum[1];
    }
    return 0.5 * add_up(t);
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
        multiply(&alone->ops[i], 0);
    subtract(delta, &slot[chain->product], &slot[chain->target]);
    if (chain->has_moment)
        multiply(&alone->error, 0);
    double e = alone->is_turned ? half_dot_turned(delta, error) : half_dot(delta, error);
    return chain->has_moment && e <= 0 ? 0 : e; /* -0 too */
}

static double signature(const struct ln_alone *alone, const double *functional) {
    typedef double classes_t
        __attribute__((vector_size(8 * sizeof(double)), aligned(sizeof(double)), may_alias));
    const double *w = alone->flat;
    long n = alone->n_weights, whole = n / 8 * 8;
    classes_t sum = {0};
    ln_alone_flatten(alone);
    for (long e = 0; e < whole; e += 8)
        sum += *(const classes_t *)(functional + e) * *(const classes_t *)(w + e);
    for (long e = whole; e < n; e++)
        sum[e - whole] += functional[e] * w[e];
    double t[8];
    memcpy(t, &sum, sizeof t);
    return add_up(t);
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

const struct ln_alone_isa JOIN(ln_alone_isa_, ISA) = {plan, run};
