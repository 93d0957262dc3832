/* Plans made up for the tests of the farm. */
#ifndef LINNET_TESTS_MAKE_PLAN_H
#define LINNET_TESTS_MAKE_PLAN_H

#include "linnet/coordinator.h"

/* A plan of random groups, longest point first in each, and the random numbers that drive the test.
 */
struct fixture {
    uint64_t state;
    struct ln_plan plan;
};

double uniform(struct fixture *f);           /* in (0, 1) */
int64_t below(struct fixture *f, int64_t n); /* in 0 .. n - 1 */

/* Costs are log-uniform over `decades` below `longest` seconds. */
void make_plan(struct fixture *f, uint64_t seed, int n_groups, int64_t points_per_group,
               int max_lanes, double longest, double decades);
/* One group of one lane, every point the same. */
void make_even_plan(struct fixture *f, int64_t n_points, double seconds);
void free_plan(struct fixture *f);

int group_of(const struct ln_plan *plan, int64_t position);
double cost_of(const struct ln_plan *plan, struct ln_grant grant);

/* Reports points of a grant, which really cost `truth` times their prediction. */
void report(struct ln_coordinator *c, int rank, const struct ln_plan *plan, struct ln_grant grant,
            double truth);

#endif
