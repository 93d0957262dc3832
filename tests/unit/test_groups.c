/* Which points the plan puts into one group: those that may share a batch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/plan.h"
#include "linnet/problem.h"
#include "near.h"

static struct ln_plan *plan_of(const char *text, struct ln_sweep **sweep) {
    struct ln_plan *plan = NULL;
    struct ln_err err = {0};
    if (ln_sweep_parse("test", text, strlen(text), NULL, 0, NULL, sweep, &err) ||
        ln_plan_create(*sweep, NULL, &plan, &err))
        fail_msg("%s", err.text);
    return plan;
}

/* Every group has one problem, and no two groups of a shape the same. */
static void assert_one_problem_a_group(const struct ln_plan *plan, const struct ln_sweep *sweep) {
    static struct ln_point first[2], other;
    for (int g = 0; g < plan->n_groups; g++) {
        const struct ln_group *group = &plan->groups[g];
        ln_sweep_point(sweep, plan->ids[group->first], &first[g % 2]);
        for (int64_t i = 1; i < group->count; i++) {
            ln_sweep_point(sweep, plan->ids[group->first + i], &other);
            assert_true(ln_problem_is_same(&first[g % 2], &other));
            assert_true(ln_problem_hash(&first[g % 2]) == ln_problem_hash(&other));
        }
        if (g > 0 && plan->groups[g - 1].kind == group->kind) {
            assert_false(ln_problem_is_same(&first[0], &first[1]));
            assert_false(ln_problem_hash(&first[0]) == ln_problem_hash(&first[1]));
        }
    }
}

#define REST                                                                                       \
    "model: {kind: diagonal, init: {kind: diagonal}}\ntrain: {max_steps: 10}\n"                    \
    "axes: {scale: [0.1, 0.2, 0.3], step_size: [0.01, 0.02], "

static void groups_of_shared_problems_have_one_problem_each(void **state) {
    (void)state;
    struct ln_sweep *sweep;
    struct ln_plan *plan =
        plan_of("linnet: 1\nproblem: {kind: teacher, samples: 40, inputs: 30}\n" REST
                "data_seed: {count: 5}, noise: [0, 0.1]}\n",
                &sweep);
    assert_int_equal(plan->n_points, 60);
    assert_int_equal(plan->n_groups, 10);
    assert_one_problem_a_group(plan, sweep);
    for (int g = 0; g < plan->n_groups; g++)
        assert_int_equal(plan->groups[g].count, 6);
    ln_plan_free(plan);
    ln_sweep_free(sweep);
}

static void small_shapes_mix_problems_in_a_group(void **state) {
    (void)state;
    struct ln_sweep *sweep;
    struct ln_plan *plan =
        plan_of("linnet: 1\nproblem: {kind: teacher, samples: 40, inputs: 20}\n" REST
                "data_seed: {count: 5}}\n",
                &sweep);
    assert_int_equal(plan->n_groups, 1);
    ln_plan_free(plan);
    ln_sweep_free(sweep);
}

/* Quadratic work would take minutes, and so would building every problem. */
static void thousands_of_problems_are_planned_by_hash(void **state) {
    (void)state;
    struct ln_sweep *sweep;
    struct ln_plan *plan =
        plan_of("linnet: 1\nproblem: {kind: teacher, samples: 9, inputs: 25}\n" REST
                "data_seed: {count: 5000}}\n",
                &sweep);
    assert_int_equal(plan->n_points, 30000);
    assert_int_equal(plan->n_groups, 5000);
    assert_one_problem_a_group(plan, sweep);
    ln_plan_free(plan);
    ln_sweep_free(sweep);
}

/* Given samples are the same under every seed. */
static void seeds_do_not_tell_given_data_apart(void **state) {
    (void)state;
    char text[4096] = "linnet: 1\nproblem: {kind: data, y: [[1, 2]], x: [";
    for (int i = 0; i < 26; i++)
        snprintf(text + strlen(text), 40, "%s[%d, 1]", i ? ", " : "", i % 5);
    strcat(text, "]}\n" REST "data_seed: {count: 4}}\n");
    struct ln_sweep *sweep;
    struct ln_plan *plan = plan_of(text, &sweep);
    assert_int_equal(plan->n_points, 24);
    assert_int_equal(plan->n_groups, 1);
    ln_plan_free(plan);
    ln_sweep_free(sweep);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_of_shared_problems_have_one_problem_each),
        cmocka_unit_test(small_shapes_mix_problems_in_a_group),
        cmocka_unit_test(thousands_of_problems_are_planned_by_hash),
        cmocka_unit_test(seeds_do_not_tell_given_data_apart),
    };
    return cmocka_run_group_tests_name("groups", tests, start, NULL);
}
