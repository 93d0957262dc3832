/* What points have cost, by shape: collected from a run and from its side log. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/linalg.h"

static struct cli_cost *find(const struct cli_costs *costs, const char *shape) {
    for (int i = costs->n; i-- > 0;)
        if (strcmp(costs->items[i].shape, shape) == 0)
            return &costs->items[i];
    return NULL;
}

static struct cli_cost *append(struct cli_costs *costs, const char *shape) {
    struct cli_cost *items = ln_linalg_alloc((size_t)costs->n + 1, sizeof *items);
    if (costs->n > 0)
        memcpy(items, costs->items, (size_t)costs->n * sizeof *items);
    free(costs->items);
    costs->items = items;
    snprintf(items[costs->n].shape, sizeof items[costs->n].shape, "%s", shape);
    return &items[costs->n++];
}

void cli_costs_add(struct cli_costs *costs, const char *shape, const struct ln_tally *more) {
    struct cli_cost *item = find(costs, shape);
    if (!item)
        item = append(costs, shape);
    ln_tally_add(&item->tally, more);
}

const struct ln_tally *cli_costs_of(const struct cli_costs *costs, const char *shape) {
    const struct cli_cost *item = find(costs, shape);
    return item ? &item->tally : NULL;
}

struct ln_tally cli_costs_sum(const struct cli_costs *costs) {
    struct ln_tally sum = {0};
    for (int i = 0; i < costs->n; i++)
        ln_tally_add(&sum, &costs->items[i].tally);
    return sum;
}

void cli_costs_clear(struct cli_costs *costs) {
    free(costs->items);
    *costs = (struct cli_costs){0};
}

static void print_account(const struct ln_tally *sum, const struct ln_train_use *use) {
    char actual[32], predicted[32];
    cli_duration(sum->actual, actual);
    cli_duration(sum->predicted, predicted);
    fprintf(stderr, "linnet: %s of core time, predicted %s", actual, predicted);
    if (use->lane_steps > 0)
        fprintf(stderr, "; lanes %.0f %% busy", 100.0 * use->busy_steps / use->lane_steps);
    fprintf(stderr, "\n");
}

void cli_account(void *ctx, const struct ln_account *account) {
    struct progress *progress = ctx;
    struct cli_costs costs = {0};
    progress->silence = account->silence;
    for (int g = 0; g < account->plan->n_groups; g++)
        if (account->groups[g].count > 0)
            cli_costs_add(&costs, account->plan->groups[g].shape, &account->groups[g]);
    if (costs.n > 0)
        cli_log_costs(progress->output, &costs, &account->use);
    if (account->n_refused > 0)
        fprintf(stderr,
                "linnet: %lld parked points could not go on from what was left of them, and began "
                "anew\n",
                (long long)account->n_refused);
    struct ln_tally sum = cli_costs_sum(&costs);
    if (!progress->is_quiet && !progress->is_apart && sum.count > 0)
        print_account(&sum, &account->use);
    cli_costs_clear(&costs);
}
