/* Which point has been reached: the verdict on one state of a network with layers, from its loss
 * against the levels E_0 .. E_r, its gradient, its rank, and the sign of its least curvature.
 *
 * "Global on M_k": a critical point whose product has rank k and is a global minimum of the loss
 * among the maps of that rank (flag top_k). A strict saddle may be one too. Source: Nguegnang,
 * Rauhut, Terstiege 2021, theorem 2. */
#ifndef LINNET_VERDICT_H
#define LINNET_VERDICT_H

#include "linnet/model.h"

enum ln_verdict_kind {
    LN_GLOBAL_MINIMUM,           /* E <= E_r + 1e-7 h: the loss itself is the certificate */
    LN_RANK_K_MINIMUM_NONSTRICT, /* critical, no negative curvature, global on M_k, k < r */
    LN_STRICT_SADDLE,            /* critical, lambda_min < -1e-6 scale */
    LN_NOT_FINISHED,             /* ||grad||_F > 1e-9 scale */
    LN_NOT_FINITE,               /* an entry not finite or above 1e100, or the loss overflows */
    LN_UNRESOLVED,               /* critical, and none of these can be shown */
    LN_N_VERDICTS
};

extern const char *const ln_verdict_names[LN_N_VERDICTS];

/* scale = max(1, ||Phi M||_F), h = 1/2 ||Q||_F^2 with the whitened target Q. */
struct ln_standing {
    bool is_finite; /* false: nothing else is set but plateau and rank */
    double excess, gradient_norm, scale, h;
    int plateau; /* k < r with |E - E_k| <= 0.01 (E_k - E_{k+1}); -1: none */
    int rank;    /* k: singular values of P M^{1/2} above 1e-4 sigma_1(Q); -1: not finite */
    bool top_k;  /* E <= E_k + 1e-7 h */
};

/* All but the curvature. */
void ln_verdict_stand(const struct ln_net *net, struct ln_standing *standing);

/* The verdict; asks for lambda_min where the state is critical and above the level E_r.
 * *lambda_min (or NULL): what it was, NaN where it was not asked for. */
enum ln_verdict_kind ln_verdict_of(const struct ln_net *net, const struct ln_standing *standing,
                                   double *lambda_min);

#endif
