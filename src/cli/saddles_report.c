/* What `linnet saddles` prints and stores. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "linnet/linalg.h"
#include "linnet/table.h"
#include "saddles.h"

enum { MOST_SHOWN = 8 };

/* All numbers of a short vector; of a long one those that are not 0, with their place. */
static void print_vector(const double *x, int d) {
    bool is_first = true;
    for (int i = 0; i < d; i++) {
        if (d > MOST_SHOWN && x[i] == 0)
            continue;
        if (d > MOST_SHOWN)
            printf("%s%d:%.10g", is_first ? "" : " ", i + 1, x[i]);
        else
            printf("%s%.10g", is_first ? "" : " ", x[i] + 0.0);
        is_first = false;
    }
    printf(is_first ? "0" : "");
}

static void print_events(const struct ln_saddles *saddles, int k) {
    static const struct {
        int bit;
        const char *word;
    } words[] = {{LN_SADDLE_ENTERED, "enters"},
                 {LN_SADDLE_DROPPED, "drops"},
                 {LN_SADDLE_FLIPPED, "with the other sign"},
                 {LN_SADDLE_DEGENERATE, "arrives degenerate"}};
    const uint8_t *events = saddles->events + (size_t)k * saddles->d;
    const char *mark = "     ";
    for (int i = 0; i < saddles->d; i++) {
        if (!(events[i] & ~LN_SADDLE_HIT))
            continue;
        printf("%s%d", mark, i + 1);
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
            if (events[i] & words[w].bit)
                printf(" %s", words[w].word);
        mark = ", ";
    }
    if (mark[0] == ',')
        printf("\n");
}

static double first_order_time(const struct report *report, int k) {
    const struct ln_jump *jump = &report->jumps[k];
    return report->saddles.time[k] + (jump->c + jump->h) / report->log_scale;
}

/* What the integration of the orbit leaves of a zero is not worth printing. */
static double rounded(double x) {
    return round(x * 1e9) / 1e9 + 0.0;
}

static void print_jump(const struct report *report, int k) {
    const struct ln_jump *jump = &report->jumps[k];
    printf("     orbit of length %.8g (chord %.8g), c %.6g, h %.6g", jump->length, jump->chord,
           rounded(jump->c), rounded(jump->h));
    if (isfinite(report->log_scale))
        printf(", at ln(1/alpha) = %.6g switches at %.8g", report->log_scale,
               first_order_time(report, k));
    printf("\n");
}

static void print_saddle(const struct report *report, int k) {
    const struct ln_saddles *saddles = &report->saddles;
    const double *b = saddles->b + (size_t)k * saddles->d;
    const double *s = saddles->s + (size_t)k * saddles->d;
    printf("%3d  %-14.10g %-14.8g ", k, saddles->time[k], saddles->loss[k]);
    print_vector(b, saddles->d);
    if (saddles->d <= MOST_SHOWN) {
        printf("  |  ");
        print_vector(s, saddles->d);
    }
    printf("\n");
    print_events(saddles, k);
    if (report->jumps && k > 0)
        print_jump(report, k);
}

void report_print(const struct report *report) {
    const struct ln_saddles *saddles = &report->saddles;
    const struct ln_regression *regression = report->regression;
    int last = saddles->n_jumps;
    printf("%s: %d samples, %d coordinates, loss (c/2)|Xb - y|^2 with c = %.10g\n",
           cli_shown(report->title), regression->n, regression->d, regression->c);
    printf("%3s  %-14s %-14s saddle b%s\n", "k", "time t_k", "loss",
           saddles->d <= MOST_SHOWN ? "  |  dual s at t_k" : " (coordinate:value)");
    for (int k = 0; k <= last; k++)
        print_saddle(report, k);
    if (saddles->status != LN_SADDLES_DONE)
        return;
    printf("\nb_%d has the least %sl1 norm%s of all minimisers, %.10g (certificate %.1e)\n", last,
           regression->low ? "weighted " : "", regression->start ? " less s(0) . b" : "",
           ln_saddles_penalty(regression, saddles->b + (size_t)last * saddles->d),
           saddles->certificate);
    printf("times are accelerated: one unit is ln(1/alpha) of raw time for u v from (sqrt2 alpha, "
           "0)");
    if (isfinite(report->time_unit))
        printf(", %.10g of this run", report->time_unit);
    printf("\n");
    if (report->jumps)
        printf("t_k(alpha) = t_k + (c + h) / ln(1/alpha); arc length t_%d + orbits = %.10g\n", last,
               ln_saddles_total_length(saddles, report->jumps));
}

/* ---- the file ---- */

enum { DIM_SADDLE, DIM_INPUT, DIM_SAMPLE };

static const int64_t *numbers_from(int64_t first, int64_t count) {
    int64_t *numbers = ln_linalg_alloc((size_t)count, sizeof *numbers);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = first + i;
    return numbers;
}

static void add(struct ln_layout *layout, const char *name, enum ln_ctype type, int first,
                int second, const char *doc) {
    struct ln_column *column = &layout->columns[layout->n_columns++];
    snprintf(column->name, sizeof column->name, "%s", name);
    column->type = type;
    column->units = "1";
    column->doc = doc;
    if (first >= 0)
        column->extra[column->n_extra++] = first;
    if (second >= 0)
        column->extra[column->n_extra++] = second;
}

static void add_columns(struct ln_layout *layout, bool has_jumps, bool has_scale) {
    static const char *const bits[] = {"hit", "entered", "dropped", "flipped", "degenerate"};
    add(layout, "time", LN_F64, DIM_SADDLE, -1,
        "Accelerated time t_k at which the saddle is reached.");
    add(layout, "loss", LN_F64, DIM_SADDLE, -1, "Loss at the saddle.");
    add(layout, "coefficients", LN_F64, DIM_SADDLE, DIM_INPUT, "The saddle b_k.");
    add(layout, "dual", LN_F64, DIM_SADDLE, DIM_INPUT, "The dual s at t_k, s(0) - int grad L dt.");
    add(layout, "events", LN_I32, DIM_SADDLE, DIM_INPUT, "What happened to a coordinate at t_k.");
    layout->columns[layout->n_columns - 1].flags = bits;
    layout->columns[layout->n_columns - 1].n_flags = 5;
    add(layout, "certificate", LN_F64, -1, -1,
        "Largest violation of the conditions that prove the last saddle minimal.");
    add(layout, "x", LN_F64, DIM_INPUT, DIM_SAMPLE, "The inputs X, a column for each sample.");
    add(layout, "y", LN_F64, DIM_SAMPLE, -1, "The outputs y.");
    if (!has_jumps)
        return;
    add(layout, "shift", LN_F64, DIM_SADDLE, -1,
        "c_k: t_k(alpha) = t_k + (c_k + h_k) / ln(1/alpha).");
    add(layout, "half_time", LN_F64, DIM_SADDLE, -1,
        "h_k: fast time on the orbit to equal distance of both saddles.");
    add(layout, "orbit_length", LN_F64, DIM_SADDLE, -1, "Length of the heteroclinic orbit to b_k.");
    if (has_scale)
        add(layout, "time_first_order", LN_F64, DIM_SADDLE, -1,
            "Time of the switch to b_k at the scale log_scale, to first order.");
}

static void *place(const struct ln_layout *layout, void *row, const char *name) {
    const struct ln_column *column = ln_layout_find(layout, name);
    return column ? (char *)row + column->offset : NULL;
}

static void put(const struct ln_layout *layout, void *row, const char *name,
                const double *numbers) {
    memcpy(place(layout, row, name), numbers, ln_layout_find(layout, name)->bytes);
}

static void put_jumps(const struct report *report, const struct ln_layout *layout, void *row) {
    double *shift = place(layout, row, "shift"), *half = place(layout, row, "half_time");
    double *length = place(layout, row, "orbit_length");
    double *time = place(layout, row, "time_first_order");
    for (int k = 0; report->jumps && k <= report->saddles.n_jumps; k++) {
        shift[k] = report->jumps[k].c;
        half[k] = report->jumps[k].h;
        length[k] = report->jumps[k].length;
        if (time)
            time[k] = k > 0 ? first_order_time(report, k) : 0;
    }
}

static void fill(const struct report *report, const struct ln_layout *layout, void *row) {
    const struct ln_saddles *saddles = &report->saddles;
    size_t n_events = (size_t)(saddles->n_jumps + 1) * (size_t)saddles->d;
    put(layout, row, "time", saddles->time);
    put(layout, row, "loss", saddles->loss);
    put(layout, row, "coefficients", saddles->b);
    put(layout, row, "dual", saddles->s);
    put(layout, row, "certificate", &saddles->certificate);
    put(layout, row, "x", report->regression->x);
    put(layout, row, "y", report->regression->y);
    int32_t *events = place(layout, row, "events");
    for (size_t i = 0; i < n_events; i++)
        events[i] = saddles->events[i];
    put_jumps(report, layout, row);
}

int report_store(const struct report *report, const char *path, struct ln_err *err) {
    const struct ln_regression *regression = report->regression;
    struct ln_layout *layout = ln_linalg_alloc(1, sizeof *layout);
    int64_t n_saddles = report->saddles.n_jumps + 1;
    const int64_t *coords[] = {numbers_from(0, n_saddles), numbers_from(1, regression->d)};
    char scale[64] = "", factor[64];
    snprintf(factor, sizeof factor, "%.17g", regression->c);
    if (isfinite(report->log_scale))
        snprintf(scale, sizeof scale, "%.17g", report->log_scale);
    layout->n_dims = 3;
    layout->dims[DIM_SADDLE] = (struct ln_dim){
        "saddle", n_saddles, "saddle", coords[0], "1", "Number of the saddle, 0 at the start."};
    layout->dims[DIM_INPUT] = (struct ln_dim){
        "input", regression->d, "input", coords[1], "1", "Number of the coordinate."};
    layout->dims[DIM_SAMPLE] = (struct ln_dim){.name = "sample", .size = regression->n};
    add_columns(layout, report->jumps != NULL, isfinite(report->log_scale));
    ln_layout_finish(layout);
    void *row = ln_linalg_alloc(layout->row_bytes, 1);
    fill(report, layout, row);
    const struct ln_attribute attributes[] = {
        {"title", report->title},
        {"references", "Pesme, Flammarion 2023"},
        {"loss_factor", factor},
        {"log_scale", scale},
    };
    int status = ln_table_write(path, layout, row, attributes, 4, err);
    free(row);
    for (int i = 0; i < 2; i++)
        free((void *)(uintptr_t)coords[i]);
    free(layout);
    return status;
}
