#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/coordinator.h"
#include "make_plan.h"

static void check_grant(const struct ln_plan *plan, struct ln_grant grant, int n_ranks) {
    assert_true(grant.count > 0 && grant.count <= 4096);
    int group = group_of(plan, grant.first);
    assert_int_equal(group, group_of(plan, grant.first + grant.count - 1));
    double per_rank = plan->total_cost / n_ranks;
    double limit = fmax(fmin(1.0, per_rank / 5.0), fmin(n_ranks / 1e5, per_rank / 2));
    if (grant.count > plan->groups[group].lanes)
        assert_true(cost_of(plan, grant) <= limit * (1.0 + 1e-9));
}

/* What one run of random events granted. */
struct tally {
    int64_t n_granted;
    char *seen; /* [n_points] */
};

static void mark(struct tally *tally, struct ln_grant grant) {
    for (int64_t i = grant.first; i < grant.first + grant.count; i++) {
        assert_int_equal(tally->seen[i], 0);
        tally->seen[i] = 1;
    }
    tally->n_granted += grant.count;
}

enum { MAX_RANKS = 9 };

/* One random rank does one random thing: asks, asks for a refill, or reports some of what it holds.
 */
static void random_event(struct fixture *f, struct ln_coordinator *c, int n_ranks,
                         struct ln_grant *held, bool *retired, struct tally *tally) {
    int r = (int)below(f, n_ranks);
    if (held[r].count > 0) {
        int64_t n = 1 + below(f, held[r].count);
        struct ln_grant part = {held[r].first, n, 1.0, LN_REST_PLENTY};
        report(c, r, &f->plan, part, 1.0);
        held[r].first += n;
        held[r].count -= n;
        return;
    }
    if (retired[r])
        return;
    bool refill = below(f, 3) == 0;
    held[r] = refill ? ln_coordinator_refill(c, r) : ln_coordinator_ask(c, r);
    if (held[r].count > 0) {
        check_grant(&f->plan, held[r], n_ranks);
        mark(tally, held[r]);
    } else if (!refill) {
        retired[r] = true;
    }
}

static bool anything_held(const struct ln_grant *held, int n_ranks) {
    for (int r = 0; r < n_ranks; r++)
        if (held[r].count > 0)
            return true;
    return false;
}

/* Runs to the end, or stops after stop_after events; returns the number of points granted. */
static int64_t drive(struct fixture *f, int n_ranks, int64_t stop_after) {
    struct ln_coordinator *c = ln_coordinator_create(&f->plan, n_ranks);
    struct ln_grant held[MAX_RANKS] = {{0, 0, 0.0, LN_REST_PLENTY}};
    bool retired[MAX_RANKS] = {false};
    struct tally tally = {0, calloc((size_t)f->plan.n_points + 1, 1)};
    int64_t granted_at_stop = 0;
    int64_t most = 1000 * (f->plan.n_points + n_ranks);
    for (int64_t event = 0; !ln_coordinator_is_finished(c) || anything_held(held, n_ranks);
         event++) {
        assert_true(event < most);
        if (event == stop_after) {
            ln_coordinator_stop(c);
            granted_at_stop = tally.n_granted;
        }
        random_event(f, c, n_ranks, held, retired, &tally);
        if (event >= stop_after)
            assert_int_equal(tally.n_granted, granted_at_stop);
    }
    assert_int_equal(ln_coordinator_n_done(c), tally.n_granted);
    double left = 0.0;
    for (int64_t i = 0; i < f->plan.n_points; i++)
        left += tally.seen[i] ? 0.0 : f->plan.cost[i];
    assert_true(fabs(ln_coordinator_seconds_left(c) - left) <= 1e-9 * f->plan.total_cost);
    free(tally.seen);
    ln_coordinator_free(c);
    return tally.n_granted;
}

static void every_point_is_granted_exactly_once_in_any_order_of_events(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct fixture f;
        make_plan(&f, seed, (int)(seed % 7) + 1, 200, 8, 5.0, 6.0);
        assert_int_equal(drive(&f, (int)(seed % MAX_RANKS) + 1, INT64_MAX), f.plan.n_points);
        free_plan(&f);
    }
}

static void nothing_is_granted_after_a_stop(void **state) {
    (void)state;
    int n_cut_short = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct fixture f;
        make_plan(&f, seed, 4, 200, 8, 5.0, 6.0);
        int64_t stop_after = below(&f, f.plan.n_points);
        n_cut_short += drive(&f, 5, stop_after) < f.plan.n_points;
        free_plan(&f);
    }
    assert_true(n_cut_short > 100);
}

static void an_empty_plan_retires_every_rank_at_once(void **state) {
    (void)state;
    struct fixture f;
    make_plan(&f, 1, 0, 1, 1, 1.0, 1.0);
    assert_int_equal(drive(&f, 3, INT64_MAX), 0);
    free_plan(&f);
}

static void a_refill_never_changes_the_shape_and_never_retires(void **state) {
    (void)state;
    struct fixture f;
    make_plan(&f, 5, 2, 1, 1, 1.0, 1.0);
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 1);
    assert_int_equal(ln_coordinator_refill(c, 0).count, 0); /* no shape yet */
    assert_int_equal(ln_coordinator_ask(c, 0).count, 1);
    assert_int_equal(ln_coordinator_refill(c, 0).count, 0); /* the other group is open */
    assert_int_equal(ln_coordinator_ask(c, 0).count, 1);
    assert_int_equal(ln_coordinator_ask(c, 0).count, 0);
    assert_true(ln_coordinator_is_finished(c));
    ln_coordinator_free(c);
    free_plan(&f);
}

struct run {
    double makespan;
    int64_t n_grants, n_changes; /* of shape */
};

static int first_free(const double *free_at, const bool *retired, int n_ranks) {
    int best = -1;
    for (int r = 0; r < n_ranks; r++)
        if (!retired[r] && (best < 0 || free_at[r] < free_at[best]))
            best = r;
    return best;
}

/* Discrete-event simulation: the rank that is free first asks next; costs are exactly as predicted.
 */
static struct run simulate(const struct ln_plan *plan, int n_ranks) {
    struct ln_coordinator *c = ln_coordinator_create(plan, n_ranks);
    double *free_at = calloc((size_t)n_ranks, sizeof *free_at);
    int *group = calloc((size_t)n_ranks, sizeof *group);
    bool *retired = calloc((size_t)n_ranks, sizeof *retired);
    struct run run = {0.0, 0, 0};
    while (!ln_coordinator_is_finished(c)) {
        int r = first_free(free_at, retired, n_ranks);
        struct ln_grant grant = ln_coordinator_ask(c, r);
        if (grant.count == 0) {
            retired[r] = true;
            continue;
        }
        int now = group_of(plan, grant.first) + 1;
        run.n_changes += group[r] != now;
        group[r] = now;
        run.n_grants++;
        free_at[r] += cost_of(plan, grant);
        run.makespan = fmax(run.makespan, free_at[r]);
        report(c, r, plan, grant, 1.0);
    }
    free(free_at);
    free(group);
    free(retired);
    ln_coordinator_free(c);
    return run;
}

static double longest_point(const struct ln_plan *plan) {
    double longest = 0.0;
    for (int64_t i = 0; i < plan->n_points; i++)
        longest = fmax(longest, plan->cost[i]);
    return longest;
}

static void the_makespan_of_a_heavy_tailed_plan_is_within_five_percent_of_ideal(void **state) {
    (void)state;
    static const int ranks[] = {2, 8, 64};
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct fixture f;
        make_plan(&f, 100 + seed, 12, 2000, 1, 300.0, 7.0);
        for (int i = 0; i < 3; i++) {
            struct run run = simulate(&f.plan, ranks[i]);
            double ideal = fmax(f.plan.total_cost / ranks[i], longest_point(&f.plan));
            assert_true(run.makespan <= 1.05 * ideal);
        }
        free_plan(&f);
    }
}

static void a_long_point_of_another_shape_does_not_wait_for_the_shape_in_hand(void **state) {
    (void)state;
    /* The longest points draw all ranks to the first group, which has much short work too; the long
     * point of the second group must be started before that is used up. */
    struct fixture f;
    make_plan(&f, 7, 2, 1, 1, 1.0, 1.0);
    enum { N_LONG = 8, N_SHORT = 3000 };
    static double cost[N_LONG + N_SHORT + 1];
    for (int i = 0; i < N_LONG + N_SHORT; i++)
        cost[i] = i < N_LONG ? 1.0 : 5e-3;
    cost[N_LONG + N_SHORT] = 0.99;
    free(f.plan.cost);
    f.plan.cost = cost;
    f.plan.groups[0].count = f.plan.groups[1].first = N_LONG + N_SHORT;
    f.plan.n_points = N_LONG + N_SHORT + 1;
    f.plan.total_cost = N_LONG + N_SHORT * 5e-3 + 0.99;
    assert_true(simulate(&f.plan, 8).makespan <= 1.05 * f.plan.total_cost / 8);
    free(f.plan.ids);
    free(f.plan.groups);
}

static void a_rank_seldom_changes_its_shape(void **state) {
    (void)state;
    struct fixture f;
    make_plan(&f, 8, 12, 2000, 1, 0.1, 2.0); /* no point is long */
    struct run run = simulate(&f.plan, 8);
    assert_true(run.n_grants >= 8 * 20);
    assert_true(run.n_changes <= run.n_grants / 4);
    free_plan(&f);
}

/* What the coordinator should know of the groups. */
enum { GROUPS = 60 };

struct mirror {
    int64_t next[GROUPS];
    int n_at[GROUPS], n_ranks;
};

static double left_of(const struct ln_plan *plan, const struct ln_coordinator *c,
                      const struct mirror *m, int g) {
    const struct ln_group *group = &plan->groups[g];
    double left = 0.0;
    for (int64_t i = m->next[g]; i < group->first + group->count; i++)
        left += ln_coordinator_factor(c, g) * plan->cost[i];
    return left;
}

/* How long the longest point left of a group lasts; 0: none is left. */
static double head_of(const struct ln_plan *plan, const struct ln_coordinator *c,
                      const struct mirror *m, int g) {
    const struct ln_group *group = &plan->groups[g];
    if (m->next[g] == group->first + group->count)
        return 0.0;
    return group->lanes * ln_coordinator_factor(c, g) * plan->cost[m->next[g]];
}

/* The rule that the heaps stand for, by search. -1: nothing is left. */
static int slow_choice(const struct ln_plan *plan, const struct ln_coordinator *c,
                       const struct mirror *m, int own) {
    int deserted = -1, longest = -1, needy = -1;
    double all = 0.0, most_deserted = 0.0, most = 0.0, need = 0.0;
    for (int g = 0; g < plan->n_groups; g++) {
        double head = head_of(plan, c, m, g), left = left_of(plan, c, m, g);
        all += left;
        if (m->n_at[g] == 0 && head > most_deserted) {
            most_deserted = head;
            deserted = g;
        }
        if (head > most) {
            most = head;
            longest = g;
        }
        if (left / (m->n_at[g] + 1) > need) {
            need = left / (m->n_at[g] + 1);
            needy = g;
        }
    }
    bool has_own = own >= 0 && head_of(plan, c, m, own) > 0.0;
    if (!has_own && most * 2 > all / m->n_ranks)
        return longest;
    if (most_deserted * 4 > all / m->n_ranks)
        return deserted;
    return has_own ? own : needy;
}

static void a_rank_is_sent_where_a_slow_search_would_send_it(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        enum { RANKS = 7 };
        struct fixture f;
        struct mirror m = {.n_ranks = RANKS};
        int own[RANKS];
        make_plan(&f, seed, GROUPS, 30, 8, 5.0, 3.0);
        for (int g = 0; g < GROUPS; g++)
            m.next[g] = f.plan.groups[g].first;
        for (int r = 0; r < RANKS; r++)
            own[r] = -1;
        struct ln_coordinator *c = ln_coordinator_create(&f.plan, RANKS);
        for (;;) {
            int r = (int)below(&f, RANKS), expected = slow_choice(&f.plan, c, &m, own[r]);
            if (expected < 0)
                break;
            struct ln_grant grant = ln_coordinator_ask(c, r);
            assert_true(grant.count > 0);
            assert_int_equal(group_of(&f.plan, grant.first), expected);
            assert_int_equal(grant.first, m.next[expected]);
            m.next[expected] += grant.count;
            if (own[r] >= 0)
                m.n_at[own[r]]--;
            m.n_at[expected]++;
            own[r] = expected;
            if (below(&f, 2))
                report(c, r, &f.plan, grant, pow(10.0, 2.0 * uniform(&f) - 1.0));
        }
        ln_coordinator_free(c);
        free_plan(&f);
    }
}

static void ranks_are_spread_over_the_groups_as_the_work_is(void **state) {
    (void)state;
    struct fixture f;
    make_plan(&f, 13, 3, 1, 1, 1.0, 0.0);
    static double cost[6000];
    static const int64_t counts[3] = {1000, 2000, 3000};
    for (int i = 0; i < 6000; i++)
        cost[i] = 1e-2;
    free(f.plan.cost);
    f.plan.cost = cost;
    for (int g = 0; g < 3; g++) {
        f.plan.groups[g] = (struct ln_group){.first = g * (g + 1) * 500, .count = counts[g]};
        f.plan.groups[g].cost = 1e-2 * (double)counts[g];
        f.plan.groups[g].lanes = 1;
    }
    f.plan.n_points = 6000;
    f.plan.total_cost = 60.0;
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 12);
    int at[3] = {0, 0, 0};
    for (int r = 0; r < 12; r++)
        at[group_of(&f.plan, ln_coordinator_ask(c, r).first)]++;
    assert_int_equal(at[0], 2);
    assert_int_equal(at[1], 4);
    assert_int_equal(at[2], 6);
    ln_coordinator_free(c);
    free(f.plan.ids);
    free(f.plan.groups);
}

static void a_rank_leaves_its_group_for_a_long_point_that_nobody_is_at(void **state) {
    (void)state;
    /* 100 points of 0.1 s, and one of 4 s of another shape that the first grant does not reach. */
    struct fixture f;
    make_plan(&f, 14, 2, 1, 1, 1.0, 0.0);
    static double cost[1001];
    for (int i = 0; i < 1000; i++)
        cost[i] = 0.1;
    cost[1000] = 4.0;
    free(f.plan.cost);
    f.plan.cost = cost;
    f.plan.groups[0] = (struct ln_group){.first = 0, .count = 1000, .lanes = 1, .cost = 100.0};
    f.plan.groups[1] = (struct ln_group){.first = 1000, .count = 1, .lanes = 1, .cost = 4.0};
    f.plan.n_points = 1001;
    f.plan.total_cost = 104.0;
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 2);
    int64_t n = ln_coordinator_ask(c, 0).count; /* not urgent yet: 4 s against 52 */
    assert_int_equal(group_of(&f.plan, 0), 0);
    struct ln_grant refill = ln_coordinator_refill(c, 0);
    while (refill.count > 0) {
        n += refill.count;
        assert_true(n <= 760); /* urgent when less than 8 x 4 s are left for a rank */
        refill = ln_coordinator_refill(c, 0);
    }
    assert_true(n >= 300);
    assert_int_equal(ln_coordinator_ask(c, 0).first, 1000); /* its lanes are empty now */
    assert_true(ln_coordinator_ask(c, 1).first < 1000);
    ln_coordinator_free(c);
    free(f.plan.ids);
    free(f.plan.groups);
}

static void a_critical_point_goes_before_a_shorter_one_that_nobody_is_at(void **state) {
    (void)state;
    /* Points of 5, 4 and 3 s, the last of another shape. What is begun last should be short. */
    struct fixture f;
    make_even_plan(&f, 3, 5.0);
    f.plan.cost[1] = 4.0;
    f.plan.cost[2] = 3.0;
    free(f.plan.groups);
    f.plan.groups = calloc(2, sizeof *f.plan.groups);
    f.plan.groups[0] = (struct ln_group){.first = 0, .count = 2, .lanes = 1, .cost = 9.0};
    f.plan.groups[1] = (struct ln_group){.first = 2, .count = 1, .lanes = 1, .cost = 3.0};
    f.plan.n_groups = 2;
    f.plan.total_cost = 12.0;
    struct ln_coordinator *c = ln_coordinator_create(&f.plan, 2);
    for (int64_t i = 0; i < 3; i++) {
        struct ln_grant grant = ln_coordinator_ask(c, i == 0 ? 0 : 1);
        assert_int_equal(grant.first, i);
        assert_int_equal(grant.count, 1);
    }
    ln_coordinator_free(c);
    free_plan(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_point_is_granted_exactly_once_in_any_order_of_events),
        cmocka_unit_test(nothing_is_granted_after_a_stop),
        cmocka_unit_test(an_empty_plan_retires_every_rank_at_once),
        cmocka_unit_test(a_refill_never_changes_the_shape_and_never_retires),
        cmocka_unit_test(the_makespan_of_a_heavy_tailed_plan_is_within_five_percent_of_ideal),
        cmocka_unit_test(a_long_point_of_another_shape_does_not_wait_for_the_shape_in_hand),
        cmocka_unit_test(a_rank_seldom_changes_its_shape),
        cmocka_unit_test(a_rank_is_sent_where_a_slow_search_would_send_it),
        cmocka_unit_test(ranks_are_spread_over_the_groups_as_the_work_is),
        cmocka_unit_test(a_rank_leaves_its_group_for_a_long_point_that_nobody_is_at),
        cmocka_unit_test(a_critical_point_goes_before_a_shorter_one_that_nobody_is_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
