#include "calibration.h"

#include <math.h>
#include <stdlib.h>

/* As many points of a group have to be finished before its own weigh as much as the run's. */
static const double prior_points = 4.0;

/* The factors lean on a reference that follows the factor of the run in steps of a tenth, so that
 * one more finished point moves one factor and not thousands. */
static const double step_of_reference = 0.1;

/* A factor further from 1 than this is a clock that stood still. */
static const double most_factor = 1e3;

bool ln_calibration_init(struct ln_calibration *calibration, const struct ln_plan *plan) {
    size_t room = (size_t)plan->n_groups + 1;
    *calibration = (struct ln_calibration){.plan = plan,
                                           .groups = calloc(room, sizeof *calibration->groups),
                                           .factor = calloc(room, sizeof *calibration->factor),
                                           .reference = 1.0};
    if (!calibration->groups || !calibration->factor)
        return false;
    for (int g = 0; g < plan->n_groups; g++)
        calibration->factor[g] = 1.0;
    return true;
}

void ln_calibration_clear(struct ln_calibration *calibration) {
    free(calibration->groups);
    free(calibration->factor);
    *calibration = (struct ln_calibration){0};
}

/* prior: predicted seconds. */
static double damped(const struct ln_tally *tally, double prior, double factor) {
    double weight = tally->predicted + prior;
    double ratio = weight > 0.0 ? (tally->actual + prior * factor) / weight : factor;
    return fmin(fmax(ratio, 1.0 / most_factor), most_factor);
}

static void set_factor(struct ln_calibration *calibration, int group) {
    const struct ln_group *g = &calibration->plan->groups[group];
    double prior = g->count > 0 ? prior_points * g->cost / (double)g->count : 0.0;
    calibration->factor[group] = damped(&calibration->groups[group], prior, calibration->reference);
}

bool ln_calibration_learn(struct ln_calibration *calibration, int group,
                          const struct ln_tally *more) {
    const struct ln_plan *plan = calibration->plan;
    ln_tally_add(&calibration->groups[group], more);
    ln_tally_add(&calibration->all, more);
    double prior = prior_points * plan->total_cost / fmax((double)plan->n_points, 1.0);
    double whole = damped(&calibration->all, prior, 1.0);
    if (fabs(log(whole / calibration->reference)) < step_of_reference) {
        set_factor(calibration, group);
        return false;
    }
    calibration->reference = whole;
    for (int g = 0; g < plan->n_groups; g++)
        set_factor(calibration, g);
    return true;
}
