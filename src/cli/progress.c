#include <math.h>
#include <string.h>

#include "cli.h"
#include "linnet/running.h"
#include "linnet/train.h"

/* The three commonest outcomes with their shares. */
static void outcomes_text(const struct ln_progress *state, char *text, size_t size) {
    int64_t left[LN_N_LABELS], total = 0;
    for (int i = 0; i < LN_N_LABELS; i++)
        total += left[i] = state->labels[i];
    text[0] = '\0';
    for (int shown = 0; shown < 3 && total > 0; shown++) {
        int most = 0;
        for (int i = 1; i < LN_N_LABELS; i++)
            if (left[i] > left[most])
                most = i;
        if (left[most] == 0)
            return;
        size_t used = strlen(text);
        snprintf(text + used, size - used, "  %s %.0f%%", ln_label_names[most],
                 100.0 * (double)left[most] / (double)total);
        left[most] = 0;
    }
}

static void line(char *text, size_t size, const struct ln_progress *state, double left,
                 bool final) {
    char eta[32], outcomes[160];
    double rate = state->seconds > 0 ? (double)state->n_done / state->seconds : 0;
    int digits = rate >= 10 || rate == 0 ? 0 : rate >= 0.1 ? 1 : 3;
    if (final || left >= 1)
        cli_duration(final ? state->seconds : left, eta);
    else
        strcpy(eta, "< 1 s");
    outcomes_text(state, outcomes, sizeof outcomes);
    snprintf(text, size, "%lld/%lld  %.*f points/s  %s %s%s", (long long)state->n_done,
             (long long)state->n_points, digits, rate, final ? "in" : "left", eta, outcomes);
}

static void show(struct progress *progress, const struct ln_progress *state, bool final) {
    enum { CELLS = 24 };
    char text[320], bar[3 * CELLS + 1] = "";
    double left = ln_progress_time_left(state, progress->seconds_parked);
    if (state->seconds - progress->last_told >= 1.0) {
        ln_running_tell(progress->running, state->n_done, state->n_points, left);
        progress->last_told = state->seconds;
    }
    if (progress->is_quiet)
        return;
    line(text, sizeof text, state, left, final);
    if (!progress->is_terminal) {
        if (final || state->seconds - progress->last_line >= 5.0) {
            fprintf(stderr, "linnet: %s\n", text);
            progress->last_line = state->seconds;
        }
        return;
    }
    double total = state->seconds_done + state->seconds_left;
    double share = total > 0 ? (state->seconds_done + state->seconds_spent) / total : 1.0;
    for (int i = 0; i < CELLS; i++)
        strcat(bar, (i + 0.5) / CELLS < share ? "\u2588" : "\u2591");
    fprintf(stderr, "\r\033[K%s %s%s", bar, text, final ? "\n" : "");
    fflush(stderr);
}

/* Of the whole run, by what the present farm says. */
static struct ln_progress add_up(const struct progress *progress, const struct ln_progress *farm) {
    const struct ln_progress *before = &progress->before;
    struct ln_progress all = *farm;
    all.n_points = progress->n_points;
    all.n_done += before->n_done;
    all.seconds += before->seconds;
    all.seconds_done += before->seconds_done;
    all.seconds_left += fmax(progress->seconds_after, 0);
    for (int i = 0; i < LN_MAX_LABELS; i++)
        all.labels[i] += before->labels[i];
    return all;
}

void cli_progress(void *ctx, const struct ln_progress *farm, bool final) {
    struct progress *progress = ctx;
    struct ln_progress all = add_up(progress, farm);
    bool goes_on = final && farm->n_done == farm->n_points && all.n_done < all.n_points;
    if (final)
        progress->before = all;
    show(progress, &all, final && !goes_on);
}
