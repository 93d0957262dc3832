/* Steps of a chain in lanes. Compiled once per instruction set; a whole run of steps stays in one
 * function, and for small square chains all sizes in it are constants. */
#include "chain_room.h"
#include "lanes_sum.h"
#include "lanes_tile.h"

enum { HELD = 9 };

/* ---- The watch ---- */

struct books {
    vec_t previous[PARTS], best[PARTS], best_at[PARTS], worst[PARTS], n_rises[PARTS];
};

ALWAYS_INLINE vec_t part_of(const double *x, int part) {
    return ((const vec_t *)x)[part];
}

ALWAYS_INLINE void open_books(struct books *books, const struct ln_watch *watch) {
    for (int i = 0; i < PARTS; i++) {
        books->previous[i] = part_of(watch->previous, i);
        books->best[i] = part_of(watch->best, i);
        books->best_at[i] = part_of(watch->best_at, i);
        books->worst[i] = part_of(watch->worst, i);
        books->n_rises[i] = part_of(watch->n_rises, i);
    }
}

ALWAYS_INLINE void close_books(const struct books *books, struct ln_watch *watch) {
    for (int i = 0; i < PARTS; i++) {
        ((vec_t *)watch->previous)[i] = books->previous[i];
        ((vec_t *)watch->best)[i] = books->best[i];
        ((vec_t *)watch->best_at)[i] = books->best_at[i];
        ((vec_t *)watch->worst)[i] = books->worst[i];
        ((vec_t *)watch->n_rises)[i] = books->n_rises[i];
    }
}

/* ln_watch_is_inside */
ALWAYS_INLINE bool is_inside(const vec_t *excess, const struct ln_watch *watch) {
    bool inside = true;
    for (int i = 0; i < PARTS; i++) {
        vec_t above = excess[i] - part_of(watch->level, i);
        mask_t band = both(is_greater(above, part_of(watch->above_low, i)),
                           is_greater(part_of(watch->above_high, i), above));
        inside &= is_full(both(band, is_greater(excess[i], part_of(watch->excess_low, i))));
    }
    return inside;
}

/* ln_watch_book */
ALWAYS_INLINE void book(struct books *books, const vec_t *excess, const struct ln_watch *watch,
                        vec_t step) {
    const vec_t rise = ln_vec_of(LN_RISE), one = ln_vec_of(1.0);
    for (int i = 0; i < PARTS; i++) {
        vec_t e = excess[i], above = e - part_of(watch->level, i);
        mask_t rises = both(is_greater(e, books->previous[i] * rise),
                            is_greater(above, part_of(watch->rise_above, i)));
        mask_t falls = is_greater(books->best[i], e);
        books->n_rises[i] = pick(rises, books->n_rises[i] + one, books->n_rises[i]);
        books->worst[i] = pick(is_greater(e, books->worst[i]), e, books->worst[i]);
        books->best_at[i] = pick(falls, step, books->best_at[i]);
        books->best[i] = pick(falls, e, books->best[i]);
        books->previous[i] = e;
    }
}

/* +0 even of -0. */
ALWAYS_INLINE vec_t not_below_zero(vec_t excess) {
    return pick(is_greater((vec_t){0}, excess), (vec_t){0}, excess) + ln_vec_of(0.0);
}

/* ---- Square chains of size d, a constant ---- */

/* The tiles of the larger (r = 0) or smaller (1) height and the larger or smaller (s) width. */
ALWAYS_INLINE void square_block(const struct ln_lanes_job *job, const enum ln_chain_form form,
                                const bool descends, const double *eta, const int d, const int r,
                                const int s) {
    const int n = (d + TILE - 1) / TILE, big = (d + n - 1) / n, n_big = d - n * (big - 1);
    const int i = r * n_big * big, j = s * n_big * big;
    struct operand a = left_of(form, (const vec_t *)job->a, d, d);
    struct operand b = right_of(form, (const vec_t *)job->b, d, d);
    a.at += i * a.row;
    b.at += j * b.col;
    tiles((vec_t *)job->c + (i * d + j) * PARTS, d * PARTS, a, b, d, r ? n - n_big : n_big,
          s ? n - n_big : n_big, big - r, big - s, descends, (const vec_t *)eta);
}

ALWAYS_INLINE void square(const struct ln_lanes_job *job, const enum ln_chain_form form,
                          const bool descends, const double *eta, const int d) {
    const int n = (d + TILE - 1) / TILE;
    square_block(job, form, descends, eta, d, 0, 0);
    if (d % n == 0) /* tiles of one size */
        return;
    square_block(job, form, descends, eta, d, 0, 1);
    square_block(job, form, descends, eta, d, 1, 0);
    square_block(job, form, descends, eta, d, 1, 1);
}

/* ---- Tiny square chains: the matrix that is carried along stays in registers ---- */

/* C = A B or A^T B; elements of A and B are `apart` vectors apart, those of C one. */
ALWAYS_INLINE void held_product(vec_t *c, const vec_t *a, const int a_apart, const bool transposed,
                                const vec_t *b, const int b_apart, const int d) {
    UNROLLED
    for (int i = 0; i < d; i++) {
        UNROLLED
        for (int j = 0; j < d; j++) {
            vec_t sum = {0};
            UNROLLED
            for (int k = 0; k < d; k++)
                sum = ln_plus_product(sum, a[(transposed ? k * d + i : i * d + k) * a_apart],
                                      b[(k * d + j) * b_apart]);
            c[i * d + j] = sum;
        }
    }
}

ALWAYS_INLINE void held_load(vec_t *to, const double *from, int part, const int d) {
    UNROLLED
    for (int e = 0; e < d * d; e++)
        to[e] = ((const vec_t *)from)[e * PARTS + part];
}

ALWAYS_INLINE void held_store(double *to, const vec_t *from, int part, const int d) {
    UNROLLED
    for (int e = 0; e < d * d; e++)
        ((vec_t *)to)[e * PARTS + part] = from[e];
}

/* W -= eta D B^T. */
ALWAYS_INLINE void held_descend(vec_t *w, vec_t eta, const vec_t *down, const vec_t *below,
                                const int d) {
    UNROLLED
    for (int i = 0; i < d; i++) {
        UNROLLED
        for (int j = 0; j < d; j++) {
            vec_t sum = {0};
            UNROLLED
            for (int k = 0; k < d; k++)
                sum = ln_plus_product(sum, down[i * d + k], below[(j * d + k) * PARTS]);
            w[(i * d + j) * PARTS] = ln_less_product(w[(i * d + j) * PARTS], eta, sum);
        }
    }
}

/* error: that of the state, and what is left of it at the first layer. */
ALWAYS_INLINE void held_down(const struct ln_chain_room *room, vec_t *down, vec_t eta, int part,
                             const int d) {
    const struct ln_lanes_job *job = room->jobs + room->chain->n_forward,
                              *end = room->jobs + room->chain->n_ops;
    for (; job + 1 < end; job += 2) {
        vec_t next[HELD];
        vec_t *w = (vec_t *)job[1].c + part;
        held_product(next, w, PARTS, true, down, 1, d);
        held_descend(w, eta, down, (const vec_t *)job[1].b + part, d);
        UNROLLED
        for (int e = 0; e < d * d; e++)
            down[e] = next[e];
    }
    UNROLLED
    for (int e = 0; e < d * d; e++)
        ((vec_t *)job->c)[e * PARTS + part] =
            ln_less_product(part_of(job->c, e * PARTS + part), eta, down[e]);
}

/* error = (P - Phi) M; returns E. */
ALWAYS_INLINE vec_t held_up(const struct ln_chain_room *room, vec_t *error, int part, const int d) {
    const struct ln_chain *chain = room->chain;
    vec_t p[HELD], next[HELD];
    held_load(p, room->slot[0], part, d);
    for (int i = 0; i < chain->n_forward; i++) {
        held_product(next, (const vec_t *)room->jobs[i].a + part, PARTS, false, p, 1, d);
        UNROLLED
        for (int e = 0; e < d * d; e++)
            p[e] = next[e];
        held_store(room->jobs[i].c, p, part, d);
    }
    held_load(next, room->slot[chain->target], part, d);
    UNROLLED
    for (int e = 0; e < d * d; e++)
        error[e] = p[e] = p[e] - next[e];
    if (!chain->has_moment)
        return half_dot_of(p, p, d, d, d, d, 1);
    held_product(error, p, 1, false, (const vec_t *)room->slot[chain->moment] + part, PARTS, d);
    return not_below_zero(half_dot_of(p, error, d, d, d, CLASSES, 1));
}

/* ---- Any chain; d = 0 where the sizes are not constants ---- */

ALWAYS_INLINE void multiply(const struct ln_lanes_job *job, const enum ln_chain_form form,
                            const int d) {
    if (d)
        square(job, form, false, NULL, d);
    else
        LN_JOIN(ln_lanes_product_, ISA)(job, NULL);
}

ALWAYS_INLINE void go_down(const struct ln_chain_room *room, const double *eta, const int d) {
    const struct ln_chain *chain = room->chain;
    const struct ln_lanes_job *job = room->jobs + chain->n_forward,
                              *end = room->jobs + chain->n_ops;
    if (d) { /* pairs */
        for (; job + 1 < end; job += 2) {
            square(job, LN_CHAIN_TN, false, NULL, d);
            square(job + 1, LN_CHAIN_NT, true, eta, d);
        }
        LN_JOIN(ln_lanes_update_, ISA)(job->c, eta, job->a, d * d);
    } else {
        for (; job < end; job++)
            LN_JOIN(ln_lanes_product_, ISA)(job, eta);
    }
}

ALWAYS_INLINE void go_up(const struct ln_chain_room *room, vec_t *excess, const int d) {
    const struct ln_chain *chain = room->chain;
    const bool is_white = !chain->has_moment;
    for (int i = 0; i < chain->n_forward; i++)
        multiply(&room->jobs[i], LN_CHAIN_NN, d);
    int m = d ? d : chain->rows[chain->target], n = d ? d : chain->cols[chain->target];
    double *delta = room->slot[chain->delta], *error = room->slot[chain->error];
    LN_JOIN(ln_lanes_difference_, ISA)
    (delta, room->slot[chain->product], room->slot[chain->target], m * n);
    if (!is_white)
        multiply(&room->jobs[chain->n_ops], LN_CHAIN_NN, d);
    if (!d)
        LN_JOIN(ln_lanes_half_dot_, ISA)((double *)excess, delta, error, m, n, LN_LANES);
    for (int i = 0; i < PARTS; i++) {
        const vec_t *x = (const vec_t *)delta + i, *y = (const vec_t *)error + i;
        if (d && is_white)
            excess[i] = half_dot_of(x, x, d, d, d % CLASSES, d < CLASSES ? d : CLASSES, PARTS);
        else if (d)
            excess[i] = half_dot_of(x, y, d, d, d % CLASSES, CLASSES, PARTS);
        if (!is_white)
            excess[i] = not_below_zero(excess[i]);
    }
}

ALWAYS_INLINE void down(const struct ln_chain_room *room, const double *eta, vec_t (*held)[HELD],
                        const bool is_held, const int d) {
    if (!is_held)
        go_down(room, eta, d);
    for (int i = 0; is_held && i < PARTS; i++)
        held_down(room, held[i], part_of(eta, i), i, d);
}

ALWAYS_INLINE void up(const struct ln_chain_room *room, vec_t *excess, vec_t (*held)[HELD],
                      const bool is_held, const int d) {
    if (!is_held)
        go_up(room, excess, d);
    for (int i = 0; is_held && i < PARTS; i++)
        excess[i] = held_up(room, held[i], i, d);
}

static NEVER_INLINE void keep_history(const struct ln_chain_room *room, const vec_t *excess,
                                      struct ln_steps *steps, int64_t step) {
    double *signature = steps->watch->signature;
    LN_JOIN(ln_lanes_signature_, ISA)
    (signature, steps->functional, room->slot[0], room->n_weights, LN_LANES);
    for (int i = 0; i < PARTS; i++) {
        ((vec_t *)(steps->losses + step * LN_LANES))[i] = excess[i];
        ((vec_t *)(steps->signatures + step * LN_LANES))[i] = part_of(signature, i);
    }
}

ALWAYS_INLINE void run(struct ln_chain_room *room, struct ln_steps *steps, const int d) {
    const bool is_held = d > 0 && d * d <= HELD;
    const struct ln_chain *chain = room->chain;
    struct ln_watch *watch = steps->watch;
    struct books books;
    vec_t excess[PARTS], step = ln_vec_of(0.0), held[PARTS][HELD];
    open_books(&books, watch);
    for (int i = 0; i < PARTS; i++) {
        excess[i] = part_of(watch->excess, i);
        if (is_held)
            held_load(held[i], room->slot[chain->error], i, d);
    }
    if (!room->is_current || steps->most == 0)
        up(room, excess, held, is_held, d);
    int64_t done = 0;
    while (done < steps->most) {
        down(room, steps->eta + done * steps->eta_stride, held, is_held, d);
        up(room, excess, held, is_held, d);
        done++;
        step += ln_vec_of(1.0);
        if (steps->losses)
            keep_history(room, excess, steps, done);
        if (done == steps->most || !is_inside(excess, watch))
            break;
        book(&books, excess, watch, step);
    }
    close_books(&books, watch);
    for (int i = 0; i < PARTS; i++) {
        ((vec_t *)watch->excess)[i] = excess[i];
        if (is_held)
            held_store(room->slot[chain->error], held[i], i, d);
    }
    for (int lane = 0; lane < LN_LANES; lane++)
        steps->taken[lane] = steps->busy >> lane & 1u ? done : 0;
}

#define EACH_SQUARE(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10)

#define RUN(d)                                                                                     \
    static NEVER_INLINE void run_##d(struct ln_chain_room *room, struct ln_steps *steps) {         \
        run(room, steps, d);                                                                       \
    }
EACH_SQUARE(RUN)
RUN(0)

void LN_JOIN(ln_lanes_steps_, ISA)(struct ln_chain_room *room, struct ln_steps *steps) {
    switch (room->square) {
#define CASE(d)                                                                                    \
    case d:                                                                                        \
        run_##d(room, steps);                                                                      \
        break;
        EACH_SQUARE(CASE)
    default:
        run_0(room, steps);
        break;
    }
}
