#include <stdlib.h>
#include <string.h>

#include "chain_case.h"
#include "linnet/linalg.h"
#include "linnet/random.h"
#include "near.h"

/* ---- The list of products ---- */

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

/* W_j - eta (W_N ... W_{j+1})^T (P - Phi) M (W_{j-1} ... W_1)^T, by definition. */
static double *moved_layer(const struct plain *plain, const int *d, int n_layers, int j,
                           double eta) {
    const struct ln_chain *chain = plain->chain;
    int m = d[n_layers], n = d[0];
    double *p = plain_product(plain, d, 1, n_layers), *error = numbers(m * n);
    for (int e = 0; e < m * n; e++)
        p[e] -= plain->slot[chain->target][e];
    if (chain->has_moment)
        ln_matmul(error, p, false, plain->slot[chain->moment], false, m, n, n);
    else
        memcpy(error, p, (size_t)(m * n) * sizeof *p);
    double *above = plain_product(plain, d, j + 1, n_layers),
           *below = plain_product(plain, d, 1, j - 1);
    double *half = numbers(d[j] * n), *moved = numbers(d[j] * d[j - 1]);
    ln_matmul(half, above, true, error, false, d[j], n, m);
    ln_matmul(moved, half, false, below, true, d[j], d[j - 1], n);
    for (int e = 0; e < d[j] * d[j - 1]; e++)
        moved[e] = plain->slot[j - 1][e] - eta * moved[e];
    free(half);
    free(below);
    free(above);
    free(error);
    free(p);
    return moved;
}

static void check_gradient(const int *d, int n_layers, bool has_moment) {
    struct chain_case *c = chain_case_create(d, n_layers, has_moment, LN_LANES, 1);
    struct plain *plain = plain_create(c, 3);
    double *right[MOST_LAYERS], eta = 0.1;
    for (int j = 1; j <= n_layers; j++)
        right[j - 1] = moved_layer(plain, d, n_layers, j, eta);
    plain_evaluate(plain);
    plain_step(plain, eta);
    for (int j = 0; j < n_layers; j++) {
        assert_near(near_distance(plain->slot[j], right[j], d[j + 1] * d[j]), 0, 1e-12);
        free(right[j]);
    }
    plain_free(plain);
    chain_case_free(c);
}

static void a_step_of_the_list_goes_down_the_gradient_of_every_layer(void **state) {
    (void)state;
    static const int shapes[][8] = {
        {3, 3, 3, 3},    {4, 4},       {5, 2, 5},       {6, 1, 6, 1, 6}, {7, 5, 3, 2, 1},
        {1, 2, 3, 5, 7}, {1, 4, 4, 1}, {2, 9, 1, 9, 2}, {1, 1, 1},       {3, 8, 2, 5, 4, 6}};
    static const int n_layers[] = {3, 1, 2, 4, 4, 4, 3, 4, 2, 5};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (int moment = 0; moment < 2; moment++)
            check_gradient(shapes[s], n_layers[s], moment);
}

/* Products of the list, updates of a layer by itself not counted. */
static int count_products(const struct ln_chain *chain) {
    int n = 0;
    for (int i = 0; i < chain->n_ops; i++)
        n += chain->ops[i].form != LN_CHAIN_PLAIN;
    return n;
}

static void a_square_chain_takes_three_products_for_each_layer_but_one(void **state) {
    (void)state;
    int d[MOST_LAYERS + 1];
    for (int i = 0; i <= MOST_LAYERS; i++)
        d[i] = 5;
    for (int n = 1; n <= MOST_LAYERS; n++) {
        struct ln_chain *chain = ln_chain_create(d, n, false, false);
        assert_int_equal(count_products(chain), 3 * (n - 1));
        assert_near(chain->flops, 6.0 * (n - 1) * 125 + (2 * n + 3) * 25, 0.5);
        ln_chain_free(chain);
    }
}

static double product_flops(const struct ln_chain *chain) {
    double flops = 0;
    for (int i = 0; i < chain->n_ops; i++)
        if (chain->ops[i].form != LN_CHAIN_PLAIN)
            flops += 2.0 * chain->ops[i].m * chain->ops[i].n * chain->ops[i].k;
    return flops;
}

/* A scalar output makes every product one with a vector; a bottleneck is gone through first. */
static void the_cheapest_order_is_taken(void **state) {
    (void)state;
    static const int scalar[] = {9, 8, 7, 1}, neck[] = {9, 9, 2, 9, 9};
    struct ln_chain *chain = ln_chain_create(scalar, 3, false, false);
    assert_near(product_flops(chain), 3 * 2.0 * (7 * 8 + 8 * 9), 0);
    ln_chain_free(chain);
    chain = ln_chain_create(neck, 4, false, false);
    assert_near(product_flops(chain), 3 * 2.0 * (2 * 81 * 2 + 2 * 81), 0);
    ln_chain_free(chain);
}

/* Of all bracketings, by trying each. */
static double cheapest(const int *d, int i, int j) {
    double least = i == j ? 0 : INFINITY;
    for (int k = i + 1; k <= j; k++) {
        double all = cheapest(d, k, j) + cheapest(d, i, k - 1) + (double)d[j + 1] * d[k] * d[i];
        least = all < least ? all : least;
    }
    return least;
}

static void no_bracketing_is_cheaper_than_the_one_taken(void **state) {
    (void)state;
    struct ln_random random;
    ln_random_init(&random, 4, 45, LN_STREAM_OTHER);
    for (int i = 0; i < 300; i++) {
        int d[8], n = 2 + (int)(ln_random_bits(&random) % 6);
        for (int j = 0; j <= n; j++)
            d[j] = 1 + (int)(ln_random_bits(&random) % 40);
        struct ln_chain *chain = ln_chain_create(d, n, i % 2, false);
        assert_near(product_flops(chain), 6 * cheapest(d, 0, n - 1), 0.5);
        ln_chain_free(chain);
    }
}

/* W_j, Phi, P_j from the second on, and one gradient on its way; with M, that as well. */
static void a_square_chain_lives_in_twice_its_layers_and_one_matrix(void **state) {
    (void)state;
    int d[MOST_LAYERS + 1];
    for (int i = 0; i <= MOST_LAYERS; i++)
        d[i] = 4;
    for (int n = 2; n <= MOST_LAYERS; n++)
        for (int moment = 0; moment < 2; moment++) {
            struct ln_chain *chain = ln_chain_create(d, n, moment, false);
            assert_int_equal(chain->n_slots, 2 * n + 1 + moment);
            ln_chain_free(chain);
        }
}

/* ---- Lanes against plain loops ---- */

static void check_lane(const struct chain_case *c, const struct plain *plain, int lane) {
    const double *w = c->weights;
    assert_memory_equal(&c->watch->excess[lane], &plain->excess, sizeof(double));
    for (int j = 0; j < c->chain->n_layers; j++)
        for (int e = 0; e < c->chain->rows[j] * c->chain->cols[j]; e++, w += c->lanes)
            assert_memory_equal(&w[lane], &plain->slot[j][e], sizeof(double));
}

/* Three runs, so that the second goes on from what the first has left in its room. */
static void check_bits(const int *widths, int n_layers, bool has_moment) {
    enum { CHECKED = 2 };
    struct chain_case *c =
        chain_case_create(widths, n_layers, has_moment, LN_LANES, (uint64_t)widths[0]);
    struct plain *plain[CHECKED];
    int lane[CHECKED] = {n_layers % 8, (n_layers + 5) % 8};
    for (int i = 0; i < CHECKED; i++) {
        plain[i] = plain_create(c, lane[i]);
        plain_evaluate(plain[i]);
    }
    for (int run = 0, done = 0; run < 3; done += run, run++) {
        chain_case_run(c, done, run, false);
        for (int i = 0; i < CHECKED; i++) {
            for (int s = 0; s < run; s++)
                plain_step(plain[i], c->eta[(done + s) * LN_LANES + lane[i]]);
            check_lane(c, plain[i], lane[i]);
        }
    }
    for (int i = 0; i < CHECKED; i++)
        plain_free(plain[i]);
    chain_case_free(c);
}

static void square_chains_in_lanes_are_the_plain_loops_to_the_bit(void **state) {
    (void)state;
    for (int d = 1; d <= 24; d++)
        for (int n = 1; n <= (d <= 11 ? 8 : 3); n++) {
            int widths[MOST_LAYERS + 1];
            for (int j = 0; j <= n; j++)
                widths[j] = d;
            check_bits(widths, n, false);
            check_bits(widths, n, true);
        }
}

static void rectangular_chains_in_lanes_are_the_plain_loops_to_the_bit(void **state) {
    (void)state;
    struct ln_random random;
    ln_random_init(&random, 4, 44, LN_STREAM_OTHER);
    for (int i = 0; i < 200; i++) {
        int widths[MOST_LAYERS + 1], n = 1 + (int)(ln_random_bits(&random) % 6);
        for (int j = 0; j <= n; j++) /* one neuron in every third place */
            widths[j] = ln_random_bits(&random) % 3 ? 1 + (int)(ln_random_bits(&random) % 23) : 1;
        check_bits(widths, n, i % 2);
    }
}

static void one_step_size_for_all_steps_is_read_without_a_stride(void **state) {
    (void)state;
    static const int widths[] = {4, 4, 4};
    struct chain_case *c = chain_case_create(widths, 2, false, LN_LANES, 8);
    struct plain *plain = plain_create(c, 6);
    chain_case_run(c, 0, 0, false);
    c->steps.most = 5;
    c->steps.eta_stride = 0;
    ln_chain_run(c->room, c->weights, c->target, c->moment, &c->steps);
    ln_chain_room_settle(c->room);
    plain_evaluate(plain);
    for (int s = 0; s < 5; s++)
        plain_step(plain, c->eta[6]);
    check_lane(c, plain, 6);
    plain_free(plain);
    chain_case_free(c);
}

/* A lane that is loaded anew; without the word the room still holds products of the old weights. */
static void weights_changed_from_outside_count_once_the_room_is_told(void **state) {
    (void)state;
    for (int d = 2; d <= 12; d += 5) {
        int widths[] = {d, d, d};
        struct chain_case *c = chain_case_create(widths, 2, false, LN_LANES, 8);
        chain_case_run(c, 0, 3, false);
        for (int e = 0; e < c->n_weights; e++)
            c->weights[e * LN_LANES + 2] *= 0.5;
        struct plain *plain = plain_create(c, 2);
        ln_chain_room_touch(c->room);
        chain_case_run(c, 3, 4, false);
        plain_evaluate(plain);
        for (int s = 3; s < 7; s++)
            plain_step(plain, c->eta[s * LN_LANES + 2]);
        check_lane(c, plain, 2);
        plain_free(plain);
        chain_case_free(c);
    }
}

/* ---- The watch ---- */

/* Every third step goes the other way, so losses rise and fall; way: 1 down, -1 up. */
static struct chain_case *rough_case(int d, int way) {
    int widths[] = {d, d, d, d};
    struct chain_case *c = chain_case_create(widths, 3, false, LN_LANES, 21);
    for (int s = 0; s < MOST_STEPS; s++)
        for (int l = 0; l < LN_LANES; l++)
            c->eta[s * LN_LANES + l] = 0.001 * (l + 1) * (s % 3 == 2 ? -0.7 : 1) * way;
    return c;
}

/* The books of the steps 1 .. n of a lane, by their definition. */
static void check_books(const struct chain_case *c, int lane, int n, double previous) {
    const struct ln_watch *w = c->watch;
    double best = INFINITY, best_at = -7, worst = -INFINITY, n_rises = 0;
    for (int s = 1; s <= n; s++) {
        double e = c->losses[s * LN_LANES + lane];
        if (e > previous * LN_RISE && e - w->level[lane] > w->rise_above[lane])
            n_rises++;
        if (e > worst)
            worst = e;
        if (e < best) {
            best = e;
            best_at = s;
        }
        previous = e;
    }
    assert_true(w->n_rises[lane] == n_rises);
    assert_true(w->worst[lane] == worst);
    assert_true(w->best[lane] == best);
    assert_true(w->best_at[lane] == best_at);
    assert_true(w->previous[lane] == previous);
}

static void the_books_hold_every_step_gone_past(void **state) {
    (void)state;
    for (int d = 1; d <= 12; d++) {
        struct chain_case *c = rough_case(d, 1);
        double first[LN_LANES], rises = 0;
        chain_case_run(c, 0, 0, false);
        for (int l = 0; l < LN_LANES; l++) {
            first[l] = c->watch->previous[l] = c->watch->excess[l];
            c->watch->best_at[l] = -7;
            c->watch->level[l] = 0.1 * l;
            c->watch->rise_above[l] = 0.2 * l;
        }
        chain_case_run(c, 0, 40, true);
        for (int l = 0; l < LN_LANES; l++) {
            assert_int_equal(c->steps.taken[l], 40);
            check_books(c, l, 39, first[l]); /* not of the state reached */
            rises += c->watch->n_rises[l];
        }
        assert_true(rises > 5);
        chain_case_free(c);
    }
}

enum edge { ABOVE_LOW, ABOVE_HIGH, EXCESS_LOW, N_EDGES };

/* First step at which E of the lane is not inside an edge drawn at `at`. */
static int first_outside(const struct chain_case *c, enum edge edge, int lane, double level,
                         double at, int most) {
    for (int s = 1; s < most; s++) {
        double e = c->losses[s * LN_LANES + lane];
        bool inside = edge == ABOVE_LOW    ? e - level > at
                      : edge == ABOVE_HIGH ? e - level < at
                                           : e > at;
        if (!inside)
            return s;
    }
    return most;
}

static int check_band(int d, enum edge edge, int lane, int step) {
    enum { MOST = 30 };
    int way = edge == ABOVE_HIGH ? -1 : 1;
    struct chain_case *c = rough_case(d, way), *again = rough_case(d, way);
    chain_case_run(c, 0, MOST, true);
    double level = 0.25, at = c->losses[step * LN_LANES + lane] - (edge == EXCESS_LOW ? 0 : level);
    double *edges = edge == ABOVE_LOW    ? again->watch->above_low
                    : edge == ABOVE_HIGH ? again->watch->above_high
                                         : again->watch->excess_low;
    again->watch->level[lane] = level;
    edges[lane] = at; /* touching it is outside */
    chain_case_run(again, 0, MOST, false);
    int right = first_outside(c, edge, lane, level, at, MOST);
    assert_true(right <= step);
    for (int l = 0; l < LN_LANES; l++) {
        assert_int_equal(again->steps.taken[l], right);
        assert_true(again->watch->excess[l] == c->losses[right * LN_LANES + l]);
        assert_true(right == 1 ||
                    again->watch->previous[l] == c->losses[(right - 1) * LN_LANES + l]);
    }
    chain_case_free(again);
    chain_case_free(c);
    return right;
}

static void a_run_ends_at_the_first_step_at_which_a_lane_leaves_its_band(void **state) {
    (void)state;
    for (int d = 1; d <= 12; d += d < 4 ? 1 : 2)
        for (int edge = 0; edge < N_EDGES; edge++) {
            int steps = 0;
            for (int lane = 0; lane < LN_LANES; lane++)
                steps += check_band(d, (enum edge)edge, lane, 3 + 3 * lane);
            assert_true(steps > 4 * LN_LANES);
        }
}

static void a_loss_that_is_not_a_number_is_outside(void **state) {
    (void)state;
    for (int d = 2; d <= 12; d += 5) {
        struct chain_case *c = rough_case(d, 1);
        for (int s = 0; s < MOST_STEPS; s++)
            c->eta[s * LN_LANES + 5] = s == 9 ? (double)NAN : 0.001;
        chain_case_run(c, 0, 30, false);
        assert_int_equal(c->steps.taken[0], 10);
        assert_true(isnan(c->watch->excess[5]));
        chain_case_free(c);
    }
}

static void histories_hold_loss_and_signature_of_every_state(void **state) {
    (void)state;
    for (int d = 2; d <= 12; d += 5) {
        struct chain_case *c = rough_case(d, 1), *single = rough_case(d, 1);
        double *signature = numbers(LN_LANES);
        chain_case_run(c, 0, 20, true);
        for (int s = 1; s <= 20; s++) {
            chain_case_run(single, s - 1, 1, false);
            ln_lanes_signature(signature, single->functional, single->weights, single->n_weights,
                               LN_LANES);
            assert_memory_equal(&c->losses[s * LN_LANES], single->watch->excess, 64);
            assert_memory_equal(&c->signatures[s * LN_LANES], signature, 64);
        }
        assert_memory_equal(c->watch->signature, signature, 64);
        free(signature);
        chain_case_free(single);
        chain_case_free(c);
    }
}

static void lanes_that_do_not_move_have_taken_no_step(void **state) {
    (void)state;
    struct chain_case *c = rough_case(3, 1);
    chain_case_run(c, 0, 0, false);
    c->steps.most = 4;
    c->steps.busy = 0x5;
    c->steps.n_busy = 2;
    ln_chain_run(c->room, c->weights, c->target, c->moment, &c->steps);
    ln_chain_room_settle(c->room);
    for (int l = 0; l < LN_LANES; l++)
        assert_int_equal(c->steps.taken[l], l == 0 || l == 2 ? 4 : 0);
    chain_case_free(c);
}

/* ---- Company ---- */

static void put_alone(struct chain_case *to, int lane, const struct chain_case *from, int of) {
    double *x[] = {to->weights, to->target, to->moment, to->eta};
    const double *y[] = {from->weights, from->target, from->moment, from->eta};
    int n[] = {to->n_weights, to->n_target, to->n_moment, MOST_STEPS};
    for (int i = 0; i < 4; i++)
        for (int e = 0; e < n[i]; e++)
            for (int l = 0; l < LN_LANES; l++)
                x[i][e * LN_LANES + l] = l == lane ? y[i][e * LN_LANES + of] : (double)NAN;
}

static void a_lane_has_its_bits_in_any_place_and_company(void **state) {
    (void)state;
    static const int shapes[][4] = {
        {2, 2, 2, 2}, {3, 3, 3, 3}, {7, 7, 7, 7}, {13, 13, 13, 13}, {5, 2, 9, 1}};
    for (int i = 0; i < 5; i++) {
        struct chain_case *c = chain_case_create(shapes[i], 3, true, LN_LANES, 31);
        struct chain_case *spoilt = chain_case_create(shapes[i], 3, true, LN_LANES, 32);
        put_alone(spoilt, 6, c, 1);
        chain_case_run(c, 0, 1, false);
        chain_case_run(spoilt, 0, 1, false);
        for (int e = 0; e < c->n_weights; e++)
            assert_memory_equal(&c->weights[e * LN_LANES + 1], &spoilt->weights[e * LN_LANES + 6],
                                sizeof(double));
        assert_memory_equal(&c->watch->excess[1], &spoilt->watch->excess[6], sizeof(double));
        chain_case_free(spoilt);
        chain_case_free(c);
    }
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_of_the_list_goes_down_the_gradient_of_every_layer),
        cmocka_unit_test(a_square_chain_takes_three_products_for_each_layer_but_one),
        cmocka_unit_test(the_cheapest_order_is_taken),
        cmocka_unit_test(no_bracketing_is_cheaper_than_the_one_taken),
        cmocka_unit_test(a_square_chain_lives_in_twice_its_layers_and_one_matrix),
        cmocka_unit_test(square_chains_in_lanes_are_the_plain_loops_to_the_bit),
        cmocka_unit_test(rectangular_chains_in_lanes_are_the_plain_loops_to_the_bit),
        cmocka_unit_test(one_step_size_for_all_steps_is_read_without_a_stride),
        cmocka_unit_test(weights_changed_from_outside_count_once_the_room_is_told),
        cmocka_unit_test(the_books_hold_every_step_gone_past),
        cmocka_unit_test(a_run_ends_at_the_first_step_at_which_a_lane_leaves_its_band),
        cmocka_unit_test(a_loss_that_is_not_a_number_is_outside),
        cmocka_unit_test(histories_hold_loss_and_signature_of_every_state),
        cmocka_unit_test(lanes_that_do_not_move_have_taken_no_step),
        cmocka_unit_test(a_lane_has_its_bits_in_any_place_and_company),
    };
    return cmocka_run_group_tests_name("chain", tests, start, NULL);
}
