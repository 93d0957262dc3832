/* The Hessian of the deep linear network (used by its catalogue entry and by tests). */
#ifndef LINNET_MODEL_DEEP_H
#define LINNET_MODEL_DEEP_H

#include "linnet/model.h"

/* With A_j = W_N...W_{j+1}, B_j = W_{j-1}...W_1, G = (P - Phi) M and i < j, the blocks are
 *   d2L / dW_j[a,b] dW_i[c,d] = (A_j^T A_i)[a,c] (B_j M B_i^T)[b,d] + (W_{j-1}...W_{i+1})[b,c]
 * (A_j^T G B_i^T)[a,d], the second term absent for i = j. Source: Nguegnang et al. 2021,
 * second-order form; Zhu et al. 2018, Hessian. */
void ln_deep_hessian(const struct ln_net *net, double *hessian);

/* out = H v by differentiating the gradient along v: no n_weights^2 anywhere. */
void ln_deep_hessian_vector(const struct ln_net *net, const double *v, double *out);

/* D [d_0 x d_0] of the balanced penalty; NULL: the network has none. */
const double *ln_deep_penalty_metric(const struct ln_net *net);

#endif
