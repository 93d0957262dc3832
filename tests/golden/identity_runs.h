/* Runs on one target from the identity, with what is proved about them, and random targets. */
#ifndef LINNET_TEST_IDENTITY_RUNS_H
#define LINNET_TEST_IDENTITY_RUNS_H

#include "golden.h"

enum { MOST_DIM = 4, N_STEPS = 300 };

struct identity_setup {
    const double *target;
    int d, depth, max_steps;
    double alpha, eta;
    const char *algorithm; /* and its keys: "gd", "step_and_project, regulariser: none" */
    const char *names;     /* of predictions */
    const char *extra;     /* what else is recorded along the way */
};

/* Ownership: golden_clear. */
void identity_run(struct golden *run, const struct identity_setup *setup);

/* A prediction of a cell. */
double identity_number(const struct golden *run, int64_t cell, const char *name);

/* "[[1, 2], [3, 4]]". */
void identity_matrix(char *text, size_t size, const double *m, int d);

/* Fails unless every recorded loss of the only cell is at most `factor` times the one before, down
 * to the rounding of E. */
void identity_contracts(const struct golden *run, double factor);

/* Entries in (-1, 1); symmetric with the least eigenvalue given. */
void identity_draw(uint64_t *seed, double *phi, int d);
void identity_symmetrise(double *phi, int d);
void identity_draw_symmetric(uint64_t *seed, double *phi, int d, double least);

#endif
