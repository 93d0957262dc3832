#include "linnet/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/interrupt.h"
#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/observe.h"
#include "row.h"
#include "starts.h"

/* What one lane has in hand besides its weights. */
struct seat {
    struct ln_point point;
    const struct ln_problem *problem;
    double *start; /* [n_state] at step 0 */
    double *constants;
    char *row;
};

struct ln_engine {
    const struct ln_sweep *sweep;
    const struct ln_layout *layout;
    struct ln_row_recipe recipe;
    struct ln_problem_cache *problems;
    const int64_t *record_steps;
    int n_records;
    char *blank; /* a row in which everything is missing */
    struct seat seats[LN_LANES];
    struct ln_shape shape;          /* of the run in hand */
    double *weights, *p, *singular; /* scratch for looking at one lane */
    struct ln_starts *starts;
    const struct ln_engine_hooks *hooks;
    int64_t waiting_cell; /* the point that decided the shape, not seated yet; -1: none */
    struct ln_train_use use;
    struct ln_pack pack; /* of a point that is parked */
    int status;
    struct ln_err failure; /* says why, when status is not LN_OK */
};

int ln_engine_layout(const struct ln_sweep *sweep, struct ln_layout *layout, struct ln_err *err) {
    return ln_row_layout(sweep, INT64_MAX, layout, err);
}

int ln_engine_least_row(const struct ln_sweep *sweep, size_t *bytes, struct ln_err *err) {
    struct ln_layout *layout = ln_linalg_alloc(1, sizeof *layout);
    int status = ln_row_layout(sweep, 1, layout, err);
    *bytes = 0;
    for (int c = 0; c < layout->n_columns; c++) /* packed, as the file has them */
        *bytes += layout->columns[c].bytes;
    free(layout);
    return status;
}

int ln_engine_create(const struct ln_sweep *sweep, const struct ln_layout *layout,
                     struct ln_engine **out, struct ln_err *err) {
    (void)err;
    struct ln_engine *engine = ln_linalg_alloc(1, sizeof *engine);
    engine->sweep = sweep;
    engine->layout = layout;
    engine->problems = ln_problem_cache_create();
    engine->record_steps = ln_sweep_record_steps(sweep, &engine->n_records);
    ln_row_recipe_init(&engine->recipe, layout, engine->record_steps);
    engine->blank = ln_linalg_alloc(layout->row_bytes, 1);
    ln_row_clear(layout, engine->blank);
    for (int lane = 0; lane < LN_LANES; lane++)
        engine->seats[lane].row = ln_linalg_alloc(layout->row_bytes, 1);
    *out = engine;
    return LN_OK;
}

static void release_shape(struct ln_engine *engine) {
    for (int lane = 0; lane < LN_LANES; lane++) {
        struct seat *seat = &engine->seats[lane];
        if (seat->problem)
            ln_problem_cache_release(engine->problems, seat->problem);
        seat->problem = NULL;
        free(seat->start);
        free(seat->constants);
        seat->start = seat->constants = NULL;
    }
    free(engine->weights);
    free(engine->p);
    free(engine->singular);
    engine->weights = engine->p = engine->singular = NULL;
    ln_starts_free(engine->starts);
    engine->starts = NULL;
}

void ln_engine_free(struct ln_engine *engine) {
    if (!engine)
        return;
    release_shape(engine);
    for (int lane = 0; lane < LN_LANES; lane++)
        free(engine->seats[lane].row);
    free(engine->blank);
    ln_pack_clear(&engine->pack);
    ln_problem_cache_free(engine->problems);
    free(engine);
}

/* What there is to see of a state, as far as somebody reads it. */
static struct ln_sight sight_of(struct ln_engine *engine, const struct seat *seat,
                                const double *weights, const struct ln_run *run, unsigned reads) {
    const struct ln_shape *shape = &engine->shape;
    const struct ln_problem *problem = seat->problem;
    struct ln_net net = {shape, problem, seat->constants, weights};
    if (reads & (LN_READS_PRODUCT | LN_READS_SINGULAR))
        shape->model->end_to_end(&net, engine->p);
    if (reads & LN_READS_SINGULAR && isfinite(run->excess))
        ln_svd(NULL, engine->singular, NULL, engine->p, problem->d_out, problem->d_in);
    return (struct ln_sight){
        shape,           problem,     run, weights, seat->start, engine->p, engine->singular,
        seat->constants, &seat->point};
}

/* The same of what a lane holds now. */
static struct ln_sight sight_of_lane(struct ln_engine *engine, int lane,
                                     const struct ln_batch *batch, const struct ln_run *run,
                                     unsigned reads) {
    if (reads)
        ln_batch_weights(batch, lane, engine->weights);
    return sight_of(engine, &engine->seats[lane], engine->weights, run, reads);
}

/* A parked point: its number, its row so far, and what training left. */
static void park(void *ctx, int lane, const void *bytes, size_t size) {
    struct ln_engine *engine = ctx;
    const struct seat *seat = &engine->seats[lane];
    struct ln_pack *pack = &engine->pack;
    pack->size = 0;
    ln_pack_int(pack, seat->point.id);
    ln_pack_int(pack, (int64_t)engine->layout->row_bytes);
    ln_pack_bytes(pack, seat->row, engine->layout->row_bytes);
    ln_pack_bytes(pack, bytes, size);
    if (!pack->is_bad)
        engine->hooks->park(engine->hooks->ctx, seat->point.id, pack->bytes, pack->size);
}

static void refuse(void *ctx, int lane) {
    struct ln_engine *engine = ctx;
    const struct seat *seat = &engine->seats[lane];
    memcpy(seat->row, engine->blank, engine->layout->row_bytes);
    if (engine->hooks->refuse)
        engine->hooks->refuse(engine->hooks->ctx, seat->point.id);
}

/* What a run that was stopped has left of the point: the row goes to the seat, the rest into the
 * task. */
static void look_for_parked(struct ln_engine *engine, int lane, struct ln_task *task) {
    const struct seat *seat = &engine->seats[lane];
    struct ln_unpack from = {0};
    if (engine->hooks->parked)
        from.at = engine->hooks->parked(engine->hooks->ctx, seat->point.id, &from.left);
    if (!from.at)
        return;
    bool good = ln_unpack_int(&from) == seat->point.id;
    good &= ln_unpack_int(&from) == (int64_t)engine->layout->row_bytes;
    ln_unpack_bytes(&from, seat->row, engine->layout->row_bytes);
    task->parked = from.at;
    task->parked_size = from.left;
    if (good && !from.is_bad)
        return;
    task->parked = NULL;
    refuse(engine, lane);
}

static bool next_task(void *ctx, int lane, struct ln_task *task) {
    struct ln_engine *engine = ctx;
    struct seat *seat = &engine->seats[lane];
    int64_t cell = engine->waiting_cell;
    if (engine->status != LN_OK || (cell < 0 && !engine->hooks->next(engine->hooks->ctx, &cell)))
        return false;
    engine->waiting_cell = -1;
    ln_sweep_point(engine->sweep, cell, &seat->point);
    engine->status =
        ln_problem_cache_get(engine->problems, &seat->point, &seat->problem, &engine->failure);
    if (engine->status != LN_OK)
        return false;
    ln_constants_of(&seat->point, &engine->shape, seat->problem, seat->constants);
    ln_init_fill(&seat->point, &engine->shape, seat->start);
    memcpy(seat->row, engine->blank, engine->layout->row_bytes);
    *task = (struct ln_task){
        .point = &seat->point,
        .net = {&engine->shape, seat->problem, seat->constants, seat->start},
    };
    look_for_parked(engine, lane, task);
    return true;
}

static void record(void *ctx, int lane, int index, const struct ln_batch *batch,
                   const struct ln_run *run) {
    struct ln_engine *engine = ctx;
    struct ln_sight sight = sight_of_lane(engine, lane, batch, run, engine->recipe.series_reads);
    ln_row_record(&engine->recipe, engine->seats[lane].row, index, &sight);
}

static void look_at_start(struct ln_engine *engine, struct seat *seat, const struct ln_run *run) {
    const struct ln_net net = {&engine->shape, seat->problem, seat->constants, seat->start};
    if (ln_starts_recall(engine->starts, &net, seat->row))
        return;
    struct ln_run start = *run;
    start.excess = run->initial;
    struct ln_sight sight = sight_of(engine, seat, seat->start, &start, engine->recipe.start_reads);
    ln_row_start(&engine->recipe, seat->row, &sight);
    ln_starts_keep(engine->starts, &net, seat->row);
}

static int finish(void *ctx, int lane, const struct ln_batch *batch, const struct ln_run *run,
                  struct ln_err *err) {
    struct ln_engine *engine = ctx;
    struct seat *seat = &engine->seats[lane];
    if (engine->recipe.has_start)
        look_at_start(engine, seat, run);
    unsigned reads = engine->recipe.final_reads;
    if (ln_label_reads_product(run))
        reads |= LN_READS_PRODUCT;
    struct ln_sight sight = sight_of_lane(engine, lane, batch, run, reads);
    ln_row_finish(&engine->recipe, seat->row, &sight);
    if (ln_interrupt_has_cut()) /* the row may hold anything */
        return LN_STOPPED;
    ln_problem_cache_release(engine->problems, seat->problem);
    seat->problem = NULL;
    return engine->hooks->finish(engine->hooks->ctx, seat->point.id, seat->row, err);
}

static bool poll(void *ctx) {
    struct ln_engine *engine = ctx;
    return engine->status != LN_OK || engine->hooks->poll(engine->hooks->ctx);
}

static int take_shape(struct ln_engine *engine, int64_t cell, const struct ln_algorithm **algorithm,
                      struct ln_err *err) {
    struct ln_point *point = &engine->seats[0].point;
    ln_sweep_point(engine->sweep, cell, point);
    int status = ln_train_shape(point, &engine->shape, err);
    if (status != LN_OK)
        return status;
    const struct ln_shape *shape = &engine->shape;
    size_t ends = (size_t)shape->widths[0] * shape->widths[shape->n_layers];
    engine->weights = ln_linalg_alloc(shape->n_state, sizeof(double));
    engine->p = ln_linalg_alloc(ends, sizeof(double));
    engine->singular = ln_linalg_alloc(shape->max_width, sizeof(double));
    engine->starts = ln_starts_create(&engine->recipe, shape);
    for (int lane = 0; lane < shape->lanes; lane++) {
        engine->seats[lane].start = ln_linalg_alloc(shape->n_state, sizeof(double));
        engine->seats[lane].constants = ln_linalg_alloc(shape->n_constants, sizeof(double));
    }
    *algorithm = (const struct ln_algorithm *)point->entry[LN_TRAIN];
    return LN_OK;
}

const struct ln_train_use *ln_engine_use(const struct ln_engine *engine) {
    return &engine->use;
}

int ln_engine_run(struct ln_engine *engine, const struct ln_engine_hooks *hooks,
                  struct ln_err *err) {
    const struct ln_algorithm *algorithm;
    const struct ln_train_hooks train = {
        .ctx = engine,
        .next = next_task,
        .record = record,
        .finish = finish,
        .poll = poll,
        .park = hooks->park ? park : NULL,
        .refuse = refuse,
        .use = &engine->use,
        .poll_steps = hooks->poll_steps,
    };
    if (!hooks->next(hooks->ctx, &engine->waiting_cell))
        return LN_OK;
    engine->hooks = hooks;
    engine->status = LN_OK;
    int status = take_shape(engine, engine->waiting_cell, &algorithm, err);
    if (status == LN_OK)
        status = ln_train(&engine->shape, algorithm, engine->record_steps, engine->n_records,
                          &train, err);
    release_shape(engine);
    if (engine->status == LN_OK)
        return status;
    *err = engine->failure;
    return engine->status;
}
