/* Start and target of a point as the statements about starts at a multiple of the identity see
 * them. */
#ifndef LINNET_THEORY_START_H
#define LINNET_THEORY_START_H

#include "linnet/theory.h"

/* The loss is 1/2 ||P - Phi||_F^2: layers, M = I, nothing added to it. */
bool ln_start_is_plain(const struct ln_outlook *outlook);

/* ... and every layer is d x d and alpha I. */
bool ln_start_is_identity(const struct ln_outlook *outlook, double *alpha);

/* ... or every layer but the last is I, and the last is zero. */
bool ln_start_is_zero_asymmetric(const struct ln_outlook *outlook);

/* Eigenvalues [d], ascending, of a symmetric target (to 1e-12 of its largest entry); those below
 * 1e-12 of the largest are 0. NULL: it is not symmetric. Ownership: free. */
double *ln_start_eigenvalues(const struct ln_outlook *outlook);

/* The algorithm of the point. */
bool ln_start_algorithm_is(const struct ln_outlook *outlook, const char *name);

/* The rule W -= eta grad, by gd or step_and_project without a regulariser, with constant eta. */
bool ln_start_descends(const struct ln_outlook *outlook);

/* The gradient flow itself, or that rule with any schedule, which is it to first order. */
bool ln_start_follows_flow(const struct ln_outlook *outlook);

/* The step size is at most the limit, up to rounding. */
bool ln_start_step_within(const struct ln_outlook *outlook, double limit);

/* Of the start: ||P - Phi||_F; and the largest ||W_{j+1}^T W_{j+1} - W_j W_j^T||_F. */
double ln_start_error(const struct ln_outlook *outlook);
double ln_start_gap(const struct ln_net *net);

/* First step at which a loss that starts at 1/2 error^2 and shrinks by at least `factor` a step is
 * at most stop.loss; NaN where stop.loss is 0. */
double ln_start_steps(const struct ln_outlook *outlook, double error, double factor);

#endif
