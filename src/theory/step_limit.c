#include "linnet/theory.h"

static double predict(const struct ln_shape *shape, const struct ln_problem *problem) {
    return 2.0 / ln_minimum_sharpness(shape, problem);
}

const struct ln_prediction ln_prediction_step_limit = {
    .entry = {.name = "step_limit",
              .doc = "Largest step size at which the balanced global minimum is linearly stable: 2 "
                     "/ its sharpness.",
              .source =
                  "Bartlett, Helmbold, Long 2018, local limit; Nguegnang, Rauhut, Terstiege 2021"},
    .long_name = "local step size limit",
    .units = "1",
    .predict = predict,
};
