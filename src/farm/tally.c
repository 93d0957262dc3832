#include "linnet/tally.h"

#include <math.h>

/* What a point costs even if it is predicted, or measured, to be free. */
static const double min_seconds = 1e-7;

void ln_tally_point(struct ln_tally *tally, double predicted, double actual) {
    double error = log(fmax(actual, min_seconds) / fmax(predicted, min_seconds));
    struct ln_tally one = {1, predicted, actual, actual, error, error * error, 0.0};
    ln_tally_add(tally, &one);
}

void ln_tally_add(struct ln_tally *tally, const struct ln_tally *more) {
    tally->count += more->count;
    tally->predicted += more->predicted;
    tally->actual += more->actual;
    tally->longest = fmax(tally->longest, more->longest);
    tally->logs += more->logs;
    tally->squares += more->squares;
    tally->earlier += more->earlier;
}

double ln_tally_spread(const struct ln_tally *tally) {
    if (tally->count == 0)
        return 0.0;
    double mean = tally->logs / (double)tally->count;
    return sqrt(fmax(tally->squares / (double)tally->count - mean * mean, 0.0));
}
