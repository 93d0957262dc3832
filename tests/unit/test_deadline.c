/* How long before the end of its wall time a run stops. */
#include "linnet/deadline.h"
#include "make_plan.h"
#include "near.h"

static const struct ln_deadline an_hour = {
    .at = 5000, .wall = 3600, .margin = -1, .row_bytes = 7e3, .n_ranks = 1};

/* Two groups of brief points, whose steps and states are those of plan_of. */
static void make(struct fixture *f) {
    make_plan(f, 3, 2, 10, 8, 1.0, 1.0);
    for (int g = 0; g < 2; g++) {
        f->plan.groups[g].lanes = 8;
        f->plan.groups[g].fixed = 0;
        f->plan.groups[g].step = 0;
        f->plan.groups[g].n_state = 0;
    }
}

static void a_long_run_keeps_ten_seconds_a_short_one_a_twentieth(void **state) {
    (void)state;
    struct fixture f;
    struct ln_deadline deadline = an_hour;
    make(&f);
    assert_near(ln_deadline_margin(&deadline, &f.plan, NULL, 0), 10, 0.01);
    deadline.wall = 60;
    assert_near(ln_deadline_margin(&deadline, &f.plan, NULL, 0), 3, 0.01);
    free_plan(&f);
}

static void what_nobody_can_interrupt_is_kept_twice(void **state) {
    (void)state;
    struct fixture f;
    make(&f);
    f.plan.groups[1].fixed = 3;
    f.plan.groups[1].step = 0.5;
    assert_near(ln_deadline_margin(&an_hour, &f.plan, NULL, 0), 16.5, 0.01);
    assert_near(ln_deadline_margin(&an_hour, &f.plan, NULL, 20), 50, 0.01);
    free_plan(&f);
}

/* Points that take five times what was predicted. */
static void the_prediction_is_put_right_by_what_points_really_cost(void **state) {
    (void)state;
    struct fixture f;
    make(&f);
    for (int g = 0; g < 2; g++)
        f.plan.groups[g].fixed = 1;
    struct ln_coordinator *coordinator = ln_coordinator_create(&f.plan, 1);
    for (int i = 0; i < 100; i++) {
        struct ln_grant grant = ln_coordinator_ask(coordinator, 0);
        if (grant.count == 0)
            break;
        report(coordinator, 0, &f.plan, grant, 5.0);
    }
    double margin = ln_deadline_margin(&an_hour, &f.plan, coordinator, 0);
    assert_true(margin > 16 && margin < 20.1);
    ln_coordinator_free(coordinator);
    free_plan(&f);
}

static void there_is_time_to_write_what_is_parked(void **state) {
    (void)state;
    struct fixture f;
    struct ln_deadline deadline = an_hour;
    make(&f);
    f.plan.groups[0].n_state = 5000; /* 40 kB, with row and books 50 kB, 8 lanes, 1000 ranks */
    deadline.n_ranks = 1000;
    deadline.parked_bytes = 1e8;
    assert_near(ln_deadline_margin(&deadline, &f.plan, NULL, 0), 10 + 8 + 2, 0.01);
    free_plan(&f);
}

static void half_of_the_wall_time_is_the_most_that_is_kept(void **state) {
    (void)state;
    struct fixture f;
    make(&f);
    assert_near(ln_deadline_margin(&an_hour, &f.plan, NULL, 1e4), 1800, 0);
    free_plan(&f);
}

static void a_margin_that_was_asked_for_is_taken(void **state) {
    (void)state;
    struct fixture f;
    struct ln_deadline deadline = an_hour;
    make(&f);
    deadline.margin = 0;
    assert_near(ln_deadline_margin(&deadline, &f.plan, NULL, 100), 0, 0);
    deadline.margin = 7000;
    assert_near(ln_deadline_margin(&deadline, &f.plan, NULL, 100), 7000, 0);
    free_plan(&f);
}

static void it_is_near_from_its_margin_on_and_without_one_never(void **state) {
    (void)state;
    const struct ln_deadline none = {0};
    assert_false(ln_deadline_is_near(&an_hour, 4989.9, 10));
    assert_true(ln_deadline_is_near(&an_hour, 4990, 10));
    assert_true(ln_deadline_is_near(&an_hour, 6000, 10));
    assert_false(ln_deadline_is_near(&none, 1e9, 10));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_run_keeps_ten_seconds_a_short_one_a_twentieth),
        cmocka_unit_test(what_nobody_can_interrupt_is_kept_twice),
        cmocka_unit_test(the_prediction_is_put_right_by_what_points_really_cost),
        cmocka_unit_test(there_is_time_to_write_what_is_parked),
        cmocka_unit_test(half_of_the_wall_time_is_the_most_that_is_kept),
        cmocka_unit_test(a_margin_that_was_asked_for_is_taken),
        cmocka_unit_test(it_is_near_from_its_margin_on_and_without_one_never),
    };
    return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
