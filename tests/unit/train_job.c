#include "train_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

void job_train_by_gd(struct net *net, double step_size, int64_t max_steps) {
    point_choose(&net->point, LN_TRAIN, &ln_algorithms, "gd");
    point_set_real(&net->point, LN_TRAIN, "step_size", step_size);
    point_table(&net->point, LN_LIMITS, ln_limits, ln_n_limits);
    point_set_int(&net->point, LN_LIMITS, "max_steps", max_steps);
}

void job_train_by_flow(struct net *net, double time_step, int64_t max_steps) {
    point_choose(&net->point, LN_TRAIN, &ln_algorithms, "flow");
    point_set_real(&net->point, LN_TRAIN, "time_step", time_step);
    point_set_real(&net->point, LN_TRAIN, "rtol", 1e-13);
    point_table(&net->point, LN_LIMITS, ln_limits, ln_n_limits);
    point_set_int(&net->point, LN_LIMITS, "max_steps", max_steps);
}

static bool give(void *ctx, int lane, struct ln_task *task) {
    struct job *job = ctx;
    if (job->n_given == job->n_tasks || (job->waits && job->n_given == 1 && job->n_polls == 0))
        return false;
    int index = job->order ? job->order[job->n_given] : job->n_given;
    const struct net *net = &job->nets[index];
    job->n_given++;
    job->in_lane[lane] = index;
    *task = (struct ln_task){.point = &net->point, .net = net_view(net)};
    if (job->parked) {
        task->parked = job->parked[index].bytes;
        task->parked_size = job->parked[index].size;
    }
    return true;
}

static double *weights_of(const struct ln_batch *batch, int lane) {
    double *weights = ln_linalg_alloc((size_t)batch->shape->n_state, sizeof *weights);
    ln_batch_weights(batch, lane, weights);
    return weights;
}

static void record(void *ctx, int lane, int index, const struct ln_batch *batch,
                   const struct ln_run *run) {
    struct job *job = ctx;
    struct outcome *outcome = &job->outcomes[job->in_lane[lane]];
    if (index != outcome->n_records || index >= JOB_MAX_RECORDS) {
        fprintf(stderr, "record %d came after %d others\n", index, outcome->n_records);
        abort();
    }
    outcome->record_step[index] = run->step;
    outcome->record_excess[index] = run->excess;
    outcome->record_weights[index] = weights_of(batch, lane);
    outcome->n_records++;
}

static int finish(void *ctx, int lane, const struct ln_batch *batch, const struct ln_run *run,
                  struct ln_err *err) {
    struct job *job = ctx;
    const struct net *net = &job->nets[job->in_lane[lane]];
    struct outcome *outcome = &job->outcomes[job->in_lane[lane]];
    if (job->n_finished == job->fail_at)
        return ln_err_set(err, LN_FATAL, "the disk is full");
    double *p = ln_linalg_alloc((size_t)net->problem->d_in * net->problem->d_out, sizeof *p);
    outcome->run = *run;
    outcome->place = job->n_finished;
    outcome->weights = weights_of(batch, lane);
    struct ln_net view = net_at(net, outcome->weights);
    net->shape.model->end_to_end(&view, p);
    outcome->label = ln_label_of(run, net->problem, p, &outcome->period, &outcome->modes);
    job->n_finished++;
    free(p);
    return LN_OK;
}

static bool poll(void *ctx) {
    struct job *job = ctx;
    job->n_polls++;
    return job->stops || job->n_polls == job->stop_at;
}

static void park(void *ctx, int lane, const void *bytes, size_t size) {
    struct job *job = ctx;
    struct parked *parked = &job->parked[job->in_lane[lane]];
    parked->bytes = realloc(parked->bytes, size);
    memcpy(parked->bytes, bytes, size);
    parked->size = size;
}

static void refuse(void *ctx, int lane) {
    struct job *job = ctx;
    outcome_clear(&job->outcomes[job->in_lane[lane]]);
    job->outcomes[job->in_lane[lane]] = (struct outcome){0};
    job->n_refused++;
}

int job_run(struct job *job, const int64_t *record_steps, int n_records, struct ln_err *err) {
    const struct ln_point *point = &job->nets[0].point;
    struct ln_shape shape = job->nets[0].shape;
    struct ln_train_hooks hooks = {.ctx = job,
                                   .next = give,
                                   .record = record,
                                   .finish = finish,
                                   .poll = poll,
                                   .park = job->parked ? park : NULL,
                                   .refuse = refuse,
                                   .use = &job->use,
                                   .poll_steps = job->poll_steps};
    struct ln_algorithm algorithm = *(const struct ln_algorithm *)point->entry[LN_TRAIN];
    if (job->single)
        algorithm.step_sizes = NULL;
    int status = ln_train_shape(point, &shape, err);
    return status != LN_OK ? status
                           : ln_train(&shape, &algorithm, record_steps, n_records, &hooks, err);
}

struct outcome job_run_one(const struct net *net, const int64_t *record_steps, int n_records) {
    struct outcome outcome = {0};
    struct job job = {.nets = net, .n_tasks = 1, .outcomes = &outcome, .fail_at = -1};
    struct ln_err err = {0};
    if (job_run(&job, record_steps, n_records, &err) != LN_OK || job.n_finished != 1) {
        fprintf(stderr, "training failed: %s\n", err.text);
        abort();
    }
    return outcome;
}

void outcome_clear(struct outcome *outcome) {
    for (int i = 0; i < outcome->n_records; i++)
        free(outcome->record_weights[i]);
    free(outcome->weights);
}

/* The order of a piece: those that are not finished, every time beginning with another one, so that
 * a point meets other lanes and other neighbours. */
static int order_of_piece(const struct outcome *outcomes, int n_tasks, int piece, int *order) {
    int n = 0;
    for (int i = 0; i < n_tasks; i++) {
        int index = (i * (piece % 2 ? 1 : n_tasks - 1) + 5 * piece) % n_tasks;
        if (!outcomes[index].weights)
            order[n++] = index;
    }
    return n;
}

int job_run_in_pieces(const struct net *nets, int n_tasks, struct outcome *outcomes,
                      const int64_t *record_steps, int n_records, int stop_at, int64_t poll_steps) {
    struct parked *parked = ln_linalg_alloc(n_tasks, sizeof *parked);
    int *order = ln_linalg_alloc(n_tasks, sizeof *order);
    int status = LN_STOPPED, n_stops = 0;
    for (int piece = 0; status == LN_STOPPED; piece++) {
        struct ln_err err = {0};
        struct job job = {.nets = nets, .outcomes = outcomes, .order = order, .fail_at = -1};
        job.n_tasks = order_of_piece(outcomes, n_tasks, piece, order);
        job.parked = parked;
        job.stop_at = stop_at;
        job.poll_steps = poll_steps;
        status = job_run(&job, record_steps, n_records, &err);
        n_stops += status == LN_STOPPED;
        if ((status != LN_OK && status != LN_STOPPED) || job.n_refused > 0) {
            fprintf(stderr, "piece %d: %d refused, %s\n", piece, job.n_refused, err.text);
            abort();
        }
    }
    for (int i = 0; i < n_tasks; i++)
        free(parked[i].bytes);
    free(parked);
    free(order);
    return n_stops;
}
