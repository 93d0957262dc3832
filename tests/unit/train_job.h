/* A list of networks to be trained through ln_train, and what came out of each. */
#ifndef LINNET_TEST_TRAIN_JOB_H
#define LINNET_TEST_TRAIN_JOB_H

#include "linnet/lanes.h"
#include "linnet/train.h"
#include "make_net.h"

enum { JOB_MAX_RECORDS = 64 };

struct outcome {
    struct ln_run run;
    enum ln_label label;
    int period, modes;
    int place;       /* 0: the first to finish */
    double *weights; /* [n_weights] at the end */
    int n_records;
    int64_t record_step[JOB_MAX_RECORDS];
    double record_excess[JOB_MAX_RECORDS];
    double *record_weights[JOB_MAX_RECORDS];
};

struct job {
    const struct net *nets; /* of one shape */
    const int *order;       /* [n_tasks] indices into nets; NULL: 0, 1, 2, ... */
    int n_tasks, n_given, n_finished;
    struct outcome *outcomes; /* [n_tasks], as in nets */
    int in_lane[LN_LANES];
    /* What the hooks answer. */
    int fail_at; /* finish() of the task in this place fails; -1: none */
    bool stops;  /* poll() asks to stop */
    bool waits;  /* the second task is given only after a poll */
    bool single; /* the algorithm is asked at every step: no runs of steps */
    int n_polls;
    /* A run that is stopped at a poll leaves its points parked; another one goes on with them. */
    int64_t poll_steps; /* as in the hooks */
    int stop_at;        /* this poll asks to stop; 0: none */
    struct parked {
        void *bytes;
        size_t size;
    } * parked; /* [n_tasks], as in nets; NULL: points are given up */
    int n_refused;
    struct ln_train_use use;
};

/* Adds train: gd with its defaults to a network that was begun or made. */
void job_train_by_gd(struct net *net, double step_size, int64_t max_steps);

/* Adds train: flow with rtol 1e-13. */
void job_train_by_flow(struct net *net, double time_step, int64_t max_steps);

/* Runs all tasks; returns the status of ln_train. */
int job_run(struct job *job, const int64_t *record_steps, int n_records, struct ln_err *err);

/* Runs all tasks, stopping at every stop_at-th poll and going on in other lanes and other company
 * until all are finished; the points finished are dropped. Returns how often it was stopped. */
int job_run_in_pieces(const struct net *nets, int n_tasks, struct outcome *outcomes,
                      const int64_t *record_steps, int n_records, int stop_at, int64_t poll_steps);

/* One network, which must succeed. Ownership: outcome_clear. */
struct outcome job_run_one(const struct net *net, const int64_t *record_steps, int n_records);
void outcome_clear(struct outcome *outcome);

#endif
