/* The matrix in panels, and the order in which they are gone through.
 *
 * H itself: panel I holds rows i of H from its own first column on. When its turn comes, its rows
 * have had the columns before it, from the panels above by symmetry; it adds its own columns, and
 * hands every row below the product with its mirror image: columns in order, everywhere.
 *
 * X: a panel is a few samples; in one pass their residuals, then at once their part of the result.
 * In two passes the second goes through all panels for a few columns at a time, whose sums stay in
 * the first-level cache: samples in order either way. */
#include "linnet/shared.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "linnet/work.h"
#include "shared_kernel.h"

struct panel {
    int first, width; /* rows of H, or samples */
    double *at;
};

struct ln_shared {
    const struct ln_shared_isa *isa;
    bool is_moment;
    int d, n, padded; /* padded: of d */
    int passes;
    long ahead; /* columns of a panel to be fetched before their turn; 0: all is near */
    double c;
    int n_panels;
    struct panel *panels;
    double *memory;
};

/* Columns of a panel that stay in the first-level cache, of H between the two products, of X with
 * the sums of the second pass. */
enum { CHUNK = 96 };

/* In one pass a panel of samples has to stay in the second-level cache between its two products. */
static const double most_panel_bytes = 1e6;

/* Beside it v and out, and in a step as much again of the state. Measured on 2 MB: one pass is 1.1
 * to 1.2 times as fast at d = 1000, as fast at 6500; two are 1.1 times at 10000, 1.3 at 20000. */
static const double most_vector_bytes = 2e6;

/* A larger matrix is fetched early, by so many columns of a panel: x 1.2 at 8 MB. */
static const double most_near_bytes = 1.5e6;
enum { AHEAD = 32 };

int ln_shared_passes(int d) {
    return 4.0 * sizeof(double) * LN_LANES * d > most_vector_bytes ? 2 : 1;
}

static const struct ln_shared_isa *chosen_isa(void) {
    static const struct ln_shared_isa *const isas[LN_LANES_N_SETS] = {
        &ln_shared_isa_avx512, &ln_shared_isa_avx2, &ln_shared_isa_portable};
    return isas[ln_lanes_set()];
}

/* Cuts `count` rows into panels of at most `widest`. */
static void cut(struct ln_shared *shared, int count, int widest) {
    int left = ln_shared_pad(count);
    shared->panels = ln_linalg_alloc((size_t)left / 8, sizeof *shared->panels);
    size_t size = 0;
    for (int first = 0; left > 0; shared->n_panels++) {
        struct panel *panel = &shared->panels[shared->n_panels];
        panel->first = first;
        panel->width = left < widest ? left : widest;
        first += panel->width;
        left -= panel->width;
        size += (size_t)panel->width *
                (shared->is_moment ? shared->padded - panel->first : shared->padded);
    }
    double *at = shared->memory = ln_linalg_alloc(size, sizeof(double));
    shared->ahead = (double)size * sizeof(double) > most_near_bytes ? AHEAD : 0;
    for (int p = 0; p < shared->n_panels; p++) {
        struct panel *panel = &shared->panels[p];
        panel->at = at;
        at += (size_t)panel->width *
              (shared->is_moment ? shared->padded - panel->first : shared->padded);
    }
}

static struct ln_shared *create(int d, int n, double c) {
    struct ln_shared *shared = ln_linalg_alloc(1, sizeof *shared);
    *shared =
        (struct ln_shared){.isa = chosen_isa(), .d = d, .n = n, .padded = ln_shared_pad(d), .c = c};
    return shared;
}

struct ln_shared *ln_shared_of_moment(const double *h, int d) {
    struct ln_shared *shared = create(d, 0, 1.0);
    shared->is_moment = true;
    cut(shared, d, LN_PANEL);
    for (int p = 0; p < shared->n_panels; p++) {
        const struct panel *panel = &shared->panels[p];
        for (int j = panel->first; j < d; j++)
            for (int i = panel->first; i < panel->first + panel->width && i < d; i++)
                panel->at[(size_t)(j - panel->first) * panel->width + (i - panel->first)] =
                    i <= j ? h[(size_t)i * d + j] : h[(size_t)j * d + i];
    }
    return shared;
}

struct ln_shared *ln_shared_of_inputs(const double *x, int d, int n, double c, int passes) {
    struct ln_shared *shared = create(d, n, c);
    int widest = LN_PANEL;
    shared->passes = passes;
    while (passes == 1 && widest > 8 && (double)widest * d * sizeof(double) > most_panel_bytes)
        widest -= 8;
    cut(shared, n, widest);
    for (int p = 0; p < shared->n_panels; p++) {
        const struct panel *panel = &shared->panels[p];
        for (int j = 0; j < d; j++)
            for (int i = 0; i < panel->width && panel->first + i < n; i++)
                panel->at[(size_t)j * panel->width + i] = x[(size_t)j * n + panel->first + i];
    }
    return shared;
}

void ln_shared_free(struct ln_shared *shared) {
    if (!shared)
        return;
    free(shared->panels);
    free(shared->memory);
    free(shared);
}

/* A panel from column `first` of its own on. */
static struct ln_panel part_of(const struct ln_shared *shared, const struct panel *panel, int first,
                               int columns) {
    return (struct ln_panel){panel->at + (size_t)first * panel->width, panel->width, columns,
                             shared->ahead * panel->width};
}

static void apply_moment(const struct ln_shared *shared, double *out, const double *v, int lanes) {
    for (int p = 0; p < shared->n_panels; p++) {
        const struct panel *panel = &shared->panels[p];
        int first = panel->first, width = panel->width;
        struct ln_panel part = part_of(shared, panel, 0, width);
        double *rows = out + (size_t)first * lanes;
        shared->isa->down(rows, &part, v + (size_t)first * lanes, lanes);
        for (int j = first + width; j < shared->padded; j += CHUNK) {
            int columns = shared->padded - j < CHUNK ? shared->padded - j : CHUNK;
            part = part_of(shared, panel, j - first, columns);
            shared->isa->down(rows, &part, v + (size_t)j * lanes, lanes);
            part.ahead = 0;
            shared->isa->up(out + (size_t)j * lanes, &part, v + (size_t)first * lanes, lanes);
        }
    }
}

/* residual [width][lanes] = c X^T v of a panel, and the sums of the squares of X^T v. */
static void find_residuals(const struct ln_shared *shared, const struct panel *panel,
                           double *residual, double *sums, const double *v, int lanes) {
    struct ln_panel part = part_of(shared, panel, 0, shared->d);
    memset(residual, 0, (size_t)panel->width * lanes * sizeof *residual);
    shared->isa->down(residual, &part, v, lanes);
    shared->isa->dot(sums, residual, residual, panel->width, lanes);
    for (int i = 0; i < panel->width * lanes; i++)
        residual[i] *= shared->c;
}

static void apply_in_one_pass(const struct ln_shared *shared, double *out, double *sums,
                              const double *v, int lanes) {
    _Alignas(64) double residual[LN_PANEL * LN_LANES];
    for (int p = 0; p < shared->n_panels; p++) {
        struct ln_panel part = part_of(shared, &shared->panels[p], 0, shared->padded);
        find_residuals(shared, &shared->panels[p], residual, sums, v, lanes);
        part.ahead = 0; /* in the second-level cache */
        shared->isa->up(out, &part, residual, lanes);
    }
}

/* While a panel serves a chunk of columns, the same of the next panel is fetched. */
static void apply_chunk(const struct ln_shared *shared, double *out, const double *residual,
                        int first, int columns, int lanes) {
    for (int p = 0; p < shared->n_panels; p++) {
        const struct panel *panel = &shared->panels[p];
        struct ln_panel part = part_of(shared, panel, first, columns);
        bool is_last = p + 1 == shared->n_panels;
        const struct panel *next = is_last ? shared->panels : panel + 1;
        part.ahead = next->at + (size_t)(first + (is_last ? columns : 0)) * next->width - part.at;
        shared->isa->up(out, &part, residual + (size_t)panel->first * lanes, lanes);
    }
}

static void apply_in_two_passes(const struct ln_shared *shared, double *out, double *sums,
                                const double *v, int lanes) {
    size_t mark = ln_work_mark();
    double *residual = ln_work_take((size_t)ln_shared_pad(shared->n) * lanes);
    for (int p = 0; p < shared->n_panels; p++)
        find_residuals(shared, &shared->panels[p],
                       residual + (size_t)shared->panels[p].first * lanes, sums, v, lanes);
    for (int j = 0; j < shared->padded; j += CHUNK)
        apply_chunk(shared, out + (size_t)j * lanes, residual, j,
                    shared->padded - j < CHUNK ? shared->padded - j : CHUNK, lanes);
    ln_work_release(mark);
}

void ln_shared_apply(const struct ln_shared *shared, double *out, double *half, const double *v,
                     int lanes) {
    _Alignas(64) double sums[8 * LN_LANES] = {0};
    memset(out, 0, (size_t)shared->padded * lanes * sizeof *out);
    if (shared->is_moment) {
        apply_moment(shared, out, v, lanes);
        shared->isa->dot(sums, v, out, shared->padded, lanes);
    } else if (lanes == 1 || shared->passes == 1) { /* a line is small enough, always */
        apply_in_one_pass(shared, out, sums, v, lanes);
    } else {
        apply_in_two_passes(shared, out, sums, v, lanes);
    }
    /* H is positive semidefinite; what rounds below zero is as good as zero. A NaN stays one. */
    for (int lane = 0; lane < lanes; lane++) {
        double e = 0.5 * shared->c * ln_lanes_add_up(sums + lane, lanes);
        half[lane] = e <= 0 ? 0 : e;
    }
}
