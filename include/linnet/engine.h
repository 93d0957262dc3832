/* The engine of one worker: takes points of one shape, trains them in lanes, hands back finished
 * rows. Knows neither MPI nor HDF5: everything outside is behind the hooks. */
#ifndef LINNET_ENGINE_H
#define LINNET_ENGINE_H

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/sweep.h"
#include "linnet/train.h"

struct ln_engine;

struct ln_engine_hooks {
    void *ctx;
    /* The next point of the shape in hand: writes the cell and returns true; false: none at the
     * moment (asked again while other lanes are still busy). */
    bool (*next)(void *ctx, int64_t *cell);
    /* A finished row (layout->row_bytes), valid during the call. Not LN_OK ends the run. */
    int (*finish)(void *ctx, int64_t cell, const void *row, struct ln_err *err);
    /* Called where a run of steps ends, about every half millisecond where a step takes no longer
     * (ln_poll_seconds, train.h). true: give up what is not finished and return LN_STOPPED. The
     * caller may also have this asked in the middle of long computations (interrupt.h). */
    bool (*poll)(void *ctx);
    /* After such a poll, for every point in the lanes: the bytes that let a later run go on with
     * it, to the same row. NULL: points are given up. */
    void (*park)(void *ctx, int64_t cell, const void *bytes, size_t size);
    /* What was parked of the point that next() has given, or NULL; valid until the next call.
     * refuse: it is nothing this point can go on from, so it begins at step 0. Both may be NULL. */
    const void *(*parked)(void *ctx, int64_t cell, size_t *size);
    void (*refuse)(void *ctx, int64_t cell);
    int64_t poll_steps; /* see train.h */
};

/* The layout of the results of a sweep: columns of every observable asked for. Unknown names in
 * record.final or record.series are input errors. */
int ln_engine_layout(const struct ln_sweep *sweep, struct ln_layout *layout, struct ln_err *err);

/* Bytes that a row takes in a file at least: those of a sweep of the first point alone. Takes no
 * time, where the layout has to look at the shape of every point. */
int ln_engine_least_row(const struct ln_sweep *sweep, size_t *bytes, struct ln_err *err);

/* Ownership: ln_engine_free. Sweep and layout must outlive it. */
int ln_engine_create(const struct ln_sweep *sweep, const struct ln_layout *layout,
                     struct ln_engine **engine, struct ln_err *err);
void ln_engine_free(struct ln_engine *engine);

/* How well the lanes were used, since the engine was created. Borrowed. */
const struct ln_train_use *ln_engine_use(const struct ln_engine *engine);

/* Trains until next() has nothing and all lanes are empty. The first point decides the shape. */
int ln_engine_run(struct ln_engine *engine, const struct ln_engine_hooks *hooks,
                  struct ln_err *err);

#endif
