/* One step of gradient descent on a chain of matrices W_N ... W_1, as a list of products found once
 * per shape, and the kernels that take many such steps.
 *
 * The product is bracketed in the cheapest order (matrix chain order). A node C = A B of that
 * bracketing costs one product upwards and one for each child downwards, dA = dC B^T, dB = A^T dC.
 * Where a child is a layer, its update W -= eta dW is fused into that product: no gradient is ever
 * stored, and every layer moves from old weights. Square chains: 3 (N - 1) products. */
#ifndef LINNET_CHAIN_H
#define LINNET_CHAIN_H

#include <stdbool.h>

#include "linnet/watch.h"

enum ln_chain_form {
    LN_CHAIN_NN,   /* A B */
    LN_CHAIN_TN,   /* A^T B */
    LN_CHAIN_NT,   /* A B^T */
    LN_CHAIN_PLAIN /* A itself (m x n; k = 1): the update of a layer whose gradient is at hand */
};

/* C [m x n] = form(A, B) with inner length k, or C -= eta form(A, B). Numbers of slots. */
struct ln_chain_op {
    enum ln_chain_form form;
    bool descends;
    int c, a, b;
    int m, n, k;
};

/* Slot s is a matrix of rows[s] x cols[s]. Slots 0 .. N - 1 are W_1 .. W_N; the others are named,
 * or temporary. Immutable once created. */
struct ln_chain {
    int n_layers;
    bool has_moment, keeps_product;
    int target, moment; /* Phi; M (-1: the identity) */
    int product;        /* P = W_N ... W_1 */
    int delta;          /* P - Phi, in the place of P unless that is kept */
    int error;          /* (P - Phi) M, in the same place where M is the identity */
    int n_forward;      /* ops before delta, error and E are taken ... */
    int n_ops;          /* ... and all of them */
    int n_slots;
    int *rows, *cols;
    struct ln_chain_op *ops;
    double flops; /* of one step, 2 m n k a product, E and updates included */
};

/* widths: d_0 .. d_N. keeps_product: P is still there when E has been taken. Ownership:
 * ln_chain_free. */
struct ln_chain *ln_chain_create(const int *widths, int n_layers, bool has_moment,
                                 bool keeps_product);
void ln_chain_free(struct ln_chain *chain);

/* The same, of a shape that is asked for again and again: to find the order takes N^3 comparisons,
 * so chains of the last shapes are remembered. Ownership: ln_chain_release, never ln_chain_free. */
const struct ln_chain *ln_chain_hold(const int *widths, int n_layers, bool has_moment,
                                     bool keeps_product);
void ln_chain_release(const struct ln_chain *chain);

/* P [d_N x d_0] of one network, not lane-packed; weights as ln_chain_run takes them. */
void ln_chain_multiply(const struct ln_chain *chain, const double *weights, double *p);

/* out = H v, v and out [n_weights] as the weights: the Hessian of E in the direction v. Of one
 * network, not lane-packed; moment: NULL where the chain has none. No n_weights^2 anywhere. */
void ln_chain_along(const struct ln_chain *chain, const double *weights, const double *target,
                    const double *moment, const double *v, double *out);

/* Work space of the points in flight of one chain. */
struct ln_chain_room;

/* The chain must outlive it. lanes: LN_LANES or 1. Ownership: ln_chain_room_free. */
struct ln_chain_room *ln_chain_room_create(const struct ln_chain *chain, int lanes);
void ln_chain_room_free(struct ln_chain_room *room);

/* Writes the weights that a run has left in matrices of the room into the array that was given to
 * it. Before anybody reads or changes that. */
void ln_chain_room_settle(struct ln_chain_room *room);

/* The weights, targets or moments of a lane were changed from outside since the last run. The room
 * is settled. */
void ln_chain_room_touch(struct ln_chain_room *room);

/* Lane-packed arrays as in a batch: weights [n_weights][lanes] row by row, layer by layer; target
 * [d_N * d_0][lanes]; moment [d_0 * d_0][lanes] or NULL. Takes steps until steps->most, or until a
 * lane leaves its band. On return, once settled, the weights are those of the state reached, and
 * steps->watch has its E. Bits: every element of a product is the chain of ln_lanes_nn; so a point
 * has the same bits in lanes and alone, on every instruction set with FMA.
 *
 * lanes = 1: in the padded kernel, from matrices of its own that stay in place from run to run;
 * where one product has more than 400^3 FMAs and no side below 256, all on OpenBLAS, whose bits
 * depend on its core type as well. A few busy lanes of LN_LANES (how many is a matter of the shape)
 * go through the padded kernel one by one, each to the end of its own band; the others are not
 * touched. */
void ln_chain_run(struct ln_chain_room *room, double *weights, const double *target,
                  const double *moment, struct ln_steps *steps);

/* The same list, half a step at a time, for those who do something of their own in between; in
 * lanes in the bits of a run, with lanes = 1 on OpenBLAS, whatever the size. First up, by a chain
 * that keeps its product: arrays as above; excess [lanes] is E. */
void ln_chain_go_up(struct ln_chain_room *room, double *weights, const double *target,
                    const double *moment, double *excess);
/* Then P, and (P - Phi) M, which may be replaced; lane-packed, until the room is freed. */
const double *ln_chain_product(const struct ln_chain_room *room);
double *ln_chain_error(const struct ln_chain_room *room);
/* Then down, once: W -= eta[lane] grad, or the gradient [n_weights][lanes]. */
void ln_chain_descend(struct ln_chain_room *room, const double *eta);
void ln_chain_gradient(struct ln_chain_room *room, double *gradient);

#endif
