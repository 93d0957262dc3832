#include "linnet/theory.h"

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
