/* linnet simulate: a run on many ranks, without them. */
#include "linnet/simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/linalg.h"

enum { MOST_RANKS = 16, LARGEST_RANKS = 1 << 20 };

/* What is asked for. */
struct request {
    const char *path, *costs, *sets[CLI_MOST_SETS];
    int n_sets, n_ranks, ranks[MOST_RANKS];
    double latency, service, spread;
    uint64_t seed;
};

/* The cost of a point that took `steps`, which the plan knows at its horizon. */
static double cost_of_steps(const struct ln_plan *plan, int group, int64_t position, double steps,
                            double horizon) {
    double fixed = plan->groups[group].fixed;
    return fixed + (plan->most[position] - fixed) * steps / horizon;
}

/* Costs by the steps that finished points really took. The others keep what they have: points to
 * come, and flows, whose steps say nothing of the time. */
static int measure(const struct ln_sweep *sweep, const struct ln_plan *plan,
                   const struct ln_view *view, double *actual, int64_t *n_measured,
                   struct ln_err *err) {
    struct ln_point *point = ln_linalg_alloc(1, sizeof *point);
    int8_t *done = ln_linalg_alloc((size_t)plan->n_cells, 1);
    int steps = cli_find_variable(view, "steps", 0), status = ln_view_status(view, done, err);
    for (int g = 0; g < plan->n_groups && steps >= 0; g++)
        for (int64_t k = 0; k < plan->groups[g].count && status == LN_OK; k++) {
            int64_t i = plan->groups[g].first + k;
            double taken;
            if (done[plan->ids[i]] != 1 || isinf(plan->most[i]))
                continue;
            status = ln_view_row(view, steps, plan->ids[i], &taken, err);
            ln_sweep_point(sweep, plan->ids[i], point);
            double horizon = (double)ln_conf_int(&point->conf[LN_LIMITS], "max_steps");
            actual[i] = cost_of_steps(plan, g, i, taken, horizon);
            (*n_measured)++;
        }
    free(done);
    free(point);
    return status;
}

static int make_costs(const struct request *request, const struct ln_sweep *sweep,
                      const struct ln_plan *plan, double *actual, struct ln_err *err) {
    struct ln_view *view;
    int64_t n_measured = 0;
    if (!request->costs) {
        ln_simulate_draw(plan, request->spread, request->seed, actual);
        printf("true costs: predicted ones times log-normal errors, spread %.3g for each shape and "
               "for each point, seed %llu\n",
               request->spread, (unsigned long long)request->seed);
        return LN_OK;
    }
    ln_simulate_draw(plan, 0.0, 0, actual);
    int status = cli_open_results(request->costs, request->path, sweep, &view, err);
    if (status != LN_OK)
        return status;
    status = measure(sweep, plan, view, actual, &n_measured, err);
    ln_view_close(view);
    if (status == LN_OK)
        printf("true costs: by the steps that %lld of %lld points took in %s%s\n",
               (long long)n_measured, (long long)plan->n_points, cli_shown(request->costs),
               n_measured < plan->n_points ? "; the others as predicted" : "");
    return status;
}

static void print_row(const struct ln_simulation *run, int n_ranks) {
    char makespan[32], ideal[32], wait[32];
    cli_duration(run->makespan, makespan);
    cli_duration(run->ideal, ideal);
    cli_duration(run->wait, wait);
    printf("%8d %11s %11s %-8s %7.3f %11.0f %11s %7.1f%% %7.1f%% %10lld\n", n_ranks, makespan,
           ideal, run->work / n_ranks < run->longest ? "longest" : "work",
           run->ideal > 0 ? run->makespan / run->ideal : 1.0,
           run->makespan > 0 ? (double)run->n_requests / run->makespan : 0.0, wait,
           100.0 * run->idle, 100.0 * run->lanes, (long long)run->n_grants);
}

static void print_table(const struct request *request, const struct ln_plan *plan,
                        const double *actual) {
    printf("messages: %.3g us under way, %.3g us of work for rank 0\n\n", 1e6 * request->latency,
           1e6 * request->service);
    printf("%8s %11s %11s %-8s %7s %11s %11s %8s %8s %10s\n", "ranks", "makespan", "ideal", "bound",
           "ratio", "requests/s", "wait", "idle", "lanes", "grants");
    for (int i = 0; i < request->n_ranks; i++) {
        struct ln_simulate_options options = ln_simulate_usual(request->ranks[i]);
        options.latency = request->latency;
        options.service = request->service;
        struct ln_simulation run;
        ln_simulate(plan, actual, &options, &run);
        print_row(&run, request->ranks[i]);
    }
}

static int simulate(const struct request *request, struct ln_err *err) {
    struct ln_sweep *sweep = NULL;
    struct ln_plan *plan = NULL;
    int status = cli_read_sweep(request->path, request->sets, request->n_sets, &sweep, err);
    if (status == LN_OK)
        status = ln_plan_create(sweep, NULL, &plan, err);
    if (status == LN_OK) {
        double *actual = ln_linalg_alloc((size_t)plan->n_points + 1, sizeof *actual);
        char total[32];
        cli_duration(plan->total_cost, total);
        printf("%s: %lld points, %s predicted on one core\n", cli_shown(ln_sweep_name(sweep)),
               (long long)plan->n_points, total);
        status = make_costs(request, sweep, plan, actual, err);
        if (status == LN_OK)
            print_table(request, plan, actual);
        free(actual);
    }
    ln_plan_free(plan);
    ln_sweep_free(sweep);
    return status;
}

/* "8,64,512" */
static int read_ranks(struct request *request, const char *text) {
    request->n_ranks = 0;
    for (const char *at = text;;) {
        char *end;
        long ranks = strtol(at, &end, 10);
        bool is_good = end != at && (*end == ',' || *end == '\0') && ranks >= 1 &&
                       ranks <= LARGEST_RANKS && request->n_ranks < MOST_RANKS;
        if (!is_good)
            return cli_usage(&command_simulate,
                             "--ranks: '%s' is no list of ranks; give up to %d from 1 to %d, as in "
                             "8,64,512",
                             text, MOST_RANKS, LARGEST_RANKS);
        request->ranks[request->n_ranks++] = (int)ranks;
        if (*end == '\0')
            return LN_OK;
        at = end + 1;
    }
}

static int read_number(const char *option, const char *text, double most, double *number) {
    char *end;
    *number = strtod(text, &end);
    if (end != text && *end == '\0' && *number >= 0 && *number <= most)
        return LN_OK;
    return cli_usage(&command_simulate, "%s: '%s' is no number from 0 to %g", option, text, most);
}

enum { RANKS, LATENCY, SERVICE, SPREAD, SEED, COSTS, SET, N_OPTIONS };

static const struct option_spec specs[N_OPTIONS] = {
    {"--ranks", NULL, true},  {"--latency", NULL, true}, {"--service", NULL, true},
    {"--spread", NULL, true}, {"--seed", NULL, true},    {"--costs", NULL, true},
    {"--set", NULL, true}};

static int take_option(struct request *request, int option, const char *value) {
    double number = 0;
    int status = LN_OK;
    switch (option) {
    case RANKS:
        return read_ranks(request, value);
    case LATENCY:
        return read_number("--latency", value, 1.0, &request->latency);
    case SERVICE:
        return read_number("--service", value, 1.0, &request->service);
    case SPREAD:
        return read_number("--spread", value, 5.0, &request->spread);
    case SEED:
        status = read_number("--seed", value, 0x1p53, &number);
        request->seed = (uint64_t)number;
        return status;
    case COSTS:
        request->costs = value;
        return LN_OK;
    case SET:
        return cli_take_set(&command_simulate, request->sets, &request->n_sets, value) ? LN_OK
                                                                                       : LN_INPUT;
    default:
        return cli_take_path(&command_simulate, &request->path, value) ? LN_OK : LN_INPUT;
    }
}

static int run(int argc, char **argv) {
    struct ln_simulate_options usual = ln_simulate_usual(1);
    struct request request = {.n_ranks = 4,
                              .ranks = {8, 64, 512, 4096},
                              .latency = usual.latency,
                              .service = usual.service,
                              .spread = 0.3};
    const char *value;
    int index = 1, option;
    while ((option = cli_next(&command_simulate, specs, N_OPTIONS, argc, argv, &index, &value)) !=
           -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        if (take_option(&request, option, value) != LN_OK)
            return LN_INPUT;
    }
    if (!request.path)
        return cli_usage(&command_simulate, "which sweep?");
    struct ln_err err = {0};
    ln_linalg_start();
    int status = simulate(&request, &err);
    return status == LN_OK ? LN_OK : cli_fail(&err);
}

const struct command command_simulate = {
    "simulate", "linnet simulate SWEEP.yaml [--ranks P,...] [--costs OUT.h5] [--set key=value]...",
    "Plays a run on many ranks event by event: how near to ideal, and how busy rank 0 is.",
    "\n      --ranks P,...      numbers of ranks; default: 8,64,512,4096\n"
    "      --latency SECONDS  of a message; default: 5e-6\n"
    "      --service SECONDS  rank 0 takes for a request; default: 2e-6\n"
    "      --spread S         log-normal error of the predictions; default: 0.3\n"
    "      --seed N           of these errors; default: 0\n"
    "      --costs OUT.h5     instead: points cost what their steps in this file say\n"
    "      --set key=value    overrides a key of the sweep file\n\n"
    "The coordinator and the workers' side of the farm are the real ones; lanes and rank 0's "
    "double "
    "work are played too.\n"
    "ideal: the work over the ranks, or the longest point alone where that is more (bound).\n"
    "idle: time of ranks without a point. lanes: the rest, as far as it moved points.\n"
    "wait: of a request until its answer. Waiting with points in hand costs nothing.\n",
    run};
