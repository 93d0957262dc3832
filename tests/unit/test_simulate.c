#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "../../src/farm/events.h"
#include "linnet/simulate.h"
#include "make_plan.h"

/* The deal of the first grants takes a microsecond or two. */
static const double deal = 1e-5;

static struct ln_simulation run(const struct ln_plan *plan, const double *actual, int n_ranks,
                                double latency, double service, double poll) {
    struct ln_simulate_options options = {n_ranks, latency, service, poll};
    struct ln_simulation result;
    ln_simulate(plan, actual, &options, &result);
    assert_int_equal(result.n_done, plan->n_points);
    return result;
}

static bool is_about(double x, double expected) {
    return fabs(x - expected) <= deal;
}

static void one_rank_takes_the_sum(void **state) {
    (void)state;
    struct fixture f;
    make_even_plan(&f, 3, 1.0);
    double actual[3] = {3.0, 2.0, 1.0};
    struct ln_simulation result = run(&f.plan, actual, 1, 0.1, 0.1, 0.1);
    assert_true(is_about(result.makespan, 6.0) && is_about(result.ideal, 6.0));
    assert_true(fabs(result.idle) < 1e-12 && fabs(result.lanes - 1.0) < 1e-12);
    assert_int_equal(result.n_requests, 0);
    free_plan(&f);
}

static void two_ranks_take_the_longest_points_first(void **state) {
    (void)state;
    struct fixture f;
    make_even_plan(&f, 6, 1.0);
    double cost[6] = {3.0, 3.0, 2.0, 2.0, 1.0, 1.0};
    for (int i = 0; i < 6; i++)
        f.plan.cost[i] = cost[i];
    f.plan.total_cost = f.plan.groups[0].cost = 12.0;
    struct ln_simulation result = run(&f.plan, cost, 2, 0.0, 0.0, 0.0);
    assert_true(is_about(result.makespan, 6.0));
    assert_int_equal(result.n_grants, 6);
    double tall[6] = {7.0, 1.0, 1.0, 1.0, 1.0, 1.0};
    result = run(&f.plan, tall, 2, 0.0, 0.0, 0.0);
    assert_true(is_about(result.makespan, 7.0) && is_about(result.ideal, 7.0));
    assert_true(is_about(result.longest, 7.0) && is_about(result.idle, 2.0 / 14.0));
    free_plan(&f);
}

static void points_in_lanes_last_as_long_as_their_number(void **state) {
    (void)state;
    struct fixture f;
    double actual[8];
    for (int i = 0; i < 8; i++)
        actual[i] = 1.0;
    make_even_plan(&f, 8, 1.0);
    f.plan.groups[0].lanes = 8;
    assert_true(is_about(run(&f.plan, actual, 1, 0.0, 0.0, 0.0).makespan, 8.0));
    f.plan.groups[0].count = f.plan.n_points = 4;
    struct ln_simulation half = run(&f.plan, actual, 1, 0.0, 0.0, 0.0);
    assert_true(is_about(half.makespan, 8.0) && is_about(half.lanes, 0.5));
    assert_true(is_about(half.longest, 8.0));
    f.plan.groups[0].solo = 2.0; /* alone a point takes twice its share */
    struct ln_simulation solo = run(&f.plan, actual, 4, 0.0, 0.0, 0.0);
    assert_true(is_about(solo.makespan, 2.0) && is_about(solo.longest, 2.0));
    free_plan(&f);
}

static void a_lane_that_is_free_is_filled_at_once(void **state) {
    (void)state;
    /* Two lanes; shares of 1, 2 and 1 s: the first is done after 2 s, the third starts then. */
    struct fixture f;
    make_even_plan(&f, 3, 1.0);
    f.plan.groups[0].lanes = 2;
    double actual[3] = {1.0, 2.0, 1.0};
    struct ln_simulation result = run(&f.plan, actual, 1, 0.0, 0.0, 0.0);
    assert_true(is_about(result.makespan, 4.0) && is_about(result.lanes, 1.0));
    free_plan(&f);
}

static void requests_take_their_way_and_stop_rank_0(void **state) {
    (void)state;
    /* Both ranks begin at 0.1 s with a point of 1 s. Rank 1's request is under way for 0.1 s,
     * served for 0.05 s, and its answer is back at 1.35 s. Rank 0 is kept from its second point for
     * 0.05 s.
     */
    struct fixture f;
    make_even_plan(&f, 4, 1.0);
    double actual[4] = {1.0, 1.0, 1.0, 1.0};
    struct ln_simulation result = run(&f.plan, actual, 2, 0.1, 0.05, 0.0);
    assert_true(is_about(result.makespan, 2.35));
    assert_int_equal(result.n_requests, 1);
    assert_true(is_about(result.wait, 0.25));
    assert_true(is_about(result.idle, 1.0 - (2.0 + 2.05) / (2 * 2.35)));
    /* A rank that computes looks now and then: rank 0 sees the request of 1.2 s after 1.25 s, and
     * after 1.5 s. */
    assert_true(is_about(run(&f.plan, actual, 2, 0.1, 0.05, 0.25).makespan, 2.4));
    assert_true(is_about(run(&f.plan, actual, 2, 0.1, 0.05, 0.5).makespan, 2.65));
    free_plan(&f);
}

static void every_point_of_any_plan_is_trained_and_no_run_beats_the_ideal(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct fixture f;
        make_plan(&f, seed, 1 + (int)(seed % 9), 150, 8, 1.0, 4.0);
        double *actual = calloc((size_t)f.plan.n_points, sizeof *actual);
        ln_simulate_draw(&f.plan, 0.8, seed, actual);
        struct ln_simulation result =
            run(&f.plan, actual, 1 + (int)(seed * 7 % 40), 1e-4, 1e-5, 1e-3);
        assert_true(result.makespan >= result.ideal * (1.0 - 1e-9));
        assert_true(result.idle >= 0.0 && result.idle <= 1.0);
        assert_true(result.lanes > 0.0 && result.lanes <= 1.0 + 1e-9);
        free(actual);
        free_plan(&f);
    }
}

static void the_same_seed_gives_the_same_run(void **state) {
    (void)state;
    struct fixture f;
    make_plan(&f, 5, 4, 300, 8, 1.0, 3.0);
    double *actual = calloc((size_t)f.plan.n_points, sizeof *actual);
    ln_simulate_draw(&f.plan, 0.5, 1, actual);
    double first = run(&f.plan, actual, 16, 1e-4, 1e-5, 1e-3).makespan;
    ln_simulate_draw(&f.plan, 0.5, 1, actual);
    assert_true(run(&f.plan, actual, 16, 1e-4, 1e-5, 1e-3).makespan == first);
    ln_simulate_draw(&f.plan, 0.5, 2, actual);
    assert_true(run(&f.plan, actual, 16, 1e-4, 1e-5, 1e-3).makespan != first);
    free(actual);
    free_plan(&f);
}

static void wrong_predictions_cost_five_percent_at_most_where_work_is_plenty(void **state) {
    (void)state;
    static const int ranks[] = {8, 64, 256};
    struct fixture f;
    make_plan(&f, 21, 12, 20000, 8, 30.0, 4.0);
    double *actual = calloc((size_t)f.plan.n_points, sizeof *actual);
    ln_simulate_draw(&f.plan, 0.5, 3, actual);
    for (int i = 0; i < 3; i++) {
        struct ln_simulation result = run(&f.plan, actual, ranks[i], 1e-5, 5e-6, 2e-4);
        assert_true(result.makespan <= 1.05 * result.ideal);
    }
    free(actual);
    free_plan(&f);
}

static void rank_0_of_thousands_is_not_flooded(void **state) {
    (void)state;
    struct fixture f;
    make_even_plan(&f, 4096 * 500, 2e-3);
    double *actual = calloc((size_t)f.plan.n_points, sizeof *actual);
    ln_simulate_draw(&f.plan, 0.3, 1, actual);
    struct ln_simulation result = run(&f.plan, actual, 4096, 5e-6, 2e-6, 2e-4);
    assert_true((double)result.n_requests / result.makespan <= 1.2e5);
    assert_true(result.makespan <= 1.05 * result.ideal);
    free(actual);
    free_plan(&f);
}

static void drawn_costs_have_the_spread_asked_for_and_keep_the_horizon(void **state) {
    (void)state;
    enum { N = 20000 };
    struct fixture f;
    make_even_plan(&f, N, 1.0);
    static double actual[N], most[N];
    struct ln_tally tally = {0};
    ln_simulate_draw(&f.plan, 0.0, 1, actual);
    assert_true(actual[0] == 1.0 && actual[N - 1] == 1.0);
    ln_simulate_draw(&f.plan, 0.4, 1, actual);
    for (int i = 0; i < N; i++)
        ln_tally_point(&tally, 1.0, actual[i]);
    assert_true(fabs(ln_tally_spread(&tally) - 0.4) < 0.01);
    double common = exp(tally.logs / N); /* the error of the group */
    for (int i = 0; i < N; i++)
        most[i] = 1.5;
    f.plan.most = most;
    ln_simulate_draw(&f.plan, 0.4, 1, actual);
    int n_at_horizon = 0;
    for (int i = 0; i < N; i++) {
        assert_true(actual[i] <= 1.51 * common);
        n_at_horizon += actual[i] > 1.49 * common;
    }
    assert_true(n_at_horizon > N / 10);
    free_plan(&f);
}

static void events_happen_in_order_of_time_then_of_their_coming(void **state) {
    (void)state;
    struct ln_events events = {0};
    struct ln_event event;
    for (int i = 0; i < 1000; i++)
        ln_events_put(&events, (struct ln_event){.time = i * 7 % 10, .rank = i});
    double time = -1.0;
    int rank = -1;
    for (int i = 0; i < 1000; i++) {
        assert_true(ln_events_take(&events, &event));
        assert_true(event.time > time || (event.time == time && event.rank > rank));
        time = event.time;
        rank = event.rank;
    }
    assert_false(ln_events_take(&events, &event));
    ln_events_clear(&events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_takes_the_sum),
        cmocka_unit_test(two_ranks_take_the_longest_points_first),
        cmocka_unit_test(points_in_lanes_last_as_long_as_their_number),
        cmocka_unit_test(a_lane_that_is_free_is_filled_at_once),
        cmocka_unit_test(requests_take_their_way_and_stop_rank_0),
        cmocka_unit_test(every_point_of_any_plan_is_trained_and_no_run_beats_the_ideal),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(wrong_predictions_cost_five_percent_at_most_where_work_is_plenty),
        cmocka_unit_test(rank_0_of_thousands_is_not_flooded),
        cmocka_unit_test(drawn_costs_have_the_spread_asked_for_and_keep_the_horizon),
        cmocka_unit_test(events_happen_in_order_of_time_then_of_their_coming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
