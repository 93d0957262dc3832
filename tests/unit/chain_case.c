#include "chain_case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/random.h"

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

static void fill(double *x, int n, double scale, struct ln_random *random) {
    ln_random_normals(random, (size_t)n, x);
    for (int i = 0; i < n; i++)
        x[i] *= scale;
}

/* M = A A^T / n in every lane. */
static void fill_moment(struct chain_case *c, int n, struct ln_random *random) {
    double *a = numbers(n * n);
    for (int lane = 0; lane < c->lanes; lane++) {
        fill(a, n * n, 1.0, random);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int k = 0; k < n; k++)
                    sum += a[i * n + k] * a[j * n + k];
                c->moment[(i * n + j) * c->lanes + lane] = sum / n;
            }
    }
    free(a);
}

struct chain_case *chain_case_create(const int *widths, int n_layers, bool has_moment, int lanes,
                                     uint64_t seed) {
    struct ln_random random;
    struct chain_case *c = ln_linalg_alloc(1, sizeof *c);
    int d_in = widths[0], d_out = widths[n_layers], history = (MOST_STEPS + 1) * LN_LANES;
    ln_random_init(&random, 4, seed, LN_STREAM_OTHER);
    c->chain = ln_chain_create(widths, n_layers, has_moment, false);
    c->room = ln_chain_room_create(c->chain, lanes);
    c->kept = ln_chain_create(widths, n_layers, has_moment, true);
    c->halves = ln_chain_room_create(c->kept, lanes);
    c->lanes = lanes;
    for (int j = 1; j <= n_layers; j++)
        c->n_weights += widths[j] * widths[j - 1];
    c->n_target = d_in * d_out;
    c->n_moment = has_moment ? d_in * d_in : 0;
    c->weights = numbers(c->n_weights * lanes);
    c->target = numbers(c->n_target * lanes);
    c->moment = has_moment ? numbers(c->n_moment * lanes) : NULL;
    double *w = c->weights;
    for (int j = 1; j <= n_layers; w += widths[j] * widths[j - 1] * lanes, j++)
        fill(w, widths[j] * widths[j - 1] * lanes, 1.0 / sqrt(widths[j - 1]), &random);
    fill(c->target, c->n_target * lanes, 1.0, &random);
    if (has_moment)
        fill_moment(c, d_in, &random);
    c->eta = numbers(history);
    for (int i = 0; i < history; i++)
        c->eta[i] = 0.01 * ln_random_uniform(&random);
    c->functional = numbers(c->n_weights);
    fill(c->functional, c->n_weights, 1.0, &random);
    c->losses = numbers(history);
    c->signatures = numbers(history);
    c->watch = ln_linalg_alloc(1, sizeof *c->watch);
    chain_case_watch_nothing(c);
    return c;
}

void chain_case_free(struct chain_case *c) {
    ln_chain_room_free(c->room);
    ln_chain_room_free(c->halves);
    ln_chain_free(c->chain);
    ln_chain_free(c->kept);
    free(c->weights);
    free(c->target);
    free(c->moment);
    free(c->eta);
    free(c->functional);
    free(c->losses);
    free(c->signatures);
    free(c->watch);
    free(c);
}

void chain_case_watch_nothing(struct chain_case *c) {
    struct ln_watch *watch = c->watch;
    memset(watch, 0, sizeof *watch);
    for (int l = 0; l < LN_LANES; l++) {
        watch->above_low[l] = watch->excess_low[l] = -INFINITY;
        watch->above_high[l] = watch->previous[l] = watch->best[l] = INFINITY;
        watch->worst[l] = -INFINITY;
    }
}

void chain_case_run(struct chain_case *c, int from, int most, bool keeps) {
    c->steps = (struct ln_steps){.most = most,
                                 .busy = (1u << c->lanes) - 1,
                                 .n_busy = c->lanes,
                                 .eta = c->eta + from * LN_LANES,
                                 .eta_stride = LN_LANES,
                                 .watch = c->watch,
                                 .functional = c->functional,
                                 .losses = keeps ? c->losses : NULL,
                                 .signatures = keeps ? c->signatures : NULL};
    ln_chain_run(c->room, c->weights, c->target, c->moment, &c->steps);
    ln_chain_room_settle(c->room);
}

void chain_case_go_up(struct chain_case *c, double *excess) {
    ln_chain_go_up(c->halves, c->weights, c->target, c->moment, excess);
}

double plain_fma(double a, double b, double c) {
    volatile double product = a * b; /* the compiler of this file may fuse as well */
    return strcmp(ln_lanes_isa(), "portable") == 0 ? product + c : fma(a, b, c);
}

static void take_lane(double *to, const double *from, int n, int lane, int lanes) {
    for (int e = 0; e < n; e++)
        to[e] = from[e * lanes + lane];
}

struct plain *plain_create(const struct chain_case *c, int lane) {
    struct plain *plain = ln_linalg_alloc(1, sizeof *plain);
    const struct ln_chain *chain = plain->chain = c->chain;
    const double *w = c->weights;
    for (int s = 0; s < chain->n_slots; s++) {
        int n = chain->rows[s] * chain->cols[s];
        plain->slot[s] = numbers(n);
        if (s < chain->n_layers) {
            take_lane(plain->slot[s], w, n, lane, c->lanes);
            w += n * c->lanes;
        }
    }
    take_lane(plain->slot[chain->target], c->target, c->n_target, lane, c->lanes);
    if (chain->has_moment)
        take_lane(plain->slot[chain->moment], c->moment, c->n_moment, lane, c->lanes);
    return plain;
}

void plain_free(struct plain *plain) {
    for (int s = 0; s < plain->chain->n_slots; s++)
        free(plain->slot[s]);
    free(plain);
}

double *plain_product(const struct plain *plain, const int *d, int i, int j) {
    int n = d[i - 1];
    double *p = numbers(n * n);
    for (int e = 0; e < n; e++)
        p[e * n + e] = 1;
    for (int l = i; l <= j; l++) {
        double *next = numbers(d[l] * n);
        ln_matmul(next, plain->slot[l - 1], false, p, false, d[l], n, d[l - 1]);
        free(p);
        p = next;
    }
    return p;
}

static void do_op(struct plain *plain, const struct ln_chain_op *op, double eta) {
    double *c = plain->slot[op->c];
    const double *a = plain->slot[op->a], *b = plain->slot[op->b];
    int m = op->m, n = op->n, k = op->k;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = op->form == LN_CHAIN_PLAIN ? a[i * n + j] : 0;
            for (int p = 0; p < k && op->form != LN_CHAIN_PLAIN; p++)
                sum = plain_fma(op->form == LN_CHAIN_TN ? a[p * m + i] : a[i * k + p],
                                op->form == LN_CHAIN_NT ? b[j * k + p] : b[p * n + j], sum);
            c[i * n + j] = op->descends ? plain_fma(-eta, sum, c[i * n + j]) : sum;
        }
}

/* In the order of ln_lanes_half_dot. */
static double half_dot(const double *a, const double *b, int m, int n) {
    double s[2][8] = {{0}}, t[8];
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            s[i % 2][j % 8] = plain_fma(a[i * n + j], b[i * n + j], s[i % 2][j % 8]);
    for (int c = 0; c < 8; c++)
        t[c] = s[0][c] + s[1][c];
    return 0.5 * (((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7])));
}

void plain_evaluate(struct plain *plain) {
    const struct ln_chain *chain = plain->chain;
    int m = chain->rows[chain->target], n = chain->cols[chain->target];
    double *delta = plain->slot[chain->delta], *error = plain->slot[chain->error];
    for (int i = 0; i < chain->n_forward; i++)
        do_op(plain, &chain->ops[i], 0);
    for (int e = 0; e < m * n; e++)
        delta[e] = plain->slot[chain->product][e] - plain->slot[chain->target][e];
    struct ln_chain_op op = {LN_CHAIN_NN, false, chain->error, chain->delta, chain->moment, m,
                             n,           n};
    if (chain->has_moment)
        do_op(plain, &op, 0);
    plain->excess = half_dot(delta, error, m, n);
    if (chain->has_moment && plain->excess < 0)
        plain->excess = 0;
}

void plain_step(struct plain *plain, double eta) {
    const struct ln_chain *chain = plain->chain;
    for (int i = chain->n_forward; i < chain->n_ops; i++)
        do_op(plain, &chain->ops[i], eta);
    plain_evaluate(plain);
}
