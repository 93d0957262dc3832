#include "linnet/theory.h"

#include <math.h>

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
     .doc = "Excess loss eps that a predicted time or number of steps is to reach."},
};
const int ln_n_theory_params = sizeof ln_theory_params / sizeof ln_theory_params[0];

int ln_prediction_count(const struct ln_prediction *prediction, const struct ln_shape *shape,
                        int n_records) {
    return ln_extent_count(prediction->extent, shape, n_records);
}
