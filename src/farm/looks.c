#include "looks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/singular.h"
#include "linnet/work.h"

void ln_looks_begin(struct ln_looks *looks, const struct ln_row_recipe *recipe,
                    const struct ln_shape *shape) {
    int d_in = shape->widths[0], d_out = shape->widths[shape->n_layers];
    looks->recipe = recipe;
    looks->shape = shape;
    looks->weights = ln_linalg_alloc(shape->n_state, sizeof(double));
    looks->p = ln_linalg_alloc((size_t)d_out * d_in, sizeof(double));
    looks->singular = ln_linalg_alloc(shape->max_width, sizeof(double));
    looks->in_lanes = ln_singular_in_lanes(d_out, d_in);
}

void ln_looks_end(struct ln_looks *looks) {
    free(looks->weights);
    free(looks->p);
    free(looks->singular);
    looks->weights = looks->p = looks->singular = NULL;
}

void ln_seat_begin(struct ln_seat *seat, const struct ln_shape *shape) {
    int d_in = shape->widths[0], d_out = shape->widths[shape->n_layers];
    size_t products = ln_singular_in_lanes(d_out, d_in) ? (size_t)d_out * d_in * LN_LANES : 0;
    seat->start = ln_linalg_alloc(shape->n_state, sizeof(double));
    seat->constants = ln_linalg_alloc(shape->n_constants, sizeof(double));
    seat->aside.products = ln_linalg_alloc(products, sizeof(double));
    seat->aside.count = 0;
}

void ln_seat_end(struct ln_seat *seat) {
    free(seat->start);
    free(seat->constants);
    free(seat->aside.products);
    seat->start = seat->constants = seat->aside.products = NULL;
}

static struct ln_sight sight_of(const struct ln_looks *looks, const struct ln_seat *seat,
                                const double *weights, const struct ln_run *run) {
    return (struct ln_sight){looks->shape,    seat->problem,   run,
                             weights,         seat->start,     looks->p,
                             looks->singular, seat->constants, &seat->point};
}

/* Finds the singular values of what was put aside, and writes the records that wait for them. Those
 * of the last one stay in looks->singular. */
static void take_up(struct ln_looks *looks, struct ln_seat *seat, const struct ln_run *run) {
    const struct ln_problem *problem = seat->problem;
    struct ln_aside *aside = &seat->aside;
    size_t mark = ln_work_mark();
    double *s = ln_work_take((size_t)problem->n_modes * LN_LANES);
    struct ln_run then = *run;
    struct ln_sight sight = sight_of(looks, seat, NULL, &then);
    ln_lanes_singular(s, aside->products, problem->d_out, problem->d_in);
    for (int i = 0; i < aside->count; i++) {
        for (int k = 0; k < problem->n_modes; k++)
            looks->singular[k] = s[k * LN_LANES + i];
        then.excess = aside->excess[i];
        if (aside->record[i] >= 0)
            ln_row_record(looks->recipe, seat->row, aside->record[i], LN_ROW_LATE, &sight);
    }
    aside->count = 0;
    ln_work_release(mark);
}

/* The product in hand waits. One that is not finite has no singular values, and nobody looks. */
static void put_aside(struct ln_looks *looks, struct ln_seat *seat, int record,
                      const struct ln_run *run) {
    struct ln_aside *aside = &seat->aside;
    if (aside->count == LN_LANES)
        take_up(looks, seat, run);
    int at = aside->count++, size = seat->problem->d_out * seat->problem->d_in;
    aside->record[at] = record;
    aside->excess[at] = run->excess;
    for (int i = 0; i < size; i++)
        aside->products[i * LN_LANES + at] = isfinite(run->excess) ? looks->p[i] : 0;
}

/* Whether there are singular values to find. */
static bool asks_singular(unsigned reads, const struct ln_run *run) {
    return reads & LN_READS_SINGULAR && isfinite(run->excess);
}

/* The state as far as somebody reads it now. */
static struct ln_sight see(struct ln_looks *looks, struct ln_seat *seat, const double *weights,
                           const struct ln_run *run, unsigned reads) {
    const struct ln_problem *problem = seat->problem;
    struct ln_net net = {looks->shape, problem, seat->constants, weights};
    if (reads & (LN_READS_PRODUCT | LN_READS_SINGULAR))
        looks->shape->model->end_to_end(&net, looks->p);
    if (asks_singular(reads, run) && looks->in_lanes) {
        put_aside(looks, seat, -1, run);
        take_up(looks, seat, run);
    } else if (asks_singular(reads, run)) {
        ln_svd(NULL, looks->singular, NULL, looks->p, problem->d_out, problem->d_in);
    }
    return sight_of(looks, seat, weights, run);
}

void ln_looks_record(struct ln_looks *looks, struct ln_seat *seat, int lane, int index,
                     const struct ln_batch *batch, const struct ln_run *run) {
    const struct ln_row_recipe *recipe = looks->recipe;
    bool waits = looks->in_lanes && recipe->late_reads;
    unsigned reads = recipe->series_reads | (waits ? LN_READS_PRODUCT : recipe->late_reads);
    if (reads)
        ln_batch_weights(batch, lane, looks->weights);
    struct ln_sight sight = see(looks, seat, looks->weights, run, reads);
    ln_row_record(recipe, seat->row, index, waits ? LN_ROW_PROMPT : LN_ROW_PROMPT | LN_ROW_LATE,
                  &sight);
    if (waits)
        put_aside(looks, seat, index, run);
}

void ln_looks_finish(struct ln_looks *looks, struct ln_seat *seat, int lane,
                     const struct ln_batch *batch, const struct ln_run *run) {
    const struct ln_row_recipe *recipe = looks->recipe;
    struct ln_sight sight;
    if (recipe->has_start) {
        struct ln_run start = *run;
        start.excess = run->initial;
        sight = see(looks, seat, seat->start, &start, recipe->start_reads);
        ln_row_start(recipe, seat->row, &sight);
    }
    unsigned reads = recipe->final_reads;
    if (ln_label_reads_product(run))
        reads |= LN_READS_PRODUCT;
    if (reads)
        ln_batch_weights(batch, lane, looks->weights);
    sight = see(looks, seat, looks->weights, run, reads);
    ln_row_finish(recipe, seat->row, &sight);
    if (seat->aside.count > 0)
        take_up(looks, seat, run);
}
