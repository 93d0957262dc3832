/* Matrices of positive margin: u^T M u > 0 for every u, symmetric or not.
 *
 * Their polar factor R (M = R H, R orthogonal, H positive) turns no direction by pi/2 or more, so R
 * has real principal powers, and M factors into N balanced layers near the identity. Source:
 * Bartlett, Helmbold, Long 2018, section on power projection. Everything is n x n, row-major. */
#ifndef LINNET_POLAR_H
#define LINNET_POLAR_H

#include <stdbool.h>
#include <stddef.h>

/* mu(M) = min over unit u of u^T M u, the smallest eigenvalue of (M + M^T)/2. */
double ln_margin(const double *m, int n);

/* Replaces M by the nearest matrix (Frobenius) of margin at least gamma: eigenvalues of the
 * symmetric part below gamma are raised to it. A matrix that has the margin keeps its bits. Returns
 * whether it moved. */
bool ln_margin_project(double *m, double gamma, int n);

/* An orthogonal R whose powers are wanted: R = S + K with S = (R + R^T)/2 = V diag(cos a) V^T and K
 * = (R - R^T)/2, which commutes with S. */
struct ln_rotation {
    int n;
    double *angle; /* [n] a in [0, pi) */
    double *frame; /* V [n x n] */
    double *skew;  /* K [n x n] */
    size_t mark;   /* of the work stack, below these */
};

/* Returns false where an angle is within 1e-7 of pi: an eigenvalue -1 has no real principal root.
 * Ownership: ln_rotation_clear, in any case, which gives back all work numbers taken since. */
bool ln_rotation_init(struct ln_rotation *rotation, const double *r, int n);
void ln_rotation_clear(struct ln_rotation *rotation);

/* power = R^s = V diag(cos(s a)) V^T + V diag(sin(s a)/sin a) V^T K, without complex arithmetic. */
void ln_rotation_power(const struct ln_rotation *rotation, double s, double *power);

/* The N balanced layers R^(i/N) H^(1/N) R^(-(i-1)/N), i = 1..N, of P = R H: layers [N x n x n],
 * layer 1 first. Their product is P, W_{i+1}^T W_{i+1} = W_i W_i^T, and W_i - I = O(1/N). Returns
 * false, and layers are not a number, where P is not finite or turns a direction by pi. */
bool ln_polar_layers(double *layers, const double *p, int n, int n_layers);

#endif
