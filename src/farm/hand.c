#include "hand.h"

#include <assert.h>
#include <stdlib.h>

/* A request may take a millisecond to be answered, because rank 0 computes too. The next grant
 * is asked for this long before the waiting points run out. */
static const double low_water_seconds = 5e-3;

/* But a grant that was fetched early has to wait here for the points in the lanes, while another
 * rank may be idle. So only those fetch early whose points are done soon; the others can bear the
 * millisecond. */
static const double brief_seconds = 50e-3;

void ln_hand_init(struct ln_hand *hand, const struct ln_plan *plan) {
    *hand = (struct ln_hand){.plan = plan, .group = -1, .asked = LN_WISH_WORK};
}

void ln_hand_clear(struct ln_hand *hand) {
    free(hand->started);
    hand->started = NULL;
}

static int group_of(const struct ln_plan *plan, int64_t position) {
    int low = 0, high = plan->n_groups;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (plan->groups[middle].first <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static double grant_seconds(const struct ln_plan *plan, struct ln_grant grant) {
    double seconds = 0.0;
    for (int64_t i = 0; i < grant.count; i++)
        seconds += plan->cost[grant.first + i];
    return seconds;
}

static void move_ahead_to_now(struct ln_hand *hand) {
    hand->now = hand->ahead;
    hand->now_seconds = grant_seconds(hand->plan, hand->now);
    hand->ahead.count = 0;
}

static void note_rest(struct ln_hand *hand, enum ln_rest rest) {
    hand->is_late |= rest == LN_REST_LATE;
    hand->is_dry |= rest == LN_REST_DRY;
}

/* What the grant says of the rest holds for its group, which may come to its turn only later. */
static void take_in(struct ln_hand *hand, struct ln_grant grant) {
    hand->ahead = grant;
    hand->is_retired = grant.rest == LN_REST_NOTHING;
    if (group_of(hand->plan, grant.first) == hand->group)
        note_rest(hand, grant.rest);
}

void ln_hand_answer(struct ln_hand *hand, struct ln_grant grant) {
    assert(hand->asked != LN_WISH_NOTHING && hand->ahead.count == 0);
    if (grant.count > 0)
        take_in(hand, grant);
    else if (hand->asked == LN_WISH_WORK)
        hand->is_retired = true;
    else if (hand->asked == LN_WISH_REFILL)
        hand->is_dry = true;
    else
        hand->is_late = true;
    hand->asked = LN_WISH_NOTHING;
}

bool ln_hand_has_points(const struct ln_hand *hand) {
    return hand->now.count > 0 || hand->ahead.count > 0;
}

void ln_hand_turn(struct ln_hand *hand) {
    if (hand->now.count > 0 || hand->ahead.count == 0)
        return;
    assert(hand->n_started == 0);
    hand->is_dry = hand->is_late = false;
    hand->group = group_of(hand->plan, hand->ahead.first);
    note_rest(hand, hand->ahead.rest);
    move_ahead_to_now(hand);
}

bool ln_hand_reserve(struct ln_hand *hand) {
    if (hand->n_started < hand->capacity)
        return true;
    int capacity = 2 * hand->capacity + 16;
    struct ln_started *started = realloc(hand->started, (size_t)capacity * sizeof *started);
    if (!started)
        return false;
    hand->started = started;
    hand->capacity = capacity;
    return true;
}

/* Charges the time since the last event to the points started. */
static void charge(struct ln_hand *hand, double time) {
    if (hand->n_started > 0)
        hand->charge += (time - hand->time) / hand->n_started;
    hand->time = time;
}

bool ln_hand_start(struct ln_hand *hand, double time, int64_t *cell) {
    bool goes_on = hand->now.count == 0 && hand->ahead.count > 0 &&
                   group_of(hand->plan, hand->ahead.first) == hand->group;
    if (goes_on)
        move_ahead_to_now(hand);
    if (hand->now.count == 0)
        return false;
    assert(hand->n_started < hand->capacity);
    int64_t position = hand->now.first++;
    hand->now.count--;
    hand->now_seconds -= hand->plan->cost[position];
    charge(hand, time);
    hand->started[hand->n_started++] = (struct ln_started){position, hand->charge, 0.0};
    *cell = hand->plan->ids[position];
    return true;
}

static int find_started(const struct ln_hand *hand, int64_t cell) {
    int i = 0;
    while (i < hand->n_started && hand->plan->ids[hand->started[i].position] != cell)
        i++;
    assert(i < hand->n_started); /* the engine speaks of what it was given, and finishes it once */
    return i;
}

void ln_hand_credit(struct ln_hand *hand, int64_t cell, double seconds) {
    struct ln_started *started = &hand->started[find_started(hand, cell)];
    started->charge -= seconds;
    started->earlier += seconds;
}

double ln_hand_earlier(const struct ln_hand *hand, int64_t cell) {
    return hand->started[find_started(hand, cell)].earlier;
}

double ln_hand_spent(struct ln_hand *hand, double time, int64_t cell) {
    charge(hand, time);
    return hand->charge - hand->started[find_started(hand, cell)].charge;
}

void ln_hand_finish(struct ln_hand *hand, double time, int64_t cell, double *predicted,
                    double *actual) {
    int i = find_started(hand, cell);
    charge(hand, time);
    *predicted = hand->plan->cost[hand->started[i].position];
    *actual = hand->charge - hand->started[i].charge;
    hand->started[i] = hand->started[--hand->n_started];
}

/* Whether every point in the lanes is predicted to be done soon. */
static bool is_brief(const struct ln_hand *hand) {
    int lanes = hand->group < 0 ? 1 : hand->plan->groups[hand->group].lanes;
    double scale = lanes * hand->now.factor;
    for (int i = 0; i < hand->n_started; i++)
        if (scale * hand->plan->cost[hand->started[i].position] > brief_seconds)
            return false;
    return true;
}

static enum ln_wish wish_of(const struct ln_hand *hand) {
    if (hand->ahead.count > 0)
        return LN_WISH_NOTHING;
    if (hand->group < 0 || (hand->now.count == 0 && hand->n_started == 0))
        return LN_WISH_WORK;
    int lanes = hand->plan->groups[hand->group].lanes;
    bool is_low =
        hand->now.count < lanes || hand->now.factor * hand->now_seconds < low_water_seconds;
    if (is_low && !hand->is_late && is_brief(hand))
        return LN_WISH_AHEAD;
    bool is_idle = hand->now.count == 0 && hand->n_started < lanes;
    return is_idle && !hand->is_dry ? LN_WISH_REFILL : LN_WISH_NOTHING;
}

enum ln_wish ln_hand_ask(struct ln_hand *hand) {
    if (hand->asked != LN_WISH_NOTHING || hand->is_retired)
        return LN_WISH_NOTHING;
    return hand->asked = wish_of(hand);
}
