#include "identity_runs.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "linnet/linalg.h"

double identity_number(const struct golden *golden, int64_t cell, const char *name) {
    char column[64];
    snprintf(column, sizeof column, "theory_%s", name);
    return golden_number(golden, cell, column, 0);
}

void identity_matrix(char *text, size_t size, const double *m, int d) {
    size_t used = 0;
    for (int i = 0; i < d * d; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%.17g%s",
                                 i % d ? ", " : (i ? ", [" : "[["), m[i],
                                 i == d * d - 1 ? "]]" : (i % d == d - 1 ? "]" : ""));
}

void identity_run(struct golden *run, const struct identity_setup *setup) {
    char matrix[1024], text[4096];
    identity_matrix(matrix, sizeof matrix, setup->target, setup->d);
    snprintf(text, sizeof text,
             "linnet: 1\n"
             "problem: {kind: target, matrix: %s}\n"
             "model: {kind: deep, depth: %d, init: {kind: identity, scale: %.17g}}\n"
             "train: {algorithm: %s, step_size: %.17g, max_steps: %d}\n"
             "record: {times: {every: 1}, series: [loss%s], theory: [%s]}\n",
             matrix, setup->depth, setup->alpha, setup->algorithm, setup->eta, setup->max_steps,
             setup->extra ? setup->extra : "", setup->names);
    golden_run_text(run, text);
}

void identity_contracts(const struct golden *run, double factor) {
    int count;
    ln_sweep_record_steps(run->sweep, &count);
    for (int t = 1; t < count; t++) {
        double before = golden_number(run, 0, "loss_series", t - 1),
               after = golden_number(run, 0, "loss_series", t);
        if (isnan(after) || before < 1e-22)
            return;
        assert_true(after <= before * factor * (1 + 1e-12) + 1e-24);
    }
}

void identity_draw(uint64_t *seed, double *phi, int d) {
    for (int i = 0; i < d * d; i++)
        phi[i] = golden_splitmix(seed);
}

void identity_symmetrise(double *phi, int d) {
    for (int i = 0; i < d; i++)
        for (int j = 0; j < i; j++)
            phi[i * d + j] = phi[j * d + i] = 0.5 * (phi[i * d + j] + phi[j * d + i]);
}

void identity_draw_symmetric(uint64_t *seed, double *phi, int d, double least) {
    double w[MOST_DIM];
    identity_draw(seed, phi, d);
    identity_symmetrise(phi, d);
    ln_sym_eig(w, NULL, phi, d);
    for (int i = 0; i < d; i++)
        phi[i * d + i] += least - w[0];
}
