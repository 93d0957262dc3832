/* How large a job a sweep wants, or what becomes of it in the job that is asked for. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linnet/engine.h"
#include "linnet/linalg.h"
#include "submit.h"

/* MARGIN: what start, stop and the unknown margin before the limit take of every job. SHORT: below
 * it queue and start are most of a job. GOOD: ranks are busy for that share of their time. */
enum { MARGIN = 150, SHORT = 300, MOST_RANKS = 4096, MOST_LIMIT = 86400 };
static const double good = 0.8, poor = 0.5;

struct sizing {
    const struct submit_request *request;
    struct submit_size *size;
    struct ln_plan *plan; /* of the job, or of one of its shards */
    FILE *notes, *warnings;
    double alone, together; /* seconds on one rank and on those of the job */
    double file_bytes;
};

static void warn(struct sizing *sizing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void warn(struct sizing *sizing, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(sizing->warnings, format, args);
    va_end(args);
    fputc('\n', sizing->warnings);
}

static double efficiency(const struct sizing *sizing, int n_ranks, double time) {
    return time > 0 ? sizing->alone / (n_ranks * time) : 1.0;
}

/* The most ranks that are busy most of the time and do not make the job too short to be one. */
static void propose_ranks(struct sizing *sizing) {
    int n = 1;
    double time = sizing->alone, next = time, share = 1.0;
    char text[32];
    while (n < MOST_RANKS && n < sizing->plan->n_points) {
        next = cli_time_on(sizing->plan, 2 * n);
        share = efficiency(sizing, 2 * n, next);
        if (next < SHORT || share < good)
            break;
        n *= 2;
        time = next;
    }
    sizing->size->n_tasks = n;
    fprintf(sizing->notes, "%d rank%s (not asked for): ", n, n == 1 ? "" : "s");
    cli_duration(next, text);
    if (n >= MOST_RANKS || n >= sizing->plan->n_points)
        fprintf(sizing->notes, "still busy for %.0f%% of their time\n",
                100 * efficiency(sizing, n, time));
    else if (next < SHORT)
        fprintf(sizing->notes,
                "more would be done in %s, which is hardly worth a place in a queue\n", text);
    else
        fprintf(sizing->notes, "twice as many would take %s and be busy for %.0f%% of their time\n",
                text, 100 * share);
}

/* The fewest ranks, of powers of two, that are about as soon done. */
static int enough_ranks(const struct sizing *sizing, int n_ranks) {
    for (int n = 1; n < n_ranks; n *= 2)
        if (cli_time_on(sizing->plan, n) <= 1.1 * sizing->together)
            return n;
    return n_ranks;
}

static void judge_ranks(struct sizing *sizing) {
    int n = sizing->size->n_tasks;
    char text[32];
    double share = efficiency(sizing, n, sizing->together);
    if (n > 1 && share < poor && sizing->together > 0) {
        int enough = enough_ranks(sizing, n);
        cli_duration(cli_time_on(sizing->plan, enough), text);
        warn(sizing,
             "%d ranks are busy for %.2g%% of their time; %d would be done in about the same (%s)",
             n, 100 * share, enough, text);
    }
    if (n > sizing->plan->n_points)
        warn(sizing, "%d ranks for %lld points: the others have nothing to do", n,
             (long long)sizing->plan->n_points);
}

static double round_up(double seconds) {
    double unit = seconds <= 7200 ? 600 : 3600;
    return unit * ceil(seconds / unit);
}

/* In every job some time goes before the first point and after the last one. */
static double useful(double limit) {
    return fmax(limit - MARGIN, 0.5 * limit);
}

static void propose_limit(struct sizing *sizing) {
    double wanted = round_up(2 * sizing->together + SHORT);
    char text[32];
    sizing->size->limit = fmin(wanted, MOST_LIMIT);
    cli_duration(sizing->together, text);
    fprintf(sizing->notes,
            "time limit (not asked for): %s are predicted; twice that, and 5 min%s\n", text,
            wanted > MOST_LIMIT ? ", but no more than a day: the job goes on in the next" : "");
}

static void judge_limit(struct sizing *sizing) {
    double limit = sizing->size->limit, longest = cli_longest_point(sizing->plan);
    int n_tasks = sizing->size->n_tasks;
    char time[32], text[32], point[32];
    cli_duration(sizing->together, time);
    cli_duration(limit, text);
    cli_duration(longest, point);
    double more = ceil(sizing->together / useful(limit)) - 1;
    fprintf(sizing->notes, "predicted %s on %d rank%s; time limit %s: ", time, n_tasks,
            n_tasks == 1 ? "" : "s", text);
    if (more > 0)
        fprintf(sizing->notes, "about %.0f %s%s\n", more,
                sizing->request->has_no_requeue ? "successor" : "requeue", more > 1 ? "s" : "");
    else
        fprintf(sizing->notes, "one job is enough\n");
    if (longest > useful(limit))
        fprintf(sizing->notes,
                "the longest point (%s) does not end in one job: it is parked, and goes on\n",
                point);
    if (limit < 2 * SHORT)
        warn(sizing, "a time limit of %s: of each job up to %.0f s go into start and stop", text,
             limit - useful(limit));
}

static void describe(struct sizing *sizing) {
    const struct ln_plan *plan = sizing->plan;
    struct submit_size *size = sizing->size;
    char longest[32], bytes[32], cost[32];
    cli_duration(cli_longest_point(plan), longest);
    cli_bytes(sizing->file_bytes, bytes);
    cli_duration(plan->total_cost, cost);
    size->n_points = plan->n_points;
    size->n_done = plan->n_done;
    fprintf(sizing->notes, "%lld points", (long long)plan->n_points);
    if (sizing->request->n_shards > 0)
        fprintf(sizing->notes, " in the first of %d shards, which are alike",
                sizing->request->n_shards);
    if (plan->n_done > 0)
        fprintf(sizing->notes, " to go (%lld are done)", (long long)plan->n_done);
    fprintf(sizing->notes, "; results file %s\n", bytes);
    fprintf(sizing->notes,
            "predicted: %.3g core hours (%s on one core), the longest point %s; an order of "
            "magnitude\n",
            plan->total_cost / 3600, cost, longest);
}

static int find_ranks(struct sizing *sizing, struct ln_err *err) {
    const struct submit_request *request = sizing->request;
    struct submit_size *size = sizing->size;
    int cores;
    size->n_tasks = request->n_tasks;
    if (request->n_tasks > 0)
        return LN_OK;
    if (request->n_nodes == 0) {
        propose_ranks(sizing);
        return LN_OK;
    }
    if (submit_cores(request->partition, &cores, err) != LN_OK)
        return (int)err->status;
    if (cores > SUBMIT_MOST_TASKS / request->n_nodes)
        return ln_err_set(err, LN_INPUT, "%d nodes of %d cores are too many; give --ntasks",
                          request->n_nodes, cores);
    size->per_node = cores;
    size->n_tasks = cores * request->n_nodes;
    fprintf(sizing->notes, "%d nodes of %d cores, by sinfo\n", request->n_nodes, cores);
    return LN_OK;
}

static int size_job(struct sizing *sizing, struct ln_err *err) {
    const struct submit_request *request = sizing->request;
    struct submit_size *size = sizing->size;
    describe(sizing);
    sizing->alone = cli_time_on(sizing->plan, 1);
    if (find_ranks(sizing, err) != LN_OK)
        return (int)err->status;
    sizing->together = cli_time_on(sizing->plan, size->n_tasks);
    judge_ranks(sizing);
    if (request->limit > 0)
        size->limit = request->limit;
    else
        propose_limit(sizing);
    judge_limit(sizing);
    fprintf(sizing->notes, "at most %.3g core hours are taken by one such job\n",
            size->n_tasks * size->limit / 3600);
    size->merge_limit = round_up(600 + sizing->file_bytes / 50e6);
    return LN_OK;
}

static int make_plan(struct sizing *sizing, const struct ln_sweep *sweep, struct ln_err *err) {
    const struct submit_request *request = sizing->request;
    struct ln_layout *layout = ln_linalg_alloc(1, sizeof *layout);
    struct cli_costs costs = {0};
    int status = ln_engine_layout(sweep, layout, err);
    if (status == LN_OK)
        status = ln_plan_create(sweep, NULL, &sizing->plan, err);
    if (status == LN_OK) {
        sizing->file_bytes = (double)sizing->plan->n_cells * ((double)layout->row_bytes + 9);
        bool is_there = access(request->output, F_OK) == 0;
        if (is_there && request->n_shards > 0)
            status = ln_err_set(err, LN_INPUT,
                                "%s is there, and shards are joined into a new file; choose "
                                "another output, or go on without --shards",
                                request->output);
        else if (is_there)
            status = cli_take_done(request->output, request->sweep_path, sweep, sizing->plan,
                                   &costs, err);
        else if (request->n_shards > 0)
            ln_plan_take_shard(sizing->plan, 1, request->n_shards);
    }
    cli_costs_clear(&costs);
    free(layout);
    return status;
}

int submit_size(const struct submit_request *request, const struct ln_sweep *sweep,
                struct submit_size *size, struct ln_err *err) {
    size_t n;
    struct sizing sizing = {.request = request, .size = size};
    sizing.notes = open_memstream(&size->notes, &n);
    sizing.warnings = open_memstream(&size->warnings, &n);
    int status = sizing.notes && sizing.warnings ? make_plan(&sizing, sweep, err)
                                                 : ln_err_set(err, LN_FATAL, "out of memory");
    if (status == LN_OK)
        status = size_job(&sizing, err);
    if (sizing.notes)
        fclose(sizing.notes);
    if (sizing.warnings)
        fclose(sizing.warnings);
    ln_plan_free(sizing.plan);
    return status;
}

void submit_size_clear(struct submit_size *size) {
    free(size->notes);
    free(size->warnings);
}
