/* The step size below which gradient descent is proved to converge to a critical point: constants
 * M, K_delta, B_delta and the two terms of the bound. Source: Nguegnang, Rauhut, Terstiege 2021,
 * theorem 1. With X, Y scaled by sqrt(c), ||.|| spectral and D_j(0) balanced up to alpha delta:
 *
 *   M = (||Y|| + sqrt(2 L(0))) / sigma_min(X),   ||W(k)|| <= M
 *   K = M^{2/N} + (N + 1)^2 delta,               ||W_j(k)||^2 <= K
 *   B = 2 e N K^{N-1} ||X||^2 + sqrt(e) N K^{N/2-1} ||X|| ||Y||
 *   eta_k <= min{2 (1 - sigma) / B, (1 - alpha) delta sigma / (4 L(0))}.
 *
 * The derived form has 3/2 (N - 1) delta in K and no 4 in the second term. */
#ifndef LINNET_DESCENT_BOUND_H
#define LINNET_DESCENT_BOUND_H

#include "linnet/theory.h"

enum ln_descent_form { LN_DESCENT_PAPER, LN_DESCENT_DERIVED };

/* What the theorem sees of data and start. */
struct ln_descent_start {
    int depth;
    double x_norm, x_least, y_norm; /* ||X||, sigma_min(X), ||Y||, loss normalisation included */
    double loss, balancedness;      /* L(0), max_j ||D_j(0)|| */
};

struct ln_descent_bound {
    double delta, alpha, sigma;
    double product;                          /* M */
    double layer_squared;                    /* K_delta */
    double smoothness;                       /* B_delta */
    double descent_step, balance_step, step; /* the two terms, and the smaller */
};

/* Smallest singular value of sqrt(c) X over the largest; 0 where X has no full row rank. */
double ln_descent_condition(const struct ln_problem *problem);

/* False where the theorem does not speak of the network: one layer, no layers, a penalty, or X
 * without full row rank. */
bool ln_descent_start_of(const struct ln_net *net, struct ln_descent_start *start);

/* The bound at a delta. False where alpha = balancedness / delta is not below 1. */
bool ln_descent_bound_at(const struct ln_descent_start *start, double delta, double sigma,
                         enum ln_descent_form form, struct ln_descent_bound *bound);

/* max(delta*, 2 balancedness), delta* = M^{2/N} / ((N - 1) (N + 1)^2): B grows polynomially in N.
 */
double ln_descent_usual_delta(const struct ln_descent_start *start);

/* The delta at which the falling and the rising term of the bound meet: the largest step. */
double ln_descent_best_delta(const struct ln_descent_start *start, double sigma,
                             enum ln_descent_form form);

/* The bound of a point, by the keys theory.sigma, theory.delta, theory.delta_choice. */
bool ln_descent_bound_of(const struct ln_outlook *outlook, enum ln_descent_form form,
                         struct ln_descent_bound *bound);

/* For the predictions built on it. Errors: X without full row rank, one layer, a penalty, sigma =
 * 1. */
int ln_descent_check(const struct ln_point *point, const struct ln_shape *shape,
                     const struct ln_problem *problem, struct ln_err *err);

#endif
