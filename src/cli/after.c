/* linnet plan --after: what was predicted against what it cost, and what is left in its light. */
#include <math.h>
#include <stdlib.h>

#include "cli.h"
#include "linnet/linalg.h"
#include "linnet/store.h"

static void print_row(const char *name, const struct ln_tally *tally) {
    char predicted[32], actual[32], longest[32];
    cli_duration(tally->predicted, predicted);
    cli_duration(tally->actual, actual);
    cli_duration(tally->longest, longest);
    printf("%-28s %10lld %12s %12s %8.2f %8.2f %12s\n", name, (long long)tally->count, predicted,
           actual, tally->predicted > 0 ? tally->actual / tally->predicted : 1.0,
           ln_tally_spread(tally), longest);
}

static void print_costs(const struct cli_costs *costs, const char *path) {
    struct ln_tally sum = cli_costs_sum(costs);
    if (costs->n == 0) {
        printf("\n%s.log says nothing of what points cost: runs write it when they end or are "
               "stopped, not when they are killed\n",
               cli_shown(path));
        return;
    }
    printf("\n%-28s %10s %12s %12s %8s %8s %12s\n", "shape d_0-...-d_N", "done", "predicted",
           "actual", "ratio", "spread", "longest");
    for (int i = 0; i < costs->n; i++)
        print_row(cli_shown(costs->items[i].shape), &costs->items[i].tally);
    if (costs->n > 1)
        print_row("all", &sum);
    printf("core seconds, of a point its share where several advance together; ratio: actual to "
           "predicted; spread: of\nits logarithm over single points\n");
}

/* Takes every prediction times the ratio of its shape, or of all shapes where none is done. */
static void calibrate(struct ln_plan *plan, const struct cli_costs *costs) {
    struct ln_tally sum = cli_costs_sum(costs);
    plan->total_cost = 0;
    for (int g = 0; g < plan->n_groups; g++) {
        struct ln_group *group = &plan->groups[g];
        const struct ln_tally *tally = cli_costs_of(costs, group->shape);
        if (!tally || !(tally->predicted > 0))
            tally = &sum;
        double ratio = tally->predicted > 0 ? tally->actual / tally->predicted : 1.0;
        for (int64_t i = group->first; i < group->first + group->count; i++)
            plan->cost[i] *= ratio;
        group->cost *= ratio;
        group->fixed *= ratio;
        plan->total_cost += group->cost;
    }
}

int cli_take_done(const char *path, const char *sweep_path, const struct ln_sweep *sweep,
                  struct ln_plan *plan, struct cli_costs *costs, struct ln_err *err) {
    struct ln_view *view;
    int status = cli_open_results(path, sweep_path, sweep, &view, err);
    if (status != LN_OK)
        return status;
    int8_t *rows = ln_linalg_alloc((size_t)plan->n_cells, 1);
    uint8_t *done = ln_linalg_alloc((size_t)plan->n_cells, 1);
    status = ln_view_status(view, rows, err);
    for (int64_t cell = 0; cell < plan->n_cells; cell++) {
        done[cell] = rows[cell] == LN_ROW_DONE || rows[cell] == LN_ROW_FAILED;
        costs->n_failed += rows[cell] == LN_ROW_FAILED;
    }
    if (status == LN_OK) {
        ln_plan_drop_done(plan, done);
        cli_log_read(path, costs);
        calibrate(plan, costs);
    }
    free(done);
    free(rows);
    ln_view_close(view);
    return status;
}

int cli_after(const char *path, const char *sweep_path, const struct ln_sweep *sweep,
              struct ln_plan *plan, struct ln_err *err) {
    struct cli_costs costs = {0};
    int status = cli_take_done(path, sweep_path, sweep, plan, &costs, err);
    if (status == LN_OK) {
        printf("%s: %lld of %lld points are done", cli_shown(path),
               (long long)(plan->n_done - costs.n_failed),
               (long long)(plan->n_done + plan->n_points));
        if (costs.n_failed > 0)
            printf(", %lld failed", (long long)costs.n_failed);
        printf("\n");
        print_costs(&costs, path);
    }
    cli_costs_clear(&costs);
    return status;
}
