/* What a critical point is: global minimum, strict or non-strict saddle, for any depth, widths,
 * data and target, with the statement that decides it; and the ends of the spectrum beside it.
 *
 * With the whitened target Q = Phi M^{1/2} = sum_k sigma_k u_k v_k^T, the end-to-end matrix of a
 * critical point is P M^{1/2} = sum over k in S of sigma_k u_k v_k^T: it keeps an index set S of
 * the triples and nothing else (within a tie any orthonormal choice). Directions in which the data
 * do not vary are zero modes; everything holds with d_0 replaced by the rank of M. Sources: Zhu,
 * Soudry, Eldar, Wakin 2018 (two layers: every saddle is strict); Achour, Malgouyres,
 * Gerchinovitz 2021 (any depth: tightened pivots). */
#ifndef LINNET_CERTIFICATE_H
#define LINNET_CERTIFICATE_H

#include "linnet/model.h"

enum ln_nature {
    LN_IS_GLOBAL_MINIMUM,
    LN_IS_STRICT_SADDLE,    /* the Hessian has a negative eigenvalue */
    LN_IS_NONSTRICT_SADDLE, /* no negative eigenvalue, and no minimum either */
    LN_IS_NEAR_MINIMUM,     /* on a trajectory: not critical to rounding, but close to one */
    LN_IS_NEAR_SADDLE,
    LN_IS_NOT_CRITICAL,
    LN_IS_UNRESOLVED, /* the numbers do not decide */
    LN_N_NATURES
};
extern const char *const ln_nature_names[LN_N_NATURES];

/* The statement that decides a verdict. */
enum ln_statement {
    LN_BY_GRADIENT,   /* the gradient is not zero */
    LN_BY_LEVEL,      /* S holds the largest sigma_k that the widths allow: the least loss */
    LN_BY_INDEX_SET,  /* a larger sigma_k is missing than one that is kept */
    LN_BY_TWO_LAYERS, /* rank P below the bottleneck, two layers */
    LN_BY_PIVOT,      /* rank P below the bottleneck, a pivot that is not tightened */
    LN_BY_ALL_PIVOTS, /* rank P below the bottleneck, every pivot is tightened */
    LN_BY_SPECTRUM,   /* the spectrum contradicts the rule: numbers near a tie or a rank drop */
    LN_BY_RESIDUAL,   /* an end of the spectrum did not converge */
    LN_BY_MISMATCH,   /* P is no sum of triples of the target */
    LN_N_STATEMENTS
};
extern const char *const ln_statement_texts[LN_N_STATEMENTS]; /* one sentence with its source */

enum { LN_MOST_MODES = 4096 };

struct ln_certificate_options {
    double gradient_tolerance; /* max|grad| that is zero, relative to max(1, |M|_max, |C|_max) */
    double rank_tolerance;     /* singular values that are zero, relative to the largest */
};

/* 1e-9 and 1e-9, for exact points; 1e-9 and 1e-6, for the end of a run, whose zero singular values
 * are not exact. */
extern const struct ln_certificate_options ln_certificate_exact, ln_certificate_at_end;

struct ln_certificate {
    enum ln_nature nature;
    enum ln_statement statement;
    double max_gradient, gradient_limit; /* max|grad|, and what counts as zero */
    double excess, level;                /* E with the penalty, and the least E the widths allow */
    int rank, rank_max;                  /* of P on the data, and the most the widths allow */
    int n_modes;
    unsigned char kept[LN_MOST_MODES];   /* k is in S; of tied triples the first are named */
    int n_pivots, n_tightened, pivot[2]; /* first pivot (i, j) that is not tightened; 0, 0: none */
    double curvature_bound; /* lambda_min is at most this: ln_curvature_bound; NaN: no bound */
    /* Filled by ln_certify alone: ends of the spectrum and their residuals ||H v - lambda v||. */
    double lambda_min, lambda_max, residual_min, residual_max;
    double zero;                        /* tau: |lambda| <= tau counts as zero */
    int n_negative, n_zero, n_positive; /* -1: the Hessian was not formed */
};

/* The verdict by the statements alone, without the Hessian. net must have layers. */
void ln_certificate_classify(const struct ln_net *net, const struct ln_certificate_options *options,
                             struct ln_certificate *out);

/* The verdict, the spectrum, and whether they agree; LN_IS_UNRESOLVED where they do not, or where a
 * residual is above tau / 10. */
void ln_certify(const struct ln_net *net, const struct ln_certificate_options *options,
                struct ln_certificate *out);

/* S as a number, bit k - 1 for sigma_k; NaN above 53 modes (a double holds no more). */
double ln_certificate_mask(const struct ln_certificate *certificate);

/* Two layers at a critical point: the least eigenvalue of
 *   A_k = [[W_1 M W_1^T, -(sigma_k/t_k) I], [-(sigma_k/t_k) I, W_2^T W_2 / t_k^2]],
 * t_k = ||M^{-1/2} v_k||, over the missing triples k: the form of the Hessian on the directions
 * u_k x^T, y v_k^T M^{-1/2}. lambda_min is at most that, and is it where M = mI. Penalties with
 * D = M vanish on these directions. NaN: other depths, other D, nothing missing. Source: Zhu et al.
 * 2018, proof of strictness. */
double ln_curvature_bound(const struct ln_net *net, double rank_tolerance);

#endif
