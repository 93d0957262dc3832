/* The two things a kernel does with the watch after each step. No two
 * operations of it could be fused: the bits do not depend on the instruction set. */
#ifndef LINNET_WATCH_BOOKS_H
#define LINNET_WATCH_BOOKS_H

#include <stdbool.h>

#include "linnet/watch.h"

static inline bool ln_watch_holds(const struct ln_watch *watch, int l) {
    double above = watch->excess[l] - watch->level[l];
    return above > watch->above_low[l] && above < watch->above_high[l] &&
           watch->excess[l] > watch->excess_low[l];
}

static inline bool ln_watch_is_inside(const struct ln_watch *watch, int lanes) {
    bool inside = true;
    for (int l = 0; l < lanes; l++)
        inside &= ln_watch_holds(watch, l);
    return inside;
}

static inline void ln_watch_note(struct ln_watch *watch, int l, int64_t step) {
    double e = watch->excess[l];
    bool rises = e > watch->previous[l] * LN_RISE && e - watch->level[l] > watch->rise_above[l];
    watch->n_rises[l] += rises ? 1.0 : 0.0;
    watch->worst[l] = e > watch->worst[l] ? e : watch->worst[l];
    watch->best_at[l] = e < watch->best[l] ? (double)step : watch->best_at[l];
    watch->best[l] = e < watch->best[l] ? e : watch->best[l];
    watch->previous[l] = e;
}

static inline void ln_watch_book(struct ln_watch *watch, int lanes, int64_t step) {
    for (int l = 0; l < lanes; l++)
        ln_watch_note(watch, l, step);
}

#endif
