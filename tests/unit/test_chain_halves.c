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
    };
    return cmocka_run_group_tests_name("chain_halves", tests, start, NULL);
}
