/* One coordinate alone, and the units of time. */
#include <assert.h>
#include <math.h>

#include "linnet/saddles.h"

/* With a = alpha^2, R = sqrt(b^2 + a^2), S = |b| + R, x = exp(2 Lam s), x+ = S / a, x- = -a / S:
 *   (x - x-) / (x+ - x) = (1 - x-) / (x+ - 1) exp(2 Lam R l t) = Q,    beta = a (x - 1/x) / 2.
 * Written for a x, so that a may underflow; Q through its logarithm for the same reason. */
double ln_saddles_scalar(double l, double b, double log_scale, double t) {
    double a = exp(-2 * log_scale), root = hypot(b, a), sum = fabs(b) + root;
    double log_q = log1p(a / sum) - log(sum - a) + 2 * log_scale * (root * l * t - 1);
    double q = exp(log_q), ax = log_q > 0 ? (sum - a * a / sum / q) / (1 / q + 1)
                                          : (q * sum - a * a / sum) / (1 + q);
    if (b == 0 || ax <= 0)
        return 0;
    if (!isfinite(q))
        ax = sum;
    return copysign((ax - a * (a / ax)) / 2, b);
}

double ln_saddles_scalar_half_time(double l, double b, double log_scale) {
    return (1 + log(2 * fabs(b)) / (2 * log_scale)) / (l * fabs(b));
}

double ln_saddles_log_time_unit(enum ln_saddles_start start, int depth, double log_scale) {
    switch (start) {
    case LN_START_UV:
        return log(log_scale);
    case LN_START_SQUARES:
    case LN_START_POSITIVE:
        return log(log_scale / 2);
    case LN_START_POWER:
        assert(depth >= 3);
        return (depth - 2) * log_scale - log((double)depth * (depth - 2));
    }
    return (double)NAN;
}

double ln_saddles_time_unit(enum ln_saddles_start start, int depth, double log_scale) {
    return start == LN_START_UV ? log_scale
                                : exp(ln_saddles_log_time_unit(start, depth, log_scale));
}
