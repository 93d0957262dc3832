/* Compiled once per instruction set with ISA and VL defined by the build. */
#include "diagonal_kernel.h"

#include "linnet/fma.h"

typedef double vector_t __attribute__((vector_size(VL * sizeof(double)), aligned(8)));

#define INLINE static inline __attribute__((always_inline))

enum { ROW = 8 };

INLINE vector_t at(const double *x) {
    return *(const vector_t *)x;
}

INLINE void put(double *x, vector_t value) {
    *(vector_t *)x = value;
}

/* x^n by repeated squaring. */
INLINE vector_t power(vector_t x, int n) {
    vector_t out = x - x + 1.0;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1)
            out *= x;
    return out;
}

/* b of one coordinate, as ln_diagonal_jet_of has it; first [2] of a power: w^(D-1). */
INLINE vector_t product(const enum ln_diagonal_form form, int depth, const vector_t w[2],
                        vector_t first[2]) {
    if (form == LN_DIAGONAL_SQUARES)
        return 0.5 * (w[0] - w[1]) * (w[0] + w[1]);
    if (form == LN_DIAGONAL_UV)
        return w[0] * w[1];
    for (int leg = 0; leg < 2; leg++)
        first[leg] = power(w[leg], depth - 2) * w[leg];
    return first[0] * w[0] - first[1] * w[1];
}

INLINE void begin_as(const struct ln_diagonal_fields *f, const enum ln_diagonal_form form) {
    vector_t first[2];
    for (long k = 0; k < (long)f->n * ROW; k += VL) {
        const vector_t w[2] = {at(f->w[0] + k), at(f->w[1] + k)};
        vector_t b = product(form, f->depth, w, first);
        put(f->b + k, b);
        put(f->delta + k, b - at(f->target + k));
    }
}

static void begin(const struct ln_diagonal_fields *f) {
    if (f->form == LN_DIAGONAL_SQUARES)
        begin_as(f, LN_DIAGONAL_SQUARES);
    else if (f->form == LN_DIAGONAL_UV)
        begin_as(f, LN_DIAGONAL_UV);
    else
        begin_as(f, LN_DIAGONAL_POWER);
}

/* The weights after a step of -eta g; squares are multiplied, which keeps the relative precision
 * of a weight however small. */
INLINE void move(const enum ln_diagonal_form form, int depth, vector_t w[2], vector_t step) {
    vector_t old[2] = {w[0], w[1]}, first[2];
    switch (form) {
    case LN_DIAGONAL_SQUARES:
        w[0] *= 1.0 - step;
        w[1] *= 1.0 + step;
        break;
    case LN_DIAGONAL_UV:
        w[0] = ln_less_product(old[0], step, old[1]);
        w[1] = ln_less_product(old[1], step, old[0]);
        break;
    default:
        product(form, depth, old, first);
        w[0] = ln_less_product(old[0], step, depth * first[0]);
        w[1] = ln_plus_product(old[1], step, depth * first[1]);
    }
}

/* One row of the step, `k` its first number. */
INLINE void step_row(const struct ln_diagonal_fields *f, const enum ln_diagonal_form form,
                     vector_t eta, long k, double *squares) {
    vector_t w[2] = {at(f->w[0] + k), at(f->w[1] + k)}, first[2];
    vector_t old = at(f->b + k), step = eta * at(f->g + k);
    put(f->sum + k, ln_plus_product(at(f->sum + k), eta, old));
    put(f->theta + k, at(f->theta + k) - step);
    if (form != LN_DIAGONAL_POWER) {
        put(f->keeps[0] + k, at(f->keeps[0] + k) * (1.0 - step));
        put(f->keeps[1] + k, at(f->keeps[1] + k) * (1.0 + step));
    }
    move(form, f->depth, w, step);
    vector_t b = product(form, f->depth, w, first), change = b - old;
    put(f->w[0] + k, w[0]);
    put(f->w[1] + k, w[1]);
    put(f->b + k, b);
    put(f->delta + k, b - at(f->target + k));
    put(squares, ln_plus_product(at(squares), change, change));
}

INLINE void advance_as(const struct ln_diagonal_fields *f, const enum ln_diagonal_form form,
                       const double *eta, double *squares, int classes) {
    for (int i = 0; i < f->n; i++)
        for (int part = 0; part < ROW; part += VL)
            step_row(f, form, at(eta + part), (long)i * ROW + part,
                     squares + (i & (classes - 1)) * ROW + part);
}

static void advance(const struct ln_diagonal_fields *f, const double *eta, double *squares,
                    int classes) {
    if (f->form == LN_DIAGONAL_SQUARES)
        advance_as(f, LN_DIAGONAL_SQUARES, eta, squares, classes);
    else if (f->form == LN_DIAGONAL_UV)
        advance_as(f, LN_DIAGONAL_UV, eta, squares, classes);
    else
        advance_as(f, LN_DIAGONAL_POWER, eta, squares, classes);
}

const struct ln_diagonal_isa LN_JOIN(ln_diagonal_isa_, ISA) = {begin, advance};
