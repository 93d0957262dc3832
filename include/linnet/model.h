/* What is trained: the shape of a network, its start, its loss and gradient in lanes, its Hessian.
 *
 * A point's weights are ONE block of n_weights numbers: W_1 row by row, then W_2, ... (W_j is d_j x
 * d_{j-1}). In a batch the block is lane-packed, [n_weights][lanes], so an algorithm sees one flat
 * vector per lane. Letters as in docs/physics.md: N layers, P = W_N ... W_1. */
#ifndef LINNET_MODEL_H
#define LINNET_MODEL_H

#include "linnet/err.h"
#include "linnet/point.h"
#include "linnet/problem.h"

enum { LN_MAX_LAYERS = 256 };

struct ln_shape {
    const struct ln_model *model;
    int n_layers;                   /* N */
    int widths[LN_MAX_LAYERS + 1];  /* d_0 .. d_N */
    int offset[LN_MAX_LAYERS + 1];  /* W_j starts at offset[j - 1]; offset[N] = n_weights */
    int n_weights, max_width, rank; /* rank: the bottleneck, min d_j */
    int lanes;                      /* points that advance together, by shape alone */
    bool has_moment;                /* the problem's M is not the identity */
};

/* Points of one shape in flight. Created by the model; the algorithm moves `weights`. */
struct ln_batch {
    const struct ln_shape *shape;
    double *weights;                    /* [n_weights][lanes] */
    double *target;                     /* [d_N * d_0][lanes] */
    double *moment;                     /* [d_0 * d_0][lanes], or NULL */
    double *excess;                     /* [lanes] E at the weights of the last forward */
    double *products;                   /* P_2 .. P_N, one after the other, lane-packed */
    double *product[LN_MAX_LAYERS + 1]; /* where P_j stands; P_1 is W_1 itself */
    double *error;                      /* D_N [d_N x d_0] = (P - Phi) M, lane-packed */
    double *back[2];                    /* D_j on the way down */
};

struct ln_model {
    struct ln_entry entry;
    int (*shape)(const struct ln_point *point, int d_in, int d_out, struct ln_shape *shape,
                 struct ln_err *err);
    void (*forward)(struct ln_batch *batch); /* weights -> excess, products, error */
    void (*descend)(struct ln_batch *batch,
                    const double *eta); /* after forward: W -= eta[lane] grad, all layers at once */
    void (*gradient)(struct ln_batch *batch,
                     double *gradient); /* after forward: [n_weights][lanes] */
    /* One point, not lane-packed: end-to-end matrix p [d_N x d_0]. */
    void (*end_to_end)(const struct ln_shape *shape, const double *weights, double *p);
    /* One point: dense Hessian of the loss, [n_weights x n_weights]. */
    void (*hessian)(const struct ln_shape *shape, const struct ln_problem *problem,
                    const double *weights, double *hessian);
    /* One point: out = H v. */
    void (*hessian_vector)(const struct ln_shape *shape, const struct ln_problem *problem,
                           const double *weights, const double *v, double *out);
    double (*step_flops)(
        const struct ln_shape *shape); /* floating-point operations of one step of one point */
};

struct ln_init {
    struct ln_entry entry;
    /* Whether the parameters fit the shape, cheaply; NULL: always. */
    int (*check)(const struct ln_point *point, const struct ln_shape *shape, struct ln_err *err);
    /* Fills weights [n_weights]; cannot fail after check. The same seed gives the same
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
void ln_batch_load(struct ln_batch *batch, int lane, const struct ln_problem *problem,
                   const double *weights);
void ln_batch_clear(struct ln_batch *batch, int lane); /* an idle lane: all zero */
void ln_batch_weights(const struct ln_batch *batch, int lane, double *weights);

/* Largest (end = +1) or smallest (-1) eigenvalue of the Hessian: dense up to 200 weights, Lanczos
 * above. */
double ln_hessian_extreme(const struct ln_shape *shape, const struct ln_problem *problem,
                          const double *weights, int end);

/* Sharpness of the balanced global minimum: N sigma_1^{2-2/N} for M = I, from its Hessian
 * otherwise. Source: Bartlett et al. 2018 (top eigenvalue at the balanced minimum); Mulayoff,
 * Michaeli 2020. */
double ln_minimum_sharpness(const struct ln_shape *shape, const struct ln_problem *problem);

/* 0-balanced factors of p [d_N x d_0] with rank at most the bottleneck (its best approximation
 * otherwise). Source: Bartlett et al. 2018, section 4, simplest gauge. */
void ln_balanced_from_svd(const struct ln_shape *shape, const double *u, const double *s,
                          const double *v, double *weights);
void ln_balanced_factors(const struct ln_shape *shape, const double *p, double *weights);

#endif
