/* When a network learns its modes: with whitened inputs and balanced layers that are aligned with
 * the target, mode i has a singular value s = w^N of its own that follows
 *
 *   ds/dt = N s^{2-2/N} (sigma_i - s).
 *
 * Times are those of the flow: steps times step size. Source: Saxe, McClelland, Ganguli 2014 for
 * two layers; any depth in docs/physics.md. */
#ifndef LINNET_MODE_TIME_H
#define LINNET_MODE_TIME_H

#include "linnet/model.h"

/* Time from s = from to s = to > 0, sigma > 0; infinity where it is never reached (to >= sigma;
 * from
 * <= 0 with two layers or more), 0 where it has been. */
double ln_mode_time(int depth, double sigma, double from, double to);

/* First order for a small start s = a^N: ln(1/a) / sigma for two layers, a^{-(N-2)} / ((N-2)
 * sigma) for more; infinity from 0 or below. */
double ln_mode_stage_time(int depth, double sigma, double from);

/* s_i(0) = u_i^T P v_i [n_modes]; false where modes do not move on their own: M is not the
 * identity, layers not balanced, or P not diagonal in the basis of the target. */
bool ln_mode_starts(const struct ln_net *net, double *start);

#endif
