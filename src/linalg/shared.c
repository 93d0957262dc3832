/* The matrix in panels, and the order in which they are gone through.
 *
 * H itself: panel I holds rows i of H from its own first column on. When its turn comes, its rows
 * have had the columns before it, from the panels above by symmetry; it adds its own columns, and
 * hands every row below the product with its mirror image: columns in order, everywhere.
 *
 * X: a panel is a few samples; their residuals, then at once their part of the result. */
#include "linnet/shared.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"
#include "shared_kernel.h"

struct panel {
    int first, width; /* rows of H, or samples */
    double *at;
};

struct ln_shared {
    const struct ln_shared_isa *isa;
    bool is_moment;
    int d, n, padded; /* padded: of d */
    double c;
    int n_panels;
    struct panel *panels;
    double *memory;
};

/* Columns of a panel of H that stay in the first-level cache between the two products. */
enum { CHUNK = 96 };

/* A panel of samples has to stay in the second-level cache between its two products. */
static const double most_panel_bytes = 1e6;

static const struct ln_shared_isa *chosen_isa(void) {
    static const struct ln_shared_isa *const isas[] = {&ln_shared_isa_avx512, &ln_shared_isa_avx2,
                                                       &ln_shared_isa_portable};
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++)
        if (strcmp(isas[i]->name, ln_lanes_isa()) == 0)
            return isas[i];
    abort();
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

struct ln_shared *ln_shared_of_inputs(const double *x, int d, int n, double c) {
    struct ln_shared *shared = create(d, n, c);
    int widest = LN_PANEL;
    while (widest > 8 && (double)widest * d * sizeof(double) > most_panel_bytes)
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

static void apply_moment(const struct ln_shared *shared, double *out, const double *v, int lanes) {
    for (int p = 0; p < shared->n_panels; p++) {
        const struct panel *panel = &shared->panels[p];
        int first = panel->first, width = panel->width;
        double *rows = out + (size_t)first * lanes;
        shared->isa->down(rows, panel->at, v + (size_t)first * lanes, width, width, lanes);
        for (int j = first + width; j < shared->padded; j += CHUNK) {
            int columns = shared->padded - j < CHUNK ? shared->padded - j : CHUNK;
            const double *chunk = panel->at + (size_t)(j - first) * width;
            shared->isa->down(rows, chunk, v + (size_t)j * lanes, width, columns, lanes);
            shared->isa->up(out + (size_t)j * lanes, chunk, v + (size_t)first * lanes, width,
                            columns, lanes);
        }
    }
}

static void apply_inputs(const struct ln_shared *shared, double *out, double *sums, const double *v,
                         int lanes) {
    _Alignas(64) double residual[LN_PANEL * LN_LANES];
    for (int p = 0; p < shared->n_panels; p++) {
        const struct panel *panel = &shared->panels[p];
        int width = panel->width;
        memset(residual, 0, sizeof residual);
        shared->isa->down(residual, panel->at, v, width, shared->d, lanes);
        shared->isa->dot(sums, residual, residual, width, lanes);
        for (int i = 0; i < width * lanes; i++)
            residual[i] *= shared->c;
        shared->isa->up(out, panel->at, residual, width, shared->padded, lanes);
    }
}

void ln_shared_apply(const struct ln_shared *shared, double *out, double *half, const double *v,
                     int lanes) {
    _Alignas(64) double sums[8 * LN_LANES] = {0};
    memset(out, 0, (size_t)shared->padded * lanes * sizeof *out);
    if (shared->is_moment) {
        apply_moment(shared, out, v, lanes);
        shared->isa->dot(sums, v, out, shared->padded, lanes);
    } else {
        apply_inputs(shared, out, sums, v, lanes);
    }
    /* H is positive semidefinite; what rounds below zero is as good as zero. A NaN stays one. */
    for (int lane = 0; lane < lanes; lane++) {
        double e = 0.5 * shared->c * ln_lanes_add_up(sums + lane, lanes);
        half[lane] = e <= 0 ? 0 : e;
    }
}
