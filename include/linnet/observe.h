/* What is seen of a state: observables. Each is one entry of the catalogue; the same function
 * serves the end of a run, its start and the recorded times. */
#ifndef LINNET_OBSERVE_H
#define LINNET_OBSERVE_H

#include "linnet/column.h"
#include "linnet/model.h"
#include "linnet/train.h"

/* One state of one point. Everything is row-major and borrowed. */
struct ln_sight {
    const struct ln_shape *shape;
    const struct ln_problem *problem;
    const struct ln_run *run;
    const double *weights;  /* [n_weights] now */
    const double *start;    /* [n_weights] at step 0 */
    const double *p;        /* end-to-end matrix [d_N x d_0] */
    const double *singular; /* [n_modes] singular values of p, descending; NULL unless some
                               observable uses them */
};

enum ln_extent { LN_ONE, LN_PER_MODE, LN_PER_LAYER };

struct ln_observable {
    struct ln_entry entry; /* no parameters */
    const char *long_name, *units;
    enum ln_extent extent;
    bool uses_singular;
    bool has_start;         /* stored at step 0 too, as <name>_start */
    const char *final_name; /* column of the final value; NULL: the entry's name */
    void (*look)(const struct ln_sight *sight, double *out);
};

extern const struct ln_catalogue ln_observables;

/* out [1, n_modes or n_layers]. A state that is not finite gives NaN everywhere. */
void ln_observable_look(const struct ln_observable *observable, const struct ln_sight *sight,
                        double *out);
int ln_observable_count(const struct ln_observable *observable, const struct ln_shape *shape);

#endif
