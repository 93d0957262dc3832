#include "linnet/point.h"

#include <string.h>

void ln_point_copy(struct ln_point *to, const struct ln_point *from) {
    memcpy(to, from, sizeof *to);
    for (int s = 0; s < LN_N_SECTIONS; s++)
        to->conf[s].values = to->values[s];
}
