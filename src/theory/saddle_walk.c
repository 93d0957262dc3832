/* The recursive algorithm of Pesme, Flammarion 2023. The snapping rules are essential: a dual that
 * reaches its wall is set to it exactly, and later tests are tests of equality. */
#include "linnet/saddles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/interrupt.h"
#include "linnet/linalg.h"

const char *const ln_saddles_status_text[LN_SADDLES_N_STATUS] = {
    "done",
    "no saddle is unique: columns of X that hit together, or of a warm start, are dependent",
    "the optimality conditions of a saddle failed beyond rounding: X is too ill-conditioned",
    "the loss did not fall at a jump: X is too ill-conditioned",
    "the walk was interrupted",
};

static const double relative_tolerance = 1e-12;

struct walk {
    const struct ln_regression *problem;
    struct ln_saddles *out;
    double t, loss, scale; /* scale: max |grad L(0)| */
    double gtol;
    double *b, *s, *g, *wait, *low, *high;
    int8_t *sign, *last_sign; /* the face; the sign when last active */
    uint8_t *events;
};

static const double *column(const struct ln_regression *problem, int j) {
    return problem->x + (size_t)j * problem->n;
}

static void residual_of(const struct ln_regression *problem, const double *b, double *r) {
    for (int i = 0; i < problem->n; i++)
        r[i] = -problem->y[i];
    for (int j = 0; j < problem->d; j++)
        for (int i = 0; b[j] != 0 && i < problem->n; i++)
            r[i] += column(problem, j)[i] * b[j];
}

double ln_regression_loss(const struct ln_regression *problem, const double *b, double *g) {
    size_t n = (size_t)problem->n;
    double *r = ln_linalg_alloc(n, sizeof *r);
    residual_of(problem, b, r);
    for (int j = 0; g && j < problem->d; j++)
        g[j] = problem->c * ln_dot(column(problem, j), r, n);
    double loss = problem->c / 2 * ln_dot(r, r, n);
    free(r);
    return loss;
}

static double largest(const double *x, int n) {
    double most = 0;
    for (int i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* What rounding alone may leave of a gradient at b that is 0. */
static double rounding_of(const struct ln_regression *problem, const double *b) {
    double size = ln_norm(problem->y, (size_t)problem->n), longest = 0;
    for (int j = 0; j < problem->d; j++) {
        double length = ln_norm(column(problem, j), (size_t)problem->n);
        size += length * fabs(b[j]);
        longest = fmax(longest, length);
    }
    return 16 * 0x1p-52 * problem->c * longest * size;
}

/* Loss and gradient at b; what is 0 up to rounding is set to 0. */
static void look(struct walk *walk) {
    walk->loss = ln_regression_loss(walk->problem, walk->b, walk->g);
    walk->gtol = fmax(relative_tolerance * walk->scale, rounding_of(walk->problem, walk->b));
    for (int i = 0; i < walk->problem->d; i++)
        if (walk->b[i] != 0 || fabs(walk->g[i]) <= walk->gtol)
            walk->g[i] = 0;
}

/* The shortest wait until a dual reaches the wall it moves towards; INFINITY: none does. */
static double shortest_wait(struct walk *walk) {
    double shortest = INFINITY;
    for (int i = 0; i < walk->problem->d; i++) {
        double g = walk->g[i];
        walk->wait[i] = g < 0   ? (walk->high[i] - walk->s[i]) / -g
                        : g > 0 ? (walk->s[i] + walk->low[i]) / g
                                : (double)INFINITY;
        shortest = fmin(shortest, walk->wait[i]);
    }
    return shortest;
}

static void set_face(struct walk *walk) {
    for (int i = 0; i < walk->problem->d; i++)
        walk->sign[i] = (int8_t)((walk->s[i] == walk->high[i]) - (walk->s[i] == -walk->low[i]));
}

/* Moves the dual on to the first wall. Waits are compared in units of the first jump time, so that
 * the rule does not depend on the units of X and y. */
static void travel(struct walk *walk, double wait) {
    const struct ln_regression *problem = walk->problem;
    double close = relative_tolerance * fmax(1 / walk->scale, wait);
    memset(walk->events, 0, (size_t)problem->d);
    walk->t += wait;
    for (int i = 0; i < problem->d; i++) {
        walk->s[i] -= wait * walk->g[i];
        if (walk->wait[i] - wait <= close) {
            walk->s[i] = walk->g[i] < 0 ? walk->high[i] : -walk->low[i];
            walk->events[i] = LN_SADDLE_HIT;
        }
    }
}

/* Refits on the face and notes what changed. */
static bool refit(struct walk *walk) {
    int d = walk->problem->d;
    double *before = ln_linalg_alloc((size_t)d, sizeof *before);
    memcpy(before, walk->b, (size_t)d * sizeof *before);
    set_face(walk);
    if (walk->out->n_jumps < 0) /* a warm start may have any support */
        memset(walk->b, 0, (size_t)d * sizeof *walk->b);
    bool is_done = ln_signed_nnls(walk->problem, walk->sign, walk->gtol, walk->b);
    for (int i = 0; is_done && i < d; i++) {
        int sign = (walk->b[i] > 0) - (walk->b[i] < 0);
        if (sign && before[i] == 0)
            walk->events[i] |= LN_SADDLE_ENTERED;
        if (!sign && before[i] != 0)
            walk->events[i] |= LN_SADDLE_DROPPED;
        if (sign * walk->last_sign[i] < 0)
            walk->events[i] |= LN_SADDLE_FLIPPED;
        walk->last_sign[i] = sign ? (int8_t)sign : walk->last_sign[i];
    }
    free(before);
    return is_done;
}

/* After look(): on the support g = 0 (refitted, so up to rounding), off it the dual on a wall moves
 * inward; a g that is 0 there marks a degenerate arrival. */
static bool is_kkt(struct walk *walk) {
    double *g = ln_linalg_alloc((size_t)walk->problem->d, sizeof *g);
    ln_regression_loss(walk->problem, walk->b, g);
    bool holds = true;
    for (int i = 0; i < walk->problem->d; i++) {
        if (walk->b[i] != 0)
            holds = holds && fabs(g[i]) <= 1e3 * walk->gtol && walk->b[i] * walk->sign[i] > 0;
        else if (walk->sign[i] != 0)
            holds = holds && walk->sign[i] * g[i] >= -walk->gtol;
        if (walk->b[i] == 0 && walk->sign[i] != 0 && walk->g[i] == 0)
            walk->events[i] |= LN_SADDLE_DEGENERATE;
    }
    free(g);
    return holds;
}

/* After is_kkt(): whether the refit had one answer. It does not where the columns with a dual on
 * its wall and g = 0 are dependent, which X in general position excludes, but for warm starts. */
static bool is_unique(const struct walk *walk) {
    const struct ln_regression *problem = walk->problem;
    size_t n = (size_t)problem->n, d = (size_t)problem->d;
    int count = 0;
    bool is_degenerate = false, is_good = true;
    for (size_t i = 0; i < d; i++) {
        count += walk->sign[i] != 0 && walk->g[i] == 0;
        is_degenerate = is_degenerate || walk->events[i] & LN_SADDLE_DEGENERATE;
    }
    if (!is_degenerate || count > problem->n)
        return !is_degenerate;
    double *columns = ln_linalg_alloc((size_t)count * n, sizeof *columns);
    double *z = ln_linalg_alloc((size_t)count, sizeof *z), *to = columns;
    for (size_t i = 0; i < d; i++)
        if (walk->sign[i] != 0 && walk->g[i] == 0) {
            memcpy(to, column(problem, (int)i), n * sizeof *to);
            to += n;
        }
    is_good = ln_least_squares(z, columns, problem->y, (int)n, count);
    free(z);
    free(columns);
    return is_good;
}

static void *grown(void *block, size_t used, size_t bytes) {
    void *more = ln_linalg_alloc(bytes, 1);
    if (block)
        memcpy(more, block, used);
    free(block);
    return more;
}

static void emit(struct walk *walk) {
    struct ln_saddles *out = walk->out;
    size_t d = (size_t)out->d, used = (size_t)(out->n_jumps + 1);
    if (out->n_jumps + 1 == out->room) {
        out->room = 2 * out->room + 8;
        size_t room = (size_t)out->room, number = sizeof *out->time;
        out->time = grown(out->time, used * number, room * number);
        out->loss = grown(out->loss, used * number, room * number);
        out->b = grown(out->b, used * d * number, room * d * number);
        out->s = grown(out->s, used * d * number, room * d * number);
        out->events = grown(out->events, used * d, room * d);
    }
    size_t k = (size_t)++out->n_jumps;
    out->time[k] = walk->t;
    out->loss[k] = walk->loss;
    memcpy(out->b + k * d, walk->b, d * sizeof *out->b);
    memcpy(out->s + k * d, walk->s, d * sizeof *out->s);
    memcpy(out->events + k * d, walk->events, d);
}

/* Refit, check, emit. */
static enum ln_saddles_status arrive(struct walk *walk) {
    double before = walk->loss;
    if (!refit(walk))
        return LN_SADDLES_NOT_GENERAL;
    look(walk);
    if (!is_kkt(walk))
        return LN_SADDLES_NOT_KKT;
    if (!is_unique(walk))
        return LN_SADDLES_NOT_GENERAL;
    if (walk->out->n_jumps >= 0 && !(walk->loss < before))
        return LN_SADDLES_NOT_DESCENDING;
    emit(walk);
    return LN_SADDLES_DONE;
}

static double start_dual(const struct walk *walk, int i) {
    double b = walk->problem->start ? walk->problem->start[i] : 0;
    return b > 0 ? walk->high[i] : b < 0 ? -walk->low[i] : 0;
}

/* Largest entry of what the row space of X leaves of v [d]; v is overwritten. */
static double off_row_space(const struct ln_regression *problem, double *v) {
    int d = problem->d, n = problem->n, r = d < n ? d : n;
    double *u = ln_linalg_alloc((size_t)d * r, sizeof *u);
    double *sigma = ln_linalg_alloc((size_t)r, sizeof *sigma);
    ln_svd(u, sigma, NULL, problem->x, d, n);
    for (int k = 0; k < r && sigma[k] > relative_tolerance * sigma[0]; k++) {
        double along = 0;
        for (int i = 0; i < d; i++)
            along += u[i * r + k] * v[i];
        for (int i = 0; i < d; i++)
            v[i] -= along * u[i * r + k];
    }
    free(sigma);
    free(u);
    return largest(v, d);
}

static double certify(const struct walk *walk) {
    const struct ln_regression *problem = walk->problem;
    double worst = walk->scale > 0 ? largest(walk->g, problem->d) / walk->scale : 0;
    double *moved = ln_linalg_alloc((size_t)problem->d, sizeof *moved);
    for (int i = 0; i < problem->d; i++) {
        double s = walk->s[i], wall = walk->b[i] > 0 ? walk->high[i] : -walk->low[i];
        moved[i] = s - start_dual(walk, i);
        worst = fmax(worst, fmax(s - walk->high[i], -walk->low[i] - s));
        if (walk->b[i] != 0)
            worst = fmax(worst, fabs(s - wall));
    }
    worst = fmax(worst, off_row_space(problem, moved));
    free(moved);
    return worst;
}

static void begin(struct walk *walk) {
    const struct ln_regression *problem = walk->problem;
    size_t d = (size_t)problem->d;
    double **numbers[] = {&walk->b, &walk->s, &walk->g, &walk->wait, &walk->low, &walk->high};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i] = ln_linalg_alloc(d, sizeof(double));
    walk->sign = ln_linalg_alloc(d, 1);
    walk->last_sign = ln_linalg_alloc(d, 1);
    walk->events = ln_linalg_alloc(d, 1);
    ln_regression_loss(problem, walk->b, walk->g); /* at 0 */
    walk->scale = largest(walk->g, problem->d);
    for (size_t i = 0; i < d; i++) {
        walk->low[i] = problem->low ? problem->low[i] : 1;
        walk->high[i] = problem->high ? problem->high[i] : 1;
        walk->s[i] = start_dual(walk, (int)i);
        walk->b[i] = problem->start ? problem->start[i] : 0;
        walk->last_sign[i] = (int8_t)((walk->b[i] > 0) - (walk->b[i] < 0));
    }
}

static void end(struct walk *walk) {
    void *blocks[] = {walk->b,    walk->s,    walk->g,         walk->wait,  walk->low,
                      walk->high, walk->sign, walk->last_sign, walk->events};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        free(blocks[i]);
}

enum ln_saddles_status ln_saddles_walk(const struct ln_regression *problem,
                                       struct ln_saddles *saddles) {
    struct walk walk = {.problem = problem, .out = saddles};
    *saddles = (struct ln_saddles){.n_jumps = -1, .d = problem->d, .certificate = (double)NAN};
    begin(&walk);
    look(&walk);
    enum ln_saddles_status status = arrive(&walk); /* b = 0, or the refit of a warm start */
    double wait = shortest_wait(&walk);
    while (status == LN_SADDLES_DONE && isfinite(wait) && !ln_interrupt_is_due()) {
        travel(&walk, wait);
        status = arrive(&walk);
        wait = shortest_wait(&walk);
    }
    if (ln_interrupt_has_cut()) /* a refit that gave up looks like dependent columns */
        status = LN_SADDLES_INTERRUPTED;
    if (status == LN_SADDLES_DONE)
        saddles->certificate = certify(&walk);
    saddles->status = status;
    end(&walk);
    return status;
}

void ln_saddles_clear(struct ln_saddles *saddles) {
    free(saddles->time);
    free(saddles->loss);
    free(saddles->b);
    free(saddles->s);
    free(saddles->events);
    *saddles = (struct ln_saddles){0};
}

int ln_saddles_n_degenerate(const struct ln_saddles *saddles, int k) {
    int count = 0;
    for (int i = 0; i < saddles->d; i++)
        count += (saddles->events[(size_t)k * saddles->d + i] & LN_SADDLE_DEGENERATE) != 0;
    return count;
}

double ln_saddles_penalty(const struct ln_regression *problem, const double *b) {
    double sum = 0;
    for (int i = 0; i < problem->d; i++) {
        double high = problem->high ? problem->high[i] : 1;
        double low = problem->low ? problem->low[i] : 1;
        double start = problem->start ? problem->start[i] : 0;
        double dual = start > 0 ? high : start < 0 ? -low : 0;
        if (b[i] != 0)
            sum += b[i] > 0 ? (high - dual) * b[i] : (low + dual) * -b[i];
    }
    return sum;
}

void ln_saddles_average(const struct ln_saddles *saddles, double t, double *out) {
    memset(out, 0, (size_t)saddles->d * sizeof *out);
    for (int k = 0; k <= saddles->n_jumps && saddles->time[k] < t; k++) {
        double until = k < saddles->n_jumps ? fmin(t, saddles->time[k + 1]) : t;
        double share = (until - saddles->time[k]) / t;
        for (int i = 0; i < saddles->d; i++)
            out[i] += share * saddles->b[(size_t)k * saddles->d + i];
    }
}
