#include "linnet/theory.h"

static void predict(const struct ln_outlook *outlook, double *out) {
    out[0] = ln_minimum_sharpness(&outlook->net);
}

const struct ln_prediction ln_prediction_minimum_sharpness = {
    .entry = {.name = "minimum_sharpness",
              .doc = "Largest Hessian eigenvalue at the balanced global minimum: N sigma_1^(2-2/N) "
                     "for whitened inputs.",
              .source = "Bartlett, Helmbold, Long 2018; Mulayoff, Michaeli 2020"},
    .long_name = "sharpness of the balanced global minimum",
    .units = "1",
    .by_default = true,
    .with_penalty = true,
    .predict = predict,
};
