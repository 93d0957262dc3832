#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "linnet/coordinator.h"
#include "make_plan.h"

static void the_factor_of_each_group_converges_to_what_its_points_really_cost(void **state) {
    (void)state;
    struct fixture f;
    make_plan(&f, 9, 6, 400, 4, 1.0, 3.0);
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 3);
    double left = f.plan.total_cost;
    for (int g = 0; g < 6; g++)
        assert_true(ln_coordinator_factor(c, g) == 1.0);
    for (int r = 0; !ln_coordinator_is_finished(c); r = (r + 1) % 3) {
        struct ln_grant grant = ln_coordinator_ask(c, r);
        if (grant.count == 0)
            continue;
        report(c, r, &f.plan, grant, 10.0 + group_of(&f.plan, grant.first));
        left -= cost_of(&f.plan, grant);
        if (left > 0.05 * f.plan.total_cost) /* by then mostly known */
            assert_true(ln_coordinator_seconds_left(c) <= 16.0 * left * (1.0 + 1e-9));
    }
    for (int g = 0; g < 6; g++)
        if (f.plan.groups[g].count > 100)
            assert_true(fabs(ln_coordinator_factor(c, g) / (10.0 + g) - 1.0) < 0.05);
    assert_true(ln_coordinator_seconds_left(c) == 0.0);
    assert_true(ln_coordinator_seconds_done(c) > 10.0 * f.plan.total_cost);
    ln_coordinator_free(c);
    free_plan(&f);
}

static void what_a_group_teaches_holds_for_groups_not_yet_begun(void **state) {
    (void)state;
    struct fixture f;
    make_plan(&f, 10, 2, 300, 1, 1.0, 0.1);
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 1);
    struct ln_grant grant = ln_coordinator_ask(c, 0);
    int other = 1 - group_of(&f.plan, grant.first);
    for (int i = 0; i < 50; i++) {
        report(c, 0, &f.plan, grant, 5.0);
        grant = ln_coordinator_refill(c, 0);
    }
    assert_true(fabs(ln_coordinator_factor(c, other) - 5.0) < 0.8);
    assert_true(grant.factor > 4.2 && grant.factor < 5.0);
    ln_coordinator_free(c);
    free_plan(&f);
}

static void one_point_far_off_does_not_turn_the_factor_over(void **state) {
    (void)state;
    struct fixture f;
    make_even_plan(&f, 1000, 1.0);
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 1);
    struct ln_grant grant = ln_coordinator_ask(c, 0);
    report(c, 0, &f.plan, (struct ln_grant){grant.first, 1, 1.0, LN_REST_PLENTY}, 11.0);
    /* the run: (11 + 4)/5 = 3; the group leans on that with its own four points: (11 + 12)/5 */
    assert_true(fabs(ln_coordinator_factor(c, 0) - 4.6) < 1e-12);
    ln_coordinator_free(c);
    free_plan(&f);
}

static void a_tally_knows_how_far_single_points_are_off(void **state) {
    (void)state;
    struct ln_tally tally = {0}, more = {0};
    assert_true(ln_tally_spread(&tally) == 0.0);
    ln_tally_point(&tally, 1.0, 2.0 * exp(0.3));
    ln_tally_point(&more, 5.0, 10.0 * exp(-0.3));
    ln_tally_add(&tally, &more);
    assert_true(fabs(ln_tally_spread(&tally) - 0.3) < 1e-12); /* off by 2, and by e^0.3 around */
    assert_true(tally.longest == 10.0 * exp(-0.3) && tally.predicted == 6.0);
    assert_int_equal(tally.count, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_factor_of_each_group_converges_to_what_its_points_really_cost),
        cmocka_unit_test(what_a_group_teaches_holds_for_groups_not_yet_begun),
        cmocka_unit_test(one_point_far_off_does_not_turn_the_factor_over),
        cmocka_unit_test(a_tally_knows_how_far_single_points_are_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
