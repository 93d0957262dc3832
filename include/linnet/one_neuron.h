/* Gradient flow of a balanced deep linear network with a layer of one neuron on whitened inputs (M
 * = lambda I), in closed form.
 *
 * The product is W = s u v^T. With the target Phi = sum s_i u_i v_i^T, a_i = u_i^T u, b_i = v_i^T v
 * and the time tau, d tau = s^{1-2/N} lambda dt, the pair (u; v) is the normalised solution of a
 * linear system: its parts p_i = (a_i + b_i)/2 grow as e^{s_i tau}, m_i = (a_i - b_i)/2 fall as
 * e^{-s_i tau}, and what is orthogonal to all modes stays. With n(tau) the norm of the linear
 * solution, d(1/s)/dtau = N (1 - rho/s), rho = d ln n/dtau, has the solution s = n^N / (1/s_0 + N
 * int n^N). What is exact is exact here: starts with p_1 = 0 stay there for ever.
 *
 * Source: Eftekhari 2020 (the set N_alpha, theorems 16 and 20); Chen, Lin, Zhang 2022 (all balanced
 * starts); the closed form and the constants are derived in docs/physics.md, section One neuron. */
#ifndef LINNET_ONE_NEURON_H
#define LINNET_ONE_NEURON_H

#include "linnet/model.h"

/* The flow at one time. Memory: ln_one_neuron_clear. */
struct ln_one_neuron {
    int n_layers, n_modes;
    double lambda;         /* M = lambda I */
    double *sigma;         /* [n_modes] s_i of the target, descending */
    double time;           /* lambda t */
    double inverse;        /* 1/s */
    double *p, *m;         /* [n_modes] */
    double u_rest, v_rest; /* norms of what is orthogonal to all modes */
};

/* Whether the statements are about the point: a layer of one neuron, two layers or more, M a
 * multiple of the identity. Errors: LN_INPUT with the key at fault. */
int ln_one_neuron_check(const struct ln_point *point, const struct ln_shape *shape,
                        const struct ln_problem *problem, struct ln_err *err);

/* The flow at time 0 from the weights of a network. false: they say nothing about it (see
 * ln_one_neuron_check; or the start is zero or not balanced); nothing is taken then. */
bool ln_one_neuron_begin(struct ln_one_neuron *flow, const struct ln_net *net);
void ln_one_neuron_clear(struct ln_one_neuron *flow);

/* Moves on to the time t of the gradient flow, not before the present one. false: out of reach (too
 * many panels of the quadrature). */
bool ln_one_neuron_advance(struct ln_one_neuron *flow, double t);

double ln_one_neuron_scale(const struct ln_one_neuron *flow); /* s */

/* (u_1^T u)(v_1^T v). */
double ln_one_neuron_alignment(const struct ln_one_neuron *flow);

/* ell = E - E_1 >= 0, excess over the best map of rank one, without the difference. */
double ln_one_neuron_excess(const struct ln_one_neuron *flow);

/* gamma = s_2 / s_1; 0 for a target of one mode. */
double ln_one_neuron_gap(const struct ln_one_neuron *flow);

/* The start is in N_alpha for gamma < alpha < this, if this exceeds gamma. */
double ln_one_neuron_alpha_sup(const struct ln_one_neuron *flow);

/* ell(t) <= ell(0) exp(-kappa t) with kappa = 2 (1 - gamma) alpha f^{2-2/N} lambda, f = min(s_0,
 * alpha s_1 - (1 - alpha) s_2); alpha NaN: the alignment of the start, which gives the largest
 * kappa. NaN where alpha is not above gamma, above the alignment, or f <= 0. */
double ln_one_neuron_kappa(const struct ln_one_neuron *flow, double alpha);

/* Limit of -d ln ell/dt: 2 (1 - gamma) s_1^{2-2/N} lambda from almost every start that tends to
 * Z_1, more where the slow parts are absent; NaN if the limit is another. */
double ln_one_neuron_late_slope(const struct ln_one_neuron *flow);

/* k of the limit s_k u_k v_k^T: the first mode with a_k + b_k != 0 (beyond rounding); 0: the zero
 * map. Source: Chen, Lin, Zhang 2022, limits of balanced starts. */
int ln_one_neuron_limit(const struct ln_one_neuron *flow);

#endif
