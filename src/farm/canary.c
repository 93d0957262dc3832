#include "linnet/canary.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "linnet/engine.h"
#include "linnet/interrupt.h"
#include "linnet/linalg.h"

const char *const ln_canary_names[LN_CANARY_PARTS] = {
    "one layer in lanes",       "three layers in lanes",    "three layers alone",
    "random networks in lanes", "a random network alone",   "a diagonal network",
    "a product by OpenBLAS",    "a factorisation by LAPACK"};

/* The relative error that is allowed where rounding is not excluded. */
static const double tolerance = 1e-13;

enum { N_CELLS = 8, N_STEPS = 24, N_SWEEPS = 6 };

/* Step sizes, targets and starts with a closed form are sums of few powers of two. */
#define TRAINED(eta)                                                                               \
    "train: {step_size: " eta ", max_steps: 24, stop: {loss: 0}}\n"                                \
    "record: {times: {list: [24]}, series: [loss], final: [loss, weights], theory: "               \
    "[step_limit]}\n"
#define IDENTITY "init: {kind: identity}"
#define STARTS "axes: {init_scale: [1, 0.5, 0.25, 0.75, 1.25, 1.125, 0.375, 0.625]}\n"

static const struct verse {
    bool has_closed_form;
    const char *text;
} verses[N_SWEEPS] = {
    {true, "linnet: 1\nproblem: {kind: target, spectrum: [3, -2, 1.5, 0.75, 5]}\n"
           "model: {depth: 1, " IDENTITY "}\n" STARTS TRAINED("0.5")},
    {true, "linnet: 1\nproblem: {kind: target, spectrum: [1.75, 1.5, 1, 0.5, 0.25]}\n"
           "model: {depth: 3, " IDENTITY "}\n" STARTS TRAINED("0.0625")},
    {true, "linnet: 1\nproblem: {kind: target, spectrum: [2, 1.75, 1.5, 1.25, 1, 0.875, 0.75, "
           "0.625, 0.5, 0.375, 0.25, 0.125]}\n"
           "model: {depth: 3, init: {kind: identity, scale: 0.75}}\n" TRAINED("0.0625")},
    {false, "linnet: 1\nproblem: {kind: target, spectrum: [2, 1, 0.5, 0.3, 0.1], basis: random}\n"
            "model: {depth: 3, init: {kind: gaussian, std: fan_in}}\n"
            "axes: {seed: {count: 8}}\n" TRAINED("0.04")},
    {false, "linnet: 1\nproblem: {kind: target, spectrum: [2, 1, 0.5], rows: 12, cols: 12, basis: "
            "random}\nmodel: {depth: 3, init: {kind: gaussian, std: fan_in}}\n" TRAINED("0.04")},
    {false, "linnet: 1\nproblem: {kind: teacher, samples: 20, inputs: 32}\n"
            "model: {kind: diagonal, init: {kind: diagonal}}\n" STARTS TRAINED("0.04")},
};

/* One sweep on its way through the engine. */
struct song {
    const struct verse *verse;
    const struct ln_sweep *sweep;
    const struct ln_layout *layout;
    int64_t n_given;
    uint64_t rows[N_CELLS];
    struct ln_point *point;
};

static bool is_near(double value, double wanted, double allowed) {
    return fabs(value - wanted) <= allowed * fabs(wanted);
}

/* One mode from a multiple of the identity. A single layer: w_k = phi + (1 - eta)^k (a - phi), at
 * eta = 1/2 exact in binary. More: w <- w - eta w^(N-1) (w^N - phi). Source: Bartlett et al. 2018,
 * lemma 6. */
static double mode_after(double phi, double start, double eta, int depth) {
    double w = start;
    if (depth == 1)
        return phi + ldexp(start - phi, -N_STEPS);
    for (int k = 0; k < N_STEPS; k++) {
        double power = 1;
        for (int j = 1; j < depth; j++)
            power *= w;
        w -= eta * power * (power * w - phi);
    }
    return w;
}

static int check_weights(const struct song *song, const double *weights, struct ln_err *err) {
    const struct ln_conf *train = &song->point->conf[LN_TRAIN];
    const struct ln_value *phi = ln_conf_value(&song->point->conf[LN_PROBLEM], "spectrum");
    double start = ln_conf_real(&song->point->conf[LN_INIT], "scale"),
           eta = ln_conf_real(train, "step_size");
    int depth = (int)ln_conf_int(&song->point->conf[LN_MODEL], "depth"), n = phi->count;
    for (int e = 0; e < depth * n * n; e++) {
        int i = e / n % n, j = e % n;
        double wanted = i == j ? mode_after(phi->reals[i], start, eta, depth) : 0;
        if (!is_near(weights[e], wanted, depth == 1 ? 0 : tolerance))
            return ln_err_set(err, LN_FATAL, "weight %d of point %d is %.17g, but should be %.17g",
                              e, (int)song->point->id, weights[e], wanted);
    }
    return LN_OK;
}

static bool next(void *ctx, int64_t *cell) {
    struct song *song = ctx;
    *cell = song->n_given;
    return song->n_given < ln_sweep_n_cells(song->sweep) ? song->n_given++, true : false;
}

/* Points finish in any order, so each has a hash of its own. */
static int finish(void *ctx, int64_t cell, const void *row, struct ln_err *err) {
    struct song *song = ctx;
    const struct ln_column *weights = ln_layout_find(song->layout, "weights");
    for (int c = 0; c < song->layout->n_columns; c++) {
        const struct ln_column *column = &song->layout->columns[c];
        song->rows[cell] =
            XXH64((const char *)row + column->offset, column->bytes, song->rows[cell]);
    }
    if (!song->verse->has_closed_form)
        return LN_OK;
    ln_sweep_point(song->sweep, cell, song->point);
    return check_weights(song, (const double *)((const char *)row + weights->offset), err);
}

static bool poll(void *ctx) {
    (void)ctx;
    return false;
}

static int train(const struct ln_sweep *sweep, const struct verse *verse, uint64_t *bits,
                 struct ln_err *err) {
    struct ln_layout *layout = ln_linalg_alloc(1, sizeof *layout);
    struct ln_engine *engine = NULL;
    struct song song = {verse, sweep, layout, 0, {0}, ln_linalg_alloc(1, sizeof *song.point)};
    const struct ln_engine_hooks hooks = {
        .ctx = &song, .next = next, .finish = finish, .poll = poll};
    int status = ln_engine_layout(sweep, layout, err);
    if (status == LN_OK)
        status = ln_engine_create(sweep, layout, &engine, err);
    if (status == LN_OK)
        status = ln_engine_run(engine, &hooks, err);
    *bits = XXH64(song.rows, sizeof song.rows, 0);
    ln_engine_free(engine);
    free(song.point);
    free(layout);
    return status;
}

static int sing(const struct verse *verse, uint64_t *bits, struct ln_err *err) {
    struct ln_sweep *sweep = NULL;
    int status =
        ln_sweep_parse("canary", verse->text, strlen(verse->text), NULL, 0, NULL, &sweep, err);
    if (status == LN_OK)
        status = train(sweep, verse, bits, err);
    ln_sweep_free(sweep);
    return status;
}

enum { SIDE = 24, ORDER = 16 };

/* Whole numbers, whose product is exact in any order; then numbers that are not. */
static int multiply(uint64_t *bits, struct ln_err *err) {
    double a[SIDE * SIDE], b[SIDE * SIDE], c[SIDE * SIDE];
    for (int e = 0; e < SIDE * SIDE; e++) {
        a[e] = e * 37 % 101 - 50;
        b[e] = e * 59 % 97 - 48;
    }
    ln_matmul(c, a, false, b, true, SIDE, SIDE, SIDE);
    for (int e = 0; e < SIDE * SIDE; e++) {
        double wanted = 0;
        for (int k = 0; k < SIDE; k++)
            wanted += a[e / SIDE * SIDE + k] * b[e % SIDE * SIDE + k];
        if (c[e] != wanted)
            return ln_err_set(err, LN_FATAL, "element %d is %.17g, but should be %.17g", e, c[e],
                              wanted);
    }
    for (int e = 0; e < SIDE * SIDE; e++) {
        a[e] /= 51;
        b[e] /= 49;
    }
    ln_matmul(c, a, true, b, false, SIDE, SIDE, SIDE);
    *bits = XXH64(c, sizeof c, 0);
    return LN_OK;
}

/* H / 4, H the Hadamard matrix of order 16, is orthogonal: (H / 4) diag(16, ..., 1) has the
 * singular values 16, ..., 1. */
static int factor(uint64_t *bits, struct ln_err *err) {
    double a[ORDER * ORDER], u[ORDER * ORDER], v[ORDER * ORDER], s[2][ORDER];
    for (int i = 0; i < ORDER; i++)
        for (int j = 0; j < ORDER; j++)
            a[i * ORDER + j] = (__builtin_parity((unsigned)(i & j)) ? -0.25 : 0.25) * (ORDER - j);
    ln_svd(u, s[0], v, a, ORDER, ORDER);
    ln_svd(NULL, s[1], NULL, a, ORDER, ORDER);
    *bits = XXH64(u, sizeof u, XXH64(v, sizeof v, XXH64(s, sizeof s, 0)));
    for (int k = 0; k < 2 * ORDER; k++)
        if (!is_near(s[k / ORDER][k % ORDER], ORDER - k % ORDER, tolerance))
            return ln_err_set(err, LN_FATAL, "singular value %d is %.17g, but should be %d",
                              k % ORDER, s[k / ORDER][k % ORDER], ORDER - k % ORDER);
    return LN_OK;
}

/* Results are defined with rounding to nearest (ties to even) and without denormals. */
static int check_mode(struct ln_err *err) {
    volatile double one = 1, half_ulp = 0x1p-53, least = 0x1p-1022;
    volatile double even = one + half_ulp, odd = one + 3 * half_ulp, below = least * 0.5;
    if (even != 1 || odd != 1 + 0x1p-51 || -one - half_ulp != -1)
        return ln_err_set(err, LN_FATAL, "the CPU does not round to nearest");
    if (ln_linalg_flushes() && below != 0)
        return ln_err_set(err, LN_FATAL, "the CPU keeps denormals");
    return LN_OK;
}

int ln_canary_run(struct ln_canary *canary, struct ln_err *err) {
    /* Soon over; and what is cut short would look like a broken machine. */
    struct ln_interrupt before = ln_interrupt_by((struct ln_interrupt){0});
    int status = check_mode(err);
    for (int i = 0; i < LN_CANARY_PARTS && status == LN_OK; i++) {
        uint64_t *bits = &canary->bits[i];
        status = i < N_SWEEPS    ? sing(&verses[i], bits, err)
                 : i == N_SWEEPS ? multiply(bits, err)
                                 : factor(bits, err);
        if (status != LN_OK) {
            ln_err_prefix(err, "%s: ", ln_canary_names[i]);
            err->status = LN_FATAL;
        }
    }
    ln_interrupt_by(before);
    return status == LN_OK ? LN_OK : LN_FATAL;
}

uint64_t ln_canary_fingerprint(const struct ln_canary *canary) {
    return XXH64(canary->bits, sizeof canary->bits, 0);
}
