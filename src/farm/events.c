#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

static bool is_before(const struct ln_event *a, const struct ln_event *b) {
    return a->time < b->time || (a->time == b->time && a->order < b->order);
}

static void make_room(struct ln_events *events) {
    if (events->n < events->room)
        return;
    events->room = 2 * events->room + 64;
    struct ln_event *items = ln_linalg_alloc((size_t)events->room, sizeof *items);
    if (events->n)
        memcpy(items, events->items, (size_t)events->n * sizeof *items);
    free(events->items);
    events->items = items;
}

void ln_events_put(struct ln_events *events, struct ln_event event) {
    make_room(events);
    event.order = events->n_put++;
    int64_t i = events->n++;
    while (i > 0 && is_before(&event, &events->items[(i - 1) / 2])) {
        events->items[i] = events->items[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    events->items[i] = event;
}

bool ln_events_take(struct ln_events *events, struct ln_event *event) {
    if (events->n == 0)
        return false;
    *event = events->items[0];
    struct ln_event last = events->items[--events->n];
    int64_t i = 0;
    for (;;) {
        int64_t child = 2 * i + 1;
        if (child + 1 < events->n && is_before(&events->items[child + 1], &events->items[child]))
            child++;
        if (child >= events->n || !is_before(&events->items[child], &last))
            break;
        events->items[i] = events->items[child];
        i = child;
    }
    events->items[i] = last;
    return true;
}

void ln_events_clear(struct ln_events *events) {
    free(events->items);
    *events = (struct ln_events){0};
}
