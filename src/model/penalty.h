/* The balanced penalty of two layers, (rho/4) ||B||^2 with B = W_2^T W_2 - W_1 D W_1^T: the parts
 * that the deep network adds to its loss, gradient and Hessian. A penalised shape is a variant of
 * its own, so that a plain one pays nothing. Its constants are rho and D [d_0 x d_0]. Source: Zhu,
 * Soudry, Eldar, Wakin 2018, regularised objective. */
#ifndef LINNET_MODEL_PENALTY_H
#define LINNET_MODEL_PENALTY_H

#include "linnet/model.h"

enum { LN_VARIANT_PLAIN, LN_VARIANT_PENALISED };

/* Sets variant, n_constants and n_scratch where the point asks for a penalty. Errors: LN_INPUT with
 * the key at fault (depth other than 2, a D that is none). */
int ln_penalty_shape(const struct ln_point *point, int d_in, struct ln_shape *shape,
                     struct ln_err *err);

void ln_penalty_constants(const struct ln_point *point, const struct ln_shape *shape,
                          const struct ln_problem *problem, double *out);

/* Keeps B and W_1 D in the scratch and adds the penalty to the excess. */
void ln_penalty_forward(struct ln_batch *batch);

/* After forward and before any weight moves: keeps W_2 B and B W_1 D, which ln_penalty_move needs.
 */
void ln_penalty_prepare(struct ln_batch *batch);

/* to -= factor[lane] grad of the penalty: to is the weights (factor eta) or a gradient (factor -1).
 */
void ln_penalty_move(struct ln_batch *batch, double *to, const double *factor);

/* Add to H v, or to the dense H. */
void ln_penalty_hessian_vector(const struct ln_net *net, const double *v, double *out);
void ln_penalty_hessian(const struct ln_net *net, double *hessian);

/* Factors of p [d_2 x d_0] with B = 0, if there are any: D must not hide a direction of p. */
bool ln_penalty_balanced(const struct ln_net *net, const double *p, double *weights);

double ln_penalty_flops(const struct ln_shape *shape);

#endif
