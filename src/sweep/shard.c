/* A plan cut down: to one shard of the sweep, to what is not finished yet, to what is not suspect.
 */
#include <assert.h>
#include <stdlib.h>

#include "linnet/linalg.h"
#include "linnet/plan.h"
#include "sort.h"

/* A shard while points are dealt out: the least loaded one is on top of the heap. */
struct load {
    double cost;
    int shard;
};

struct card {
    float cost; /* a prediction's last bits may depend on the machine; who gets a point must not */
    int64_t id;
};

static int compare_cards(const void *left, const void *right) {
    const struct card *a = left, *b = right;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static bool is_before(const struct load *a, const struct load *b) {
    return a->cost != b->cost ? a->cost < b->cost : a->shard < b->shard;
}

/* The top has become heavier: sinks it to its place. */
static void sink_top(struct load *heap, int n) {
    struct load moved = heap[0];
    int at = 0;
    for (int child = 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

/* Longest first, each to the shard that has least so far (Graham 1969): no shard is longer than the
 * shortest by more than its last point. */
static void deal(const struct card *cards, int64_t n, int shard, int n_shards, uint8_t *mine) {
    struct load *heap = ln_linalg_alloc((size_t)n_shards, sizeof *heap);
    for (int s = 0; s < n_shards; s++)
        heap[s].shard = s + 1;
    for (int64_t i = 0; i < n; i++) {
        mine[cards[i].id] = heap[0].shard == shard;
        heap[0].cost += (double)cards[i].cost;
        sink_top(heap, n_shards);
    }
    free(heap);
}

/* Drops the points whose drop[cell] is `value`; order and groups stay. Returns how many. */
static int64_t drop_points(struct ln_plan *plan, const uint8_t *flags, uint8_t value) {
    int64_t kept = 0, before = plan->n_points;
    int n_groups = 0;
    plan->total_cost = 0;
    for (int g = 0; g < plan->n_groups; g++) {
        struct ln_group group = plan->groups[g];
        int64_t end = group.first + group.count, i = group.first;
        group.first = kept;
        group.cost = 0;
        for (; i < end; i++) {
            if ((flags[plan->ids[i]] != 0) == value)
                continue;
            group.cost += plan->cost[i];
            plan->ids[kept] = plan->ids[i];
            if (plan->most)
                plan->most[kept] = plan->most[i];
            plan->cost[kept++] = plan->cost[i];
        }
        group.count = kept - group.first;
        if (group.count > 0)
            plan->groups[n_groups++] = group;
        plan->total_cost += group.cost;
    }
    plan->n_groups = n_groups;
    plan->n_points = kept;
    return before - kept;
}

int ln_plan_take_shard(struct ln_plan *plan, int shard, int n_shards, struct ln_err *err) {
    assert(1 <= shard && shard <= n_shards && plan->n_done == 0);
    struct card *cards = ln_linalg_alloc((size_t)plan->n_points, sizeof *cards);
    uint8_t *mine = ln_linalg_alloc((size_t)plan->n_cells, 1);
    for (int64_t i = 0; i < plan->n_points; i++)
        cards[i] = (struct card){(float)plan->cost[i], plan->ids[i]};
    int status = LN_OK;
    if (ln_sort(cards, (size_t)plan->n_points, sizeof *cards, compare_cards)) {
        deal(cards, plan->n_points, shard, n_shards, mine);
        plan->n_elsewhere += drop_points(plan, mine, 0);
    } else {
        status = ln_err_set(err, LN_STOPPED, "stopped on request, while the sweep was planned");
    }
    free(mine);
    free(cards);
    return status;
}

void ln_plan_drop_done(struct ln_plan *plan, const uint8_t *done) {
    plan->n_done += drop_points(plan, done, 1);
}

/* Point i of the plan becomes the next group of the other. */
static void add_alone(struct ln_plan *apart, const struct ln_plan *plan, int g, int64_t i) {
    struct ln_group group = plan->groups[g];
    int64_t at = apart->n_points++;
    apart->ids[at] = plan->ids[i];
    apart->cost[at] = group.solo * plan->cost[i];
    if (apart->most)
        apart->most[at] = group.solo * plan->most[i];
    group.first = at;
    group.count = 1;
    group.lanes = 1;
    group.cost = apart->cost[at];
    group.fixed *= group.solo;
    group.solo = 1.0;
    apart->groups[apart->n_groups++] = group;
    apart->total_cost += group.cost;
}

static struct ln_plan *empty_plan(const struct ln_plan *plan, int64_t n) {
    struct ln_plan *apart = ln_linalg_alloc(1, sizeof *apart);
    apart->n_cells = plan->n_cells;
    apart->ids = ln_linalg_alloc((size_t)n, sizeof *apart->ids);
    apart->cost = ln_linalg_alloc((size_t)n, sizeof *apart->cost);
    apart->most = plan->most ? ln_linalg_alloc((size_t)n, sizeof *apart->most) : NULL;
    apart->groups = ln_linalg_alloc((size_t)n, sizeof *apart->groups);
    return apart;
}

struct ln_plan *ln_plan_set_apart(struct ln_plan *plan, const uint8_t *cells) {
    int64_t n = 0;
    for (int64_t i = 0; i < plan->n_points; i++)
        n += cells[plan->ids[i]] != 0;
    struct ln_plan *apart = empty_plan(plan, n);
    for (int g = 0; g < plan->n_groups; g++)
        for (int64_t i = 0; i < plan->groups[g].count; i++)
            if (cells[plan->ids[plan->groups[g].first + i]])
                add_alone(apart, plan, g, plan->groups[g].first + i);
    drop_points(plan, cells, 1);
    return apart;
}

struct ln_plan *ln_plan_part(const struct ln_plan *apart, int64_t first, int64_t count) {
    struct ln_plan *part = empty_plan(apart, count);
    assert(first + count <= apart->n_points && apart->n_groups == apart->n_points);
    for (int64_t i = first; i < first + count; i++)
        add_alone(part, apart, (int)i, i);
    return part;
}
