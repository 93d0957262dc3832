#include "linnet/certificate.h"
#include "linnet/observe.h"

static void look(const struct ln_sight *sight, double *out) {
    struct ln_net net = ln_sight_net(sight);
    struct ln_certificate certificate;
    ln_certificate_classify(&net, &ln_certificate_at_end, &certificate);
    out[0] = ln_certificate_mask(&certificate);
}

const struct ln_observable ln_observable_index_set = {
    .entry = {.name = "index_set",
              .doc = "Which modes the end-to-end matrix holds, as a number with bit k - 1 for mode "
                     "k: 5 is modes 1 and 3; off critical points those more than half learnt.",
              .source = "Achour, Malgouyres, Gerchinovitz 2021; Zhu, Soudry, Eldar, Wakin 2018"},
    .long_name = "index set of the modes kept",
    .units = "1",
    .on_request = true,
    .needs_layers = true,
    .reads = LN_READS_WEIGHTS,
    .look = look,
};
