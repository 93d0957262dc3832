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

/* What is left to be had after a grant: it saves questions whose answer is no. */
enum ln_rest {
    LN_REST_PLENTY,
    LN_REST_LATE,   /* no grants ahead any more */
    LN_REST_DRY,    /* nothing of this group */
    LN_REST_NOTHING /* the rank is retired */
};

/* A range of plan->ids of one group; count 0: no. */
struct ln_grant {
    int64_t first, count;
    double factor; /* of its group */
    enum ln_rest rest;
};

/* What a rank asks for: the events below. */
enum ln_wish { LN_WISH_NOTHING, LN_WISH_REFILL, LN_WISH_AHEAD, LN_WISH_WORK };

struct ln_coordinator *ln_coordinator_create(const struct ln_plan *plan,
                                             int n_ranks); /* NULL: no memory */
void ln_coordinator_free(struct ln_coordinator *coordinator);

/* Event: `rank` has nothing left and asks for work. Every point is granted exactly once; a rank
 * that got count 0 is retired. */
struct ln_grant ln_coordinator_ask(struct ln_coordinator *coordinator, int rank);

/* Event: `rank` will soon be through with what it has. Points to go on with, or count 0, which does
 * not retire it: it is to ask when it has nothing left. */
struct ln_grant ln_coordinator_ahead(struct ln_coordinator *coordinator, int rank);

/* Event: `rank` has idle lanes while others still work on its last grant. Points of the same group,
 * or count 0, which does not retire it. */
struct ln_grant ln_coordinator_refill(struct ln_coordinator *coordinator, int rank);

/* The event of a wish. */
struct ln_grant ln_coordinator_serve(struct ln_coordinator *coordinator, int rank,
                                     enum ln_wish wish);

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

/* Whether the rank has points that it has not stored yet. */
bool ln_coordinator_is_busy(const struct ln_coordinator *coordinator, int rank);

/* Of the points in hand after so many core seconds of each rank, as if it never had to wait: those
 * core seconds that have gone into them, on all ranks together, and those that the rank with the
 * most left has to go. */
void ln_coordinator_flight(const struct ln_coordinator *coordinator, double seconds, double *spent,
                           double *longest);

/* Actual over predicted seconds of a group, as far as is known. */
double ln_coordinator_factor(const struct ln_coordinator *coordinator, int group);

/* What is stored of each group so far: [n_groups]. */
const struct ln_tally *ln_coordinator_tallies(const struct ln_coordinator *coordinator);

#endif
