/* The verdict on a critical point by the statements alone: gradient, rank, index set, level,
 * pivots. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/certificate.h"
#include "linnet/linalg.h"
#include "pivots.h"

const char *const ln_nature_names[LN_N_NATURES] = {
    "global_minimum", "strict_saddle", "nonstrict_saddle", "near_minimum",
    "near_saddle",    "not_critical",  "unresolved"};

const char *const ln_statement_texts[LN_N_STATEMENTS] = {
    "the gradient is not zero",
    "it keeps the largest singular values that the widths allow, so its loss is the least there is",
    "a larger singular value of the whitened target is missing than one that is kept (Zhu, Soudry, "
    "Eldar, Wakin 2018; Achour, Malgouyres, Gerchinovitz 2021)",
    "two layers and a rank below the bottleneck: every such point has negative curvature (Zhu, "
    "Soudry, Eldar, Wakin 2018)",
    "it keeps the largest singular values, has a rank below the bottleneck, and a pivot is not "
    "tightened (Achour, Malgouyres, Gerchinovitz 2021)",
    "it keeps the largest singular values, has a rank below the bottleneck, and every pivot is "
    "tightened (Achour, Malgouyres, Gerchinovitz 2021)",
    "the least Hessian eigenvalue contradicts the rule: the numbers are too near a tie or a drop "
    "of rank for the tolerances",
    "an end of the spectrum did not converge",
    "the end-to-end matrix is no sum of singular triples of the whitened target, to the tolerances",
};

const struct ln_certificate_options ln_certificate_exact = {1e-9, 1e-9},
                                    ln_certificate_at_end = {1e-9, 1e-6};

/* On a trajectory: a gradient of this size, relative as the tolerance is, is called small. */
static const double near_gradient = 1e-2;

/* Singular values of Q that agree to this are one value with a multiplicity. */
static double tie_of(const struct ln_certificate_options *options) {
    return fmax(1e-7, options->rank_tolerance);
}

static double largest(const double *x, int n) {
    double most = 0;
    for (int i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* max(1, |M|_max, |C|_max), C = Phi M. */
static double gradient_scale(const struct ln_problem *problem) {
    int m = problem->d_out, n = problem->d_in;
    if (!problem->moment)
        return fmax(1, largest(problem->target, m * n));
    double *c = ln_linalg_alloc((size_t)m * n, sizeof *c);
    ln_matmul(c, problem->target, false, problem->moment, false, m, n, n);
    double scale = fmax(1, fmax(largest(c, m * n), largest(problem->moment, n * n)));
    free(c);
    return scale;
}

/* Eigenvalues of M^{1/2} that problem/ left out are zero to rounding. */
static int rank_of_data(const struct ln_problem *problem) {
    int n = problem->d_in, rank = 0;
    if (!problem->root)
        return n;
    double *w = ln_linalg_alloc(n, sizeof *w);
    ln_sym_eig(w, NULL, problem->root, n);
    for (int i = 0; i < n; i++)
        rank += w[i] > 1e-8 * w[n - 1];
    free(w);
    return rank;
}

static int most_rank(const struct ln_net *net) {
    int most = rank_of_data(net->problem);
    for (int j = 1; j <= net->shape->n_layers; j++)
        most = net->shape->widths[j] < most ? net->shape->widths[j] : most;
    return most;
}

/* What P M^{1/2} is made of: its singular values, and its share u_k^T P M^{1/2} v_k of each triple.
 */
struct content {
    int n_modes;
    double *singular, *share;
};

static struct content content_create(const struct ln_net *net) {
    const struct ln_problem *problem = net->problem;
    int m = problem->d_out, n = problem->d_in, modes = problem->n_modes;
    struct content content = {modes, ln_linalg_alloc(modes, sizeof(double)),
                              ln_linalg_alloc(modes, sizeof(double))};
    double *p = ln_linalg_alloc((size_t)m * n, sizeof *p);
    ln_certificate_whitened(net, p);
    ln_svd(NULL, content.singular, NULL, p, m, n);
    for (int k = 0; k < modes; k++)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
                content.share[k] +=
                    problem->left[i * modes + k] * p[i * n + j] * problem->right[j * modes + k];
    free(p);
    return content;
}

static void content_clear(struct content *content) {
    free(content->share);
    free(content->singular);
}

/* Of sigma_first .. sigma_last, which are equal: how many are kept is the trace of the share. */
static bool keep_of_tie(const struct content *content, const double *sigma, int first, int last,
                        struct ln_certificate *out) {
    double count = 0;
    for (int k = first; k <= last; k++)
        count += content->share[k] / sigma[k];
    int kept = (int)lround(count);
    for (int k = first; k < first + kept && k <= last; k++)
        out->kept[k] = 1;
    return fabs(count - kept) <= 1e-3 && kept >= 0 && kept <= last - first + 1;
}

/* S; false where P M^{1/2} is no sum of triples. */
static bool find_kept(const struct content *content, const struct ln_problem *problem,
                      const struct ln_certificate_options *options, struct ln_certificate *out) {
    const double *sigma = problem->sigma;
    bool is_sum = true;
    int n_kept = 0, last;
    for (int first = 0; first < problem->n_modes; first = last + 1) {
        last = first;
        while (last + 1 < problem->n_modes &&
               sigma[last] - sigma[last + 1] <= tie_of(options) * sigma[0])
            last++;
        if (sigma[last] > options->rank_tolerance * sigma[0])
            is_sum = keep_of_tie(content, sigma, first, last, out) && is_sum;
    }
    for (int k = 0; k < problem->n_modes; k++)
        n_kept += out->kept[k];
    return is_sum && n_kept == out->rank;
}

/* Rounding of P M^{1/2}: eps times what its factors could give. */
static double rounding(const struct ln_net *net) {
    const struct ln_shape *shape = net->shape;
    int n = net->problem->d_in;
    double size = net->problem->root ? ln_norm(net->problem->root, (size_t)n * n) : 1;
    for (int h = 1; h <= shape->n_layers; h++)
        size *= ln_norm(net->weights + shape->offset[h - 1],
                        (size_t)shape->widths[h] * shape->widths[h - 1]);
    return 1e-14 * size;
}

static int count_rank(const struct content *content, const struct ln_net *net, double tolerance) {
    double least = tolerance * fmax(net->problem->sigma[0], content->singular[0]);
    int rank = 0;
    least = fmax(least, rounding(net));
    while (rank < content->n_modes && content->singular[rank] > least)
        rank++;
    return rank;
}

static bool keeps_the_top(const struct ln_certificate *out) {
    for (int k = 0; k < out->rank; k++)
        if (!out->kept[k])
            return false;
    return true;
}

static void decide(struct ln_certificate *out, enum ln_nature nature, enum ln_statement statement) {
    out->nature = nature;
    out->statement = statement;
}

static void classify_critical(const struct ln_net *net,
                              const struct ln_certificate_options *options,
                              const struct content *content, struct ln_certificate *out) {
    const struct ln_problem *problem = net->problem;
    bool is_sum = find_kept(content, problem, options, out);
    bool is_full = out->rank >= out->rank_max || out->rank == problem->n_modes ||
                   problem->sigma[out->rank] <= options->rank_tolerance * problem->sigma[0];
    if (!is_sum)
        decide(out, LN_IS_UNRESOLVED, LN_BY_MISMATCH);
    else if (keeps_the_top(out) && is_full)
        decide(out, LN_IS_GLOBAL_MINIMUM, LN_BY_LEVEL);
    else if (!keeps_the_top(out))
        decide(out, LN_IS_STRICT_SADDLE, LN_BY_INDEX_SET);
    else if (net->shape->n_layers <= 2)
        decide(out, LN_IS_STRICT_SADDLE, LN_BY_TWO_LAYERS);
    else {
        ln_certificate_pivots(net, options->rank_tolerance, out);
        bool is_flat = out->n_tightened == out->n_pivots;
        decide(out, is_flat ? LN_IS_NONSTRICT_SADDLE : LN_IS_STRICT_SADDLE,
               is_flat ? LN_BY_ALL_PIVOTS : LN_BY_PIVOT);
    }
    if (out->nature != LN_IS_GLOBAL_MINIMUM)
        out->curvature_bound = ln_curvature_bound(net, options->rank_tolerance);
}

/* The rule of the labels: E within 1 % of the smallest missing 1/2 sigma_k^2 of the level of the
 * modes that are more than half learnt; and a small gradient. Ranks of blocks are not looked at:
 * they jump. */
static void classify_near(const struct ln_net *net, const struct ln_certificate_options *options,
                          const struct content *content, struct ln_certificate *out) {
    const struct ln_problem *problem = net->problem;
    double level = 0, missing = INFINITY, least = INFINITY;
    int n_kept = 0;
    for (int k = 0; k < problem->n_modes; k++) {
        double half = 0.5 * problem->sigma[k] * problem->sigma[k];
        out->kept[k] = half > 0 && content->share[k] > 0.5 * problem->sigma[k];
        n_kept += out->kept[k];
        level += out->kept[k] ? 0 : half;
        if (half > 0)
            *(out->kept[k] ? &least : &missing) = half;
    }
    out->rank = n_kept;
    double gap = isfinite(missing) ? missing : least;
    double limit = near_gradient / options->gradient_tolerance * out->gradient_limit;
    bool is_near =
        out->max_gradient <= limit && isfinite(gap) && fabs(out->excess - level) <= 0.01 * gap;
    bool is_least = fabs(level - out->level) <= 1e-9 * (level + out->level);
    decide(out,
           !is_near   ? LN_IS_NOT_CRITICAL
           : is_least ? LN_IS_NEAR_MINIMUM
                      : LN_IS_NEAR_SADDLE,
           LN_BY_GRADIENT);
}

void ln_certificate_classify(const struct ln_net *net, const struct ln_certificate_options *options,
                             struct ln_certificate *out) {
    int n = net->shape->n_weights;
    double *gradient = ln_linalg_alloc(n, sizeof *gradient);
    memset(out, 0, sizeof *out);
    out->n_modes = net->problem->n_modes;
    out->excess = ln_net_gradient(net, gradient);
    out->max_gradient = largest(gradient, n);
    out->gradient_limit = options->gradient_tolerance * gradient_scale(net->problem);
    out->rank_max = most_rank(net);
    out->level =
        ln_problem_level(net->problem, out->rank_max < out->n_modes ? out->rank_max : out->n_modes);
    out->curvature_bound = out->lambda_min = out->lambda_max = NAN;
    out->residual_min = out->residual_max = out->zero = NAN;
    out->n_negative = out->n_zero = out->n_positive = -1;
    struct content content = content_create(net);
    out->rank = count_rank(&content, net, options->rank_tolerance);
    if (out->max_gradient <= out->gradient_limit)
        classify_critical(net, options, &content, out);
    else
        classify_near(net, options, &content, out);
    content_clear(&content);
    free(gradient);
}
