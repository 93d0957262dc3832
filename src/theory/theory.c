#include "linnet/theory.h"

#include <math.h>

#include "linnet/model_deep.h"

#define LN_PREDICTION_OF(family, name) LN_PREDICTION(name)
#define LN_PREDICTION(name) extern const struct ln_prediction ln_prediction_##name;
#include "list.h"
#undef LN_PREDICTION

static const struct ln_entry *const entries[] = {
#define LN_PREDICTION(name) &ln_prediction_##name.entry,
#include "list.h"
#undef LN_PREDICTION
};

const struct ln_catalogue ln_predictions = {"prediction", entries,
                                            sizeof entries / sizeof entries[0]};

const struct ln_param ln_theory_params[] = {
    {.name = "accuracy",
     .type = LN_REAL,
     .fallback = "1e-6",
     .low = 0,
     .high = INFINITY,
     .low_open = true,
     .doc =
         "Excess loss eps that accuracy_time is the time to; numbers of steps are to stop.loss."},
    {.name = "sigma",
     .type = LN_REAL,
     .fallback = "0.5",
     .low = 0,
     .high = 1,
     .low_open = true,
     .doc = "Share of its first order that every step descends at least, below bound_paper."},
    {.name = "delta",
     .type = LN_REAL,
     .fallback = "~",
     .low = 0,
     .high = INFINITY,
     .low_open = true,
     .doc = "Balance up to which the descent bound is taken; default: as delta_choice says."},
    {.name = "delta_choice",
     .type = LN_CHOICE,
     .fallback = "usual",
     .choices = "usual best",
     .doc = "Where delta is left out: usual, the larger of M^(2/N)/((N-1)(N+1)^2) and twice the "
            "balancedness of the start; or best, the one with the largest step."},
    {.name = "fitted",
     .type = LN_REAL,
     .fallback = "0.999",
     .low = 0,
     .high = 1,
     .low_open = true,
     .doc = "Share of its target at which a mode counts as learnt in mode_fit_time."},
    {.name = "alpha",
     .type = LN_REAL,
     .fallback = "~",
     .low = 0,
     .high = 1,
     .low_open = true,
     .doc = "alpha of the starts N_alpha of one-neuron networks, above gamma = sigma_2/sigma_1; "
            "default: the best for the point, its alignment."},
};
const int ln_n_theory_params = sizeof ln_theory_params / sizeof ln_theory_params[0];

void ln_prediction_make(const struct ln_prediction *prediction, const struct ln_outlook *outlook,
                        double *out) {
    int count = ln_prediction_count(prediction, outlook->net.shape, outlook->n_records);
    for (int i = 0; i < count; i++)
        out[i] = NAN;
    if (prediction->with_penalty || !ln_deep_penalty_metric(&outlook->net))
        prediction->predict(outlook, out);
}

int ln_prediction_count(const struct ln_prediction *prediction, const struct ln_shape *shape,
                        int n_records) {
    return ln_extent_count(prediction->extent, shape, n_records);
}
