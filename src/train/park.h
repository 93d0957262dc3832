/* A point that is taken out of its lane, as bytes, and put back into one: what was decided and
 * counted so far, and the state it stands in. What follows from the task and the step alone is
 * derived anew. */
#ifndef LINNET_TRAIN_PARK_H
#define LINNET_TRAIN_PARK_H

#include "linnet/pack.h"
#include "linnet/train.h"

/* run: of a point that has been looked at and goes on. state [n_state]. */
void ln_park_put(struct ln_pack *pack, const struct ln_algorithm *algorithm,
                 const struct ln_run *run, const double *state, int n_state);

/* run: as it was begun at step 0. false: the bytes are not of such a run; run and state are then of
 * no use. Leaves record and next_event to the caller. */
bool ln_park_take(struct ln_unpack *unpack, const struct ln_algorithm *algorithm,
                  struct ln_run *run, double *state, int n_state);

#endif
