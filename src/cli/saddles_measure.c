/* A run against its limit: plateaus and jumps found on the recorded coefficients. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/linalg.h"
#include "linnet/store.h"
#include "saddles.h"

static const double quiet = 1e-3;

/* The records of one point, up to the last. */
struct track {
    int count, d;
    double *t, *b, *g; /* accelerated time [count]; [count x d] */
};

static int variable_of(const struct ln_view *view, const char *name, int n_extra,
                       struct ln_err *err) {
    int index = cli_find_variable(view, name, n_extra);
    if (index < 0)
        ln_err_set(err, LN_INPUT,
                   "the results hold no %s; to compare, the sweep needs record: {series: "
                   "[coefficients]}",
                   name);
    return index;
}

static int check_row(const struct source *source, struct ln_err *err) {
    int64_t n = ln_view_n_cells(source->view), cell = source->point->id;
    int8_t *status = ln_linalg_alloc((size_t)n, 1);
    int rc = ln_view_status(source->view, status, err);
    bool is_done = rc == LN_OK && status[cell] == LN_ROW_DONE;
    free(status);
    if (rc == LN_OK && !is_done)
        rc = ln_err_set(err, LN_INPUT, "point %lld is not finished", (long long)cell);
    if (rc == LN_OK && !isfinite(source->limit.time_unit))
        rc = ln_err_set(err, LN_INPUT,
                        "point %lld is no diagonal network: there is nothing to compare",
                        (long long)cell);
    const struct ln_conf *train = &source->point->conf[LN_TRAIN];
    for (int i = 0; rc == LN_OK && i < train->n_params; i++)
        if (strcmp(train->params[i].name, "decay") == 0 && train->values[i].real != 0)
            rc = ln_err_set(err, LN_INPUT,
                            "steps of point %lld decay: a step is no unit of time; compare runs "
                            "with train.decay: 0",
                            (long long)cell);
    return rc;
}

/* b of every record; its steps as accelerated times. */
static int read_series(const struct source *source, struct track *track, struct ln_err *err) {
    const struct ln_view *view = source->view;
    int64_t cell = source->point->id, n_steps = 0;
    double *steps = NULL, step_size = NAN;
    int series = variable_of(view, "coefficients_series", 2, err);
    int used = series < 0 ? -1 : variable_of(view, "step_size_used", 0, err);
    if (series < 0 || used < 0)
        return LN_INPUT;
    const struct ln_view_variable *variable = ln_view_variable(view, series);
    int64_t n_records = variable->extra[0], width = variable->extra[1];
    if (width < track->d)
        return ln_err_set(err, LN_INPUT, "the results hold %lld coefficients a point, not %d",
                          (long long)width, track->d);
    double *numbers = ln_linalg_alloc((size_t)(n_records * width), sizeof *numbers);
    int rc = ln_view_row(view, series, cell, numbers, err);
    if (rc == LN_OK)
        rc = ln_view_row(view, used, cell, &step_size, err);
    if (rc == LN_OK)
        rc = ln_view_coordinate(view, "record_step", &steps, &n_steps, err);
    track->t = ln_linalg_alloc((size_t)n_records, sizeof *track->t);
    track->b = ln_linalg_alloc((size_t)n_records * track->d, sizeof *track->b);
    n_records = n_steps < n_records ? n_steps : n_records;
    for (int64_t k = 0; rc == LN_OK && k < n_records && isfinite(numbers[k * width]); k++) {
        track->t[k] = steps[k] * step_size / source->limit.time_unit;
        memcpy(track->b + k * track->d, numbers + k * width, (size_t)track->d * sizeof *numbers);
        track->count = (int)k + 1;
    }
    free(steps);
    free(numbers);
    return rc;
}

static double distance(const double *a, const double *b, int d) {
    double most = 0;
    for (int i = 0; i < d; i++)
        most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

/* The predicted saddle that b is nearest to: a plateau shorter than the time between two records is
 * not found, so the k-th that is found need not be the k-th there is. */
static int nearest(const struct ln_saddles *saddles, const double *b) {
    int best = 0;
    for (int k = 1; k <= saddles->n_jumps; k++)
        if (distance(b, saddles->b + (size_t)k * saddles->d, saddles->d) <
            distance(b, saddles->b + (size_t)best * saddles->d, saddles->d))
            best = k;
    return best;
}

static void print_plateaus(const struct report *report, const struct track *track,
                           const struct ln_plateau *plateaus, int n_found) {
    const struct ln_saddles *saddles = &report->saddles;
    printf("\n%3s  %-12s %-12s %-13s %s\n", "k", "from t", "to t", "max |b - b_k|",
           "b at its middle");
    for (int p = 0; p < n_found; p++) {
        const double *b =
            track->b + (size_t)((plateaus[p].first + plateaus[p].last) / 2) * track->d;
        int k = nearest(saddles, b);
        printf("%3d  %-12.6g %-12.6g %-13.2e ", k, track->t[plateaus[p].first],
               track->t[plateaus[p].last],
               distance(b, saddles->b + (size_t)k * track->d, track->d));
        for (int i = 0; i < track->d && i < 8; i++)
            printf(" %.8g", b[i]);
        printf(track->d > 8 ? " ...\n" : "\n");
    }
}

static void print_jumps(const struct report *report, const struct track *track) {
    const struct ln_saddles *saddles = &report->saddles;
    size_t d = (size_t)track->d;
    int at = 0;
    printf("\n%3s  %-12s %-12s %-12s %-14s %s\n", "k", "t_k", "first order", "measured",
           "Lam (m - t_k)", "c + h");
    for (int k = 1; k <= saddles->n_jumps; k++) {
        const double *to = saddles->b + (size_t)k * d;
        double found = ln_plateaus_switch_time(track->t, track->b, track->count, track->d, at,
                                               to - d, to, &at);
        double excess = report->jumps ? report->jumps[k].c + report->jumps[k].h : (double)NAN;
        printf("%3d  %-12.8g %-12.8g %-12.8g %-14.6g %.6g\n", k, saddles->time[k],
               saddles->time[k] + excess / report->log_scale, found,
               report->log_scale * (found - saddles->time[k]), round(excess * 1e9) / 1e9 + 0.0);
    }
}

int report_measure(const struct report *report, const struct source *source, struct ln_err *err) {
    struct track track = {.d = report->saddles.d};
    int most = report->saddles.n_jumps + 8;
    struct ln_plateau *plateaus = ln_linalg_alloc((size_t)most, sizeof *plateaus);
    int rc = check_row(source, err);
    if (rc == LN_OK)
        rc = read_series(source, &track, err);
    if (rc == LN_OK) {
        track.g = ln_linalg_alloc((size_t)track.count * track.d, sizeof *track.g);
        for (int k = 0; k < track.count; k++)
            ln_regression_loss(report->regression, track.b + (size_t)k * track.d,
                               track.g + (size_t)k * track.d);
        int n_found =
            ln_plateaus_find(track.b, track.g, track.count, track.d, quiet, plateaus, most);
        printf("\npoint %lld: %d plateaus found on %d records, %d predicted\n",
               (long long)source->point->id, n_found, track.count, report->saddles.n_jumps + 1);
        print_plateaus(report, &track, plateaus, n_found < most ? n_found : most);
        print_jumps(report, &track);
    }
    free(track.g);
    free(track.b);
    free(track.t);
    free(plateaus);
    return rc;
}
