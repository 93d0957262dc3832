/* Where the eigenvalues of equal layers come to rest under a pull towards the identity. */
#ifndef LINNET_THEORY_RESTING_POINT_H
#define LINNET_THEORY_RESTING_POINT_H

enum ln_pull {
    LN_PULL_NONE,
    LN_PULL_PENALTY,
    LN_PULL_PROXIMAL,
    LN_PULL_SPECTRAL_BALL,
    LN_PULL_FROBENIUS_BALL
};

/* theta [d]: limit, from theta = 1 with small steps, of the layers' eigenvalue for each eigenvalue
 * lambda [d] of the target; strength is kappa, or psi. A negative eigenvalue stays on the positive
 * side. */
void ln_resting_points(double *theta, const double *lambda, int d, int n_layers, enum ln_pull pull,
                       double strength);

#endif
