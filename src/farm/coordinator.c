/* The order of grants, and why the makespan is near ideal.
 *
 * Whatever the order, a rank that runs dry is served at once. So the last grant to end began when
 * no more than total / ranks seconds had passed, and the makespan is at most total / ranks +
 * (duration of that grant). Two rules keep that second term small.
 *
 * Long points start early. A point is urgent when its duration is more than 1/URGENT of the time
 * left per rank. While the longest point left is urgent it is granted next, whatever its shape:
 * this is the longest-first rule. While none is urgent the order does not matter yet, and a rank
 * stays with its shape: changing it means to run the lanes empty and to set the kernels up again.
 * A rank without a shape takes the group with the longest point, so the ranks go through the groups
 * together and change shape seldom.
 *
 * Short points go out in grants of at most 1/SHARES of the time left per rank. Grants shrink as the
 * work does, and the last ones are single points. (On longest-first order, a grant of a fixed share
 * of the POINTS left would hold most of the work: up to 39 times the ideal makespan.)
 *
 * Rank 0 answers one request at a time. Grants are therefore at least so long that all ranks
 * together ask requests_per_second; but where little is left, that would be too much in one hand,
 * and half of the time left per rank is the limit: the work then goes out in rounds of which each
 * takes half of what is left.
 *
 * A point's cost is its share of a core when all lanes of its worker are busy. The point itself
 * lasts `lanes` times as long, because that many advance together; urgency is about this duration.
 * All seconds here are predictions times the factor of their group (calibration.h). Within a group
 * the plan's order stays; between groups, a heap holds the longest point left of each.
 *
 * A rank that asks for a refill still has busy lanes. Points of another shape would have to wait
 * for these, so it gets its own shape or nothing, and one point at a time where points are long. */
#include "linnet/coordinator.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "calibration.h"
#include "heap.h"

enum { URGENT = 8, SHARES = 20, MAX_GRANT = 4096 };

static const double max_grant_seconds = 1.0, requests_per_second = 2e4;

/* What a point costs even if it is predicted to be free. */
static const double min_point_seconds = 1e-6;

struct rank {
    int group;           /* of its last grant; -1: none yet */
    int64_t outstanding; /* points granted and not reported done */
    bool is_retired;
};

struct ln_coordinator {
    const struct ln_plan *plan;
    int n_ranks, n_retired;
    bool is_stopped;
    struct ln_calibration calibration;
    struct ln_heap longest; /* groups with points left to grant, by head_duration */
    int64_t *next;          /* [n_groups] first position not yet granted */
    double *left;           /* [n_groups] predicted seconds not yet granted */
    struct rank *ranks;     /* [n_ranks] */
    int64_t points_left;    /* not yet granted */
    double seconds_left;    /* not yet granted, calibrated */
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

/* Puts the group where its longest point belongs. */
static void place_group(struct ln_coordinator *coordinator, int group) {
    if (is_open(coordinator, group))
        ln_heap_put(&coordinator->longest, group, head_duration(coordinator, group));
    else
        ln_heap_remove(&coordinator->longest, group);
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
    coordinator->ranks = calloc((size_t)coordinator->n_ranks, sizeof *coordinator->ranks);
    return coordinator->next && coordinator->left && coordinator->ranks &&
           ln_calibration_init(&coordinator->calibration, plan) &&
           ln_heap_init(&coordinator->longest, plan->n_groups);
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
    return coordinator;
}

void ln_coordinator_free(struct ln_coordinator *coordinator) {
    if (!coordinator)
        return;
    ln_calibration_clear(&coordinator->calibration);
    ln_heap_clear(&coordinator->longest);
    free(coordinator->next);
    free(coordinator->left);
    free(coordinator->ranks);
    free(coordinator);
}

/* The group with the longest point left, `own` where it is as long as any; -1: no point is left. */
static int longest_group(const struct ln_coordinator *coordinator, int own) {
    int top = ln_heap_top(&coordinator->longest);
    bool is_own = own >= 0 && is_open(coordinator, own) &&
                  head_duration(coordinator, own) >= head_duration(coordinator, top);
    return is_own ? own : top;
}

static int choose_group(const struct ln_coordinator *coordinator, int own) {
    int longest = longest_group(coordinator, own);
    if (longest < 0 || own < 0 || !is_open(coordinator, own))
        return longest;
    double left_per_rank = coordinator->seconds_left / coordinator->n_ranks;
    bool is_urgent = head_duration(coordinator, longest) * URGENT > left_per_rank;
    return is_urgent ? longest : own;
}

/* Points that fill the lanes; fewer when there are not enough left for the lanes of every rank. */
static int64_t lanes_to_fill(const struct ln_coordinator *coordinator, int group) {
    int64_t fair = (coordinator->points_left + coordinator->n_ranks - 1) / coordinator->n_ranks;
    int64_t lanes = coordinator->plan->groups[group].lanes;
    return lanes < fair ? lanes : fair;
}

static double grant_seconds(const struct ln_coordinator *coordinator) {
    double left_per_rank = coordinator->seconds_left / coordinator->n_ranks;
    double least = fmin(coordinator->n_ranks / requests_per_second, left_per_rank / 2);
    return fmax(fmin(left_per_rank / SHARES, max_grant_seconds), least);
}

static struct ln_grant take(struct ln_coordinator *coordinator, int group, int64_t least) {
    const struct ln_plan *plan = coordinator->plan;
    int64_t end = plan->groups[group].first + plan->groups[group].count;
    double factor = coordinator->calibration.factor[group];
    struct ln_grant grant = {coordinator->next[group], 0, factor};
    double limit = grant_seconds(coordinator) / factor, seconds = 0.0;
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

struct ln_grant ln_coordinator_ask(struct ln_coordinator *coordinator, int rank) {
    struct rank *r = &coordinator->ranks[rank];
    int group = coordinator->is_stopped ? -1 : choose_group(coordinator, r->group);
    if (group < 0) {
        coordinator->n_retired += !r->is_retired;
        r->is_retired = true;
        return (struct ln_grant){0, 0, 1.0};
    }
    assert(!r->is_retired);
    struct ln_grant grant = take(coordinator, group, lanes_to_fill(coordinator, group));
    r->group = group;
    r->outstanding += grant.count;
    return grant;
}

struct ln_grant ln_coordinator_refill(struct ln_coordinator *coordinator, int rank) {
    struct rank *r = &coordinator->ranks[rank];
    if (coordinator->is_stopped || r->group < 0 || !is_open(coordinator, r->group))
        return (struct ln_grant){0, 0, 1.0};
    assert(!r->is_retired);
    struct ln_grant grant = take(coordinator, r->group, 1);
    r->outstanding += grant.count;
    return grant;
}

void ln_coordinator_done(struct ln_coordinator *coordinator, int rank, int group,
                         const struct ln_tally *more) {
    struct rank *r = &coordinator->ranks[rank];
    assert(more->count >= 0 && more->count <= r->outstanding);
    r->outstanding -= more->count;
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

double ln_coordinator_factor(const struct ln_coordinator *coordinator, int group) {
    return coordinator->calibration.factor[group];
}

const struct ln_tally *ln_coordinator_tally(const struct ln_coordinator *coordinator, int group) {
    return &coordinator->calibration.groups[group];
}
