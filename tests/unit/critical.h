/* Random critical points of any depth (Achour, Malgouyres, Gerchinovitz 2021, parameterisation):
 *
 *   W_N = [U_S  U_Q Z_N] D_{N-1}^{-1},  W_h = D_h [[I_r 0], [0 Z_h]] D_{h-1}^{-1},
 *   W_1 = D_1 [U_S^T C M^{-1}; Z_1],
 *
 * Z_h random partial permutations with random entries, Z_1 in the whitened right basis, D_h random
 * invertible. Whether the point is critical, (Z_N..Z_{h+1})^T U_Q^T C (Z_{h-1}..Z_1)^T = 0 for
 * every h, is left to the gradient. */
#ifndef LINNET_TEST_CRITICAL_H
#define LINNET_TEST_CRITICAL_H

#include "linnet/random.h"
#include "make_net.h"

enum { CRITICAL_MOST = 8 }; /* widths and samples */

/* A problem with chosen whitened target: Q = U diag(sigma) V^T, M = E diag E^T of chosen rank. */
struct landscape {
    struct net net; /* weights are those of the last point made */
    int rank;       /* of M */
    int n_modes;    /* min(d_N, rank) */
    double sigma[CRITICAL_MOST];
    double u[CRITICAL_MOST * CRITICAL_MOST];       /* [d_N x d_N] */
    double v[CRITICAL_MOST * CRITICAL_MOST];       /* [d_0 x rank]: M^{1/2} x */
    double inverse[CRITICAL_MOST * CRITICAL_MOST]; /* M^{-1/2} [d_0 x d_0] */
    double x[CRITICAL_MOST * CRITICAL_MOST], y[CRITICAL_MOST * CRITICAL_MOST];
    struct ln_matrix matrices[2];
};

/* How much of generality a landscape and its points have. */
enum critical_kind {
    CRITICAL_GENERIC, /* distinct sigma > 0, d_N <= d_0, M invertible */
    CRITICAL_ANY,     /* ties, zero sigma, d_N > d_0, M of any rank */
    CRITICAL_WHITE,   /* M = I, distinct sigma */
};

void landscape_make(struct landscape *landscape, struct ln_random *random, const int *widths,
                    int n_layers, enum critical_kind kind, double penalty);
void landscape_clear(struct landscape *landscape);

/* Random weights of the form above; stiff: D_h orthogonal, else any invertible. false: the gradient
 * is not zero. */
bool landscape_point(struct landscape *landscape, struct ln_random *random, bool is_orthogonal);

/* Uniform 0 .. n - 1. */
int random_below(struct ln_random *random, int n);

/* Random orthogonal [n x n]. */
void random_frame(struct ln_random *random, double *q, int n);

#endif
