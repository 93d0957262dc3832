/* Closed forms of the landscape: spectra of the Hessian at balanced critical points with M = I,
 * W_h = diag(sigma_a^{1/N}, a in S) up to a change of basis. Sources: Zhu, Soudry, Eldar, Wakin
 * 2018 (two layers); Achour, Malgouyres, Gerchinovitz 2021 (critical points of any depth). */
#ifndef LINNET_LANDSCAPE_H
#define LINNET_LANDSCAPE_H

#include "linnet/model.h"

/* All n_weights eigenvalues, ascending, at the balanced critical point that keeps the modes with
 * kept[k] (at most as many as the bottleneck), of the loss plus the penalty rho (two layers, D = M
 * = I; else rho = 0). sigma [n_modes], n_modes = min(d_0, d_N). */
void ln_balanced_spectrum(const struct ln_shape *shape, const double *sigma,
                          const unsigned char *kept, double rho, double *out);

/* lambda_min of the flattest balanced saddle of two layers, M = I: minus the smallest positive
 * sigma where the hidden width holds all modes, else minus the smallest positive gap that a swap at
 * the edge leaves; NaN: there is no saddle. */
double ln_flattest_saddle(const double *sigma, int n_modes, int width);

#endif
