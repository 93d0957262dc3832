/* What is going to happen in a simulation, soonest first; of what happens at the same time, first
 * what was put in first. */
#ifndef LINNET_FARM_EVENTS_H
#define LINNET_FARM_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct ln_event {
    double time;
    int64_t order; /* set by put */
    int kind, rank, version;
};

struct ln_events {
    struct ln_event *items; /* [n] a heap */
    int64_t n, room, n_put;
};

void ln_events_put(struct ln_events *events, struct ln_event event);
bool ln_events_take(struct ln_events *events, struct ln_event *event); /* false: none is left */
void ln_events_clear(struct ln_events *events);

#endif
