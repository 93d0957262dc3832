#include "linnet/theory.h"

static void predict(const struct ln_outlook *outlook, double *out) {
    out[0] = 2.0 / ln_minimum_sharpness(&outlook->net);
}

const struct ln_prediction ln_prediction_step_limit = {
    .entry = {.name = "step_limit",
              .doc = "Largest step size at which the balanced global minimum is linearly stable: 2 "
                     "/ its sharpness.",
              .source =
                  "Bartlett, Helmbold, Long 2018, local limit; Nguegnang, Rauhut, Terstiege 2021"},
    .long_name = "local step size limit",
    .units = "1",
    .by_default = true,
    .with_penalty = true,
    .predict = predict,
};
