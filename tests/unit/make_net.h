/* Networks for tests: a point with its shape, problem and weights at step 0. */
#ifndef LINNET_TEST_MAKE_NET_H
#define LINNET_TEST_MAKE_NET_H

#include "linnet/model.h"
#include "make_point.h"

struct net {
    struct ln_point point;
    struct ln_shape shape;
    struct ln_problem *problem;
    double *weights; /* [n_state] */
    double *constants;
    int64_t hidden[LN_MAX_LAYERS];
    struct ln_matrix target;
};

/* A random problem and Gaussian weights of the widths d_0 .. d_N; seed decides both. */
void net_make(struct net *net, const int *widths, int n_layers, bool has_moment, uint64_t seed);

/* A given target [rows x cols], depth and hidden width max(rows, cols), identity start. The point
 * may be changed before net_complete. */
void net_begin(struct net *net, const double *target, int rows, int cols, int depth);

/* Shape, problem and weights of net->point as it stands. */
void net_complete(struct net *net);
void net_clear(struct net *net);

/* The network at its own weights, or at others. */
struct ln_net net_view(const struct net *net);
struct ln_net net_at(const struct net *net, const double *weights);

/* E = 1/2 tr (P - Phi) M (P - Phi)^T by plain loops. */
double net_excess(const struct net *net, const double *weights);

/* Gradient of E by the model, without its lanes. */
void net_gradient(const struct net *net, const double *weights, double *gradient);

/* Asserts column c of a Hessian of E [n_weights x n_weights] by differences of the gradient, and
 * that it is the row, but for `rounding`. */
void net_assert_hessian_column(struct net *net, const double *hessian, int c, double rounding);

#endif
