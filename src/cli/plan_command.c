#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/engine.h"
#include "linnet/linalg.h"
#include "linnet/simulate.h"
#include "linnet/train.h"
#include "linnet/view.h"

static void print_axes(const struct ln_sweep *sweep) {
    for (int i = 0; i < ln_sweep_n_axes(sweep); i++) {
        const struct ln_axis *axis = ln_sweep_axis(sweep, i);
        const struct ln_coord *coord = &axis->coords[0];
        printf("  %-16s %5lld values  %s ... %s%s\n", cli_shown(axis->name), (long long)axis->count,
               cli_shown(coord->texts[0]), cli_shown(coord->texts[axis->count - 1]),
               axis->is_log ? "  (log)" : "");
        for (int k = 1; k < axis->n_coords; k++)
            printf("    with %s: %s ... %s\n", cli_shown(axis->coords[k].name),
                   cli_shown(axis->coords[k].texts[0]),
                   cli_shown(axis->coords[k].texts[axis->count - 1]));
    }
}

/* One line a shape, whatever the number of its problems. */
struct line {
    const struct ln_group *group; /* the first of the shape */
    int64_t count;
    double cost, longest; /* core seconds; how long the longest point lasts on one rank */
};

/* How long the longest point of a group lasts with the others of the group beside it. */
static double longest_of(const struct ln_plan *plan, const struct ln_group *group) {
    return fmin(group->lanes, (double)group->count * group->solo) * plan->cost[group->first];
}

static void print_shapes(const struct ln_plan *plan) {
    int n_lines = 0;
    for (int i = 0; i < plan->n_groups; i++)
        n_lines = plan->groups[i].kind >= n_lines ? plan->groups[i].kind + 1 : n_lines;
    struct line *lines = ln_linalg_alloc((size_t)n_lines, sizeof *lines);
    for (int i = 0; i < plan->n_groups; i++) {
        const struct ln_group *group = &plan->groups[i];
        struct line *line = &lines[group->kind];
        line->group = line->group ? line->group : group;
        line->count += group->count;
        line->cost += group->cost;
        line->longest = fmax(line->longest, longest_of(plan, group));
    }
    printf("\n%-28s %10s %6s %12s %12s\n", "shape d_0-...-d_N", "points", "lanes", "predicted",
           "longest");
    for (const struct line *line = lines; line < lines + n_lines; line++) {
        char total[32], longest[32];
        if (!line->group)
            continue;
        cli_duration(line->cost, total);
        cli_duration(line->longest, longest);
        printf("%-28s %10lld %6d %12s %12s\n", line->group->shape, (long long)line->count,
               line->group->lanes, total, longest);
    }
    free(lines);
}

double cli_longest_point(const struct ln_plan *plan) {
    double longest = 0;
    for (int i = 0; i < plan->n_groups; i++)
        longest = fmax(longest, plan->groups[i].solo * plan->cost[plan->groups[i].first]);
    return longest;
}

double cli_time_on(const struct ln_plan *plan, int n_ranks) {
    enum { MOST_POINTS = 200000 };
    if (plan->n_points > MOST_POINTS)
        return fmax(plan->total_cost / n_ranks, cli_longest_point(plan));
    struct ln_simulate_options options = ln_simulate_usual(n_ranks);
    struct ln_simulation simulation;
    ln_simulate(plan, plan->cost, &options, &simulation);
    return simulation.makespan;
}

static void print_times(const struct ln_plan *plan, const char *title) {
    double longest = cli_longest_point(plan);
    char text[32];
    printf("\n%s:\n ", title);
    for (int ranks = 1; ranks <= 4096; ranks *= ranks == 1 ? 2 : 4) {
        bool is_last = plan->total_cost / ranks < longest;
        cli_duration(cli_time_on(plan, ranks), text);
        printf("%s %d rank%s: %s%s", ranks == 1 ? "" : ",", ranks, ranks == 1 ? "" : "s", text,
               is_last ? " (the longest point)\n" : "");
        if (is_last)
            return;
    }
    printf("\n");
}

struct range {
    double low, high;
};

static struct range range_of(const struct ln_sweep *sweep, const struct ln_plan *plan,
                             const char *name) {
    struct ln_point *point = ln_linalg_alloc(1, sizeof *point);
    struct range range = {INFINITY, -INFINITY};
    for (int64_t i = 0; i < plan->n_points; i++) {
        ln_sweep_point(sweep, plan->ids[i], point);
        range.low = fmin(range.low, ln_conf_real(&point->conf[LN_LIMITS], name));
        range.high = fmax(range.high, ln_conf_real(&point->conf[LN_LIMITS], name));
    }
    free(point);
    return range;
}

/* "3" or, where it is an axis, "3 to 5". */
static void print_limit(const struct ln_sweep *sweep, const struct ln_plan *plan,
                        const char *name) {
    struct range range = range_of(sweep, plan, name);
    printf(range.low < range.high ? "%.9g to %.9g" : "%.9g", range.low, range.high);
}

/* stop.loss: 0 switches the rule off. */
static void print_converged(const struct ln_sweep *sweep, const struct ln_plan *plan) {
    if (range_of(sweep, plan, "stop.loss").high <= 0) {
        printf("no converged_* (stop.loss is 0)");
        return;
    }
    printf("converged_* needs an excess loss of at most ");
    print_limit(sweep, plan, "stop.loss");
    printf(" for ");
    print_limit(sweep, plan, "stop.hold");
    printf(" steps");
}

/* What the labels need, with this sweep's numbers. */
static void print_labels(const struct ln_sweep *sweep, const struct ln_plan *plan) {
    if (plan->n_points == 0)
        return;
    printf("\nlabels: ");
    print_converged(sweep, plan);
    printf("; diverged needs an excess loss above ");
    print_limit(sweep, plan, "stop.diverged");
    printf(";\n  the others are decided at the horizon, step ");
    print_limit(sweep, plan, "max_steps");
    printf("; period_p and chaotic_bounded need one of at least %d steps\n", LN_WINDOW);
}

static int print_plan(const struct ln_sweep *sweep, struct ln_err *err) {
    struct ln_layout *layout = ln_linalg_alloc(1, sizeof *layout);
    struct ln_plan *plan = NULL;
    int status = ln_engine_layout(sweep, layout, err);
    if (status == LN_OK)
        status = ln_plan_create(sweep, NULL, &plan, err);
    if (status == LN_OK) {
        char bytes[32];
        cli_bytes((double)plan->n_cells * ((double)layout->row_bytes + 9), bytes);
        printf("%s: %lld points", cli_shown(ln_sweep_name(sweep)), (long long)plan->n_points);
        if (plan->n_excluded)
            printf(" (%lld of %lld cells left out by where)", (long long)plan->n_excluded,
                   (long long)plan->n_cells);
        printf(", results file %s\n", bytes);
        print_axes(sweep);
        print_shapes(plan);
        print_times(plan, "predicted time (an order of magnitude, before the first point is run)");
        print_labels(sweep, plan);
    }
    ln_plan_free(plan);
    free(layout);
    return status;
}

static int print_after(const struct ln_sweep *sweep, const char *path, const char *results,
                       struct ln_err *err) {
    struct ln_plan *plan = NULL;
    int status = ln_plan_create(sweep, NULL, &plan, err);
    if (status == LN_OK)
        status = cli_after(results, path, sweep, plan, err);
    if (status == LN_OK && plan->n_points > 0)
        print_times(plan, "time left, predicted in the light of what is done");
    ln_plan_free(plan);
    return status;
}

static int run(int argc, char **argv) {
    static const struct option_spec specs[] = {{"--set", NULL, true}, {"--after", NULL, true}};
    const char *value, *path = NULL, *results = NULL, *sets[CLI_MOST_SETS];
    int index = 1, option, n_sets = 0;
    while ((option = cli_next(&command_plan, specs, 2, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? LN_OK : LN_INPUT;
        if (option == 1)
            results = value;
        else if (option == 0 ? !cli_take_set(&command_plan, sets, &n_sets, value)
                             : !cli_take_path(&command_plan, &path, value))
            return LN_INPUT;
    }
    if (!path)
        return cli_usage(&command_plan, "which sweep?");
    struct ln_err err = {0};
    struct ln_sweep *sweep = NULL;
    ln_linalg_start();
    int status = cli_read_sweep(path, sets, n_sets, &sweep, &err);
    if (status == LN_OK)
        status = results ? print_after(sweep, path, results, &err) : print_plan(sweep, &err);
    ln_sweep_free(sweep);
    return status == LN_OK ? LN_OK : cli_fail(&err);
}

const struct command command_plan = {
    "plan", "linnet plan SWEEP.yaml [--after OUT.h5] [--set key=value]...",
    "Says what a sweep would do: points, shapes, predicted time by number of ranks, size of the "
    "results file.",
    "\n  --after OUT.h5   predicted against actual cost of what is done, and the time left\n"
    "  --set key=value  overrides a key of the sweep file\n\n"
    "Checks everything `linnet run` checks, and touches nothing.\n",
    run};
