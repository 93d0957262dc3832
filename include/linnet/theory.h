/* What the papers predict for a point: stored beside the measurement as theory_<name>, so that a
 * figure can draw theory over measurement. */
#ifndef LINNET_THEORY_H
#define LINNET_THEORY_H

#include "linnet/model.h"

struct ln_prediction {
    struct ln_entry entry; /* no parameters */
    const char *long_name, *units;
    double (*predict)(const struct ln_shape *shape, const struct ln_problem *problem);
};

extern const struct ln_catalogue ln_predictions;

#endif
