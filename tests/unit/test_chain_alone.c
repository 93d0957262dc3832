/* Steps of a point on its own against the same steps in lanes and against plain loops, to the bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/chain.h"
#include "linnet/lanes.h"
#include "linnet/linalg.h"
#include "linnet/random.h"

enum { MOST = 64 }; /* steps of a run whose history is kept */

/* What a trainer has: the arrays of one or of all lanes. */
struct party {
    const struct ln_chain *chain;
    struct ln_chain_room *room;
    int lanes, n_weights;
    double *weights, *target, *moment, *functional, *eta, *losses, *signatures;
    struct ln_watch *watch;
    struct ln_steps steps;
};

static double *numbers(size_t n) {
    return ln_linalg_alloc(n, sizeof(double));
}

/* The lane `from` of the world goes to lane 0, and so on; what a lane holds is fixed by its number.
 */
static void fill(double *x, int n, int lanes, int from, uint64_t seed, double scale) {
    double *draw = numbers((size_t)n);
    for (int lane = 0; lane < lanes; lane++) {
        struct ln_random random;
        ln_random_init(&random, 5, seed + 16 * (uint64_t)(lane + from), LN_STREAM_OTHER);
        ln_random_normals(&random, n, draw);
        for (int i = 0; i < n; i++)
            x[(size_t)i * lanes + lane] = scale * draw[i];
    }
    free(draw);
}

/* M = 1 + a little, not quite symmetric: no kernel may count on it. */
static void fill_moment(double *x, int d, int lanes, int from) {
    fill(x, d * d, lanes, from, 3, 0.1);
    for (int i = 0; i < d; i++)
        for (int lane = 0; lane < lanes; lane++)
            x[((size_t)i * d + i) * lanes + lane] += 1.0 + 0.01 * (lane + from);
}

static struct party party_of(const struct ln_chain *chain, int lanes, int from) {
    struct party p = {.chain = chain, .lanes = lanes};
    int d_in = chain->cols[0], d_out = chain->rows[chain->n_layers - 1], widest = 0;
    for (int j = 0; j < chain->n_layers; j++) {
        p.n_weights += chain->rows[j] * chain->cols[j];
        widest = chain->rows[j] > widest ? chain->rows[j] : widest;
    }
    p.room = ln_chain_room_create(chain, lanes);
    p.weights = numbers((size_t)p.n_weights * lanes);
    p.target = numbers((size_t)d_in * d_out * lanes);
    p.moment = chain->has_moment ? numbers((size_t)d_in * d_in * lanes) : NULL;
    fill(p.weights, p.n_weights, lanes, from, 1, 0.7 / sqrt(widest));
    fill(p.target, d_in * d_out, lanes, from, 2, 1.0 / sqrt(widest));
    if (p.moment)
        fill_moment(p.moment, d_in, lanes, from);
    p.functional = numbers((size_t)p.n_weights);
    fill(p.functional, p.n_weights, 1, 0, 4, 1.0);
    p.eta = numbers(LN_LANES);
    for (int lane = 0; lane < lanes; lane++)
        p.eta[lane] = 0.01 * (1 + lane + from);
    p.losses = numbers((MOST + 1) * LN_LANES);
    p.signatures = numbers((MOST + 1) * LN_LANES);
    p.watch = ln_linalg_alloc(1, sizeof *p.watch);
    return p;
}

static void party_free(struct party *p) {
    ln_chain_room_free(p->room);
    free(p->weights);
    free(p->target);
    free(p->moment);
    free(p->functional);
    free(p->eta);
    free(p->losses);
    free(p->signatures);
    free(p->watch);
}

static void open_bands(struct ln_watch *watch) {
    memset(watch, 0, sizeof *watch);
    for (int lane = 0; lane < LN_LANES; lane++) {
        watch->above_low[lane] = watch->excess_low[lane] = -HUGE_VAL;
        watch->above_high[lane] = watch->best[lane] = HUGE_VAL;
        watch->best_at[lane] = -1;
    }
}

/* A run of the lanes in `busy` in the bands as they are. */
static void run(struct party *p, int64_t most, unsigned busy, bool keeps) {
    p->steps = (struct ln_steps){.most = most,
                                 .busy = busy,
                                 .n_busy = __builtin_popcount(busy),
                                 .eta = p->eta,
                                 .watch = p->watch,
                                 .functional = p->functional,
                                 .losses = keeps ? p->losses : NULL,
                                 .signatures = keeps ? p->signatures : NULL};
    ln_chain_run(p->room, p->weights, p->target, p->moment, &p->steps);
    ln_chain_room_settle(p->room);
}

static unsigned everyone(const struct party *p) {
    return p->lanes == 1 ? 1u : (1u << LN_LANES) - 1;
}

static void assert_bits(double a, double b, const char *what, int i) {
    if (memcmp(&a, &b, sizeof a) != 0)
        fail_msg("%s %d: %.17g is not %.17g", what, i, a, b);
}

/* Lane `lane` of `a` and lane 0 of `b`: weights, and what the watch says. */
static void assert_same(const struct party *a, int lane, const struct party *b) {
    const struct ln_watch *x = a->watch, *y = b->watch;
    for (int e = 0; e < a->n_weights; e++)
        assert_bits(a->weights[(size_t)e * a->lanes + lane], b->weights[(size_t)e * b->lanes],
                    "weight", e);
    assert_bits(x->excess[lane], y->excess[0], "excess in lane", lane);
    assert_bits(x->previous[lane], y->previous[0], "previous in lane", lane);
    assert_bits(x->best[lane], y->best[0], "best in lane", lane);
    assert_bits(x->best_at[lane], y->best_at[0], "best_at in lane", lane);
    assert_bits(x->worst[lane], y->worst[0], "worst in lane", lane);
    assert_bits(x->n_rises[lane], y->n_rises[0], "n_rises in lane", lane);
    assert_int_equal(a->steps.taken[lane], b->steps.taken[0]);
    for (int64_t i = 1; a->steps.losses && i <= a->steps.taken[lane]; i++) {
        assert_bits(a->losses[i * LN_LANES + lane], b->losses[i * LN_LANES], "E of step", (int)i);
        assert_bits(a->signatures[i * LN_LANES + lane], b->signatures[i * LN_LANES],
                    "signature of step", (int)i);
    }
}

/* All lanes together against each on its own: n_runs runs of 50 steps, the last with its history.
 */
static void check_lanes_against_alone(const int *widths, int n_layers, bool has_moment,
                                      int n_runs) {
    struct ln_chain *chain = ln_chain_create(widths, n_layers, has_moment, false);
    struct party all = party_of(chain, LN_LANES, 0);
    for (int i = 0; i < n_runs; i++) {
        open_bands(all.watch);
        run(&all, 50, everyone(&all), i == n_runs - 1);
    }
    for (int lane = 0; lane < LN_LANES; lane++) {
        struct party one = party_of(chain, 1, lane);
        for (int i = 0; i < n_runs; i++) {
            open_bands(one.watch);
            run(&one, 50, 1, i == n_runs - 1);
        }
        assert_same(&all, lane, &one);
        party_free(&one);
    }
    party_free(&all);
    ln_chain_free(chain);
}

static void a_point_alone_has_the_bits_of_its_lane_for_every_width_to_24(void **state) {
    (void)state;
    for (int d = 1; d <= 24; d++)
        for (int n = 2; n <= 4; n += 2) {
            int widths[] = {d, d, d, d, d};
            check_lanes_against_alone(widths, n, (d + n / 2) % 2, 4);
        }
}

static void so_has_a_point_of_rectangular_layers(void **state) {
    (void)state;
    static const int shapes[][5] = {{1, 9, 5, 7, 1},    {6, 20, 1, 9, 4},   {17, 3, 11, 2, 24},
                                    {24, 24, 24, 9, 1}, {1, 24, 18, 24, 2}, {3, 30, 30, 30, 19},
                                    {9, 1, 1, 1, 16},   {8, 33, 2, 8, 40}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (int n = 1; n <= 4; n++)
            check_lanes_against_alone(shapes[s], n, (s + (size_t)n) % 2, 2);
}

/* Plain loops over the list of products: every element one chain of FMAs. */
static bool fuses(void) {
    return strcmp(ln_lanes_isa(), "portable") != 0;
}

static double add(double a, double b, double c) {
    volatile double product = a * b;
    return fuses() ? fma(a, b, c) : product + c;
}

static void do_op(double **slot, const struct ln_chain *chain, const struct ln_chain_op *op,
                  double eta) {
    const double *a = slot[op->a], *b = slot[op->b];
    for (int i = 0; i < op->m; i++)
        for (int j = 0; j < op->n; j++) {
            double sum = op->form == LN_CHAIN_PLAIN ? a[i * op->n + j] : 0;
            for (int p = 0; p < op->k && op->form != LN_CHAIN_PLAIN; p++)
                sum = add(op->form == LN_CHAIN_TN ? a[p * op->m + i] : a[i * op->k + p],
                          op->form == LN_CHAIN_NT ? b[j * op->k + p] : b[p * op->n + j], sum);
            double *c = slot[op->c] + i * chain->cols[op->c] + j;
            *c = op->descends ? add(-eta, sum, *c) : sum;
        }
}

static void step_plainly(double **slot, const struct ln_chain *chain, double eta) {
    int m = chain->rows[chain->target], n = chain->cols[chain->target];
    struct ln_chain_op error = {.form = LN_CHAIN_NN,
                                .c = chain->error,
                                .a = chain->delta,
                                .b = chain->moment,
                                .m = m,
                                .n = n,
                                .k = n};
    for (int i = 0; i < chain->n_forward; i++)
        do_op(slot, chain, &chain->ops[i], 0);
    for (int e = 0; e < m * n; e++)
        slot[chain->delta][e] = slot[chain->product][e] - slot[chain->target][e];
    if (chain->has_moment)
        do_op(slot, chain, &error, 0);
    for (int i = chain->n_forward; i < chain->n_ops; i++)
        do_op(slot, chain, &chain->ops[i], eta);
}

static void check_against_plain_loops(const int *widths, int n_layers, bool has_moment) {
    enum { STEPS = 3 };
    struct ln_chain *chain = ln_chain_create(widths, n_layers, has_moment, false);
    struct party one = party_of(chain, 1, 0);
    double **slot = ln_linalg_alloc(chain->n_slots, sizeof *slot);
    for (int s = 0; s < chain->n_slots; s++)
        slot[s] = numbers((size_t)chain->rows[s] * chain->cols[s]);
    memcpy(slot[chain->target], one.target,
           sizeof(double) * chain->rows[chain->target] * chain->cols[chain->target]);
    if (has_moment)
        memcpy(slot[chain->moment], one.moment, sizeof(double) * widths[0] * widths[0]);
    const double *w = one.weights;
    for (int j = 0; j < n_layers; w += widths[j + 1] * widths[j], j++)
        memcpy(slot[j], w, sizeof(double) * widths[j + 1] * widths[j]);
    for (int i = 0; i < STEPS; i++)
        step_plainly(slot, chain, one.eta[0]);
    open_bands(one.watch);
    run(&one, STEPS, 1, false);
    w = one.weights;
    for (int j = 0; j < n_layers; w += widths[j + 1] * widths[j], j++)
        for (int e = 0; e < widths[j + 1] * widths[j]; e++)
            assert_bits(w[e], slot[j][e], "weight", e);
    for (int s = 0; s < chain->n_slots; s++)
        free(slot[s]);
    free(slot);
    party_free(&one);
    ln_chain_free(chain);
}

static void a_point_alone_has_the_bits_of_plain_loops_for_widths_to_70(void **state) {
    (void)state;
    for (int d = 1; d <= 70; d++) {
        int widths[] = {d, d, d, d};
        check_against_plain_loops(widths, 2 + d % 2, d % 3 == 0);
    }
}

static void so_have_rows_columns_and_bottlenecks(void **state) {
    (void)state;
    static const int shapes[][5] = {
        {64, 64, 64, 64, 1}, {1, 65, 63, 64, 64},  {100, 70, 2, 30, 130}, {3, 128, 40, 8, 65},
        {1, 90, 90, 90, 1},  {8, 50, 50, 50, 100}, {40, 1000, 40, 33, 5}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (int n = 1; n <= 4; n++)
            check_against_plain_loops(shapes[s], n, n % 2);
}

/* The bits of a path do not tell where it went on. */
static void a_point_may_move_between_lanes_and_alone_at_any_step(void **state) {
    (void)state;
    static const int sizes[] = {5, 8, 11, 16, 20};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        int d = sizes[s], widths[] = {d, d, d, d};
        struct ln_chain *chain = ln_chain_create(widths, 3, s % 2, false);
        struct party one = party_of(chain, 1, 2), all = party_of(chain, LN_LANES, 0);
        open_bands(one.watch);
        run(&one, 120, 1, false);
        open_bands(all.watch);
        for (int i = 0; i < 6; i++) /* lane 2 is alone in every other run */
            run(&all, 20, i % 2 ? 1u << 2 : everyone(&all), false);
        for (int e = 0; e < all.n_weights; e++)
            assert_bits(all.weights[e * LN_LANES + 2], one.weights[e], "weight", e);
        assert_bits(all.watch->excess[2], one.watch->excess[0], "excess", 0);
        party_free(&all);
        party_free(&one);
        ln_chain_free(chain);
    }
}

/* A few lanes are left. Each goes on to the end of its own band, and no other lane is touched. */
static void the_last_lanes_stop_each_by_its_own_band(void **state) {
    (void)state;
    int widths[] = {20, 20, 20, 20};
    unsigned busy = 1u << 1 | 1u << 4 | 1u << 7;
    struct ln_chain *chain = ln_chain_create(widths, 3, false, false);
    struct party all = party_of(chain, LN_LANES, 0);
    double *before = numbers((size_t)all.n_weights * LN_LANES);
    memcpy(before, all.weights, sizeof(double) * all.n_weights * LN_LANES);
    open_bands(all.watch);
    all.watch->excess[0] = -7; /* of an idle lane: not to be written */
    all.watch->above_low[4] = 9.0;
    run(&all, MOST, busy, true);
    assert_true(all.steps.taken[4] > 0 && all.steps.taken[4] < MOST);
    assert_int_equal(all.steps.taken[1], MOST);
    assert_int_equal(all.steps.taken[0], 0);
    assert_true(all.watch->excess[0] == -7);
    for (int lane = 0; lane < LN_LANES; lane++)
        for (int e = 0; !(busy >> lane & 1u) && e < all.n_weights; e++)
            assert_bits(all.weights[e * LN_LANES + lane], before[e * LN_LANES + lane], "weight", e);
    for (int lane = 1; lane < LN_LANES; lane += 3) {
        struct party one = party_of(chain, 1, lane);
        open_bands(one.watch);
        one.watch->above_low[0] = all.watch->above_low[lane];
        run(&one, MOST, 1, true);
        assert_same(&all, lane, &one);
        party_free(&one);
    }
    free(before);
    party_free(&all);
    ln_chain_free(chain);
}

/* Weights and targets that were changed from outside count from the next run on. */
static void a_room_that_was_touched_takes_its_arrays_anew(void **state) {
    (void)state;
    int widths[] = {30, 30, 30};
    struct ln_chain *chain = ln_chain_create(widths, 2, true, false);
    struct party used = party_of(chain, 1, 5), fresh = party_of(chain, 1, 6);
    open_bands(used.watch);
    open_bands(fresh.watch);
    run(&used, 10, 1, false);
    memcpy(used.weights, fresh.weights, sizeof(double) * used.n_weights);
    memcpy(used.target, fresh.target, sizeof(double) * 900);
    memcpy(used.moment, fresh.moment, sizeof(double) * 900);
    used.eta[0] = fresh.eta[0];
    ln_chain_room_touch(used.room);
    open_bands(used.watch);
    run(&used, 10, 1, false);
    run(&fresh, 10, 1, false);
    assert_same(&used, 0, &fresh);
    party_free(&fresh);
    party_free(&used);
    ln_chain_free(chain);
}

/* Steps far too long: E goes to Inf and to NaN at the same steps and with the same bits, whatever
 * stands beside the matrix in the padding. */
static void divergence_has_the_same_bits_alone(void **state) {
    (void)state;
    static const int sizes[] = {3, 5, 7, 10, 13, 18, 23};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        int d = sizes[s], widths[] = {d, d + 1, d, d};
        int n_infinite = 0, n_nan = 0;
        struct ln_chain *chain = ln_chain_create(widths, 3, s % 2, false);
        struct party all = party_of(chain, LN_LANES, 0);
        for (int lane = 0; lane < LN_LANES; lane++)
            all.eta[lane] = 3.0 + lane;
        open_bands(all.watch);
        for (int i = 0; i < 40; i++)
            run(&all, 1, everyone(&all), true);
        for (int lane = 0; lane < LN_LANES; lane++) {
            struct party one = party_of(chain, 1, lane);
            one.eta[0] = 3.0 + lane;
            open_bands(one.watch);
            for (int i = 0; i < 40; i++) {
                run(&one, 1, 1, true);
                n_infinite += isinf(one.watch->excess[0]) != 0;
                n_nan += isnan(one.watch->excess[0]) != 0;
            }
            assert_same(&all, lane, &one);
            party_free(&one);
        }
        assert_true(n_infinite + n_nan > 0);
        party_free(&all);
        ln_chain_free(chain);
    }
}

/* One weight is infinite, and the product is so in one row: Inf times the zeros of the padding
 * would be NaN. */
static void an_infinite_weight_does_not_reach_the_padding(void **state) {
    (void)state;
    for (int d = 2; d <= 40; d++)
        for (int d_out = 1; d_out <= d; d_out += d - 1) { /* a row, and a square */
            int widths[] = {d, d, d_out};
            struct ln_chain *chain = ln_chain_create(widths, 2, false, false);
            struct party one = party_of(chain, 1, 0);
            one.weights[d * d] = HUGE_VAL; /* W_2, element (0, 0) */
            open_bands(one.watch);
            run(&one, 0, 1, false);
            assert_true(isinf(one.watch->excess[0]));
            party_free(&one);
            ln_chain_free(chain);
        }
}

/* A moment with a negative eigenvalue, as rounding makes them: E is never below zero. */
static void a_negative_sum_is_no_excess_loss(void **state) {
    (void)state;
    int widths[] = {30, 30, 30};
    struct ln_chain *chain = ln_chain_create(widths, 2, true, false);
    for (int lanes = 1; lanes <= LN_LANES; lanes += LN_LANES - 1) {
        struct party p = party_of(chain, lanes, 0);
        for (int i = 0; i < 900 * lanes; i++)
            p.moment[i] = -p.moment[i];
        open_bands(p.watch);
        run(&p, 0, everyone(&p), false);
        assert_bits(p.watch->excess[lanes - 1], 0.0, "E in lane", lanes - 1);
        party_free(&p);
    }
    ln_chain_free(chain);
}

/* 1e-310 is flushed when it is read, 1e-155 * 1e-155 when it is made; else 1e-310 * 1e300 and
 * 1e-310
 * * 1e290 would be seen in E. */
static void denormal_numbers_are_flushed_in_lanes_and_alone(void **state) {
    (void)state;
    static const double starts[2][3] = {{1e-310, 1e300, 1}, {1e-155, 1e-155, 1e290}};
    int widths[] = {1, 1, 1, 1};
    struct ln_chain *chain = ln_chain_create(widths, 3, false, false);
    for (int s = 0; s < 2; s++)
        for (int lanes = 1; lanes <= LN_LANES; lanes += LN_LANES - 1) {
            struct party p = party_of(chain, lanes, 0);
            for (int lane = 0; lane < lanes; lane++) {
                p.target[lane] = 0;
                for (int j = 0; j < 3; j++)
                    p.weights[j * lanes + lane] = starts[s][j];
            }
            open_bands(p.watch);
            run(&p, 0, everyone(&p), false);
            for (int lane = 0; lane < lanes; lane++)
                assert_bits(p.watch->excess[lane], 0.0, "E in lane", lane);
            party_free(&p);
        }
    ln_chain_free(chain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_alone_has_the_bits_of_its_lane_for_every_width_to_24),
        cmocka_unit_test(so_has_a_point_of_rectangular_layers),
        cmocka_unit_test(a_point_alone_has_the_bits_of_plain_loops_for_widths_to_70),
        cmocka_unit_test(so_have_rows_columns_and_bottlenecks),
        cmocka_unit_test(a_point_may_move_between_lanes_and_alone_at_any_step),
        cmocka_unit_test(the_last_lanes_stop_each_by_its_own_band),
        cmocka_unit_test(a_room_that_was_touched_takes_its_arrays_anew),
        cmocka_unit_test(divergence_has_the_same_bits_alone),
        cmocka_unit_test(an_infinite_weight_does_not_reach_the_padding),
        cmocka_unit_test(a_negative_sum_is_no_excess_loss),
        cmocka_unit_test(denormal_numbers_are_flushed_in_lanes_and_alone),
    };
    ln_linalg_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
