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
 * it queue and start are most of a job, and the signal of Slurm before the limit (120 s, and up to
 * a minute early) may come before the first point. GOOD: ranks are busy for that share of their
 * time. */
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

/* Nobody wants to know of microseconds. */
static const char *span(double seconds, char text[32]) {
    if (seconds < 1)
        snprintf(text, 32, "less than 1 s");
    else
        cli_duration(seconds, text);
    return text;
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
    span(next, text);
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
        span(cli_time_on(sizing->plan, enough), text);
        warn(sizing,
             "%d ranks are busy for %.2g%% of their time; %d would be done in about the same (%s)",
             n, 100 * share, enough, text);
    }
    if (n > sizing->plan->n_points)
        warn(sizing, "%d ranks for %lld points: the others have nothing to do", n,
             (long long)sizing->plan->n_points);
    if (n < sizing->request->n_nodes)
        warn(sizing, "%d ranks on %d nodes: the other nodes have nothing to do", n,
             sizing->request->n_nodes);
}

static double unit_of(double seconds) {
    return seconds <= 7200 ? 600 : 3600;
}

static double round_up(double seconds, double unit) {
    return unit * ceil(seconds / unit);
}

/* In every job some time goes before the first point and after the last one. */
static double useful(double limit) {
    return fmax(limit - MARGIN, 0.5 * limit);
}

static void propose_limit(struct sizing *sizing) {
    double wanted = 2 * sizing->together + SHORT, unit = unit_of(wanted);
    double limit = fmin(round_up(wanted, unit), MOST_LIMIT);
    char time[32], text[32];
    sizing->size->limit = limit;
    cli_duration(limit, text);
    fprintf(sizing->notes, "time limit (not asked for) %s: ", text);
    if (wanted > MOST_LIMIT)
        fprintf(sizing->notes,
                "twice the predicted %s would be more than a day; the job goes on in "
                "the next\n",
                span(sizing->together, time));
    else
        fprintf(sizing->notes, "twice the predicted %s, and 5 min, rounded up to full %s\n",
                span(sizing->together, time), unit > 600 ? "hours" : "ten minutes");
}

/* Slurm counts in minutes. */
static void take_limit(struct sizing *sizing) {
    double asked = sizing->request->limit, limit = round_up(asked, 60);
    char text[32], minutes[32];
    sizing->size->limit = limit;
    if (limit == asked)
        return;
    cli_duration(asked, text);
    cli_duration(limit, minutes);
    fprintf(sizing->notes, "a time limit of %s becomes %s: Slurm counts in minutes\n", text,
            minutes);
}

static void judge_limit(struct sizing *sizing) {
    double limit = sizing->size->limit, longest = cli_longest_point(sizing->plan);
    int n_tasks = sizing->size->n_tasks;
    char time[32], text[32], point[32];
    span(sizing->together, time);
    span(longest, point);
    cli_duration(limit, text);
    double more = ceil(sizing->together / useful(limit)) - 1;
    fprintf(sizing->notes, "predicted %s on %d rank%s; time limit %s: ", time, n_tasks,
            n_tasks == 1 ? "" : "s", text);
    if (more > 0)
        fprintf(sizing->notes, "about %.0f %s%s\n", more,
                sizing->request->has_no_requeue ? "successor" : "requeue", more > 1 ? "s" : "");
    else
        fprintf(sizing->notes, "%s\n",
                limit < SHORT ? "enough, if the job gets that far" : "one job is enough");
    if (longest > useful(limit))
        fprintf(sizing->notes,
                "the longest point (%s) does not end in one job: it is parked, and goes on\n",
                point);
    if (limit < SHORT)
        warn(sizing,
             "a time limit of %s: Slurm asks the job to stop 120 s before it, and up to a minute "
             "early; it may be stopped before its first point",
             text);
    else if (limit < 2 * SHORT)
        warn(sizing, "a time limit of %s: of each job up to %.0f s go into start and stop", text,
             limit - useful(limit));
}

static void describe(struct sizing *sizing) {
    const struct ln_plan *plan = sizing->plan;
    struct submit_size *size = sizing->size;
    char longest[32], bytes[32], cost[32];
    span(cli_longest_point(plan), longest);
    cli_bytes(sizing->file_bytes, bytes);
    span(plan->total_cost, cost);
    size->n_points = plan->n_points;
    size->n_done = plan->n_done;
    fprintf(sizing->notes, "%lld point%s", (long long)plan->n_points,
            plan->n_points == 1 ? "" : "s");
    if (sizing->request->n_shards > 0)
        fprintf(sizing->notes, " in the first of %d shards, which are alike",
                sizing->request->n_shards);
    if (plan->n_done > 0)
        fprintf(sizing->notes, " to go (%lld are done)", (long long)plan->n_done);
    fprintf(sizing->notes, "; results file %s\n", bytes);
    fprintf(sizing->notes, "predicted: ");
    if (plan->total_cost > 36)
        fprintf(sizing->notes, "%.3g core hours, ", plan->total_cost / 3600);
    fprintf(sizing->notes, "%s on one core, the longest point %s; an order of magnitude\n", cost,
            longest);
}

/* Cores of a node; 0: asked for nothing that depends on it, or for a look only (--dry-run), and
 * there is no Slurm to ask. */
static int find_cores(struct sizing *sizing, int *cores, struct ln_err *err) {
    const struct submit_request *request = sizing->request;
    struct ln_err silent = {0};
    *cores = 0;
    if (request->n_nodes == 0)
        return LN_OK;
    if (submit_cores(request->partition, cores, &silent) == LN_OK)
        return LN_OK;
    *cores = 0;
    if (request->n_tasks > 0)
        return LN_OK;
    *err = silent;
    if (!request->is_dry)
        return ln_err_prefix(err, "--nodes without --ntasks asks for the cores of a node, and ");
    *cores = (int)fmax(1, (double)sysconf(_SC_NPROCESSORS_ONLN));
    warn(sizing, "%d cores a node are those of this computer, as %s", *cores, err->text);
    return LN_OK;
}

static int fill_nodes(struct sizing *sizing, int cores, struct ln_err *err) {
    int n_nodes = sizing->request->n_nodes;
    if (cores > SUBMIT_MOST_TASKS / n_nodes)
        return ln_err_set(err, LN_INPUT, "%d nodes of %d cores are too many; give --ntasks",
                          n_nodes, cores);
    sizing->size->per_node = cores;
    sizing->size->n_tasks = cores * n_nodes;
    fprintf(sizing->notes, "%d node%s of %d cores\n", n_nodes, n_nodes == 1 ? "" : "s", cores);
    return LN_OK;
}

static int find_ranks(struct sizing *sizing, struct ln_err *err) {
    const struct submit_request *request = sizing->request;
    int cores;
    if (find_cores(sizing, &cores, err) != LN_OK)
        return (int)err->status;
    sizing->size->n_tasks = request->n_tasks;
    if (request->n_tasks == 0 && request->n_nodes > 0)
        return fill_nodes(sizing, cores, err);
    if (request->n_tasks == 0)
        propose_ranks(sizing);
    else if (cores > 0 && request->n_tasks > (double)cores * request->n_nodes)
        warn(sizing, "%d ranks do not fit on %d node%s of %d cores (by sinfo, the smallest kind)",
             request->n_tasks, request->n_nodes, request->n_nodes == 1 ? "" : "s", cores);
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
        take_limit(sizing);
    else
        propose_limit(sizing);
    judge_limit(sizing);
    fprintf(sizing->notes, "one such job takes at most %.3g core hours\n",
            size->n_tasks * size->limit / 3600);
    double merging = 600 + sizing->file_bytes / 50e6;
    size->merge_limit = round_up(merging, unit_of(merging));
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
            status = ln_plan_take_shard(sizing->plan, 1, request->n_shards, err);
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
