#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    out[0] = sight->problem->loss_floor + sight->run->excess;
}

const struct ln_observable ln_observable_loss = {
    .entry = {.name = "loss",
              .doc = "Training loss: loss of the least-squares map plus the excess."},
    .long_name = "training loss",
    .units = "1",
    .final_name = "final_loss",
    .look = look,
};
