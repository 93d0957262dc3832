/* Gradient descent of the diagonal network. The coordinates meet only in g = M (b - Phi); the rest
 * is one pass over the state.
 *
 * The lanes of a batch share M where it is large (ln_shape.shares_problem), and then a point that
 * is alone is taken out of its lane and runs as a line, eight coordinates a vector, with the same
 * bits. Source: Even, Pesme, Gunasekar, Flammarion 2023 (descent). */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "diagonal.h"
#include "diagonal_kernel.h"
#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/shared.h"
#include "linnet/watch_books.h"

enum { ROW = 8 };

/* What a step reads and writes, [d] numbers each. */
enum block {
    FIRST,
    SECOND, /* the weights */
    SUM,
    THETA,
    PLUS,
    MINUS,
    PRODUCT,
    DELTA,
    GRADIENT,
    TARGET,
    N_BLOCKS
};

/* Where it happens: in all lanes of a batch, or with one of them copied into a line. */
struct track {
    struct ln_batch *batch;
    const struct ln_diagonal_isa *isa;
    int lanes, lane;          /* LN_LANES and -1; or 1 and the one */
    double *packed[N_BLOCKS]; /* in the batch; NULL where the form has none */
    double *block[N_BLOCKS];  /* where the kernels work */
    struct ln_diagonal_fields fields;
};

static const struct ln_diagonal_isa *chosen_isa(void) {
    static const struct ln_diagonal_isa *const isas[LN_LANES_N_SETS] = {
        &ln_diagonal_isa_avx512, &ln_diagonal_isa_avx2, &ln_diagonal_isa_portable};
    return isas[ln_lanes_set()];
}

static void find_blocks(const struct ln_batch *batch, double *packed[N_BLOCKS]) {
    const struct ln_shape *shape = batch->shape;
    const struct ln_diagonal_places at = ln_diagonal_places_of(shape);
    size_t lanes = (size_t)shape->lanes;
    double *state = batch->weights;
    packed[FIRST] = state;
    packed[SECOND] = state + (size_t)shape->widths[0] * lanes;
    packed[SUM] = state + (size_t)at.sum * lanes;
    packed[THETA] = state + (size_t)at.theta * lanes;
    packed[PLUS] = at.plus < 0 ? NULL : state + (size_t)at.plus * lanes;
    packed[MINUS] = at.minus < 0 ? NULL : state + (size_t)at.minus * lanes;
    packed[PRODUCT] = batch->scratch;
    packed[DELTA] = batch->delta;
    packed[GRADIENT] = batch->error; /* without M the difference itself */
    packed[TARGET] = batch->target;
}

/* Numbers of a line beyond d stay zero. */
static void find_line(struct track *track) {
    size_t padded = (size_t)ln_shared_pad(track->batch->shape->widths[0]);
    double **line = &track->batch->line;
    if (!*line)
        *line = ln_linalg_alloc(N_BLOCKS * padded, sizeof(double));
    memset(*line, 0, N_BLOCKS * padded * sizeof(double));
    for (int i = 0; i < N_BLOCKS; i++)
        track->block[i] = track->packed[i] ? *line + (size_t)i * padded : NULL;
    if (track->packed[DELTA] == track->packed[GRADIENT])
        track->block[DELTA] = track->block[GRADIENT];
}

static void copy_line(const struct track *track, bool is_back) {
    const struct ln_shape *shape = track->batch->shape;
    size_t d = (size_t)shape->widths[0], lanes = (size_t)shape->lanes;
    for (int i = 0; track->lane >= 0 && i < N_BLOCKS; i++) {
        double *line = track->block[i], *packed = track->packed[i];
        for (size_t k = 0; line && !is_back && k < d; k++)
            line[k] = packed[k * lanes + track->lane];
        for (size_t k = 0; line && is_back && i != TARGET && k < d; k++)
            packed[k * lanes + track->lane] = line[k];
    }
}

/* lane: -1 for all of them. */
static struct track track_of(struct ln_batch *batch, int lane) {
    const struct ln_shape *shape = batch->shape;
    struct track track = {
        .batch = batch, .isa = chosen_isa(), .lanes = lane < 0 ? LN_LANES : 1, .lane = lane};
    assert(lane >= 0 || shape->lanes == LN_LANES);
    find_blocks(batch, track.packed);
    memcpy(track.block, track.packed, sizeof track.block);
    if (lane >= 0)
        find_line(&track);
    copy_line(&track, false);
    double *const *at = track.block;
    track.fields = (struct ln_diagonal_fields){
        .form = ln_diagonal_form(shape),
        .depth = ln_diagonal_depth(shape),
        .n = lane < 0 ? shape->widths[0] : ln_shared_pad(shape->widths[0]) / ROW,
        .w = {at[FIRST], at[SECOND]},
        .sum = at[SUM],
        .theta = at[THETA],
        .keeps = {at[PLUS], at[MINUS]},
        .b = at[PRODUCT],
        .delta = at[DELTA],
        .g = at[GRADIENT],
        .target = at[TARGET]};
    return track;
}

/* g and E, from the difference. Where M is a lane's own, what rounds below zero is zero. */
static void compare(const struct track *track, double *half) {
    const struct ln_batch *batch = track->batch;
    int d = batch->shape->widths[0], lanes = track->lanes;
    double *delta = track->block[DELTA], *g = track->block[GRADIENT];
    if (batch->shared) {
        ln_shared_apply(batch->shared, g, half, delta, lanes);
        return;
    }
    if (batch->moment)
        ln_lanes_nn(g, delta, batch->moment, 1, d, d, lanes);
    ln_lanes_half_dot(half, delta, g, 1, d, lanes);
    for (int lane = 0; lane < lanes; lane++)
        half[lane] = half[lane] <= 0 ? 0 : half[lane];
}

static void evaluate(const struct track *track, double *half) {
    track->isa->begin(&track->fields);
    compare(track, half);
}

/* Weights, sums along the path, and the difference; g and E are then those of the state before. */
static void advance(const struct track *track, const double *eta) {
    const struct ln_shape *shape = track->batch->shape;
    const struct ln_diagonal_places at = ln_diagonal_places_of(shape);
    int first = track->lane < 0 ? 0 : track->lane;
    double *length = track->batch->weights + (size_t)at.length * shape->lanes,
           *time = track->batch->weights + (size_t)at.time * shape->lanes;
    _Alignas(64) double squares[ROW * LN_LANES] = {0}, steps[ROW];
    for (int l = 0; l < ROW; l++)
        steps[l] = track->lane < 0 ? eta[l] : eta[track->lane];
    track->isa->advance(&track->fields, steps, squares, track->lane < 0 ? ROW : 1);
    for (int l = 0; l < track->lanes; l++) {
        length[first + l] += sqrt(ln_lanes_add_up(squares + l, track->lanes));
        time[first + l] += steps[l];
    }
}

void ln_diagonal_forward(struct ln_batch *batch) {
    batch->product = batch->scratch;
    batch->is_current = false;
    if (batch->shape->lanes == LN_LANES && !batch->shape->is_flow_only) {
        struct track track = track_of(batch, -1);
        evaluate(&track, batch->excess);
        return;
    }
    ln_diagonal_multiply(batch, batch->scratch);
    ln_batch_compare(batch, batch->scratch);
}

void ln_diagonal_descend(struct ln_batch *batch, const double *eta) {
    struct track track = track_of(batch, batch->shape->lanes == LN_LANES ? -1 : 0);
    batch->is_current = false;
    advance(&track, eta);
    copy_line(&track, true);
}

/* The lane that has to move where it is the only one and can run as a line, or -1. */
static int only_lane(const struct ln_batch *batch, const struct ln_steps *steps) {
    if (steps->n_busy != 1 || batch->moment)
        return -1;
    return __builtin_ctz(steps->busy);
}

static void tell(const struct track *track, struct ln_watch *watch, const double *half) {
    for (int l = 0; l < LN_LANES; l++)
        watch->excess[l] = track->lane < 0 ? half[l] : l == track->lane ? half[0] : 0.0;
}

static void keep_history(const struct track *track, struct ln_steps *steps, int64_t step) {
    struct ln_watch *watch = steps->watch;
    int n = track->batch->shape->n_weights;
    copy_line(track, true);
    ln_lanes_signature(watch->signature, steps->functional, track->batch->weights, n, LN_LANES);
    memcpy(steps->losses + step * LN_LANES, watch->excess, sizeof watch->excess);
    memcpy(steps->signatures + step * LN_LANES, watch->signature, sizeof watch->signature);
}

void ln_diagonal_run(struct ln_batch *batch, struct ln_steps *steps) {
    _Alignas(64) double half[LN_LANES];
    struct track track = track_of(batch, only_lane(batch, steps));
    int64_t done = 0;
    if (!batch->is_current || steps->most == 0) {
        evaluate(&track, half);
        tell(&track, steps->watch, half);
    }
    while (done < steps->most) {
        advance(&track, steps->eta + done * steps->eta_stride);
        compare(&track, half);
        tell(&track, steps->watch, half);
        done++;
        if (steps->losses)
            keep_history(&track, steps, done);
        if (done == steps->most || !ln_watch_is_inside(steps->watch, LN_LANES))
            break;
        ln_watch_book(steps->watch, LN_LANES, done);
    }
    copy_line(&track, true);
    steps->is_alone = track.lane >= 0;
    batch->is_current = track.lane < 0 || batch->loaded == 1u << track.lane;
    for (int lane = 0; lane < LN_LANES; lane++)
        steps->taken[lane] = steps->busy >> lane & 1u ? done : 0;
}
