/* Critical points for the tests of the landscape: a network at the start of a sweep's only point.
 */
#ifndef LINNET_TEST_LANDSCAPE_H
#define LINNET_TEST_LANDSCAPE_H

#include "golden.h"
#include "linnet/model.h"

struct place {
    struct ln_sweep *sweep;
    struct ln_point *point;
    struct ln_shape shape;
    struct ln_problem *problem;
    double *weights, *constants;
    struct ln_net net;
};

/* Errors fail the test. Ownership: place_clear. */
void place_open(struct place *place, const char *text);
void place_clear(struct place *place);

/* Eigenvalues of the dense Hessian, ascending, [n_weights]; malloc'ed. */
double *place_spectrum(const struct ln_net *net);

#endif
