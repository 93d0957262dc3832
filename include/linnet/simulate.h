/* A run of a plan on many ranks, simulated event by event: the real coordinator, the real hands of
 * the workers, lanes, and rank 0 that computes and answers one request at a time. No MPI. */
#ifndef LINNET_SIMULATE_H
#define LINNET_SIMULATE_H

#include <stdint.h>

#include "linnet/plan.h"

struct ln_simulate_options {
    int n_ranks;
    double latency; /* seconds from one rank to another */
    double service; /* seconds rank 0 takes for a request */
    double poll;    /* seconds between two looks of a computing rank at its messages */
};

/* The usual: a network and a rank 0 as measured, polls as the workers do them. */
struct ln_simulate_options ln_simulate_usual(int n_ranks);

struct ln_simulation {
    double makespan;      /* seconds until the last point is stored */
    double work, longest; /* actual core seconds of all points; duration of the longest, alone */
    double ideal;         /* work / n_ranks, or longest where that is more */
    double idle;          /* share of the ranks' time in which they had no point */
    double lanes;   /* share of lane steps that moved a point, in the time that was not idle */
    int64_t n_done; /* points */
    int64_t n_grants, n_requests; /* n_requests: messages to rank 0 */
    double wait;                  /* seconds a request took to be answered, on the average */
};

/* What points might really cost, actual [n_points] by position in the plan: the prediction, times
 * a log-normal factor of each group, times one of each point; `spread` is the standard deviation of
 * the logarithm of both. No point costs more than its horizon allows. */
void ln_simulate_draw(const struct ln_plan *plan, double spread, uint64_t seed, double *actual);

/* actual [n_points]: core seconds of every point, its share where points advance together. */
void ln_simulate(const struct ln_plan *plan, const double *actual,
                 const struct ln_simulate_options *options, struct ln_simulation *result);

#endif
