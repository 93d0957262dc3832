/* The order of grants, and why the makespan is near ideal.
 *
 * Whatever the order, a rank that runs dry is served at once. So the last grant to end began when
 * no more than total / ranks seconds had passed, and the makespan is at most total / ranks +
 * (duration of that grant). Two rules keep that second term small.
 *
 * Long points start early. Changing the shape means to run the lanes empty and to set the kernels
 * up again, so a rank stays with its group while that has points left, and takes the longest first.
 * A rank that is free is sent where the most work is left for each rank that is there, itself
 * included (D'Hondt's rule): the ranks are spread over the groups as the work is, all groups begin
 * with their longest points at once, and ranks change their shape seldom. Two exceptions make this
 * a longest-first rule also where ranks are few or predictions bad. A point is critical when its
 * duration is more than 1/CRITICAL of the time left per rank; the longest critical point is granted
 * to the next rank that is free, before any other, so that what begins last is short. A point is
 * urgent when it is more than 1/URGENT; the longest urgent point of a group without a rank is
 * granted next, also to a rank that would have to leave its group.
 *
 * Short points go out in grants of at most 1/SHARES of the time left per rank. Grants shrink as the
 * work does, and the last ones are single points. (On longest-first order, a grant of a fixed share
 * of the POINTS left would hold most of the work: up to 39 times the ideal makespan.)
 *
 * More eager rules cost more than they save: a rank that leaves its group runs its lanes empty, and
 * a small grant that is the last of its shape does not fill them. The numbers below were chosen
 * among some fifteen sets by simulation of the sweeps in sweeps/; bench/notes.md says where they
 * lose.
 *
 * Rank 0 answers one request at a time. Grants are therefore at least so long that all ranks
 * together ask requests_per_second; but where little is left, that would be too much in one hand,
 * and half of the time left per rank is the limit: the work then goes out in rounds of which each
 * takes half of what is left, down to grants that together ask most_requests_per_second, for then
 * a rank would wait for an answer longer than it works. (The first grants need no request; a run
 * that is shorter than that altogether is dealt out in them.) And a grant says what is left to be
 * had after it, which saves questions whose answer is no.
 *
 * A point's cost is its share of a core when all lanes of its worker are busy. The point itself
 * lasts `lanes` times as long, because that many advance together; urgency is about this duration.
 * All seconds here are predictions times the factor of their group (calibration.h). Within a group
 * the plan's order stays; between groups, a heap holds the longest point left of each.
 *
 * A rank asks ahead for what will have to wait until its lanes are free. Once points are urgent
 * that is too late: they would wait while other ranks run dry. A rank that asks for a refill has
 * idle lanes beside busy ones; points of another shape would have to wait for these, so it gets
 * its own shape or nothing. */
#include "linnet/coordinator.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "calibration.h"
#include "heap.h"

enum { URGENT = 4, CRITICAL = 2, SHARES = 5, MAX_GRANT = 4096 };

static const double max_grant_seconds = 1.0, requests_per_second = 1e5,
                    most_requests_per_second = 2.5e5;

/* Of what a rank has in hand: what takes longer than predicted is not over yet. */
static const double most_spent = 0.95;

/* What a point costs even if it is predicted to be free. */
static const double min_point_seconds = 1e-6;

struct rank {
    int group;           /* of its last grant; -1: none yet */
    int64_t outstanding; /* points granted and not reported done */
    double in_hand;      /* predicted seconds of these */
    double factor;       /* of the group they were granted of last */
    double actual;       /* core seconds of this run in those that are done */
    bool is_retired;
};

struct ln_coordinator {
    const struct ln_plan *plan;
    int n_ranks, n_retired;
    bool is_stopped;
    struct ln_calibration calibration;
    /* Groups with points left to grant: by head_duration, all and those without ranks; by seconds
     * left for each of their ranks and one more. */
    struct ln_heap longest, deserted, needy;
    int *n_at;           /* [n_groups] ranks whose last grant was of it */
    int64_t *next;       /* [n_groups] first position not yet granted */
    double *left;        /* [n_groups] predicted seconds not yet granted */
    struct rank *ranks;  /* [n_ranks] */
    int64_t points_left; /* not yet granted */
    double seconds_left; /* not yet granted, calibrated */
    double share;        /* of a rank in the whole work, as predicted */
};

static double point_seconds(const struct ln_plan *plan, int64_t position) {
    double cost = plan->cost[position];
    return cost > min_point_seconds ? cost : min_point_seconds;
}

static bool is_open(const struct ln_coordinator *coordinator, int group) {
    const struct ln_group *g = &coordinator->plan->groups[group];
    return coordinator->next[group] < g->first + g->count;
}

/* How long the first point left in the group keeps its lane busy. */
static double head_duration(const struct ln_coordinator *coordinator, int group) {
    const struct ln_plan *plan = coordinator->plan;
    return plan->groups[group].lanes * coordinator->calibration.factor[group] *
           point_seconds(plan, coordinator->next[group]);
}

/* Puts the group where it belongs in the heaps. */
static void place_group(struct ln_coordinator *coordinator, int group) {
    ln_heap_remove(&coordinator->deserted, group);
    if (!is_open(coordinator, group)) {
        ln_heap_remove(&coordinator->longest, group);
        ln_heap_remove(&coordinator->needy, group);
        return;
    }
    double seconds = coordinator->calibration.factor[group] * coordinator->left[group];
    double duration = head_duration(coordinator, group);
    ln_heap_put(&coordinator->longest, group, duration);
    ln_heap_put(&coordinator->needy, group, seconds / (coordinator->n_at[group] + 1));
    if (coordinator->n_at[group] == 0)
        ln_heap_put(&coordinator->deserted, group, duration);
}

/* After all factors have moved; also gets rid of the rounding in seconds_left. */
static void place_all(struct ln_coordinator *coordinator) {
    coordinator->seconds_left = 0.0;
    for (int g = 0; g < coordinator->plan->n_groups; g++) {
        place_group(coordinator, g);
        coordinator->seconds_left += coordinator->calibration.factor[g] * coordinator->left[g];
    }
}

static bool allocate(struct ln_coordinator *coordinator) {
    const struct ln_plan *plan = coordinator->plan;
    size_t n_groups = (size_t)plan->n_groups + 1;
    coordinator->next = calloc(n_groups, sizeof *coordinator->next);
    coordinator->left = calloc(n_groups, sizeof *coordinator->left);
    coordinator->n_at = calloc(n_groups, sizeof *coordinator->n_at);
    coordinator->ranks = calloc((size_t)coordinator->n_ranks, sizeof *coordinator->ranks);
    return coordinator->next && coordinator->left && coordinator->n_at && coordinator->ranks &&
           ln_calibration_init(&coordinator->calibration, plan) &&
           ln_heap_init(&coordinator->longest, plan->n_groups) &&
           ln_heap_init(&coordinator->deserted, plan->n_groups) &&
           ln_heap_init(&coordinator->needy, plan->n_groups);
}

struct ln_coordinator *ln_coordinator_create(const struct ln_plan *plan, int n_ranks) {
    struct ln_coordinator *coordinator = calloc(1, sizeof *coordinator);
    if (!coordinator)
        return NULL;
    coordinator->plan = plan;
    coordinator->n_ranks = n_ranks;
    if (!allocate(coordinator)) {
        ln_coordinator_free(coordinator);
        return NULL;
    }
    for (int r = 0; r < n_ranks; r++)
        coordinator->ranks[r].group = -1;
    for (int g = 0; g < plan->n_groups; g++) {
        const struct ln_group *group = &plan->groups[g];
        coordinator->next[g] = group->first;
        for (int64_t i = group->first; i < group->first + group->count; i++)
            coordinator->left[g] += point_seconds(plan, i);
    }
    coordinator->points_left = plan->n_points;
    place_all(coordinator);
    coordinator->share = coordinator->seconds_left / n_ranks;
    return coordinator;
}

void ln_coordinator_free(struct ln_coordinator *coordinator) {
    if (!coordinator)
        return;
    ln_calibration_clear(&coordinator->calibration);
    ln_heap_clear(&coordinator->longest);
    ln_heap_clear(&coordinator->deserted);
    ln_heap_clear(&coordinator->needy);
    free(coordinator->n_at);
    free(coordinator->next);
    free(coordinator->left);
    free(coordinator->ranks);
    free(coordinator);
}

/* Whether the longest point of the group takes more than 1/share of the time left per rank. */
static bool is_urgent(const struct ln_coordinator *coordinator, int group, double share) {
    double left_per_rank = coordinator->seconds_left / coordinator->n_ranks;
    return head_duration(coordinator, group) * share > left_per_rank;
}

/* For a rank whose lanes run the shape of `own`; -1: none, or it has no points left. */
static int choose_group(const struct ln_coordinator *coordinator, int own) {
    int longest = ln_heap_top(&coordinator->longest);
    if (own < 0 && longest >= 0 && is_urgent(coordinator, longest, CRITICAL))
        return longest;
    int deserted = ln_heap_top(&coordinator->deserted);
    if (deserted >= 0 && is_urgent(coordinator, deserted, URGENT))
        return deserted;
    return own >= 0 ? own : ln_heap_top(&coordinator->needy);
}

/* Points that fill the lanes; fewer when there are not enough left for the lanes of every rank. */
static int64_t lanes_to_fill(const struct ln_coordinator *coordinator, int group) {
    int64_t fair = (coordinator->points_left + coordinator->n_ranks - 1) / coordinator->n_ranks;
    int64_t lanes = coordinator->plan->groups[group].lanes;
    return lanes < fair ? lanes : fair;
}

/* Of the next grant to the rank. First grants are asked for by nobody. */
static double grant_seconds(const struct ln_coordinator *coordinator, int rank) {
    double n_ranks = coordinator->n_ranks, left_per_rank = coordinator->seconds_left / n_ranks;
    double shortest = n_ranks / most_requests_per_second;
    bool is_first = coordinator->ranks[rank].group < 0;
    if (is_first && coordinator->share < shortest)
        return coordinator->share;
    double least = is_first ? left_per_rank / 2 : fmax(left_per_rank / 2, shortest);
    least = fmin(n_ranks / requests_per_second, least);
    return fmax(fmin(left_per_rank / SHARES, max_grant_seconds), least);
}

static struct ln_grant take(struct ln_coordinator *coordinator, int group, int64_t least,
                            double most_seconds) {
    const struct ln_plan *plan = coordinator->plan;
    int64_t end = plan->groups[group].first + plan->groups[group].count;
    double factor = coordinator->calibration.factor[group];
    struct ln_grant grant = {coordinator->next[group], 0, factor, LN_REST_PLENTY};
    double limit = most_seconds / factor, seconds = 0.0;
    while (grant.first + grant.count < end && grant.count < MAX_GRANT) {
        double more = point_seconds(plan, grant.first + grant.count);
        if (grant.count >= least && seconds + more > limit)
            break;
        seconds += more;
        grant.count++;
    }
    coordinator->next[group] += grant.count;
    coordinator->left[group] -= seconds;
    coordinator->points_left -= grant.count;
    coordinator->seconds_left -= factor * seconds;
    if (coordinator->points_left == 0 || coordinator->seconds_left < 0.0)
        coordinator->seconds_left = 0.0; /* rounding */
    place_group(coordinator, group);
    return grant;
}

static const struct ln_grant nothing = {0, 0, 1.0, LN_REST_NOTHING};

/* The group of the rank's last grant if it has points left, or -1. */
static int own_group(const struct ln_coordinator *coordinator, int rank) {
    int own = coordinator->ranks[rank].group;
    return own >= 0 && is_open(coordinator, own) ? own : -1;
}

/* The rank turns from its group to another; -1: retires. */
static void move(struct ln_coordinator *coordinator, int rank, int group) {
    int before = coordinator->ranks[rank].group;
    coordinator->ranks[rank].group = group;
    if (before >= 0)
        coordinator->n_at[before]--;
    if (group >= 0)
        coordinator->n_at[group]++;
    if (before >= 0 && before != group)
        place_group(coordinator, before);
}

static void retire(struct ln_coordinator *coordinator, int rank) {
    coordinator->n_retired += !coordinator->ranks[rank].is_retired;
    coordinator->ranks[rank].is_retired = true;
    move(coordinator, rank, -1);
}

static enum ln_rest rest_after(const struct ln_coordinator *coordinator, int group) {
    int longest = ln_heap_top(&coordinator->longest);
    if (longest < 0)
        return LN_REST_NOTHING;
    if (!is_open(coordinator, group))
        return LN_REST_DRY;
    return is_urgent(coordinator, longest, URGENT) ? LN_REST_LATE : LN_REST_PLENTY;
}

static struct ln_grant give(struct ln_coordinator *coordinator, int rank, int group,
                            int64_t least) {
    assert(!coordinator->ranks[rank].is_retired);
    double most_seconds = grant_seconds(coordinator, rank);
    move(coordinator, rank, group);
    double before = coordinator->left[group];
    struct ln_grant grant = take(coordinator, group, least, most_seconds);
    coordinator->ranks[rank].outstanding += grant.count;
    coordinator->ranks[rank].in_hand += before - coordinator->left[group];
    coordinator->ranks[rank].factor = grant.factor;
    grant.rest = rest_after(coordinator, group);
    if (grant.rest == LN_REST_NOTHING)
        retire(coordinator, rank);
    return grant;
}

struct ln_grant ln_coordinator_ask(struct ln_coordinator *coordinator, int rank) {
    int own = own_group(coordinator, rank);
    int group = coordinator->is_stopped ? -1 : choose_group(coordinator, own);
    if (group >= 0)
        return give(coordinator, rank, group, lanes_to_fill(coordinator, group));
    retire(coordinator, rank);
    return nothing;
}

struct ln_grant ln_coordinator_ahead(struct ln_coordinator *coordinator, int rank) {
    int own = own_group(coordinator, rank);
    int group = coordinator->is_stopped ? -1 : choose_group(coordinator, own);
    int longest = ln_heap_top(&coordinator->longest);
    if (group < 0 || is_urgent(coordinator, longest, URGENT))
        return nothing;
    return give(coordinator, rank, group, lanes_to_fill(coordinator, group));
}

struct ln_grant ln_coordinator_refill(struct ln_coordinator *coordinator, int rank) {
    int own = own_group(coordinator, rank);
    if (coordinator->is_stopped || own < 0)
        return nothing;
    int group = choose_group(coordinator, own);
    if (group == own)
        return give(coordinator, rank, own, 1);
    move(coordinator, rank, group); /* when its lanes are empty it will ask, and get these */
    place_group(coordinator, group);
    return nothing;
}

struct ln_grant ln_coordinator_serve(struct ln_coordinator *coordinator, int rank,
                                     enum ln_wish wish) {
    switch (wish) {
    case LN_WISH_WORK:
        return ln_coordinator_ask(coordinator, rank);
    case LN_WISH_AHEAD:
        return ln_coordinator_ahead(coordinator, rank);
    case LN_WISH_REFILL:
        return ln_coordinator_refill(coordinator, rank);
    case LN_WISH_NOTHING:
        break;
    }
    return nothing;
}

void ln_coordinator_done(struct ln_coordinator *coordinator, int rank, int group,
                         const struct ln_tally *more) {
    struct rank *r = &coordinator->ranks[rank];
    assert(more->count >= 0 && more->count <= r->outstanding);
    r->outstanding -= more->count;
    r->in_hand = r->outstanding > 0 ? fmax(r->in_hand - more->predicted, 0.0) : 0.0;
    r->actual += more->actual - more->earlier;
    double before = coordinator->calibration.factor[group];
    if (ln_calibration_learn(&coordinator->calibration, group, more)) {
        place_all(coordinator);
        return;
    }
    double change = coordinator->calibration.factor[group] - before;
    coordinator->seconds_left =
        fmax(coordinator->seconds_left + change * coordinator->left[group], 0.0);
    place_group(coordinator, group);
}

void ln_coordinator_stop(struct ln_coordinator *coordinator) {
    coordinator->is_stopped = true;
}

bool ln_coordinator_is_finished(const struct ln_coordinator *coordinator) {
    return coordinator->n_retired == coordinator->n_ranks;
}

int64_t ln_coordinator_n_done(const struct ln_coordinator *coordinator) {
    return coordinator->calibration.all.count;
}

double ln_coordinator_seconds_left(const struct ln_coordinator *coordinator) {
    const struct ln_calibration *calibration = &coordinator->calibration;
    double left = 0.0;
    for (int g = 0; g < coordinator->plan->n_groups; g++) {
        const struct ln_group *group = &coordinator->plan->groups[g];
        bool is_done = calibration->groups[g].count == group->count;
        double predicted = is_done ? 0.0 : group->cost - calibration->groups[g].predicted;
        left += calibration->factor[g] * fmax(predicted, 0.0);
    }
    return left;
}

double ln_coordinator_seconds_done(const struct ln_coordinator *coordinator) {
    return coordinator->calibration.all.actual;
}

bool ln_coordinator_is_busy(const struct ln_coordinator *coordinator, int rank) {
    return coordinator->ranks[rank].outstanding > 0;
}

void ln_coordinator_flight(const struct ln_coordinator *coordinator, double seconds, double *spent,
                           double *longest) {
    *spent = *longest = 0.0;
    for (int r = 0; r < coordinator->n_ranks; r++) {
        const struct rank *rank = &coordinator->ranks[r];
        double in_hand = rank->factor * rank->in_hand;
        double here = fmin(fmax(seconds - rank->actual, 0.0), most_spent * in_hand);
        *spent += here;
        *longest = fmax(*longest, in_hand - here);
    }
}

double ln_coordinator_factor(const struct ln_coordinator *coordinator, int group) {
    return coordinator->calibration.factor[group];
}

const struct ln_tally *ln_coordinator_tallies(const struct ln_coordinator *coordinator) {
    return coordinator->calibration.groups;
}
