/* The diagonal linear network, one output: x -> b . x with b_i a function of the few weights of
 * coordinate i alone.
 *
 * Letters: alpha the scale of the start, Lam = ln(1/alpha), D the depth, H = M, g = M (b - Phi) the
 * gradient with respect to b, s the dual (z for D >= 3). With theta = -int_0^tau g in raw time tau
 * (plus its start, for a warm one) s = theta / Lam for D = 2 and z = D (D - 2) alpha^(D-2) theta
 * for D >= 3, and the accelerated time t is tau in the same unit.
 *
 * State of a point: its weights, then what it sums up along its path (struct ln_diagonal_path).
 * Constants: Lam; k_1 .. k_d, coordinate i starts at alpha^(k_i); a gradient that counts as small.
 * Source: Pesme, Flammarion 2023;
 * Woodworth et al. 2020 (depth D). */
#ifndef LINNET_MODEL_DIAGONAL_H
#define LINNET_MODEL_DIAGONAL_H

#include "linnet/model.h"

extern const struct ln_model ln_model_diagonal;

enum ln_diagonal_form {
    LN_DIAGONAL_SQUARES, /* weights w+, w-: b = (w+^2 - w-^2) / 2 */
    LN_DIAGONAL_UV,      /* weights u, v: b = u v */
    LN_DIAGONAL_POWER,   /* weights w+, w-: b = w+^D - w-^D, D >= 3 */
    LN_DIAGONAL_DUAL,    /* weights s: the exact flow in accelerated time, any alpha < 1; then, in
                            the state, d small numbers to be added to s */
};

bool ln_is_diagonal(const struct ln_shape *shape);
enum ln_diagonal_form ln_diagonal_form(const struct ln_shape *shape);
int ln_diagonal_depth(const struct ln_shape *shape);

/* Lam = ln(1/alpha) of a point whose initialisation is `diagonal`. */
double ln_diagonal_log_scale(const struct ln_point *point);

/* Time of the form per unit of accelerated time: 1 (dual), Lam (squares, uv), 1 / (D (D - 2)
 * alpha^(D-2)) (power). */
double ln_diagonal_time_unit(const struct ln_shape *shape, double log_scale);

/* Sums along the path; all start at 0 but where said. Borrowed from the state of a net. */
struct ln_diagonal_path {
    const double *sum;   /* [d] int b dt */
    double length;       /* int ||db/dt|| dt */
    double time;         /* of the form: raw, or accelerated for dual */
    const double *theta; /* [d] -int g dt from its start; NULL for dual */
    const double *plus,
        *minus; /* [d] products of 1 -+ eta g from 1 on; squares and uv, else NULL */
};
struct ln_diagonal_path ln_diagonal_path_of(const struct ln_net *net);

/* The dual s or z [d]: the accelerated integral of -g, from 0 or from that of a warm start. */
void ln_diagonal_dual(const struct ln_net *net, double *s);

/* What gradient descent makes of alpha, squares and uv: scale [d] is a_inf = a exp(-1/2 sum q(x)),
 * from [d] the b~0 = (a+^2 - a-^2)/2 with a+-^2 = w+-(0)^2 exp(-sum q+-(x)), x = eta g, q = -1/2
 * ln((1 - x^2)^2), q+- = -+2x - ln((1 -+ x)^2). start: the state at step 0. Returns false for other
 * forms. Source: Even, Pesme, Gunasekar, Flammarion 2023, effective initialisation. */
bool ln_diagonal_effective(const struct ln_net *net, const double *start, double *scale,
                           double *from);

/* One coordinate: product b of the dual s, db/ds, and the dual of b, at depth D with exponent k (1
 * for D >= 3). D = 2: b = alpha^2k sinh(2 Lam s); D >= 3: b = alpha^D ((1 - z)^-p - (1 + z)^-p), p
 * = D/(D - 2). Ranges: |z| < 1, beyond it b is huge and finite. */
double ln_diagonal_product(int depth, double log_scale, double k, double s);
double ln_diagonal_slope(int depth, double log_scale, double k, double s);
double ln_diagonal_dual_of(int depth, double log_scale, double k, double b);
double ln_diagonal_gap_of(int depth, double log_scale, double k,
                          double b); /* k - |s|, to every digit */

/* For the model's own files. */
void ln_diagonal_hessian(const struct ln_net *net, double *hessian);
void ln_diagonal_hessian_vector(const struct ln_net *net, const double *v, double *out);

/* b of one coordinate and its derivatives by the one or two weights of that coordinate. */
struct ln_diagonal_jet {
    double product, first[2], second[2], cross;
};

/* w: the two numbers of the coordinate, state[i] and state[d + i]. ln_diagonal_expand: b and db/ds
 * of the dual s = w[0] + w[1]. */
double ln_diagonal_expand(int depth, double log_scale, double k, const double w[2], double *slope);
struct ln_diagonal_jet ln_diagonal_jet_of(const struct ln_shape *shape, double log_scale, double k,
                                          const double *w);

#endif
