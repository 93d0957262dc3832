#include "linnet/verdict.h"

#include <math.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/observe.h"
#include "pivots.h"

const char *const ln_verdict_names[LN_N_VERDICTS] = {
    "global_minimum", "rank_k_minimum_nonstrict", "strict_saddle", "not_finished", "diverged",
    "unresolved",
};

static const double loss_tolerance = 1e-7, gradient_tolerance = 1e-9, curvature_tolerance = 1e-6,
                    rank_tolerance = 1e-4, plateau_tolerance = 0.01, largest_weight = 1e100;

static bool weights_are_finite(const struct ln_net *net) {
    for (int i = 0; i < net->shape->n_weights; i++)
        if (!(fabs(net->weights[i]) <= largest_weight))
            return false;
    return true;
}

/* Singular values of P M^{1/2} above the threshold: of P itself slow modes would be lost behind the
 * scales of the inputs. */
static int rank_of(const struct ln_net *net) {
    const struct ln_problem *problem = net->problem;
    int m = problem->d_out, n = problem->d_in, rank = 0;
    double *white = ln_linalg_alloc((size_t)m * n, sizeof *white),
           *s = ln_linalg_alloc(problem->n_modes, sizeof *s);
    ln_certificate_whitened(net, white);
    ln_svd(NULL, s, NULL, white, m, n);
    while (rank < problem->n_modes && s[rank] > rank_tolerance * problem->sigma[0])
        rank++;
    free(s);
    free(white);
    return rank;
}

static int plateau_of(const struct ln_net *net, double excess) {
    for (int k = 0; k < net->shape->rank; k++) {
        double level = ln_problem_level(net->problem, k),
               gap = level - ln_problem_level(net->problem, k + 1);
        if (fabs(excess - level) <= plateau_tolerance * gap)
            return k;
    }
    return -1;
}

/* ||Phi M||_F = ||c Y X^T||_F. */
static double cross_norm(const struct ln_problem *problem) {
    size_t size = (size_t)problem->d_out * problem->d_in;
    if (!problem->moment)
        return ln_norm(problem->target, size);
    double *cross = ln_linalg_alloc(size, sizeof *cross);
    ln_matmul(cross, problem->target, false, problem->moment, false, problem->d_out, problem->d_in,
              problem->d_in);
    double norm = ln_norm(cross, size);
    free(cross);
    return norm;
}

void ln_verdict_stand(const struct ln_net *net, struct ln_standing *standing) {
    *standing = (struct ln_standing){.plateau = -1, .rank = -1, .excess = NAN};
    if (!weights_are_finite(net))
        return;
    double *gradient = ln_linalg_alloc(net->shape->n_weights, sizeof *gradient);
    standing->excess = ln_net_gradient(net, gradient);
    standing->gradient_norm = ln_norm(gradient, (size_t)net->shape->n_weights);
    free(gradient);
    standing->is_finite = isfinite(standing->excess);
    if (!standing->is_finite)
        return;
    standing->scale = fmax(1.0, cross_norm(net->problem));
    standing->h = ln_problem_level(net->problem, 0);
    standing->plateau = plateau_of(net, standing->excess);
    standing->rank = rank_of(net);
    standing->top_k = standing->excess <=
                      ln_problem_level(net->problem, standing->rank) + loss_tolerance * standing->h;
}

enum ln_verdict_kind ln_verdict_of(const struct ln_net *net, const struct ln_standing *standing,
                                   double *lambda_min) {
    double lambda = NAN, residual = 0;
    enum ln_verdict_kind kind;
    if (!standing->is_finite) {
        kind = LN_NOT_FINITE;
    } else if (standing->excess <=
               ln_problem_level(net->problem, net->shape->rank) + loss_tolerance * standing->h) {
        kind = LN_GLOBAL_MINIMUM;
    } else if (standing->gradient_norm > gradient_tolerance * standing->scale) {
        kind = LN_NOT_FINISHED;
    } else {
        lambda = ln_hessian_extreme(net, -1, &residual);
        if (lambda + residual < -curvature_tolerance * standing->scale)
            kind = LN_STRICT_SADDLE;
        else
            kind = standing->top_k && lambda - residual >= -curvature_tolerance * standing->scale
                       ? LN_RANK_K_MINIMUM_NONSTRICT
                       : LN_UNRESOLVED;
    }
    if (lambda_min)
        *lambda_min = lambda;
    return kind;
}

/* A run that was stopped because its loss passed stop.diverged has diverged, though its weights may
 * still be finite. */
static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    struct ln_standing standing;
    ln_verdict_stand(&net, &standing);
    out[0] = sight->run->diverged_step >= 0 ? LN_NOT_FINITE : ln_verdict_of(&net, &standing, NULL);
}

const struct ln_observable ln_observable_verdict = {
    .entry = {.name = "verdict",
              .doc = "Which point was reached: by the loss against the levels E_0 .. E_r, the "
                     "gradient, the rank and the least curvature.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, theorem 2; Zhu, Soudry, Eldar, Wakin "
                        "2018, strict saddles"},
    .long_name = "verdict on the point reached",
    .units = "1",
    .on_request = true,
    .any_state = true,
    .needs_layers = true,
    .flags = ln_verdict_names,
    .n_flags = LN_N_VERDICTS,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
