/* Saddle-to-saddle dynamics of diagonal linear networks b = u o v: the piecewise constant limit of
 * the gradient flow as the initialisation scale alpha goes to 0, its jumps, and where they are
 * found on a trajectory. Source: Pesme, Flammarion 2023 ("PF"); D >= 3 visits the same saddles.
 *
 * Loss L(b) = (c/2) ||X b - y||^2, samples are the rows of X. Times are accelerated: t = tau / Lam
 * with Lam = ln(1/alpha); ln_saddles_time_unit gives the raw time of one. The dual s = s(0) -
 * int_0^t grad L(b) lives in the box [-low_i, high_i]; on a face of it b_i may differ from 0. */
#ifndef LINNET_SADDLES_H
#define LINNET_SADDLES_H

#include <stdbool.h>
#include <stdint.h>

/* What is to be learnt, by one network. Everything is borrowed. */
struct ln_regression {
    int n, d;        /* samples, coordinates */
    const double *x; /* [d x n]: row j is the column X_j of X */
    const double *y; /* [n] */
    double c;        /* 1/n in PF */
    /* [d] walls of the box, INFINITY where a sign is out of reach; NULL: 1. A start alpha^(k_i) has
     * both at k_i; the limit is the minimum of sum_i high_i b_i^+ + low_i b_i^-. */
    const double *low, *high;
    const double *start; /* [d] warm start b(0), dual on the wall of its sign; NULL: 0 */
};

enum ln_saddles_status {
    LN_SADDLES_DONE,
    LN_SADDLES_NOT_GENERAL,    /* the columns of a visited face are dependent: no unique saddle */
    LN_SADDLES_NOT_KKT,        /* the optimality conditions of a saddle failed beyond rounding */
    LN_SADDLES_NOT_DESCENDING, /* the loss did not fall at a jump */
    LN_SADDLES_INTERRUPTED,    /* interrupt.h */
    LN_SADDLES_N_STATUS
};
extern const char *const ln_saddles_status_text[LN_SADDLES_N_STATUS];

/* What happened to a coordinate at a jump; bits. */
enum {
    LN_SADDLE_HIT = 1,        /* its dual reached a wall: the jump leaves along it */
    LN_SADDLE_ENTERED = 2,    /* 0 before, not after */
    LN_SADDLE_DROPPED = 4,    /* not 0 before, 0 after */
    LN_SADDLE_FLIPPED = 8,    /* entered with the sign opposite to when it was last active */
    LN_SADDLE_DEGENERATE = 16 /* after the jump b_i = 0, g_i = 0, dual on a wall: the arrival is
                                 algebraic, b_i ~ 1/(2 S Lam (t - t_k)) */
};

/* The saddles in order: saddle k holds from time[k] to time[k + 1]; the last is the minimiser of
 * least weighted l1 norm. Saddle 0 is b = 0, or the first refit of a warm start. */
struct ln_saddles {
    int n_jumps, d;
    double *time, *loss; /* [n_jumps + 1] */
    double *b, *s;       /* [n_jumps + 1][d] saddle, and dual at time[k] */
    uint8_t *events;     /* [n_jumps + 1][d] */
    enum ln_saddles_status status;
    /* Largest violation at the end of: s - s(0) in the row space of X, s in the box, s on the wall
     * of sign b where b is not 0, grad L = 0 (relative to that of b = 0). Together they prove the
     * end minimal. NaN unless the status is DONE. */
    double certificate;
    int room;
};

/* PF Algorithm 1 with deactivation and several hits at a time. Ownership: ln_saddles_clear,
 * whatever the status; what was visited before a failure is there. */
enum ln_saddles_status ln_saddles_walk(const struct ln_regression *regression,
                                       struct ln_saddles *saddles);
void ln_saddles_clear(struct ln_saddles *saddles);

/* Coordinates that degenerate at saddle k (0: none). */
int ln_saddles_n_degenerate(const struct ln_saddles *saddles, int k);

/* What the last saddle has least of over argmin L: the weighted l1 norm sum_i high_i b_i^+ + low_i
 * b_i^-, less s(0) . b after a warm start. */
double ln_saddles_penalty(const struct ln_regression *regression, const double *b);

/* out [d] = (1/t) int_0^t b, t > 0: the Lasso solution at lambda = 1/t as long as no dual has left
 * its wall. Source: Berthier 2025; minus its gradient is s(t)/t exactly for a start at 0. */
void ln_saddles_average(const struct ln_saddles *saddles, double t, double *out);

/* argmin { L(b) : b_i sign_i >= 0, b_i = 0 where sign_i = 0 } by Lawson and Hanson's active set
 * from the b given (0, or one with independent columns on its support), refits by QR. gtol:
 * gradients within are 0. Returns false where columns are dependent, or it was interrupted. */
bool ln_signed_nnls(const struct ln_regression *regression, const int8_t *sign, double gtol,
                    double *b);

/* L and its gradient g [d] (NULL: not wanted). */
double ln_regression_loss(const struct ln_regression *regression, const double *b, double *g);

/* A jump at finite scale: t_k(alpha) = t_k + (c + h) / Lam, where c is the shift of the origin (the
 * linearised new coordinate is 1/2 there) and h the time on the orbit from there to equal distance
 * of both saddles. NaN where a degenerate saddle came before, or the orbit was not followed to its
 * end. */
struct ln_jump {
    double c, h;
    double length, chord; /* of the heteroclinic orbit in R^d; |b_k - b_{k-1}| */
    double residual;      /* how well the shifts of the active duals, known twice, agree */
};

/* jumps [n_jumps + 1]; jumps[0] is the refit of a warm start at time 0, or all 0. Follows the orbit
 * db/dth = -2 |b| o grad L(b) of every jump, signs frozen. Interrupted (interrupt.h), it leaves the
 * rest of them. Source: PF, arc-length theorem; c and h:
 * docs/physics.md. */
void ln_saddles_jumps(const struct ln_regression *regression, const struct ln_saddles *saddles,
                      struct ln_jump *jumps);

/* sigma = sum of plateau times up to t_p + sum of orbit lengths. */
double ln_saddles_total_length(const struct ln_saddles *saddles, const struct ln_jump *jumps);

/* One coordinate with curvature l and least-squares value b at time t, exactly, and the time of
 * half its height up to O(alpha^2). */
double ln_saddles_scalar(double l, double b, double log_scale, double t);
double ln_saddles_scalar_half_time(double l, double b, double log_scale);

/* Raw time of one accelerated unit, and its logarithm (which does not overflow). */
enum ln_saddles_start {
    LN_START_UV,       /* b = u o v from (sqrt2 alpha, 0); (w+^2 - w-^2)/2 from alpha: Lam */
    LN_START_SQUARES,  /* b = u^2 - v^2 from u = v = alpha: Lam / 2 */
    LN_START_POSITIVE, /* b = u o u from sqrt(eps) a: ln(1/eps)/4; alpha = sqrt(eps): Lam / 2 */
    LN_START_POWER     /* b = w+^D - w-^D from alpha, D >= 3: 1/(D (D-2) alpha^(D-2)) */
};
double ln_saddles_time_unit(enum ln_saddles_start start, int depth, double log_scale);
double ln_saddles_log_time_unit(enum ln_saddles_start start, int depth, double log_scale);

/* A run of samples at which nothing moves. */
struct ln_plateau {
    int first, last;
    int jump; /* the sample of fastest motion after it; -1: the last plateau */
};

/* Plateaus of a sampled trajectory b, g [n_times x d]: maximal runs with r <= quiet * max r, r =
 * max_i |b_i g_i|. A jump that falls between two samples is seen by |b| moving more than quiet of
 * its largest value. Returns their number; at most `most` are written. */
int ln_plateaus_find(const double *b, const double *g, int n_times, int d, double quiet,
                     struct ln_plateau *plateaus, int most);

/* The first time after sample `first` at which b is as far from `from` as from `to` (linear between
 * samples); NaN: never. *at: the sample after it. */
double ln_plateaus_switch_time(const double *t, const double *b, int n_times, int d, int first,
                               const double *from, const double *to, int *at);

#endif
