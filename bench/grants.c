/* The coordinator alone, driven as fast as it goes:
 *
 *   run GROUPS POINTS RANKS SECONDS   grants until all points are granted or the time is over
 *
 * Costs spread over five decades, as run lengths do; every rank has one grant in hand, reports it
 * done and asks for the next. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "job.h"
#include "linnet/coordinator.h"
#include "linnet/linalg.h"
#include "measure.h"
#include "serve.h"

/* A plan of equal groups, the longest point of each first. */
static struct ln_plan make_plan(int n_groups, int64_t n_points) {
    struct ln_plan plan = {.n_points = n_points, .n_groups = n_groups};
    int64_t each = n_points / n_groups;
    plan.n_points = plan.n_cells = each * n_groups;
    plan.cost = ln_linalg_alloc((size_t)plan.n_points, sizeof(double));
    plan.ids = ln_linalg_alloc((size_t)plan.n_points, sizeof *plan.ids);
    plan.groups = ln_linalg_alloc((size_t)n_groups, sizeof *plan.groups);
    for (int g = 0; g < n_groups; g++) {
        struct ln_group *group = &plan.groups[g];
        *group = (struct ln_group){.first = g * each, .count = each, .lanes = g % 3 ? 8 : 1};
        snprintf(group->shape, sizeof group->shape, "%d", g);
        for (int64_t i = 0; i < each; i++) {
            int64_t at = group->first + i;
            plan.ids[at] = at;
            plan.cost[at] = pow(10.0, -5.0 * ((double)i + (double)g / n_groups) / (double)each);
            group->cost += plan.cost[at];
        }
        plan.total_cost += group->cost;
    }
    return plan;
}

static void free_plan(struct ln_plan *plan) {
    free(plan->cost);
    free(plan->ids);
    free(plan->groups);
}

/* A grant is reported as it was predicted, in every third group twice as long: calibration has
 * something to do. */
static struct ln_tally tally_of(const struct ln_plan *plan, struct ln_grant grant, int group) {
    double factor = group % 3 == 1 ? 2.0 : 1.0, count = (double)grant.count;
    struct ln_tally tally = {.count = grant.count, .longest = factor * plan->cost[grant.first]};
    for (int64_t i = 0; i < grant.count; i++)
        tally.predicted += plan->cost[grant.first + i];
    tally.actual = factor * tally.predicted;
    tally.logs = count * log(factor);
    tally.squares = count * log(factor) * log(factor);
    return tally;
}

/* Grants made. The clock is looked at seldom: it costs as much as a grant. */
static int64_t drive(struct ln_coordinator *coordinator, const struct ln_plan *plan, int n_ranks,
                     struct ln_grant *in_hand, double end) {
    int64_t grants = 0;
    for (int rank = 0; !ln_coordinator_is_finished(coordinator); rank = (rank + 1) % n_ranks) {
        struct ln_grant *hand = &in_hand[rank];
        if (hand->count < 0)
            continue;
        if (hand->count > 0) {
            int group = (int)(hand->first / plan->groups[0].count);
            struct ln_tally tally = tally_of(plan, *hand, group);
            ln_coordinator_done(coordinator, rank, group, &tally);
        }
        *hand = ln_coordinator_ask(coordinator, rank);
        if (hand->count == 0)
            hand->count = -1; /* retired */
        else if (++grants % 64 == 0 && ln_bench_cpu() > end)
            break;
    }
    return grants;
}

static void run(char *rest) {
    int n_groups = atoi(ln_bench_word(rest));
    int64_t n_points = atoll(ln_bench_word(NULL));
    int n_ranks = atoi(ln_bench_word(NULL));
    double seconds = atof(ln_bench_word(NULL));
    struct ln_plan plan = make_plan(n_groups, n_points);
    struct ln_grant *in_hand = ln_linalg_alloc((size_t)n_ranks, sizeof *in_hand);
    double start = ln_bench_cpu();
    struct ln_coordinator *coordinator = ln_coordinator_create(&plan, n_ranks);
    double created = ln_bench_cpu();
    int64_t grants = drive(coordinator, &plan, n_ranks, in_hand, created + seconds);
    double end = ln_bench_cpu();
    printf("{\"create\": %.6g, \"cpu\": %.6g, \"grants\": %lld}\n", created - start, end - created,
           (long long)grants);
    ln_coordinator_free(coordinator);
    free(in_hand);
    free_plan(&plan);
}

int main(void) {
    const struct ln_bench_verb verbs[] = {{"run", run}, {NULL, NULL}};
    ln_bench_serve(verbs);
    return 0;
}
