/* Shards of a plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/interrupt.h"
#include "make_plan.h"

enum { GROUPS = 5, POINTS = 200 };

/* The same plan for the same seed. */
static void make(struct fixture *f, uint64_t seed, double decades) {
    make_plan(f, seed, GROUPS, POINTS, 8, 3.0, decades);
    f->plan.n_cells = f->plan.n_points;
}

/* Groups are ranges one after the other whose costs add up, longest point first. */
static void check_groups(const struct ln_plan *plan) {
    int64_t first = 0;
    double total = 0;
    for (int g = 0; g < plan->n_groups; g++) {
        const struct ln_group *group = &plan->groups[g];
        double cost = 0;
        assert_int_equal(group->first, first);
        assert_true(group->count > 0);
        for (int64_t i = first; i < first + group->count; i++) {
            assert_true(i == first || plan->cost[i] <= plan->cost[i - 1]);
            cost += plan->cost[i];
        }
        assert_true(fabs(group->cost - cost) <= 1e-12 * cost);
        first += group->count;
        total += cost;
    }
    assert_int_equal(first, plan->n_points);
    assert_true(fabs(plan->total_cost - total) <= 1e-12 * (total + 1));
}

static void take_shard(struct ln_plan *plan, int shard, int n_shards) {
    struct ln_err err = {0};
    assert_int_equal(ln_plan_take_shard(plan, shard, n_shards, &err), LN_OK);
}

static void each_point_is_in_one_shard_and_shards_cost_about_the_same(void **state) {
    (void)state;
    for (int n = 1; n <= 40; n++) {
        struct fixture f;
        int owner[GROUPS * POINTS] = {0};
        double least = INFINITY, most = 0, longest = 0;
        int64_t n_points = 0, n_all = 0;
        for (int shard = 1; shard <= n; shard++) {
            make(&f, (uint64_t)n, 4.0);
            n_all = f.plan.n_points;
            for (int64_t i = 0; i < n_all; i++)
                longest = fmax(longest, f.plan.cost[i]);
            take_shard(&f.plan, shard, n);
            check_groups(&f.plan);
            assert_int_equal(f.plan.n_points + f.plan.n_elsewhere, n_all);
            for (int64_t i = 0; i < f.plan.n_points; i++)
                owner[f.plan.ids[i]]++;
            n_points += f.plan.n_points;
            least = fmin(least, f.plan.total_cost);
            most = fmax(most, f.plan.total_cost);
            free_plan(&f);
        }
        assert_int_equal(n_points, n_all);
        for (int64_t i = 0; i < n_all; i++)
            assert_int_equal(owner[i], 1);
        assert_true(most - least <= longest * (1 + 1e-6));
    }
}

static void points_of_one_cost_go_to_the_shards_in_turn(void **state) {
    (void)state;
    struct fixture f;
    make_even_plan(&f, 10, 0.5);
    f.plan.n_cells = 10;
    take_shard(&f.plan, 2, 4);
    assert_int_equal(f.plan.n_points, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(f.plan.ids[i], 4 * i + 1);
    free_plan(&f);
}

static void more_shards_than_points_leave_the_last_ones_empty(void **state) {
    (void)state;
    struct fixture f;
    make_even_plan(&f, 3, 0.5);
    f.plan.n_cells = 3;
    take_shard(&f.plan, 4, 7);
    assert_int_equal(f.plan.n_points, 0);
    assert_int_equal(f.plan.n_groups, 0);
    assert_true(f.plan.total_cost == 0);
    free_plan(&f);
}

static void the_last_bits_of_a_prediction_do_not_move_points_between_shards(void **state) {
    (void)state;
    for (int shard = 1; shard <= 7; shard++) {
        struct fixture f;
        make_even_plan(&f, 70, 0.3);
        f.plan.n_cells = 70;
        for (int64_t i = 0; i < 70; i++)
            f.plan.cost[i] *= 1 + (double)(i * i % 5) * 0x1p-52;
        take_shard(&f.plan, shard, 7);
        assert_int_equal(f.plan.n_points, 10);
        for (int64_t i = 0; i < 10; i++)
            assert_int_equal(f.plan.ids[i], 7 * i + shard - 1);
        free_plan(&f);
    }
}

static bool yes(void *ctx) {
    (void)ctx;
    return true;
}

static void a_stop_while_points_are_dealt_out_leaves_the_plan_whole(void **state) {
    (void)state;
    struct fixture f;
    struct ln_err err = {0};
    make(&f, 13, 3.0);
    int64_t n_all = f.plan.n_points;
    ln_interrupt_by((struct ln_interrupt){yes, NULL});
    assert_int_equal(ln_plan_take_shard(&f.plan, 1, 4, &err), LN_STOPPED);
    ln_interrupt_by((struct ln_interrupt){0});
    assert_int_equal(f.plan.n_points, n_all);
    assert_int_equal(f.plan.n_elsewhere, 0);
    check_groups(&f.plan);
    free_plan(&f);
}

static void finished_points_leave_the_plan_and_the_rest_keeps_its_order(void **state) {
    (void)state;
    struct fixture f;
    uint8_t done[GROUPS * POINTS];
    make(&f, 11, 3.0);
    int64_t n_all = f.plan.n_points, last = -1, n_done = 0;
    for (int64_t i = 0; i < n_all; i++)
        n_done += done[i] = i < f.plan.groups[0].count || i % 3 == 0 ? 1 : 0;
    ln_plan_drop_done(&f.plan, done);
    check_groups(&f.plan);
    assert_int_equal(f.plan.n_done, n_done);
    assert_int_equal(f.plan.n_points, n_all - n_done);
    assert_true(f.plan.n_groups < GROUPS);
    for (int64_t i = 0; i < f.plan.n_points; last = f.plan.ids[i++])
        assert_true(f.plan.ids[i] > last && !done[f.plan.ids[i]]);
    free_plan(&f);
}

static void suspects_leave_the_plan_and_stand_alone_at_the_price_of_a_point_alone(void **state) {
    (void)state;
    struct fixture f;
    uint8_t cells[GROUPS * POINTS] = {0};
    make(&f, 12, 3.0);
    int64_t n_all = f.plan.n_points, last = -1;
    double alone = 0;
    for (int g = 0; g < f.plan.n_groups; g++) {
        struct ln_group *group = &f.plan.groups[g];
        group->solo = 1.0 + g;
        for (int64_t i = group->first; i < group->first + group->count; i += 7) {
            cells[f.plan.ids[i]] = 1;
            alone += group->solo * f.plan.cost[i];
        }
    }
    struct ln_plan *apart = ln_plan_set_apart(&f.plan, cells);
    check_groups(&f.plan);
    check_groups(apart);
    assert_int_equal(f.plan.n_points + apart->n_points, n_all);
    assert_int_equal(apart->n_groups, apart->n_points);
    for (int64_t i = 0; i < f.plan.n_points; i++)
        assert_false(cells[f.plan.ids[i]]);
    for (int64_t i = 0; i < apart->n_points; last = apart->ids[i++])
        assert_true(cells[apart->ids[i]] && apart->ids[i] > last && apart->groups[i].lanes == 1);
    assert_true(fabs(apart->total_cost - alone) <= 1e-12 * alone);
    for (int64_t i = 0; i + 3 <= apart->n_points; i += 3) {
        struct ln_plan *part = ln_plan_part(apart, i, 3);
        check_groups(part);
        assert_true(part->n_points == 3 && part->n_groups == 3);
        for (int k = 0; k < 3; k++)
            assert_true(part->ids[k] == apart->ids[i + k] && part->cost[k] == apart->cost[i + k] &&
                        part->groups[k].kind == apart->groups[i + k].kind);
        ln_plan_free(part);
    }
    ln_plan_free(apart);
    free_plan(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_point_is_in_one_shard_and_shards_cost_about_the_same),
        cmocka_unit_test(points_of_one_cost_go_to_the_shards_in_turn),
        cmocka_unit_test(more_shards_than_points_leave_the_last_ones_empty),
        cmocka_unit_test(the_last_bits_of_a_prediction_do_not_move_points_between_shards),
        cmocka_unit_test(a_stop_while_points_are_dealt_out_leaves_the_plan_whole),
        cmocka_unit_test(finished_points_leave_the_plan_and_the_rest_keeps_its_order),
        cmocka_unit_test(suspects_leave_the_plan_and_stand_alone_at_the_price_of_a_point_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
