/* Products of any shape in lanes. Compiled once per instruction set with ISA, VL, TILE and THIN
 * defined by the build. */
#include "lanes_sum.h"
#include "lanes_tile.h"

static struct ln_lanes_cut cut(int extent, int most) {
    int n = (extent + most - 1) / most, big = (extent + n - 1) / n;
    int n_big = extent - n * (big - 1);
    return (struct ln_lanes_cut){big, n_big, n - n_big};
}

/* A tile of one row or column is long: its sums are the only ones to overlap. */
static void lay_out(struct ln_lanes_job *job) {
    job->rows = cut(job->m, job->n == 1 ? THIN : TILE);
    job->cols = cut(job->n, job->m == 1 ? THIN : TILE);
}

#if TILE == 5
#define ROW(X, r) X(r, 1) X(r, 2) X(r, 3) X(r, 4) X(r, 5)
#define SQUARE(X) ROW(X, 1) ROW(X, 2) ROW(X, 3) ROW(X, 4) ROW(X, 5)
#define LONG(X) X(1, 6) X(1, 7) X(1, 8) X(1, 9) X(1, 10) X(6, 1) X(7, 1) X(8, 1) X(9, 1) X(10, 1)
#else
#define ROW(X, r) X(r, 1) X(r, 2) X(r, 3)
#define SQUARE(X) ROW(X, 1) ROW(X, 2) ROW(X, 3)
#define LONG(X) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1)
#endif

#define CASE(r, s)                                                                                 \
    case (r)*16 + (s):                                                                             \
        tiles(c, ldc, a, b, job->k, down, along, r, s, descends, eta);                             \
        break;

/* A block of equal tiles of C, at row i and column j: the sizes of a tile are constants in each
 * branch, and the branch is taken once. */
ALWAYS_INLINE void block(const struct ln_lanes_job *job, const enum ln_chain_form form, int i,
                         int rows, int down, int j, int cols, int along, const bool descends,
                         const vec_t *eta) {
    long ldc = (long)job->n * PARTS;
    struct operand a = left_of(form, (const vec_t *)job->a, job->m, job->k);
    struct operand b = right_of(form, (const vec_t *)job->b, job->n, job->k);
    vec_t *c = (vec_t *)job->c + i * ldc + (long)j * PARTS;
    a.at += i * a.row;
    b.at += j * b.col;
    switch (rows * 16 + cols) {
        SQUARE(CASE)
        LONG(CASE)
    default:
        break;
    }
}

ALWAYS_INLINE void blocks(const struct ln_lanes_job *job, const enum ln_chain_form form,
                          const bool descends, const double *eta) {
    const struct ln_lanes_cut *rows = &job->rows, *cols = &job->cols;
    for (int r = 0; r < (rows->n_small ? 2 : 1); r++)
        for (int s = 0; s < (cols->n_small ? 2 : 1); s++)
            block(job, form, r * rows->n_big * rows->big, rows->big - r,
                  r ? rows->n_small : rows->n_big, s * cols->n_big * cols->big, cols->big - s,
                  s ? cols->n_small : cols->n_big, descends, (const vec_t *)eta);
}

static NEVER_INLINE void multiply_nn(const struct ln_lanes_job *job) {
    blocks(job, LN_CHAIN_NN, false, NULL);
}

static NEVER_INLINE void multiply_tn(const struct ln_lanes_job *job) {
    blocks(job, LN_CHAIN_TN, false, NULL);
}

static NEVER_INLINE void multiply_nt(const struct ln_lanes_job *job) {
    blocks(job, LN_CHAIN_NT, false, NULL);
}

static NEVER_INLINE void descend_tn(const struct ln_lanes_job *job, const double *eta) {
    blocks(job, LN_CHAIN_TN, true, eta);
}

static NEVER_INLINE void descend_nt(const struct ln_lanes_job *job, const double *eta) {
    blocks(job, LN_CHAIN_NT, true, eta);
}

void LN_JOIN(ln_lanes_difference_, ISA)(double *c, const double *a, const double *b, int n) {
    for (long i = 0; i < (long)n * PARTS; i++)
        ((vec_t *)c)[i] = ((const vec_t *)a)[i] - ((const vec_t *)b)[i];
}

void LN_JOIN(ln_lanes_update_, ISA)(double *c, const double *eta, const double *a, int n) {
    for (int part = 0; part < PARTS; part++) {
        vec_t step = ((const vec_t *)eta)[part];
        for (long i = part; i < (long)n * PARTS; i += PARTS)
            ((vec_t *)c)[i] = ln_less_product(((vec_t *)c)[i], step, ((const vec_t *)a)[i]);
    }
}

void LN_JOIN(ln_lanes_product_, ISA)(const struct ln_lanes_job *job, const double *eta) {
    switch (job->form) {
    case LN_CHAIN_NN:
        multiply_nn(job);
        break;
    case LN_CHAIN_TN:
        if (job->descends)
            descend_tn(job, eta);
        else
            multiply_tn(job);
        break;
    case LN_CHAIN_NT:
        if (job->descends)
            descend_nt(job, eta);
        else
            multiply_nt(job);
        break;
    case LN_CHAIN_PLAIN:
        LN_JOIN(ln_lanes_update_, ISA)(job->c, eta, job->a, job->m * job->n);
        break;
    }
}

#define SUM_CASE(rest)                                                                             \
    case rest:                                                                                     \
        return half_dot_of(a, b, m, n, rest, CLASSES, PARTS);

static vec_t half_dot_part(const vec_t *a, const vec_t *b, int m, int n) {
    switch (n % CLASSES) {
        SUM_CASE(1)
        SUM_CASE(2)
        SUM_CASE(3)
        SUM_CASE(4)
        SUM_CASE(5)
        SUM_CASE(6)
        SUM_CASE(7)
    default:
        return half_dot_of(a, b, m, n, 0, CLASSES, PARTS);
    }
}

static void half_dot_alone(double *out, const double *a, const double *b, int m, int n) {
    double sum[2][CLASSES] = {{0}};
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            sum[i % 2][j % CLASSES] =
                ln_plus_product_1(sum[i % 2][j % CLASSES], a[(long)i * n + j], b[(long)i * n + j]);
    for (int c = 0; c < CLASSES; c++)
        sum[0][c] += sum[1][c];
    out[0] = 0.5 * ln_lanes_add_up(sum[0], 1);
}

void LN_JOIN(ln_lanes_half_dot_, ISA)(double *out, const double *a, const double *b, int m, int n,
                                      int lanes) {
    if (lanes != LN_LANES)
        half_dot_alone(out, a, b, m, n);
    else
        for (int part = 0; part < PARTS; part++)
            ((vec_t *)out)[part] =
                half_dot_part((const vec_t *)a + part, (const vec_t *)b + part, m, n);
}

static void signature_alone(double *out, const double *functional, const double *w, int n) {
    double t[CLASSES] = {0};
    for (int e = 0; e < n; e++)
        t[e % CLASSES] = ln_plus_product_1(t[e % CLASSES], functional[e], w[e]);
    out[0] = ln_lanes_add_up(t, 1);
}

void LN_JOIN(ln_lanes_signature_, ISA)(double *out, const double *functional, const double *w,
                                       int n, int lanes) {
    if (lanes != LN_LANES) {
        signature_alone(out, functional, w, n);
        return;
    }
    for (int part = 0; part < PARTS; part++) {
        vec_t sum[CLASSES] = {{0}};
        for (int e = 0; e < n; e++)
            sum[e % CLASSES] = ln_plus_product(sum[e % CLASSES], ln_vec_of(functional[e]),
                                               ((const vec_t *)w)[(long)e * PARTS + part]);
        ((vec_t *)out)[part] = add_up(sum, CLASSES);
    }
}

const struct ln_lanes_isa LN_JOIN(ln_lanes_isa_, ISA) = {lay_out,
                                                         LN_JOIN(ln_lanes_product_, ISA),
                                                         LN_JOIN(ln_lanes_difference_, ISA),
                                                         LN_JOIN(ln_lanes_update_, ISA),
                                                         LN_JOIN(ln_lanes_half_dot_, ISA),
                                                         LN_JOIN(ln_lanes_signature_, ISA),
                                                         LN_JOIN(ln_lanes_steps_, ISA)};
