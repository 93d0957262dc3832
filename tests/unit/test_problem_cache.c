#include <string.h>

#include "linnet/linalg.h"
#include "linnet/problem.h"
#include "make_point.h"
#include "near.h"

/* A target in seeded random bases. */
static void make_random(struct ln_point *point) {
    static const double spectrum[] = {2, 1};
    point_clear(point);
    point_choose(point, LN_PROBLEM, &ln_problems, "target");
    point_set_reals(point, LN_PROBLEM, "spectrum", spectrum, 2);
    point_set_word(point, LN_PROBLEM, "basis", "random");
}

static const struct ln_problem *get(struct ln_problem_cache *cache, const struct ln_point *point) {
    const struct ln_problem *problem;
    struct ln_err err = {0};
    assert_int_equal(ln_problem_cache_get(cache, point, &problem, &err), LN_OK);
    return problem;
}

static void the_cache_shares_one_problem_among_points_of_the_same_seed(void **state) {
    (void)state;
    struct ln_problem_cache *cache = ln_problem_cache_create();
    struct ln_point point, other;
    make_random(&point);
    ln_point_copy(&other, &point);
    other.id = 9;
    assert_true(ln_problem_is_same(&point, &other));
    const struct ln_problem *first = get(cache, &point);
    assert_ptr_equal(first, get(cache, &other));
    point_set_seeds(&other, 4);
    assert_false(ln_problem_is_same(&point, &other));
    assert_ptr_not_equal(first, get(cache, &other));
    ln_point_copy(&other, &point);
    point_set_real(&other, LN_PROBLEM, "scale", 3);
    assert_false(ln_problem_is_same(&point, &other));
    assert_ptr_not_equal(first, get(cache, &other));
    ln_problem_cache_free(cache);
}

/* Many more problems pass through than the cache has room for; the one in use stays. */
static void the_cache_never_drops_a_problem_in_use_and_makes_room_when_released(void **state) {
    (void)state;
    struct ln_problem_cache *cache = ln_problem_cache_create();
    struct ln_point point;
    double kept[4];
    make_random(&point);
    const struct ln_problem *first = get(cache, &point);
    memcpy(kept, first->target, sizeof kept);
    for (uint64_t seed = 1; seed < 1500; seed++) {
        point_set_seeds(&point, seed);
        ln_problem_cache_release(cache, get(cache, &point));
    }
    assert_memory_equal(first->target, kept, sizeof kept);
    point_set_seeds(&point, 0);
    assert_ptr_equal(get(cache, &point), first);
    ln_problem_cache_free(cache);
}

static void a_problem_that_cannot_be_built_leaves_the_cache_usable(void **state) {
    (void)state;
    struct ln_problem_cache *cache = ln_problem_cache_create();
    struct ln_point good, bad;
    const struct ln_problem *problem;
    struct ln_err err = {0};
    point_clear(&bad);
    point_choose(&bad, LN_PROBLEM, &ln_problems, "target");
    make_random(&good);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(ln_problem_cache_get(cache, &bad, &problem, &err), LN_INPUT);
        ln_problem_cache_release(cache, get(cache, &good));
    }
    ln_problem_cache_free(cache);
}

static int start(void **state) {
    (void)state;
    ln_linalg_start();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cache_shares_one_problem_among_points_of_the_same_seed),
        cmocka_unit_test(the_cache_never_drops_a_problem_in_use_and_makes_room_when_released),
        cmocka_unit_test(a_problem_that_cannot_be_built_leaves_the_cache_usable),
    };
    return cmocka_run_group_tests_name("problem_cache", tests, start, NULL);
}
