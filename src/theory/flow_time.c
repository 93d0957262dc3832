/* Time of the flow that gradient descent has used up after K steps of eta / (k + 1)^g. */
#include <math.h>
#include <string.h>

#include "linnet/theory.h"

/* sum of k^-g, k = 1 .. n: one by one as far as they change quickly, then by Euler and Maclaurin.
 * The integral is written so that g = 1 is no exception but a limit. */
static double sum_of_powers(double n, double g) {
    enum { ONE_BY_ONE = 1000 };
    double sum = 0, first = fmin(n, ONE_BY_ONE), rest = log(n / first), a = 1.0 - g;
    for (double k = first; k >= 1; k--)
        sum += pow(k, -g);
    if (n <= ONE_BY_ONE)
        return sum;
    double integral = pow(first, a) * (a != 0.0 ? expm1(a * rest) / a : rest);
    return sum + integral + 0.5 * (pow(n, -g) - pow(first, -g)) +
           g / 12.0 * (pow(first, -g - 1.0) - pow(n, -g - 1.0)) -
           g * (g + 1.0) * (g + 2.0) / 720.0 * (pow(first, -g - 3.0) - pow(n, -g - 3.0));
}

/* The exponent of the schedule; 0 for algorithms that have none. */
static double decay_of(const struct ln_conf *conf) {
    for (int i = 0; i < conf->n_params; i++)
        if (strcmp(conf->params[i].name, "decay") == 0)
            return ln_conf_real(conf, "decay");
    return 0;
}

double ln_outlook_time(const struct ln_outlook *outlook, int record) {
    double decay = decay_of(&outlook->point->conf[LN_TRAIN]);
    double n = (double)outlook->record_steps[record];
    return outlook->step_size * (decay == 0.0 || n == 0.0 ? n : sum_of_powers(n, decay));
}

static void predict(const struct ln_outlook *outlook, double *out) {
    for (int i = 0; i < outlook->n_records; i++)
        out[i] = ln_outlook_time(outlook, i);
}

const struct ln_prediction ln_prediction_flow_time = {
    .entry = {.name = "flow_time",
              .doc = "Sum of the step sizes so far: the time of gradient flow at each recorded "
                     "step, on which all schedules of small steps fall together.",
              .source = "Nguegnang, Rauhut, Terstiege 2021, step sizes eta_0/(k+1)^g"},
    .long_name = "time of the gradient flow at each record",
    .units = "1",
    .extent = LN_PER_RECORD,
    .with_penalty = true,
    .predict = predict,
};
