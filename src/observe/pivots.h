/* Parts of the certificate that look at products of layers. */
#ifndef LINNET_OBSERVE_PIVOTS_H
#define LINNET_OBSERVE_PIVOTS_H

#include "linnet/certificate.h"

/* G = dE/dP = (P - Phi) M [d_N x d_0], without the penalty. */
void ln_certificate_residual(const struct ln_net *net, double *g);

/* P M^{1/2} [d_N x d_0]. */
void ln_certificate_whitened(const struct ln_net *net, double *p);

/* Tests every pivot; fills n_pivots, n_tightened and pivot. */
void ln_certificate_pivots(const struct ln_net *net, double rank_tolerance,
                           struct ln_certificate *out);

#endif
