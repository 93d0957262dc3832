/* The coordinator: hands out ranges of the plan. A pure state machine (event in, grant out): no
 * MPI, no clock, no allocation after creation.
 *
 * It learns: finished points come with what they really cost, and each group has a factor, actual
 * over predicted seconds, by which its other predictions are taken. */
#ifndef LINNET_COORDINATOR_H
#define LINNET_COORDINATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "linnet/plan.h"
#include "linnet/tally.h"

struct ln_coordinator;

/* A range of plan->ids of one group; count 0: nothing left to grant. */
struct ln_grant {
    int64_t first, count;
    double factor; /* of its group */
};

struct ln_coordinator *ln_coordinator_create(const struct ln_plan *plan,
                                             int n_ranks); /* NULL: no memory */
void ln_coordinator_free(struct ln_coordinator *coordinator);

/* Event: `rank` asks for work. Every point is granted exactly once; a rank that got count 0 is
 * retired. */
struct ln_grant ln_coordinator_ask(struct ln_coordinator *coordinator, int rank);

/* Event: `rank` has idle lanes while others still work on its last grant. Points of the same group,
 * or count 0, which does not retire it. */
struct ln_grant ln_coordinator_refill(struct ln_coordinator *coordinator, int rank);

/* Event: `rank` stored more points of what it was granted, all of one group. */
void ln_coordinator_done(struct ln_coordinator *coordinator, int rank, int group,
                         const struct ln_tally *more);

/* Event: stop granting; every later ask is answered with count 0. */
void ln_coordinator_stop(struct ln_coordinator *coordinator);

bool ln_coordinator_is_finished(const struct ln_coordinator *coordinator); /* every rank retired */
int64_t ln_coordinator_n_done(const struct ln_coordinator *coordinator);

/* Calibrated core seconds of the points not yet stored, and actual ones of those that are. */
double ln_coordinator_seconds_left(const struct ln_coordinator *coordinator);
double ln_coordinator_seconds_done(const struct ln_coordinator *coordinator);

/* Actual over predicted seconds of a group, as far as is known. */
double ln_coordinator_factor(const struct ln_coordinator *coordinator, int group);

/* What is stored of a group so far. */
const struct ln_tally *ln_coordinator_tally(const struct ln_coordinator *coordinator, int group);

#endif
