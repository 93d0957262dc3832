#include "make_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t bits(struct fixture *f) {
    uint64_t z = (f->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double uniform(struct fixture *f) {
    return ((double)(bits(f) >> 11) + 0.5) * 0x1p-53;
}

int64_t below(struct fixture *f, int64_t n) {
    return (int64_t)(bits(f) % (uint64_t)n);
}

static int descending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

void make_plan(struct fixture *f, uint64_t seed, int n_groups, int64_t points_per_group,
               int max_lanes, double longest, double decades) {
    memset(f, 0, sizeof *f);
    f->state = seed;
    struct ln_plan *plan = &f->plan;
    plan->n_groups = n_groups;
    plan->groups = calloc((size_t)n_groups + 1, sizeof *plan->groups);
    plan->ids = calloc((size_t)(n_groups * points_per_group) + 1, sizeof *plan->ids);
    plan->cost = calloc((size_t)(n_groups * points_per_group) + 1, sizeof *plan->cost);
    for (int g = 0; g < n_groups; g++) {
        struct ln_group *group = &plan->groups[g];
        group->first = plan->n_points;
        group->count = 1 + below(f, points_per_group);
        group->lanes = 1 + (int)below(f, max_lanes);
        for (int64_t i = 0; i < group->count; i++)
            plan->cost[group->first + i] = longest * pow(10.0, -decades * uniform(f));
        qsort(plan->cost + group->first, (size_t)group->count, sizeof(double), descending);
        plan->n_points += group->count;
    }
    for (int g = 0; g < n_groups; g++) {
        struct ln_group *group = &plan->groups[g];
        for (int64_t i = group->first; i < group->first + group->count; i++) {
            plan->ids[i] = i;
            group->cost += plan->cost[i];
        }
        plan->total_cost += group->cost;
    }
}

void make_even_plan(struct fixture *f, int64_t n_points, double seconds) {
    make_plan(f, 1, 1, 1, 1, 1.0, 0.0);
    struct ln_plan *plan = &f->plan;
    free(plan->ids);
    free(plan->cost);
    plan->ids = calloc((size_t)n_points, sizeof *plan->ids);
    plan->cost = calloc((size_t)n_points, sizeof *plan->cost);
    for (int64_t i = 0; i < n_points; i++) {
        plan->ids[i] = i;
        plan->cost[i] = seconds;
    }
    plan->groups[0].count = plan->n_points = n_points;
    plan->groups[0].cost = plan->total_cost = seconds * (double)n_points;
}

void free_plan(struct fixture *f) {
    free(f->plan.groups);
    free(f->plan.ids);
    free(f->plan.cost);
}

int group_of(const struct ln_plan *plan, int64_t position) {
    int g = 0;
    while (position >= plan->groups[g].first + plan->groups[g].count)
        g++;
    return g;
}

double cost_of(const struct ln_plan *plan, struct ln_grant grant) {
    double cost = 0.0;
    for (int64_t i = 0; i < grant.count; i++)
        cost += plan->cost[grant.first + i];
    return cost;
}

void report(struct ln_coordinator *c, int rank, const struct ln_plan *plan, struct ln_grant grant,
            double truth) {
    struct ln_tally tally = {0};
    for (int64_t i = grant.first; i < grant.first + grant.count; i++)
        ln_tally_point(&tally, plan->cost[i], truth * plan->cost[i]);
    ln_coordinator_done(c, rank, group_of(plan, grant.first), &tally);
}
