/* The stopping rules of one point: asked at every step that matters, and told to the kernels as a
 * band within which no step does. */
#ifndef LINNET_TRAIN_JUDGE_H
#define LINNET_TRAIN_JUDGE_H

#include "linnet/train.h"

/* rank: the bottleneck of the shape. Leaves step size, strides and is_invalid to the caller. */
void ln_run_begin(struct ln_run *run, const struct ln_task *task, int rank);

/* E of the state at run->step. Asking twice for the same step changes nothing. */
void ln_run_judge(struct ln_run *run, double excess);

/* Has no state to go on from: it diverged, or could not even start. */
bool ln_run_is_lost(const struct ln_run *run);

/* The plateau threshold of a run whose position was put back. */
void ln_run_find_plateau(struct ln_run *run);

/* The band and the books of a run that has been judged; an idle lane has a band without ends. */
void ln_run_watch(const struct ln_run *run, struct ln_watch *watch, int lane);
void ln_run_watch_nothing(struct ln_watch *watch, int lane);

/* Takes over the books of the steps gone past; run->step is still that of the state before them. */
void ln_run_take_books(struct ln_run *run, const struct ln_watch *watch, int lane);

#endif
