#include "linnet/deadline.h"

#include <math.h>

/* For the launcher, the file system and the scheduler; of a short run a share of it. */
static const double base_seconds = 10.0, base_share = 0.05;

/* More is never taken: a run must get on, however long one of its points does not listen. */
static const double most_share = 0.5;

/* Of what is parked; and what a point carries besides its weights and its row. */
static const double bytes_per_second = 5e7, bytes_of_books = 3e3;

double ln_deadline_margin(const struct ln_deadline *deadline, const struct ln_plan *plan,
                          const struct ln_coordinator *coordinator, double silence) {
    double fixed = 0, step = 0, bytes = 0;
    if (deadline->margin >= 0)
        return deadline->margin;
    for (int g = 0; g < plan->n_groups; g++) {
        const struct ln_group *group = &plan->groups[g];
        double factor = coordinator ? ln_coordinator_factor(coordinator, g) : 1.0;
        double point = deadline->row_bytes + bytes_of_books + 8.0 * group->n_state;
        fixed = fmax(fixed, factor * group->fixed);
        step = fmax(step, factor * group->step);
        bytes = fmax(bytes, group->lanes * point);
    }
    double writing = (bytes * deadline->n_ranks + deadline->parked_bytes) / bytes_per_second;
    double margin = fmin(base_seconds, base_share * deadline->wall) + writing +
                    fmax(2 * fixed + step, 2 * silence);
    return fmin(margin, most_share * deadline->wall);
}

bool ln_deadline_is_near(const struct ln_deadline *deadline, double now, double margin) {
    return deadline->at > 0 && now >= deadline->at - margin;
}
