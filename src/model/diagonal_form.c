/* One coordinate of the diagonal network: b of its weights or of its dual, derivatives, inverse.
 *
 * Exponentials of 2 Lam s are never formed alone: alpha^2 = exp(-2 Lam) may be far below the
 * smallest number, only the product of both is a size of the network. */
#include <math.h>

#include "linnet/model_diagonal.h"

/* A trial step may overshoot; an error control has to see a large number, not infinity. */
static const double most_exponent = 650.0, least_gap = 1e-9;

double ln_diagonal_time_unit(const struct ln_shape *shape, double log_scale) {
    int depth = ln_diagonal_depth(shape);
    if (ln_diagonal_form(shape) == LN_DIAGONAL_DUAL)
        return 1.0;
    return depth == 2 ? log_scale : exp((depth - 2) * log_scale) / (depth * (depth - 2.0));
}

/* p = D / (D - 2) */
static double power_of(int depth) {
    return depth / (depth - 2.0);
}

/* A dual in two parts, s + rest. */
struct dual {
    int depth;
    double log_scale, k, s, rest;
};

/* Distance from the upper (+1) or lower (-1) wall, exact where s is close to it. */
static double distance(const struct dual *x, int wall) {
    return (x->k - wall * x->s) - wall * x->rest;
}

/* exp(2 Lam (+-s - k)) */
static double exponential(const struct dual *x, int wall) {
    return exp(fmin(-2.0 * x->log_scale * distance(x, wall), most_exponent));
}

/* x^n by repeated squaring, in the order of the kernels. */
static double power(double x, int n) {
    double out = 1.0;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1)
            out *= x;
    return out;
}

/* With gap the distance from a wall in units of alpha^(D-2), w = gap^(-1/(D-2)) is the weight
 * there: w^D, and on demand the size of its derivatives by z, each p / (gap alpha^(D-2)) times, p =
 * D/(D-2) and one more each time. */
static double power_at(const struct dual *x, int wall, double *first, double *second) {
    int n = x->depth - 2;
    double unit = exp(n * x->log_scale), gap = fmax(distance(x, wall) * unit, least_gap);
    double w = n == 1 ? 1.0 / gap : n == 2 ? 1.0 / sqrt(gap) : pow(gap, -1.0 / n);
    double p = power_of(x->depth), out = power(w, x->depth);
    if (first)
        *first = p * unit / gap * out;
    if (second)
        *second = p * (p + 1.0) * (unit / gap) * (unit / gap) * out;
    return out;
}

/* b and db/ds */
static double expand(const struct dual *x, double *slope) {
    double plus, minus;
    if (x->depth > 2) {
        double b = power_at(x, 1, &plus, NULL) - power_at(x, -1, &minus, NULL);
        *slope = plus + minus;
        return b;
    }
    double small = 2.0 * x->log_scale * (x->s + x->rest);
    plus = exponential(x, 1);
    minus = exponential(x, -1);
    *slope = x->log_scale * (plus + minus);
    return fabs(small) < 1.0 ? exp(-2.0 * x->log_scale * x->k) * sinh(small) : 0.5 * (plus - minus);
}

/* d2b/ds2 */
static double bend_of(const struct dual *x) {
    double slope, plus, minus;
    if (x->depth == 2)
        return 4.0 * x->log_scale * x->log_scale * expand(x, &slope);
    power_at(x, 1, NULL, &plus);
    power_at(x, -1, NULL, &minus);
    return plus - minus;
}

double ln_diagonal_expand(int depth, double log_scale, double k, const double w[2], double *slope) {
    return expand(&(struct dual){depth, log_scale, k, w[0], w[1]}, slope);
}

double ln_diagonal_product(int depth, double log_scale, double k, double s) {
    double slope;
    return expand(&(struct dual){depth, log_scale, k, s, 0.0}, &slope);
}

double ln_diagonal_slope(int depth, double log_scale, double k, double s) {
    double slope;
    expand(&(struct dual){depth, log_scale, k, s, 0.0}, &slope);
    return slope;
}

/* The distance of z from 1 at which the product is b >= 0: bisection until no number lies between,
 * since the product falls with the distance all the way. */
static double gap_of_power(int depth, double log_scale, double b) {
    double low = 0.0, high = 1.0, slope;
    for (;;) {
        double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high)
            return high;
        if (expand(&(struct dual){depth, log_scale, 1.0, 1.0, -middle}, &slope) < b)
            high = middle;
        else
            low = middle;
    }
}

double ln_diagonal_gap_of(int depth, double log_scale, double k, double b) {
    if (depth > 2)
        return gap_of_power(depth, log_scale, fabs(b));
    double q = log(fabs(b)) + 2.0 * log_scale * k; /* -infinity for b = 0 */
    return q > 18.0 ? -log(2.0 * fabs(b)) / (2.0 * log_scale)
                    : k - asinh(exp(q)) / (2.0 * log_scale);
}

double ln_diagonal_dual_of(int depth, double log_scale, double k, double b) {
    return copysign(k - ln_diagonal_gap_of(depth, log_scale, k, b), b);
}

struct ln_diagonal_jet ln_diagonal_jet_of(const struct ln_shape *shape, double log_scale, double k,
                                          const double *w) {
    int depth = ln_diagonal_depth(shape);
    switch (ln_diagonal_form(shape)) {
    case LN_DIAGONAL_SQUARES:
        return (struct ln_diagonal_jet){
            0.5 * (w[0] - w[1]) * (w[0] + w[1]), {w[0], -w[1]}, {1.0, -1.0}, 0.0};
    case LN_DIAGONAL_UV:
        return (struct ln_diagonal_jet){w[0] * w[1], {w[1], w[0]}, {0.0, 0.0}, 1.0};
    case LN_DIAGONAL_POWER: {
        double plus = power(w[0], depth - 2), minus = power(w[1], depth - 2), d = depth;
        return (struct ln_diagonal_jet){plus * w[0] * w[0] - minus * w[1] * w[1],
                                        {d * plus * w[0], -d * minus * w[1]},
                                        {d * (d - 1) * plus, -d * (d - 1) * minus},
                                        0.0};
    }
    default: {
        struct dual x = {depth, log_scale, k, w[0], w[1]};
        double slope, b = expand(&x, &slope);
        return (struct ln_diagonal_jet){b, {slope, 0.0}, {bend_of(&x), 0.0}, 0.0};
    }
    }
}
