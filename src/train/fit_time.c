#include "fit_time.h"

#include <math.h>
#include <string.h>

double ln_fit_sharpness(const struct ln_shape *shape, const struct ln_problem *problem) {
    double n = shape->n_layers, mean = 0;
    for (int i = 0; problem->moment && i < problem->d_in; i++)
        mean += problem->moment[i * problem->d_in + i] / problem->d_in;
    return n * pow(problem->sigma[0], 2.0 - 2.0 / n) * (problem->moment ? pow(mean, 1.0 / n) : 1.0);
}

/* Scale of one layer at the start. */
static double layer_scale(const struct ln_conf *init, double n_layers) {
    double scale = fabs(ln_conf_real(init, "scale"));
    for (int i = 0; i < init->n_params; i++)
        if (strcmp(init->params[i].name, "scale_of") == 0 &&
            ln_conf_is(init, "scale_of", "product"))
            return pow(scale, 1.0 / n_layers);
    return scale;
}

/* The time to leave the origin and the tail to the tolerance: ln(sqrt(s)/alpha)/s for N = 2,
 * alpha^(2-N)/((N-2) s) for N > 2, then ln(1/tol)/(2 N s^(2-2/N)). */
double ln_fit_time(const struct ln_point *point, const struct ln_shape *shape,
                   const struct ln_problem *problem) {
    double n = shape->n_layers, s = problem->sigma[0],
           alpha = layer_scale(&point->conf[LN_INIT], n),
           tol = ln_conf_real(&point->conf[LN_LIMITS], "stop.loss");
    for (int i = 0; i < shape->rank && i < problem->n_modes; i++)
        s = problem->sigma[i] > 1e-8 * problem->sigma[0] ? problem->sigma[i] : s;
    if (!(s > 0))
        return NAN;
    double leave = n < 2.5
                       ? log(fmax(sqrt(s) / fmax(alpha, 1e-300), 1.0)) / s
                       : fmax(pow(alpha, 2.0 - n) - pow(s, (2.0 - n) / n), 0.0) / ((n - 2.0) * s);
    return leave + log(1.0 / fmax(tol, 1e-30)) / (2.0 * n * pow(s, 2.0 - 2.0 / n));
}
