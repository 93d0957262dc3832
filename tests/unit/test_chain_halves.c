/* Steps of a chain by halves, up and then down, and chains that are shared. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chain_case.h"
#include "linnet/linalg.h"
#include "near.h"

static double *numbers(int n) {
    return ln_linalg_alloc((size_t)n, sizeof(double));
}

/* The shapes of three depths whose order is not from right to left, or whose inputs, outputs or
 * hidden layers are one number; and a square one. */
static const struct {
    int n_layers, widths[6];
} halved[] = {{3, {7, 5, 3, 1}}, {2, {1, 4, 9}},          {2, {30, 2, 30}}, {4, {30, 8, 8, 2, 1}},
              {3, {6, 1, 6, 6}}, {5, {4, 9, 1, 9, 2, 3}}, {1, {5, 3}},      {3, {6, 6, 6, 6}}};
enum { N_HALVED = sizeof halved / sizeof halved[0] };

static struct chain_case *halved_case(int i, bool has_moment, int lanes) {
    return chain_case_create(halved[i].widths, halved[i].n_layers, has_moment, lanes, 60);
}

static void check_same(const double *a, const double *b, int n, int lanes) {
    for (int e = 0; e < n; e++)
        if (lanes == LN_LANES)
            assert_memory_equal(&a[e], &b[e], sizeof a[e]);
        else
            assert_near(a[e], b[e], 1e-14 * (1 + fabs(b[e])));
}

/* `by` tells how the weights of the one that goes by halves move. */
static void check_halves(int i, bool has_moment, int lanes,
                         void (*by)(struct chain_case *c, const double *eta)) {
    struct chain_case *whole = halved_case(i, has_moment, lanes),
                      *c = halved_case(i, has_moment, lanes);
    _Alignas(64) double excess[LN_LANES];
    for (int step = 0; step < 5; step++) {
        chain_case_go_up(c, excess);
        by(c, c->eta + step * LN_LANES);
        chain_case_run(whole, step, 1, false);
        check_same(c->weights, whole->weights, c->n_weights * lanes, lanes);
        chain_case_go_up(c, excess);
        check_same(excess, whole->watch->excess, lanes, lanes);
    }
    chain_case_free(c);
    chain_case_free(whole);
}

static void check_all_halves(void (*by)(struct chain_case *c, const double *eta)) {
    for (int i = 0; i < N_HALVED; i++)
        for (int moment = 0; moment < 2; moment++) {
            check_halves(i, moment, LN_LANES, by);
            check_halves(i, moment, 1, by);
        }
}

static void by_descent(struct chain_case *c, const double *eta) {
    ln_chain_descend(c->halves, eta);
}

static void going_up_and_down_by_halves_is_a_run_of_one_step(void **state) {
    (void)state;
    check_all_halves(by_descent);
}

/* W -= eta g, with the one rounding of the kernels, where g is what is made of the old weights. */
static void by_gradient(struct chain_case *c, const double *eta) {
    int n = c->n_weights * c->lanes;
    double *gradient = numbers(n);
    ln_chain_gradient(c->halves, gradient);
    for (int e = 0; e < n; e++)
        c->weights[e] = plain_fma(-eta[e % c->lanes], gradient[e], c->weights[e]);
    free(gradient);
}

static void an_euler_step_of_the_gradient_is_a_run_of_one_step(void **state) {
    (void)state;
    check_all_halves(by_gradient);
}

/* P, by plain products, when (P - Phi) M has been taken. */
static void the_product_is_kept_and_the_error_may_be_replaced(void **state) {
    (void)state;
    for (int i = 0; i < 2 * N_HALVED; i++) {
        const int *d = halved[i / 2].widths, n = halved[i / 2].n_layers;
        struct chain_case *c = halved_case(i / 2, i % 2, LN_LANES);
        struct plain *plain = plain_create(c, 5);
        _Alignas(64) double excess[LN_LANES];
        double *p = plain_product(plain, d, 1, n), *gradient = numbers(c->n_weights * LN_LANES);
        chain_case_go_up(c, excess);
        for (int e = 0; e < c->n_target; e++) {
            assert_near(ln_chain_product(c->halves)[e * LN_LANES + 5], p[e], 1e-13);
            ln_chain_error(c->halves)[e * LN_LANES + 5] = 0;
        }
        ln_chain_gradient(c->halves, gradient);
        for (int e = 0; e < c->n_weights; e++)
            assert_true(gradient[e * LN_LANES + 5] == 0 && gradient[e * LN_LANES + 4] != 0);
        free(gradient);
        free(p);
        plain_free(plain);
        chain_case_free(c);
    }
}

static void the_product_of_one_network_is_taken_in_the_order_of_the_chain(void **state) {
    (void)state;
    for (int i = 0; i < N_HALVED; i++) {
        struct chain_case *c = halved_case(i, false, 1);
        struct plain *plain = plain_create(c, 0);
        double *p = numbers(c->n_target);
        plain_evaluate(plain); /* leaves P - Phi */
        ln_chain_multiply(c->kept, c->weights, p);
        for (int e = 0; e < c->n_target; e++)
            assert_near(p[e] - c->target[e], plain->slot[c->chain->delta][e], 1e-13);
        free(p);
        plain_free(plain);
        chain_case_free(c);
    }
}

/* More shapes than are remembered, some in use all along. */
static void a_chain_that_is_held_stays_as_it_is(void **state) {
    (void)state;
    enum { KEPT = 40, SHAPES = 400 };
    const struct ln_chain *kept[KEPT];
    for (int i = 0; i < SHAPES; i++) {
        int d[] = {1 + i % 20, 1 + i / 20, 3, 5};
        const struct ln_chain *one = ln_chain_hold(d, 3, i % 2, i % 3);
        const struct ln_chain *two = ln_chain_hold(d, 3, i % 2, i % 3);
        struct ln_chain *right = ln_chain_create(d, 3, i % 2, i % 3);
        assert_int_equal(one->cols[0], d[0]);
        assert_int_equal(two->rows[0], d[1]);
        assert_true(one->keeps_product == (i % 3 > 0) && one->has_moment == i % 2);
        assert_int_equal(one->n_slots, right->n_slots);
        assert_near(one->flops, right->flops, 0);
        ln_chain_free(right);
        ln_chain_release(two);
        if (i < KEPT)
            kept[i] = one;
        else
            ln_chain_release(one);
    }
    for (int i = 0; i < KEPT; i++) {
        assert_int_equal(kept[i]->cols[0], 1 + i % 20);
        assert_int_equal(kept[i]->rows[0], 1 + i / 20);
        ln_chain_release(kept[i]);
    }
}

/* Every chain that is built, by whom ever (the linker is told to come by here). */
struct ln_chain *__real_ln_chain_create(const int *widths, int n_layers, bool has_moment,
                                        bool keeps_product);
struct ln_chain *__wrap_ln_chain_create(const int *widths, int n_layers, bool has_moment,
                                        bool keeps_product);
static int n_built;

struct ln_chain *__wrap_ln_chain_create(const int *widths, int n_layers, bool has_moment,
                                        bool keeps_product) {
    n_built++;
    return __real_ln_chain_create(widths, n_layers, has_moment, keeps_product);
}

/* A square chain. */
static const struct ln_chain *hold_square(int width, int depth, bool keeps_product) {
    int d[257];
    for (int j = 0; j <= depth; j++)
        d[j] = width;
    return ln_chain_hold(d, depth, false, keeps_product);
}

/* As a plan does whose innermost axis is the depth. */
static void a_chain_asked_for_in_turn_with_others_is_built_once(void **state) {
    (void)state;
    enum { DEPTHS = 256, TURNS = 3 };
    const struct ln_chain *first[DEPTHS];
    n_built = 0;
    for (int i = 0; i < TURNS * DEPTHS; i++) {
        int depth = 1 + i % DEPTHS;
        const struct ln_chain *chain = hold_square(4, depth, true);
        if (i < DEPTHS)
            first[i] = chain;
        assert_ptr_equal(chain, first[depth - 1]);
        assert_int_equal(chain->n_layers, depth);
        ln_chain_release(chain);
    }
    assert_int_equal(n_built, DEPTHS);
}

/* As at every record of a run: the chain of the run is in use, that of end_to_end is asked for. */
static void a_chain_beside_one_in_use_is_built_once(void **state) {
    (void)state;
    for (int width = 4; width <= 9; width++)
        for (int depth = 1; depth <= 51; depth++) {
            const struct ln_chain *in_use = hold_square(width, depth, false);
            ln_chain_release(hold_square(width, depth, true));
            n_built = 0;
            for (int record = 0; record < 3; record++)
                ln_chain_release(hold_square(width, depth, true));
            assert_int_equal(n_built, 0);
            ln_chain_release(in_use);
        }
}

/* Of other shapes than there are places, first each in use for a moment only, then all at once:
 * those without a place are built for who asks, and none is lost or given to two. */
static void a_held_chain_outlives_more_shapes_than_there_are_places(void **state) {
    (void)state;
    enum { SHAPES = 2000 };
    const struct ln_chain *held = hold_square(3, 60, true), *all[SHAPES];
    for (int turn = 0; turn < 2; turn++) {
        n_built = 0;
        for (int i = 0; i < SHAPES; i++) {
            int d[] = {21 + i % 50, 1 + i / 50, 2};
            all[i] = ln_chain_hold(d, 2, false, true);
            if (turn == 0)
                ln_chain_release(all[i]);
        }
        assert_in_range(n_built, 1, SHAPES);
        n_built = 0;
        const struct ln_chain *again = hold_square(3, 60, true);
        assert_ptr_equal(again, held);
        assert_int_equal(n_built, 0);
        assert_int_equal(held->n_layers, 60);
        ln_chain_release(again);
    }
    for (int i = 0; i < SHAPES; i++) {
        assert_int_equal(all[i]->cols[0], 21 + i % 50);
        assert_int_equal(all[i]->rows[0], 1 + i / 50);
        ln_chain_release(all[i]);
    }
    ln_chain_release(held);
}

static const struct ln_chain *hold_other(int i) {
    int d[] = {80 + i, 2, 2};
    return ln_chain_hold(d, 2, false, true);
}

/* Asked for while all places were in use, and again when one was free. */
static void a_chain_of_ones_own_is_not_taken_for_the_one_in_a_place(void **state) {
    (void)state;
    enum { SHAPES = 1000 };
    const struct ln_chain *all[SHAPES];
    for (int i = 0; i < SHAPES; i++)
        all[i] = hold_other(i);
    ln_chain_release(all[0]);
    const struct ln_chain *own = all[SHAPES - 1], *placed = hold_other(SHAPES - 1);
    assert_ptr_not_equal(placed, own);
    ln_chain_release(own);
    ln_chain_release(hold_other(SHAPES)); /* has to do without a place */
    n_built = 0;
    assert_ptr_equal(hold_other(SHAPES - 1), placed);
    assert_int_equal(n_built, 0);
    ln_chain_release(placed);
    ln_chain_release(placed);
    for (int i = 1; i < SHAPES - 1; i++)
        ln_chain_release(all[i]);
}

/* So many others come that there is room for one of two, and one of the two is used in between. */
static void the_chain_used_longest_ago_gives_way(void **state) {
    (void)state;
    enum { PLACES = 512 };
    ln_chain_release(hold_square(11, 2, true));
    ln_chain_release(hold_square(11, 3, true));
    n_built = 0;
    for (int i = 0; i < PLACES - 1; i++) {
        ln_chain_release(hold_other(2000 + i));
        ln_chain_release(hold_square(11, 2, true));
    }
    assert_int_equal(n_built, PLACES - 1);
    ln_chain_release(hold_square(11, 3, true));
    assert_int_equal(n_built, PLACES);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(going_up_and_down_by_halves_is_a_run_of_one_step),
        cmocka_unit_test(an_euler_step_of_the_gradient_is_a_run_of_one_step),
        cmocka_unit_test(the_product_is_kept_and_the_error_may_be_replaced),
        cmocka_unit_test(the_product_of_one_network_is_taken_in_the_order_of_the_chain),
        cmocka_unit_test(a_chain_that_is_held_stays_as_it_is),
        cmocka_unit_test(a_chain_asked_for_in_turn_with_others_is_built_once),
        cmocka_unit_test(a_chain_beside_one_in_use_is_built_once),
        cmocka_unit_test(a_held_chain_outlives_more_shapes_than_there_are_places),
        cmocka_unit_test(a_chain_of_ones_own_is_not_taken_for_the_one_in_a_place),
        cmocka_unit_test(the_chain_used_longest_ago_gives_way),
    };
    return cmocka_run_group_tests_name("chain_halves", tests, start, NULL);
}
