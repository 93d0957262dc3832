#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/mode_time.h"
#include "start.h"

static void predict_fit(const struct ln_outlook *outlook, double *out) {
    const struct ln_problem *problem = outlook->net.problem;
    double share = ln_conf_real(&outlook->point->conf[LN_THEORY], "fitted");
    double *start = ln_linalg_alloc(problem->n_modes, sizeof *start);
    if (ln_start_follows_flow(outlook) && ln_mode_starts(&outlook->net, start))
        for (int i = 0; i < problem->n_modes; i++)
            if (problem->sigma[i] > 0)
                out[i] = ln_mode_time(outlook->net.shape->n_layers, problem->sigma[i], start[i],
                                      share * problem->sigma[i]);
    free(start);
}

const struct ln_prediction ln_prediction_mode_fit_time = {
    .entry = {.name = "mode_fit_time",
              .doc = "Flow time (steps times step size) at which each mode is learnt up to "
                     "theory.fitted, from an aligned balanced start; infinite: never.",
              .source =
                  "Saxe, McClelland, Ganguli 2014, balanced modes; any depth: docs/physics.md"},
    .long_name = "time to fit each mode",
    .units = "1",
    .extent = LN_PER_MODE,
    .predict = predict_fit,
};

static void predict_stage(const struct ln_outlook *outlook, double *out) {
    const struct ln_problem *problem = outlook->net.problem;
    int depth = outlook->net.shape->n_layers;
    double *start = ln_linalg_alloc(problem->n_modes, sizeof *start);
    if (depth >= 2 && ln_start_follows_flow(outlook) && ln_mode_starts(&outlook->net, start))
        for (int i = 0; i < problem->n_modes; i++)
            if (problem->sigma[i] > 0)
                out[i] = ln_mode_stage_time(depth, problem->sigma[i], start[i]);
    free(start);
}

const struct ln_prediction ln_prediction_mode_stage_time = {
    .entry = {.name = "mode_stage_time",
              .doc = "First order of the flow time at which each mode is learnt from a small "
                     "aligned start a: ln(1/a)/sigma_i for two layers, a^(2-N)/((N-2) sigma_i) for "
                     "more.",
              .source = "Saxe, McClelland, Ganguli 2014, small start; any depth: docs/physics.md"},
    .long_name = "time of each rank stage, first order",
    .units = "1",
    .extent = LN_PER_MODE,
    .predict = predict_stage,
};
