#include "linnet/theory.h"

const struct ln_prediction ln_prediction_minimum_sharpness = {
    .entry = {.name = "minimum_sharpness",
              .doc = "Largest Hessian eigenvalue at the balanced global minimum: N sigma_1^(2-2/N) "
                     "for whitened inputs.",
              .source = "Bartlett, Helmbold, Long 2018; Mulayoff, Michaeli 2020"},
    .long_name = "sharpness of the balanced global minimum",
    .units = "1",
    .predict = ln_minimum_sharpness,
};
