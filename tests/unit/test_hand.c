#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../src/farm/hand.h"

/* Two groups: 20 points of a shape that runs in 4 lanes, then 10 of one that runs alone. */
enum { N_FIRST = 20, N_POINTS = 30, LANES = 4 };

static struct ln_group groups[] = {{.first = 0, .count = N_FIRST, .lanes = LANES},
                                   {.first = N_FIRST, .count = N_POINTS - N_FIRST, .lanes = 1}};
static int64_t ids[N_POINTS];
static double cost[N_POINTS];
static const struct ln_plan plan = {
    .n_points = N_POINTS, .ids = ids, .cost = cost, .n_groups = 2, .groups = groups};

static const double brief = 1e-3, long_one = 10.0;

static void with_points_of(struct ln_hand *hand, double seconds) {
    for (int i = 0; i < N_POINTS; i++) {
        ids[i] = 1000 - i;
        cost[i] = seconds;
    }
    ln_hand_init(hand, &plan);
}

/* A grant comes in, whatever it was asked for. */
static void answer(struct ln_hand *hand, struct ln_grant grant) {
    hand->asked = LN_WISH_WORK;
    ln_hand_answer(hand, grant);
}

/* What the hand would ask for if no answer were due. */
static enum ln_wish wish(const struct ln_hand *hand) {
    struct ln_hand copy = *hand;
    copy.asked = LN_WISH_NOTHING;
    return ln_hand_ask(&copy);
}

static void accept(struct ln_hand *hand, int64_t first, int64_t count) {
    answer(hand, (struct ln_grant){first, count, 1.0, LN_REST_PLENTY});
    if (hand->n_started == 0)
        ln_hand_turn(hand);
}

static int64_t start(struct ln_hand *hand) {
    int64_t cell = -1;
    assert_true(ln_hand_reserve(hand));
    return ln_hand_start(hand, 0.0, &cell) ? cell : -1;
}

/* Returns the predicted cost. */
static double finish(struct ln_hand *hand, int64_t cell) {
    double predicted, actual;
    ln_hand_finish(hand, 0.0, cell, &predicted, &actual);
    return predicted;
}

static void an_empty_hand_wishes_for_work(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, brief);
    assert_int_equal(wish(&hand), LN_WISH_WORK);
    assert_false(ln_hand_has_points(&hand));
    assert_int_equal(start(&hand), -1);
    ln_hand_clear(&hand);
}

static void points_come_in_plan_order_with_their_cells(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, brief);
    accept(&hand, 3, 3);
    for (int64_t cell = 997; cell >= 995; cell--)
        assert_int_equal(start(&hand), cell);
    assert_int_equal(start(&hand), -1);
    ln_hand_clear(&hand);
}

static void a_grant_ahead_of_the_same_shape_is_gone_on_with(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, brief);
    accept(&hand, 0, 1);
    assert_int_equal(start(&hand), 1000);
    accept(&hand, 7, 2);
    assert_int_equal(start(&hand), 993);
    ln_hand_clear(&hand);
}

static void a_grant_ahead_of_another_shape_waits_for_the_turn(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, brief);
    accept(&hand, 0, 1);
    assert_int_equal(start(&hand), 1000);
    accept(&hand, N_FIRST, 2);
    assert_int_equal(start(&hand), -1);
    assert_true(ln_hand_has_points(&hand));
    finish(&hand, 1000);
    ln_hand_turn(&hand);
    assert_int_equal(start(&hand), 1000 - N_FIRST);
    ln_hand_clear(&hand);
}

static void points_may_finish_in_any_order(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, brief);
    cost[1] = 7.0;
    accept(&hand, 0, 3);
    for (int i = 0; i < 3; i++)
        start(&hand);
    assert_true(finish(&hand, 999) == 7.0);
    assert_true(finish(&hand, 1000) == brief);
    assert_true(finish(&hand, 998) == brief);
    assert_int_equal(hand.n_started, 0);
    ln_hand_clear(&hand);
}

static void brief_points_are_fetched_before_the_hand_is_empty(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, brief);
    accept(&hand, 0, 19);
    for (int i = 0; i < 4; i++)
        start(&hand);
    assert_int_equal(wish(&hand), LN_WISH_NOTHING);
    while (hand.now.count >= LANES)
        start(&hand);
    assert_int_equal(wish(&hand), LN_WISH_AHEAD);
    accept(&hand, 19, 1);
    assert_int_equal(wish(&hand), LN_WISH_NOTHING); /* one grant ahead is enough */
    ln_hand_clear(&hand);
}

static void nothing_is_fetched_to_wait_behind_a_long_point(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, long_one);
    accept(&hand, N_FIRST, 1);
    start(&hand);
    assert_int_equal(wish(&hand), LN_WISH_NOTHING);
    finish(&hand, 1000 - N_FIRST);
    assert_int_equal(wish(&hand), LN_WISH_WORK);
    ln_hand_clear(&hand);
}

static void idle_lanes_beside_long_points_wish_for_a_refill(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, long_one);
    accept(&hand, 0, 4);
    for (int i = 0; i < 3; i++)
        start(&hand);
    assert_int_equal(wish(&hand), LN_WISH_NOTHING); /* one is waiting */
    start(&hand);
    finish(&hand, 1000);
    assert_int_equal(wish(&hand), LN_WISH_REFILL);
    ln_hand_clear(&hand);
}

static double charge_of(struct ln_hand *hand, double time, int64_t cell) {
    double predicted, actual;
    ln_hand_finish(hand, time, cell, &predicted, &actual);
    return actual;
}

static void points_in_the_lanes_share_the_time(void **state) {
    (void)state;
    struct ln_hand hand;
    int64_t cell;
    with_points_of(&hand, brief);
    accept(&hand, 0, 3);
    assert_true(ln_hand_reserve(&hand));
    ln_hand_start(&hand, 10.0, &cell); /* what was before is nobody's */
    ln_hand_start(&hand, 12.0, &cell); /* 1000: 2 s alone */
    assert_true(charge_of(&hand, 16.0, 1000) == 4.0);
    ln_hand_start(&hand, 17.0, &cell); /* 999: 2 s of the shared four, 1 s alone */
    assert_true(charge_of(&hand, 19.0, 999) == 4.0);
    assert_true(charge_of(&hand, 20.0, 998) == 2.0);
    ln_hand_clear(&hand);
}

static void the_low_water_mark_goes_by_what_points_really_take(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, brief);
    answer(&hand, (struct ln_grant){0, 12, 1.0, LN_REST_PLENTY});
    ln_hand_turn(&hand);
    for (int i = 0; i < 4; i++)
        start(&hand);
    assert_int_equal(wish(&hand), LN_WISH_NOTHING); /* 8 ms are waiting */
    ln_hand_clear(&hand);
    with_points_of(&hand, brief);
    answer(&hand, (struct ln_grant){0, 12, 0.5, LN_REST_PLENTY});
    ln_hand_turn(&hand);
    for (int i = 0; i < 4; i++)
        start(&hand);
    assert_int_equal(wish(&hand), LN_WISH_AHEAD); /* 4 ms */
    ln_hand_clear(&hand);
    with_points_of(&hand, brief);
    answer(&hand, (struct ln_grant){0, 4, 1e3, LN_REST_PLENTY});
    ln_hand_turn(&hand);
    for (int i = 0; i < 3; i++)
        start(&hand);
    assert_int_not_equal(wish(&hand), LN_WISH_AHEAD); /* they take seconds each */
    ln_hand_clear(&hand);
}

static void one_question_at_a_time_is_asked(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, brief);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_NOTHING); /* the first grant comes unasked */
    ln_hand_answer(&hand, (struct ln_grant){0, 1, 1.0, LN_REST_PLENTY});
    ln_hand_turn(&hand);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_AHEAD);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_NOTHING);
    ln_hand_answer(&hand, (struct ln_grant){0, 0, 1.0, LN_REST_NOTHING});
    assert_false(hand.is_retired);
    start(&hand);
    finish(&hand, 1000);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_WORK);
    ln_hand_answer(&hand, (struct ln_grant){0, 0, 1.0, LN_REST_NOTHING});
    assert_true(hand.is_retired);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_NOTHING);
    ln_hand_clear(&hand);
}

static void a_dry_shape_is_not_asked_for_again(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, long_one);
    accept(&hand, 0, 2);
    start(&hand);
    start(&hand);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_REFILL);
    ln_hand_answer(&hand, (struct ln_grant){0, 0, 1.0, LN_REST_PLENTY});
    assert_false(hand.is_retired);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_NOTHING);
    finish(&hand, 1000);
    finish(&hand, 999);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_WORK); /* of another shape */
    ln_hand_answer(&hand, (struct ln_grant){3, 1, 1.0, LN_REST_PLENTY});
    ln_hand_turn(&hand);
    start(&hand);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_REFILL);
    ln_hand_clear(&hand);
}

static void what_a_grant_says_of_the_rest_saves_questions(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, brief);
    ln_hand_answer(&hand, (struct ln_grant){0, 3, 1.0, LN_REST_LATE});
    ln_hand_turn(&hand);
    start(&hand);
    assert_int_equal(wish(&hand), LN_WISH_NOTHING); /* else it would ask ahead */
    start(&hand);
    start(&hand);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_REFILL); /* a lane is idle */
    ln_hand_answer(&hand, (struct ln_grant){3, 1, 1.0, LN_REST_DRY});
    start(&hand);
    finish(&hand, 1000);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_NOTHING);
    for (int64_t cell = 999; cell >= 997; cell--)
        finish(&hand, cell);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_WORK);
    ln_hand_answer(&hand, (struct ln_grant){N_FIRST, 1, 1.0, LN_REST_NOTHING});
    ln_hand_turn(&hand);
    assert_true(hand.is_retired && ln_hand_has_points(&hand)); /* one point left, no questions */
    start(&hand);
    finish(&hand, 1000 - N_FIRST);
    assert_int_equal(ln_hand_ask(&hand), LN_WISH_NOTHING);
    ln_hand_clear(&hand);
}

static void full_lanes_wish_for_no_refill(void **state) {
    (void)state;
    struct ln_hand hand;
    with_points_of(&hand, long_one);
    accept(&hand, 0, LANES);
    for (int i = 0; i < LANES; i++)
        start(&hand);
    assert_int_equal(wish(&hand), LN_WISH_NOTHING);
    finish(&hand, 1000);
    assert_int_equal(wish(&hand), LN_WISH_REFILL);
    ln_hand_clear(&hand);
}

/* So that a point costs what it cost in all, and predictions are put right by that. */
static void a_point_that_goes_on_is_charged_what_was_spent_before_too(void **state) {
    (void)state;
    struct ln_hand hand;
    double predicted, actual;
    int64_t cell;
    with_points_of(&hand, long_one);
    accept(&hand, 0, 2);
    assert_true(ln_hand_reserve(&hand));
    assert_true(ln_hand_start(&hand, 100.0, &cell));
    ln_hand_credit(&hand, cell, 30.0);
    assert_true(ln_hand_spent(&hand, 102.0, cell) == 32.0);
    assert_true(ln_hand_earlier(&hand, cell) == 30.0);
    assert_true(ln_hand_reserve(&hand));
    assert_true(ln_hand_start(&hand, 104.0, &cell));
    assert_true(ln_hand_spent(&hand, 106.0, cell) == 1.0);
    ln_hand_finish(&hand, 108.0, 1000, &predicted, &actual);
    assert_true(predicted == long_one && actual == 36.0);
    assert_true(ln_hand_spent(&hand, 109.0, cell) == 3.0);
    ln_hand_clear(&hand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_hand_wishes_for_work),
        cmocka_unit_test(points_come_in_plan_order_with_their_cells),
        cmocka_unit_test(a_grant_ahead_of_the_same_shape_is_gone_on_with),
        cmocka_unit_test(a_grant_ahead_of_another_shape_waits_for_the_turn),
        cmocka_unit_test(points_may_finish_in_any_order),
        cmocka_unit_test(brief_points_are_fetched_before_the_hand_is_empty),
        cmocka_unit_test(nothing_is_fetched_to_wait_behind_a_long_point),
        cmocka_unit_test(one_question_at_a_time_is_asked),
        cmocka_unit_test(a_dry_shape_is_not_asked_for_again),
        cmocka_unit_test(what_a_grant_says_of_the_rest_saves_questions),
        cmocka_unit_test(full_lanes_wish_for_no_refill),
        cmocka_unit_test(points_in_the_lanes_share_the_time),
        cmocka_unit_test(a_point_that_goes_on_is_charged_what_was_spent_before_too),
        cmocka_unit_test(the_low_water_mark_goes_by_what_points_really_take),
        cmocka_unit_test(idle_lanes_beside_long_points_wish_for_a_refill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
