/* How far the layers of a network are from balance: D_j = W_{j+1}^T W_{j+1} - W_j W_j^T [d_j x
 * d_j], j = 1 .. N-1. Gradient flow keeps every D_j; a gradient step moves it by
 * eta^2 (g_{j+1}^T g_{j+1} - g_j g_j^T). For models with layers. Source: Arora, Cohen, Hazan 2018
 * (flow); Nguegnang, Rauhut, Terstiege 2021, theorem 1 (descent). */
#ifndef LINNET_BALANCE_H
#define LINNET_BALANCE_H

#include "linnet/model.h"

/* gap [d_j x d_j] = D_j of the weights. */
void ln_balance_gap(const struct ln_shape *shape, const double *weights, int j, double *gap);

/* The balancedness constant max_j ||D_j||, spectral norm; 0 for one layer. */
double ln_balance_constant(const struct ln_shape *shape, const double *weights);

/* max_j ||D_j(weights) - D_j(start)||, spectral norm. */
double ln_balance_drift(const struct ln_shape *shape, const double *weights, const double *start);

#endif
