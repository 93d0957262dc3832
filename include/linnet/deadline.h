/* When a run has to stop because its wall time is nearly over. Every point can be parked, so none
 * has to be finished: what the margin must cover is the longest piece of work that nobody can
 * interrupt, and the writing of what is parked. */
#ifndef LINNET_DEADLINE_H
#define LINNET_DEADLINE_H

#include <stdint.h>

#include "linnet/coordinator.h"

struct ln_deadline {
    double at;           /* seconds of CLOCK_MONOTONIC; 0: there is none */
    double wall;         /* seconds from the start of the run to there */
    double margin;       /* seconds that were asked for; negative: none were */
    double row_bytes;    /* of a point, parked or not */
    double parked_bytes; /* that are there already, and may have to be written again */
    double silence;      /* the longest of this run so far */
    int n_ranks;
};

/* Seconds before the deadline at which all ranks are told to stop. coordinator: what the points
 * really cost, or NULL; silence: the longest time a rank was busy without asking whether to stop.
 */
double ln_deadline_margin(const struct ln_deadline *deadline, const struct ln_plan *plan,
                          const struct ln_coordinator *coordinator, double silence);

/* Whether it is time to stop. now: of CLOCK_MONOTONIC. */
bool ln_deadline_is_near(const struct ln_deadline *deadline, double now, double margin);

#endif
