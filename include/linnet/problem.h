/* What is to be learnt. Every problem, population target or data, is reduced to moments, so that
 * the cost of a step never depends on the number of samples:
 *
 *   L(P) = loss_floor + 1/2 || (P - Phi) M^{1/2} ||_F^2,   dL/dP = (P - Phi) M,
 *
 * with M = c X X^T, Phi = c Y X^T M^+ the least-squares map, and c the loss normalisation. A
 * population target has M = I and loss_floor = 0. Shapes: X [d_in x n], Y [d_out x n], samples are
 * columns. Immutable once created. */
#ifndef LINNET_PROBLEM_H
#define LINNET_PROBLEM_H

#include "linnet/err.h"
#include "linnet/point.h"

struct ln_problem {
    uint64_t number; /* 1, 2, ...: no two problems of a process share one */
    int d_in, d_out;
    double *target;    /* Phi [d_out x d_in] */
    double *moment;    /* M [d_in x d_in]; NULL: identity */
    double *root;      /* M^{1/2} [d_in x d_in]; NULL: identity */
    double loss_floor; /* loss of the least-squares map */
    int n_samples;     /* 0: a population target */
    double c;          /* factor of the sample loss; 1 for a population target */
    double *x, *y;     /* X [d_in x n_samples], Y [d_out x n_samples]; NULL: a population target */
    int n_modes;       /* min(d_out, d_in) */
    double *sigma;     /* [n_modes] singular values of Q = Phi M^{1/2}, descending */
    double *left;      /* U [d_out x n_modes], Q = U diag(sigma) V^T */
    double *right;     /* V [d_in x n_modes] */
};

/* What a problem kind hands in: either a target, or samples with the factor c. Arrays are malloc'ed
 * and pass to the caller. */
struct ln_samples {
    int d_in, d_out, n;
    double *target; /* [d_out x d_in], or NULL */
    double *x, *y;  /* [d_in x n], [d_out x n] */
    double c;
};

struct ln_problem_kind {
    struct ln_entry entry;
    /* Input and output dimension of a point, cheaply. */
    int (*dims)(const struct ln_point *point, int *d_in, int *d_out, struct ln_err *err);
    bool has_moment; /* hands in samples, not a target */
    bool is_given;   /* nothing is drawn: the data seed does not matter */
    int (*build)(const struct ln_point *point, struct ln_samples *samples, struct ln_err *err);
};

extern const struct ln_catalogue ln_problems;

/* The factor c of (c/2)||W X - Y||_F^2 that the parameter `loss` names. */
double ln_problem_normalisation(const struct ln_conf *conf, int n_samples, int d_out);

int ln_problem_dims(const struct ln_point *point, int *d_in, int *d_out, struct ln_err *err);

/* Whether M differs from the identity, by kind. */
bool ln_problem_has_moment(const struct ln_point *point);

/* Ownership: ln_problem_free. Errors: LN_INPUT with the key at fault. */
int ln_problem_create(const struct ln_point *point, struct ln_problem **problem,
                      struct ln_err *err);
void ln_problem_free(struct ln_problem *problem);

/* Two points have the same problem. */
bool ln_problem_is_same(const struct ln_point *a, const struct ln_point *b);

/* Equal for two points with the same problem; of this process only. */
uint64_t ln_problem_hash(const struct ln_point *point);

/* Problems shared by points that run at the same time, so that each is built once. Ownership:
 * ln_problem_cache_free, after every problem was released. */
struct ln_problem_cache;
struct ln_problem_cache *ln_problem_cache_create(void);
void ln_problem_cache_free(struct ln_problem_cache *cache);
int ln_problem_cache_get(struct ln_problem_cache *cache, const struct ln_point *point,
                         const struct ln_problem **problem, struct ln_err *err);
void ln_problem_cache_release(struct ln_problem_cache *cache, const struct ln_problem *problem);

/* M = lambda I, lambda > 0, to rounding. */
bool ln_problem_is_white(const struct ln_problem *problem, double *lambda);

/* Excess loss E = 1/2 sum of sigma_i^2 over the modes left out when the best rank-r map is learnt
 * (Eckart-Young); 0 <= rank <= n_modes. Source: Nguegnang et al. 2021, levels of the loss. */
double ln_problem_level(const struct ln_problem *problem, int rank);

#endif
