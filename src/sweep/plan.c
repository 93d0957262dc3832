#include "linnet/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/interrupt.h"
#include "linnet/linalg.h"
#include "linnet/model.h"
#include "linnet/theory.h"
#include "linnet/train.h"
#include "sets.h"
#include "sort.h"

struct job {
    int64_t id;
    int set;
    double cost, most, step;
};

struct planner {
    const struct ln_sweep *sweep;
    struct ln_problem_cache *problems;
    struct ln_sets sets;
    struct job *jobs;
    int64_t n_jobs;
    const struct ln_prediction **predictions; /* [n_predictions] that can refuse a point */
    int n_predictions;
    double fixed; /* seconds of any point whatever its steps */
};

/* What kernels of all sizes come near, and the price of seating a point and of one of its records.
 * An order of magnitude: finished points put it right while a sweep runs. */
static const double flops_per_second = 4e10, seconds_per_point = 2e-5, seconds_per_record = 1e-6;

/* Of the model in one step of an integrator, which is the step that cannot be interrupted. */
static const double evaluations = 13;

/* A point that shares its problem with nobody runs as a line (measured: 2.5 to 4.7 from 30 to 1000
 * inputs). */
static const double line_alone = 4.0;

/* The spectrum decides the cost, and the seed hardly decides the spectrum: one draw of the data
 * serves all seeds. */
static int predict(struct planner *planner, struct ln_point *point, const struct ln_shape *shape,
                   struct job *job, struct ln_err *err) {
    const struct ln_algorithm *algorithm = (const struct ln_algorithm *)point->entry[LN_TRAIN];
    const struct ln_problem *problem;
    point->seed[LN_STREAM_DATA] = 0;
    int status = ln_problem_cache_get(planner->problems, point, &problem, err);
    if (status != LN_OK)
        return status;
    double step = shape->model->step_flops(shape) / flops_per_second;
    if (algorithm->extra_seconds)
        step += algorithm->extra_seconds(point, shape);
    double horizon = (double)ln_conf_int(&point->conf[LN_LIMITS], "max_steps");
    job->cost = planner->fixed + step * algorithm->predicted_steps(point, shape, problem);
    job->step = algorithm->strides ? evaluations * step : step;
    job->most = algorithm->strides ? (double)INFINITY : planner->fixed + step * horizon;
    ln_problem_cache_release(planner->problems, problem);
    return LN_OK;
}

static int check_predictions(const struct planner *planner, const struct ln_point *point,
                             const struct ln_shape *shape, const struct ln_problem *problem,
                             struct ln_err *err) {
    int status = LN_OK;
    for (int i = 0; i < planner->n_predictions && status == LN_OK; i++)
        status = planner->predictions[i]->check(point, shape, problem, err);
    return status;
}

/* Asks the algorithm and the predictions that look at the problem before they agree. */
static int check(struct planner *planner, const struct ln_point *point,
                 const struct ln_shape *shape, struct ln_err *err) {
    const struct ln_algorithm *algorithm = (const struct ln_algorithm *)point->entry[LN_TRAIN];
    const struct ln_problem *problem;
    bool is_blind = !algorithm->check || algorithm->check_is_blind;
    int status = LN_OK;
    if (algorithm->check && is_blind)
        status = algorithm->check(point, shape, NULL, err);
    if (status != LN_OK || (is_blind && planner->n_predictions == 0))
        return status;
    status = ln_problem_cache_get(planner->problems, point, &problem, err);
    if (status != LN_OK)
        return status;
    if (!is_blind)
        status = algorithm->check(point, shape, problem, err);
    if (status == LN_OK)
        status = check_predictions(planner, point, shape, problem, err);
    ln_problem_cache_release(planner->problems, problem);
    return status;
}

/* Those that record.theory names and that can refuse. */
static void find_predictions(struct planner *planner) {
    for (const char *const *name = ln_sweep_theory(planner->sweep); *name; name++) {
        const struct ln_prediction *prediction =
            (const struct ln_prediction *)ln_catalogue_find(&ln_predictions, *name);
        if (prediction && prediction->check)
            planner->predictions[planner->n_predictions++] = prediction;
    }
}

static int add_cell(struct planner *planner, struct ln_point *point, int64_t cell,
                    struct ln_err *err) {
    struct ln_shape shape;
    struct job job = {.id = cell};
    int status = ln_train_shape(point, &shape, err);
    if (status == LN_OK)
        status = ln_init_check(point, &shape, err);
    if (status == LN_OK)
        status = check(planner, point, &shape, err);
    if (status == LN_OK) /* before predict, which changes the seed */
        job.set = ln_sets_find(&planner->sets, point, &shape, cell);
    if (status == LN_OK)
        status = predict(planner, point, &shape, &job, err);
    if (status != LN_OK)
        return ln_sweep_locate(planner->sweep, err);
    planner->jobs[planner->n_jobs++] = job;
    return LN_OK;
}

static int compare_jobs(const void *left, const void *right) {
    const struct job *a = left, *b = right;
    if (a->set != b->set)
        return a->set < b->set ? -1 : 1;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* What a point costs that is alone in its lanes, in units of its share: the padded kernel of one
 * point is the better the wider the layers are; the narrowest stay in lanes. */
static double solo_of(const struct ln_shape *shape) {
    if (shape->shares_problem)
        return line_alone;
    if (shape->lanes == 1 || !shape->model->has_layers || shape->max_width <= 3)
        return shape->lanes;
    double solo = 1.0 + 14.0 / shape->max_width;
    return solo < shape->lanes ? solo : shape->lanes;
}

static void add_group(struct ln_plan *plan, const struct planner *planner, int64_t first) {
    const struct ln_set *set = &planner->sets.sets[planner->jobs[first].set];
    const struct ln_set_shape *kind = &planner->sets.shapes[set->shape];
    struct ln_group *group = &plan->groups[plan->n_groups++];
    group->first = first;
    group->lanes = kind->shape.lanes;
    group->fixed = planner->fixed;
    group->n_state = kind->shape.n_state;
    group->solo = solo_of(&kind->shape);
    group->kind = set->shape;
    ln_shape_text(&kind->shape, group->shape);
}

enum { CELLS_BETWEEN_QUESTIONS = 64 };

static int no_memory(const struct ln_plan *plan, struct ln_err *err) {
    return ln_err_set(err, LN_FATAL, "out of memory for a plan of %lld cells",
                      (long long)plan->n_cells);
}

static int give_up(struct ln_err *err) {
    return ln_err_set(err, LN_STOPPED, "stopped on request, while the sweep was planned");
}

static bool is_to_stop(int64_t i) {
    return i % CELLS_BETWEEN_QUESTIONS == 0 && ln_interrupt_is_due();
}

static int fill_plan(struct ln_plan *plan, struct planner *planner, struct ln_err *err) {
    if (!ln_sort(planner->jobs, (size_t)planner->n_jobs, sizeof *planner->jobs, compare_jobs))
        return give_up(err);
    size_t n = (size_t)planner->n_jobs;
    plan->n_points = planner->n_jobs;
    plan->ids = malloc(n * sizeof *plan->ids + 1);
    plan->cost = malloc(n * sizeof *plan->cost + 1);
    plan->most = malloc(n * sizeof *plan->most + 1);
    if (!plan->ids || !plan->cost || !plan->most)
        return no_memory(plan, err);
    plan->groups = ln_linalg_alloc((size_t)planner->sets.n_sets, sizeof *plan->groups);
    for (int64_t i = 0; i < planner->n_jobs; i++) {
        if (is_to_stop(i))
            return give_up(err);
        if (i == 0 || planner->jobs[i].set != planner->jobs[i - 1].set)
            add_group(plan, planner, i);
        struct ln_group *group = &plan->groups[plan->n_groups - 1];
        group->count++;
        group->cost += planner->jobs[i].cost;
        group->step = fmax(group->step, group->lanes * planner->jobs[i].step);
        plan->ids[i] = planner->jobs[i].id;
        plan->cost[i] = planner->jobs[i].cost;
        plan->most[i] = planner->jobs[i].most;
        plan->total_cost += planner->jobs[i].cost;
    }
    return LN_OK;
}

static int add_cells(struct ln_plan *plan, struct planner *planner, const uint8_t *done,
                     struct ln_err *err) {
    struct ln_point *point = ln_linalg_alloc(1, sizeof *point);
    int status = LN_OK;
    for (int64_t cell = 0; cell < plan->n_cells && status == LN_OK; cell++) {
        if (is_to_stop(cell))
            status = give_up(err);
        else if (done && done[cell])
            plan->n_done++;
        else if (!ln_sweep_point(planner->sweep, cell, point))
            plan->n_excluded++;
        else
            status = add_cell(planner, point, cell, err);
    }
    free(point);
    return status;
}

int ln_plan_create(const struct ln_sweep *sweep, const uint8_t *done, struct ln_plan **out,
                   struct ln_err *err) {
    struct planner planner = {.sweep = sweep, .problems = ln_problem_cache_create()};
    struct ln_plan *plan = ln_linalg_alloc(1, sizeof *plan);
    *out = NULL;
    ln_sets_init(&planner.sets, sweep);
    plan->n_cells = ln_sweep_n_cells(sweep);
    planner.predictions =
        ln_linalg_alloc((size_t)ln_predictions.n_entries, sizeof *planner.predictions);
    find_predictions(&planner);
    int n_records;
    ln_sweep_record_steps(sweep, &n_records);
    planner.fixed = seconds_per_point + seconds_per_record * n_records;
    planner.jobs = malloc((size_t)plan->n_cells * sizeof *planner.jobs);
    int status = planner.jobs ? LN_OK : no_memory(plan, err);
    if (status == LN_OK)
        status = add_cells(plan, &planner, done, err);
    if (status == LN_OK)
        status = fill_plan(plan, &planner, err);
    if (status == LN_OK)
        *out = plan;
    else
        ln_plan_free(plan);
    free(planner.predictions);
    free(planner.jobs);
    ln_sets_clear(&planner.sets);
    ln_problem_cache_free(planner.problems);
    return status;
}

void ln_plan_free(struct ln_plan *plan) {
    if (!plan)
        return;
    free(plan->ids);
    free(plan->cost);
    free(plan->most);
    free(plan->groups);
    free(plan);
}
