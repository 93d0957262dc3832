/* The coordinates of diagonal networks on their way down, once per instruction set. */
#ifndef LINNET_MODEL_DIAGONAL_KERNEL_H
#define LINNET_MODEL_DIAGONAL_KERNEL_H

#include "linnet/model_diagonal.h"

/* Arrays [n][8]: n coordinates of eight lanes, or eight coordinates a row of one point alone. */
struct ln_diagonal_fields {
    enum ln_diagonal_form form;
    int depth, n;
    double *w[2], *sum, *theta;
    double *keeps[2]; /* NULL where the form has none */
    double *b, *delta;
    const double *g, *target;
};

struct ln_diagonal_isa {
    /* b and delta = b - Phi of the weights. */
    void (*begin)(const struct ln_diagonal_fields *fields);
    /* A step of length eta [8] against g, with the sums along it; b and delta of the new weights.
     * squares [classes][8] += (change of b)^2 of row i at i mod classes. */
    void (*advance)(const struct ln_diagonal_fields *fields, const double *eta, double *squares,
                    int classes);
};

extern const struct ln_diagonal_isa ln_diagonal_isa_avx512, ln_diagonal_isa_avx2,
    ln_diagonal_isa_portable;

#endif
