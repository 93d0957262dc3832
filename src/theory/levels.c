#include "linnet/theory.h"

static void predict(const struct ln_outlook *outlook, double *out) {
    int count = ln_extent_count(LN_PER_PLATEAU, outlook->net.shape, 0);
    for (int k = 0; k < count; k++)
        out[k] = ln_problem_level(outlook->net.problem, k);
}

const struct ln_prediction ln_prediction_levels = {
    .entry = {.name = "levels",
              .doc = "E_k = 1/2 sum of sigma_i^2 over i > k, k = 0, 1, ...: the excess loss of the "
                     "best map of rank k, where a run that has learnt k modes waits.",
              .source =
                  "Nguegnang, Rauhut, Terstiege 2021, levels of the loss (Eckart, Young 1936)"},
    .long_name = "excess loss of the best map of each rank",
    .units = "1",
    .extent = LN_PER_PLATEAU,
    .with_penalty = true,
    .predict = predict,
};
