/* Between the files of the diagonal model. */
#ifndef LINNET_MODEL_DIAGONAL_PRIVATE_H
#define LINNET_MODEL_DIAGONAL_PRIVATE_H

#include "linnet/model_diagonal.h"

/* Where the sums along the path begin in a state block, in units of one number. */
struct ln_diagonal_places {
    int sum, length, time, theta, plus, minus; /* theta, plus, minus: -1 where there are none */
};
struct ln_diagonal_places ln_diagonal_places_of(const struct ln_shape *shape);

/* b [d][lanes] of all lanes; of the dual also db/ds, into the second half of the scratch. */
void ln_diagonal_multiply(const struct ln_batch *batch, double *b);

/* Of struct ln_model, for the forms that descend. */
void ln_diagonal_forward(struct ln_batch *batch);
void ln_diagonal_descend(struct ln_batch *batch, const double *eta);
void ln_diagonal_run(struct ln_batch *batch, struct ln_steps *steps);

#endif
