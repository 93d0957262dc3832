/* How long a run will still take, for given numbers: no clock is looked at. */
#include "linnet/progress.h"
#include "make_plan.h"
#include "near.h"

/* Four ranks, 400 points of a core second each. */
static const struct ln_progress even = {.n_points = 400, .seconds_left = 400, .n_ranks = 4};

static void at_the_start_all_ranks_are_taken_to_be_busy(void **state) {
    (void)state;
    struct ln_progress progress = even;
    assert_near(ln_progress_time_left(&progress, 0), 100, 1e-9);
    progress.seconds = 0.3;
    assert_near(ln_progress_time_left(&progress, 0), 100, 1e-9);
}

/* Half of every core goes to somebody else: a core second takes two. */
static void the_rate_is_that_of_the_wall_clock(void **state) {
    (void)state;
    struct ln_progress progress = even;
    progress.seconds = 50;
    progress.n_done = 98;
    progress.seconds_done = 98;
    progress.seconds_spent = 2;
    progress.seconds_left = 302;
    assert_near(ln_progress_time_left(&progress, 0), 150, 1e-9);
    progress.seconds = 25;
    assert_near(ln_progress_time_left(&progress, 0), 75, 1e-9);
}

/* Four points of 100 s on four ranks: none is done after 30 s. */
static void long_points_in_hand_count_before_the_first_is_done(void **state) {
    (void)state;
    struct ln_progress progress = {
        .n_points = 4, .seconds_left = 400, .seconds_longest = 70, .n_ranks = 4};
    progress.seconds = 30;
    progress.seconds_spent = 120;
    assert_near(ln_progress_time_left(&progress, 0), 70, 1e-9);
}

/* 399 points are done in 100 s; the last one, of a minute, has run for ten seconds on one rank. */
static void the_end_is_that_of_the_rank_with_the_most_in_hand(void **state) {
    (void)state;
    struct ln_progress progress = even;
    progress.n_done = 399;
    progress.seconds = 100;
    progress.seconds_done = 390;
    progress.seconds_left = 60;
    progress.seconds_spent = 10;
    progress.seconds_longest = 50;
    assert_near(ln_progress_time_left(&progress, 0), 50, 1e-9);
    progress.n_done = 400;
    progress.seconds_left = progress.seconds_spent = progress.seconds_longest = 0;
    assert_near(ln_progress_time_left(&progress, 0), 0, 0);
}

/* Four points of 100 s were parked after 75 s. */
static void what_was_parked_need_not_be_done_again(void **state) {
    (void)state;
    struct ln_progress progress = {
        .n_points = 4, .seconds_left = 400, .seconds_longest = 100, .n_ranks = 4};
    assert_near(ln_progress_time_left(&progress, 300), 25, 1e-9);
    progress.seconds = 10;
    progress.seconds_spent = 40;
    progress.seconds_longest = 90;
    assert_near(ln_progress_time_left(&progress, 300), 15, 1e-9);
}

/* ... and is no merit of this run: of 760 core seconds earlier runs had done 300. */
static void what_was_parked_does_not_make_a_run_faster(void **state) {
    (void)state;
    struct ln_progress progress = even;
    progress.seconds_done = 760;
    progress.n_done = 200;
    progress.seconds = 230;
    assert_near(ln_progress_time_left(&progress, 300), 400 / 2.0, 1e-9);
}

static void what_takes_longer_than_predicted_is_never_over(void **state) {
    (void)state;
    struct fixture f;
    double spent, longest;
    make_even_plan(&f, 2, 10.0);
    struct ln_coordinator *coordinator = ln_coordinator_create(&f.plan, 2);
    ln_coordinator_ask(coordinator, 0);
    ln_coordinator_ask(coordinator, 1);
    struct ln_progress progress = {.n_points = 2, .seconds_left = 20, .n_ranks = 2};
    for (double seconds = 1; seconds < 900; seconds *= 2) {
        ln_coordinator_flight(coordinator, seconds, &spent, &longest);
        assert_near(spent, seconds < 9.5 ? 2 * seconds : 19, 1e-9);
        assert_near(longest, seconds < 9.5 ? 10 - seconds : 0.5, 1e-9);
        progress.seconds = seconds;
        progress.seconds_spent = spent;
        progress.seconds_longest = longest;
        double left = ln_progress_time_left(&progress, 0);
        assert_near(left, seconds < 9.5 ? 10 - seconds : 0.5 * seconds / 9.5, 1e-9);
    }
    ln_coordinator_free(coordinator);
    free_plan(&f);
}

/* A rank that has done 30 core seconds in 32 has two in the points in its lanes. */
static void what_a_rank_has_not_finished_is_in_its_hands(void **state) {
    (void)state;
    struct fixture f;
    double spent, longest;
    make_even_plan(&f, 4, 10.0);
    struct ln_coordinator *coordinator = ln_coordinator_create(&f.plan, 1);
    for (int i = 0; i < 3; i++)
        report(coordinator, 0, &f.plan, ln_coordinator_ask(coordinator, 0), 1.0);
    assert_false(ln_coordinator_is_busy(coordinator, 0));
    ln_coordinator_ask(coordinator, 0);
    assert_true(ln_coordinator_is_busy(coordinator, 0));
    ln_coordinator_flight(coordinator, 32, &spent, &longest);
    assert_near(spent, 2, 1e-9);
    assert_near(longest, 8, 1e-9);
    ln_coordinator_free(coordinator);
    free_plan(&f);
}

/* ... whatever earlier runs have spent on those that it has finished. */
static void what_earlier_runs_have_spent_was_no_time_of_this_rank(void **state) {
    (void)state;
    struct fixture f;
    struct ln_tally tally = {
        .count = 1, .predicted = 10, .actual = 10, .longest = 10, .earlier = 8};
    double spent, longest;
    make_even_plan(&f, 2, 10.0);
    struct ln_coordinator *coordinator = ln_coordinator_create(&f.plan, 1);
    ln_coordinator_ask(coordinator, 0);
    ln_coordinator_done(coordinator, 0, 0, &tally);
    assert_true(ln_coordinator_seconds_done(coordinator) == 10);
    ln_coordinator_ask(coordinator, 0);
    ln_coordinator_flight(coordinator, 5, &spent, &longest);
    assert_near(spent, 3, 1e-9);
    assert_near(longest, 7, 1e-9);
    ln_coordinator_free(coordinator);
    free_plan(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_start_all_ranks_are_taken_to_be_busy),
        cmocka_unit_test(the_rate_is_that_of_the_wall_clock),
        cmocka_unit_test(long_points_in_hand_count_before_the_first_is_done),
        cmocka_unit_test(the_end_is_that_of_the_rank_with_the_most_in_hand),
        cmocka_unit_test(what_was_parked_need_not_be_done_again),
        cmocka_unit_test(what_was_parked_does_not_make_a_run_faster),
        cmocka_unit_test(what_takes_longer_than_predicted_is_never_over),
        cmocka_unit_test(what_earlier_runs_have_spent_was_no_time_of_this_rank),
        cmocka_unit_test(what_a_rank_has_not_finished_is_in_its_hands),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
