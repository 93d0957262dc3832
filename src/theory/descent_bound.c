#include "linnet/descent_bound.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>

#include "linnet/balance.h"
#include "linnet/linalg.h"

/* Square roots of the largest (*most) and the smallest eigenvalue of a symmetric [n x n]. */
static double extreme_roots(const double *a, int n, double *most) {
    double *w = ln_linalg_alloc(n, sizeof *w);
    ln_sym_eig(w, NULL, a, n);
    double least = sqrt(fmax(w[0], 0.0));
    *most = sqrt(fmax(w[n - 1], 0.0));
    free(w);
    return least;
}

/* ||sqrt(c) Y|| from the small matrix Y Y^T. */
static double output_norm(const struct ln_problem *problem) {
    int d = problem->d_out;
    double most, *gram = ln_linalg_alloc((size_t)d * d, sizeof *gram);
    ln_matmul(gram, problem->y, false, problem->y, true, d, d, problem->n_samples);
    extreme_roots(gram, d, &most);
    free(gram);
    return sqrt(problem->c) * most;
}

/* Singular values of sqrt(c) X: roots of the eigenvalues of M, zero at its rounding level. */
static void input_norms(const struct ln_problem *problem, double *most, double *least) {
    *most = *least = 1.0;
    if (!problem->moment)
        return;
    *least = extreme_roots(problem->moment, problem->d_in, most);
    if (problem->n_samples < problem->d_in ||
        *least * *least <= 1e-14 * problem->d_in * *most * *most)
        *least = 0.0;
}

double ln_descent_condition(const struct ln_problem *problem) {
    double most, least;
    input_norms(problem, &most, &least);
    return most > 0 ? least / most : 0.0;
}

static bool has_theorem(const struct ln_shape *shape) {
    return shape->model->has_layers && shape->n_layers >= 2 && shape->n_constants == 0;
}

bool ln_descent_start_of(const struct ln_net *net, struct ln_descent_start *start) {
    if (!has_theorem(net->shape))
        return false;
    const struct ln_problem *problem = net->problem;
    double *gradient = ln_linalg_alloc(net->shape->n_weights, sizeof *gradient);
    *start = (struct ln_descent_start){
        .depth = net->shape->n_layers,
        .y_norm = problem->moment ? output_norm(problem) : problem->sigma[0],
        .loss = problem->loss_floor + ln_net_gradient(net, gradient),
        .balancedness = ln_balance_constant(net->shape, net->weights)};
    free(gradient);
    input_norms(problem, &start->x_norm, &start->x_least);
    return start->x_least > 0;
}

static double product_bound(const struct ln_descent_start *start) {
    return (start->y_norm + sqrt(2.0 * start->loss)) / start->x_least;
}

bool ln_descent_bound_at(const struct ln_descent_start *start, double delta, double sigma,
                         enum ln_descent_form form, struct ln_descent_bound *bound) {
    double n = start->depth, x = start->x_norm;
    double spread = form == LN_DESCENT_PAPER ? (n + 1.0) * (n + 1.0) : 1.5 * (n - 1.0);
    double slack = form == LN_DESCENT_PAPER ? 4.0 : 1.0;
    if (!(start->balancedness < delta))
        return false;
    *bound = (struct ln_descent_bound){
        .delta = delta, .alpha = start->balancedness / delta, .sigma = sigma};
    double m = bound->product = product_bound(start);
    double k = bound->layer_squared = pow(m, 2.0 / n) + spread * delta;
    bound->smoothness = 2.0 * exp(1.0) * n * pow(k, n - 1.0) * x * x +
                        exp(0.5) * n * pow(k, 0.5 * n - 1.0) * x * start->y_norm;
    bound->descent_step = 2.0 * (1.0 - sigma) / bound->smoothness;
    bound->balance_step = (delta - start->balancedness) * sigma / (slack * start->loss);
    bound->step = fmin(bound->descent_step, bound->balance_step);
    return true;
}

double ln_descent_usual_delta(const struct ln_descent_start *start) {
    double n = start->depth;
    double star = pow(product_bound(start), 2.0 / n) / ((n - 1.0) * (n + 1.0) * (n + 1.0));
    return fmax(star, 2.0 * start->balancedness);
}

struct meeting {
    const struct ln_descent_start *start;
    double sigma;
    enum ln_descent_form form;
};

/* log(balance_step / descent_step) at delta = balancedness + e^x: rises with x, from -infinity. */
static double advantage(double x, void *ctx) {
    const struct meeting *meeting = ctx;
    struct ln_descent_bound bound = {0};
    ln_descent_bound_at(meeting->start, meeting->start->balancedness + exp(x), meeting->sigma,
                        meeting->form, &bound);
    /* not from delta - balancedness, which forgets e^x where it is small */
    double slack = meeting->form == LN_DESCENT_PAPER ? 4.0 : 1.0;
    return x + log(meeting->sigma / (slack * meeting->start->loss)) - log(bound.descent_step);
}

/* A start without loss has no rising term: the usual delta serves. */
double ln_descent_best_delta(const struct ln_descent_start *start, double sigma,
                             enum ln_descent_form form) {
    struct meeting meeting = {start, sigma, form};
    gsl_function function = {advantage, &meeting};
    double usual = ln_descent_usual_delta(start), low = log(usual), high = log(usual);
    if (!(start->loss > 0) || !isfinite(low))
        return usual;
    while (low > -600 && !(advantage(low, &meeting) < 0))
        low -= 2.0;
    while (high < 600 && !(advantage(high, &meeting) > 0))
        high += 2.0;
    gsl_set_error_handler_off();
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    int status = gsl_root_fsolver_set(solver, &function, low, high);
    for (int i = 0; i < 200 && status == GSL_SUCCESS && high - low > 1e-14 * fabs(high); i++) {
        status = gsl_root_fsolver_iterate(solver);
        low = gsl_root_fsolver_x_lower(solver);
        high = gsl_root_fsolver_x_upper(solver);
    }
    double delta = start->balancedness + exp(gsl_root_fsolver_root(solver));
    gsl_root_fsolver_free(solver);
    return delta;
}

bool ln_descent_bound_of(const struct ln_outlook *outlook, enum ln_descent_form form,
                         struct ln_descent_bound *bound) {
    const struct ln_conf *conf = &outlook->point->conf[LN_THEORY];
    struct ln_descent_start start;
    double sigma = ln_conf_real(conf, "sigma");
    if (!ln_descent_start_of(&outlook->net, &start))
        return false;
    double delta = ln_conf_is_set(conf, "delta") ? ln_conf_real(conf, "delta")
                   : ln_conf_is(conf, "delta_choice", "best")
                       ? ln_descent_best_delta(&start, sigma, form)
                       : ln_descent_usual_delta(&start);
    return ln_descent_bound_at(&start, delta, sigma, form, bound);
}

int ln_descent_check(const struct ln_point *point, const struct ln_shape *shape,
                     const struct ln_problem *problem, struct ln_err *err) {
    if (!has_theorem(shape))
        return ln_err_key(err, "record.theory",
                          "the descent bound speaks of at least two layers and of the plain loss; "
                          "take it out, or take the model 'deep' with depth 2 or more and no "
                          "penalty");
    if (ln_conf_real(&point->conf[LN_THEORY], "sigma") >= 1.0)
        return ln_err_key(err, "theory.sigma", "sigma = 1 leaves no step size; take one below 1");
    double most, least;
    input_norms(problem, &most, &least);
    if (least > 0)
        return LN_OK;
    return ln_err_key(err, "record.theory",
                      "X has no full row rank: of its %d singular values the largest is "
                      "%.3g, sigma_min(X) = 0, and the bound M = (||Y|| + sqrt(2 L(0))) / "
                      "sigma_min(X) is infinite; take out the descent bound, or take at least %d "
                      "independent samples",
                      problem->d_in, most, problem->d_in);
}
