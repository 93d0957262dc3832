/* How much a grant holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "linnet/coordinator.h"
#include "make_plan.h"

static void fewer_points_than_ranks_are_granted_one_by_one(void **state) {
    (void)state;
    struct fixture f;
    make_plan(&f, 2, 1, 1, 1, 1.0, 1.0);
    f.plan.groups[0].lanes = 8;
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 4);
    assert_int_equal(ln_coordinator_ask(c, 2).count, 1);
    for (int r = 0; r < 4; r++)
        assert_int_equal(ln_coordinator_ask(c, r).count, 0);
    assert_true(ln_coordinator_is_finished(c));
    ln_coordinator_free(c);
    free_plan(&f);
}

static void points_predicted_to_be_free_are_still_spread_over_the_ranks(void **state) {
    (void)state;
    struct fixture f;
    make_even_plan(&f, 100000, 0.0);
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 4);
    struct ln_grant first = ln_coordinator_ask(c, 0);
    assert_true(first.count >= 1 && first.count <= f.plan.n_points / 20);
    ln_coordinator_free(c);
    free_plan(&f);
}

static void a_grant_fills_the_lanes_while_enough_is_left(void **state) {
    (void)state;
    struct fixture f;
    make_plan(&f, 4, 1, 1000, 1, 100.0, 0.1);
    f.plan.groups[0].lanes = 8;
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 4);
    assert_int_equal(ln_coordinator_ask(c, 1).count, 8);
    assert_int_equal(ln_coordinator_refill(c, 1).count, 1);
    ln_coordinator_free(c);
    free_plan(&f);
}

static void many_ranks_ask_no_more_often_than_rank_0_can_answer(void **state) {
    (void)state;
    /* Points of 1 ms, 0.5 s for each of 4096 ranks: the first grants are 4096 / 1e5 s or longer,
     * and no rank gets more than half of its share. */
    struct fixture f;
    make_even_plan(&f, 4096 * 500, 1e-3);
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 4096);
    struct ln_grant grant = ln_coordinator_ask(c, 0);
    assert_true(cost_of(&f.plan, grant) >= 0.039 && cost_of(&f.plan, grant) <= 0.25);
    ln_coordinator_free(c);
    free_plan(&f);
}

static void the_last_work_is_not_dealt_out_in_few_hands(void **state) {
    (void)state;
    /* 20 ms for each of 4096 ranks, less than 4096 / 1e5 s: half of it at once; then no grant is
     * shorter than 4096 / 2.5e5 s. */
    struct fixture f;
    make_even_plan(&f, 4096 * 200, 1e-4);
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 4096);
    struct ln_grant grant = ln_coordinator_ask(c, 0);
    assert_true(fabs(cost_of(&f.plan, grant) - 1e-2) < 2e-4);
    for (int r = 1; r < 4096; r++)
        assert_true(ln_coordinator_ask(c, r).count > 0);
    grant = ln_coordinator_ask(c, 0);
    assert_true(fabs(cost_of(&f.plan, grant) - 4096 / 2.5e5) < 2e-4);
    ln_coordinator_free(c);
    free_plan(&f);
}

static void a_very_short_run_is_dealt_out_at_once(void **state) {
    (void)state;
    struct fixture f;
    make_even_plan(&f, 4096 * 100, 1e-5);
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 4096);
    int64_t n = 0;
    for (int r = 0; r < 4096; r++) {
        struct ln_grant grant = ln_coordinator_ask(c, r);
        assert_true(grant.count >= 95 && grant.count <= 105);
        n += grant.count;
        if (grant.rest == LN_REST_NOTHING)
            break;
    }
    assert_true(n >= 4096 * 98);
    ln_coordinator_free(c);
    free_plan(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fewer_points_than_ranks_are_granted_one_by_one),
        cmocka_unit_test(points_predicted_to_be_free_are_still_spread_over_the_ranks),
        cmocka_unit_test(a_grant_fills_the_lanes_while_enough_is_left),
        cmocka_unit_test(many_ranks_ask_no_more_often_than_rank_0_can_answer),
        cmocka_unit_test(the_last_work_is_not_dealt_out_in_few_hands),
        cmocka_unit_test(a_very_short_run_is_dealt_out_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
