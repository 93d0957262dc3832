/* What is trained: the shape of a network, its start, its loss and gradient in lanes, its Hessian.
 *
 * A point's weights are ONE block of n_weights numbers: W_1 row by row, then W_2, ... (W_j is d_j x
 * d_{j-1}). In a batch the block is lane-packed, [n_weights][lanes], so an algorithm sees one flat
 * vector per lane. Letters as in docs/physics.md: N layers, P = W_N ... W_1. */
#ifndef LINNET_MODEL_H
#define LINNET_MODEL_H

#include "linnet/chain.h"
#include "linnet/err.h"
#include "linnet/point.h"
#include "linnet/problem.h"

enum { LN_MAX_LAYERS = 256 };
enum { LN_DENSE_UP_TO = 200 }; /* weights up to which a Hessian is formed and factored */

struct ln_shape {
    const struct ln_model *model;
    int n_layers;                   /* N */
    int widths[LN_MAX_LAYERS + 1];  /* d_0 .. d_N */
    int offset[LN_MAX_LAYERS + 1];  /* W_j starts at offset[j - 1]; offset[N] = n_weights */
    int n_weights, max_width, rank; /* rank: the bottleneck, min d_j */
    int n_state;     /* numbers a point carries: its weights, then what the model accumulates along
                        the path; at least n_weights */
    int n_constants; /* numbers of a point that never move (penalty, log scale) */
    int n_scratch;   /* the model's own work numbers, per lane */
    int variant;     /* what else of the model's parameters decides its kernels */
    int lanes;       /* points that advance together, by shape alone */
    bool has_moment; /* the problem's M is not the identity */
    bool is_flow_only;   /* this variant of the model has no descend */
    bool runs;           /* this variant of the model has run */
    bool shares_problem; /* all points of a batch have the same problem */
};

/* One network of one point, not lane-packed. Everything is borrowed. */
struct ln_net {
    const struct ln_shape *shape;
    const struct ln_problem *problem;
    const double *constants; /* [n_constants] */
    const double *weights;   /* [n_state] */
};

/* Points of one shape in flight. Created by the model; the algorithm moves `weights`. */
struct ln_batch {
    const struct ln_shape *shape;
    double *weights;                  /* [n_state][lanes] */
    double *constants;                /* [n_constants][lanes] */
    double *scratch;                  /* [n_scratch][lanes] */
    double *target;                   /* [d_N * d_0][lanes] */
    double *moment;                   /* [d_0 * d_0][lanes], or NULL */
    struct ln_shared *shared;         /* M of all lanes, where the shape shares a problem */
    const struct ln_problem *problem; /* it belongs to; meaningful while a lane is loaded */
    unsigned loaded;                  /* bit l: lane l has a network */
    double *excess;                   /* [lanes] E at the weights of the last forward */
    const double *product;            /* after forward: P of any model that descends, lane-packed */
    double *error;                    /* after forward: (P - Phi) M [d_N x d_0], lane-packed */
    double *delta;                    /* P - Phi, of a model without layers */
    double *compared;                 /* memory of these two; with layers they are in the room */
    bool is_current; /* what run keeps between calls belongs to the weights as they are */
    double *line;    /* work space of run for a point alone, or NULL */
    const struct ln_chain *chain; /* of a model with layers, or NULL until it is asked for */
    struct ln_chain_room *room;
};

struct ln_model {
    struct ln_entry entry;
    bool has_layers; /* the weights are W_1 .. W_N, as offset[] says */
    /* Sets n_layers and widths; n_weights, n_state, n_constants, n_scratch, variant, lanes where
     * they do not follow from the widths (left 0: n_weights from the widths, n_state = n_weights,
     * none). */
    int (*shape)(const struct ln_point *point, int d_in, int d_out, struct ln_shape *shape,
                 struct ln_err *err);
    /* [n_constants] of a point; NULL: none. */
    void (*constants)(const struct ln_point *point, const struct ln_shape *shape,
                      const struct ln_problem *problem, double *out);
    void (*forward)(struct ln_batch *batch); /* weights -> excess, products, error */
    /* Once after forward: W -= eta[lane] grad, all layers at once. batch->error may have been
     * replaced (mini-batches). NULL: the model is known by its flow only. */
    void (*descend)(struct ln_batch *batch, const double *eta);
    /* Many steps of W -= eta grad at once, forward included: what forward, descend, forward, ...
     * do, without a look between them. Leaves the weights; products and error are not those of
     * forward. Where shape->runs. */
    void (*run)(struct ln_batch *batch, struct ln_steps *steps);
    void (*gradient)(struct ln_batch *batch,
                     double *gradient); /* once after forward: [n_weights][lanes] */
    /* After forward: what the flow does, dstate/dt [n_state][lanes]. NULL: minus the gradient. */
    void (*velocity)(struct ln_batch *batch, double *velocity);
    /* After forward: a time step that an explicit integrator of the flow must not exceed, of one
     * lane. NULL: error control alone decides. */
    double (*longest_step)(const struct ln_batch *batch, int lane);
    /* End-to-end matrix p [d_N x d_0]. */
    void (*end_to_end)(const struct ln_net *net, double *p);
    /* Dense Hessian of the loss, [n_weights x n_weights]; NULL: none. */
    void (*hessian)(const struct ln_net *net, double *hessian);
    /* out = H v; NULL: none. */
    void (*hessian_vector)(const struct ln_net *net, const double *v, double *out);
    /* State [n_state] of the balanced network whose end-to-end matrix is p; NULL: none. */
    void (*from_product)(const struct ln_shape *shape, const double *p, double *weights);
    double (*step_flops)(
        const struct ln_shape *shape); /* floating-point operations of one step of one point */
};

struct ln_init {
    struct ln_entry entry;
    const char *models; /* words: the models it can start; NULL: those with layers */
    /* Whether the parameters fit the shape, cheaply; NULL: always. */
    int (*check)(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err);
    /* Fills weights [n_state]; cannot fail after check. The same seed gives the same
     * standard-normal draws at every scale. */
    void (*fill)(const struct ln_point *point, const struct ln_shape *shape, double *weights);
};

extern const struct ln_catalogue ln_models, ln_inits;

/* Shape of a point. Errors: LN_INPUT with the key at fault. */
int ln_shape_of(const struct ln_point *point, struct ln_shape *shape, struct ln_err *err);
bool ln_shape_is_same(const struct ln_shape *a, const struct ln_shape *b);
void ln_shape_text(const struct ln_shape *shape, char text[64]); /* "2-3-3-2" */

/* Errors: LN_INPUT where given weights do not fit the shape. */
int ln_init_check(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err);
void ln_init_fill(const struct ln_point *point, const struct ln_shape *shape, double *weights);

/* Shape must outlive the batch. Ownership: ln_batch_free. */
struct ln_batch *ln_batch_create(const struct ln_shape *shape);
void ln_batch_free(struct ln_batch *batch);
/* Where the shape shares a problem, that of the lanes already loaded. */
void ln_batch_load(struct ln_batch *batch, int lane, const struct ln_net *net);
void ln_batch_clear(struct ln_batch *batch, int lane); /* an idle lane: all zero */
void ln_batch_weights(const struct ln_batch *batch, int lane, double *weights); /* [n_state] */
/* Before batch->weights are read: a run may have left them elsewhere. */
void ln_batch_settle(const struct ln_batch *batch);
void ln_batch_put_weights(struct ln_batch *batch, int lane, const double *weights);
/* For forward: error = (P - Phi) M and excess = 1/2 <error, P - Phi> >= 0 of the end-to-end matrix
 * p [d_N x d_0][lanes], which may be the weights. Of models without layers. */
void ln_batch_compare(struct ln_batch *batch, const double *p);

/* [n_constants] of a point. */
void ln_constants_of(const struct ln_point *point, const struct ln_shape *shape,
                     const struct ln_problem *problem, double *out);

/* Gradient [n_weights] at one network; returns its excess loss. */
double ln_net_gradient(const struct ln_net *net, double *gradient);

/* Largest (end = +1) or smallest (-1) eigenvalue of the Hessian: dense up to LN_DENSE_UP_TO
 * weights, Lanczos above. *residual (or NULL): ||H v - lambda v||, 0 for the dense one. NaN: the
 * model has no Hessian, or Lanczos did not converge. */
double ln_hessian_extreme(const struct ln_net *net, int end, double *residual);

/* Sharpness of the balanced global minimum (the weights of net are not looked at): N
 * sigma_1^{2-2/N} for M = I and no penalty, from its Hessian otherwise (balanced in the metric of
 * the penalty, if there is one); NaN without layers, or where the penalty has no such minimum.
 * Source: Bartlett et al. 2018 (top eigenvalue at the balanced minimum); Mulayoff, Michaeli 2020.
 */
double ln_minimum_sharpness(const struct ln_net *net);

/* 0-balanced factors of p [d_N x d_0] with rank at most the bottleneck (its best approximation
 * otherwise). Source: Bartlett et al. 2018, balanced factorisation, simplest gauge. */
void ln_balanced_from_svd(const struct ln_shape *shape, const double *u, const double *s,
                          const double *v, double *weights);
void ln_balanced_factors(const struct ln_shape *shape, const double *p, double *weights);

#endif
