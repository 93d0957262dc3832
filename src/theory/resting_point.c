#include "resting_point.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdbool.h>

enum { MOST_ROUNDS = 200, N_SCAN = 1000 };

/* A root of f between low and high (Brent); where rounding hides the change of sign, the end that
 * is closer to one. */
static double root_between(gsl_function *f, double low, double high) {
    double at_low = GSL_FN_EVAL(f, low), at_high = GSL_FN_EVAL(f, high);
    if (!(at_low * at_high < 0))
        return fabs(at_low) <= fabs(at_high) ? low : high;
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    int status = gsl_root_fsolver_set(solver, f, low, high);
    for (int i = 0; i < MOST_ROUNDS && status == GSL_SUCCESS; i++) {
        status = gsl_root_fsolver_iterate(solver);
        if (gsl_root_test_interval(gsl_root_fsolver_x_lower(solver),
                                   gsl_root_fsolver_x_upper(solver), 0, 1e-15) == GSL_SUCCESS)
            break;
    }
    double root = status == GSL_SUCCESS ? gsl_root_fsolver_root(solver) : (double)NAN;
    gsl_root_fsolver_free(solver);
    return root;
}

struct force {
    double lambda, kappa;
    int n;
};

/* theta^{L-1} (theta^L - lambda) - kappa (1 - theta): theta falls where it is positive. */
static double force_at(double theta, void *ctx) {
    const struct force *force = ctx;
    double below = pow(theta, force->n - 1);
    return below * (below * theta - force->lambda) - force->kappa * (1 - theta);
}

/* The first zero of the force on the way from 1 to the unregularised limit. For lambda < 1 there is
 * only one, since theta^{L-1} (theta^L - lambda) rises there; for lambda > 1 the way is scanned. */
static double rest_under_penalty(double lambda, double kappa, int n) {
    struct force force = {lambda, kappa, n};
    gsl_function f = {force_at, &force};
    double goal = lambda > 0 ? pow(lambda, 1.0 / n) : 0, here = 1;
    if (n == 1)
        return (kappa + lambda) / (kappa + 1);
    if (lambda == 1 || kappa == 0)
        return goal;
    if (lambda < 1)
        return root_between(&f, goal, 1);
    for (int i = 1; i <= N_SCAN; i++) {
        double next = 1 + (goal - 1) * i / N_SCAN;
        if (force_at(next, &force) >= 0)
            return root_between(&f, here, next);
        here = next;
    }
    return goal;
}

struct ball {
    const double *lambda;
    double *theta;
    int d, n;
    double psi;
};

/* ||theta - 1|| - psi for the penalty exp(x). */
static double outside_ball(double x, void *ctx) {
    const struct ball *ball = ctx;
    double sum = 0;
    for (int k = 0; k < ball->d; k++) {
        ball->theta[k] = rest_under_penalty(ball->lambda[k], exp(x), ball->n);
        sum += (ball->theta[k] - 1) * (ball->theta[k] - 1);
    }
    return sqrt(sum) - ball->psi;
}

/* A fixed point on the edge of the Frobenius ball is one of a penalty, whose strength is the
 * multiplier of the constraint. */
static void rest_in_ball(struct ball *ball) {
    gsl_function f = {outside_ball, ball};
    const double weakest = -80, strongest = 80; /* of ln kappa */
    for (int k = 0; k < ball->d && !(ball->psi > 0); k++)
        ball->theta[k] = 1;
    if (ball->psi > 0 && outside_ball(weakest, ball) > 0)
        outside_ball(root_between(&f, weakest, strongest), ball);
}

void ln_resting_points(double *theta, const double *lambda, int d, int n_layers, enum ln_pull pull,
                       double strength) {
    struct ball ball = {lambda, theta, d, n_layers, strength};
    if (pull == LN_PULL_FROBENIUS_BALL) {
        rest_in_ball(&ball);
        return;
    }
    for (int k = 0; k < d; k++) {
        bool is_penalty = pull == LN_PULL_PENALTY || pull == LN_PULL_PROXIMAL;
        theta[k] = rest_under_penalty(lambda[k], is_penalty ? strength : 0, n_layers);
        if (pull == LN_PULL_SPECTRAL_BALL)
            theta[k] = fmin(fmax(theta[k], 1 - strength), 1 + strength);
    }
}
