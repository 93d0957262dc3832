/* How a network moves: the algorithms, the only loop over time, the stopping rules and the outcome
 * labels.
 *
 * ln_train advances the lanes of a batch in runs of steps at which nothing has to be decided. A
 * lane whose point has finished is refilled at once. What a point does depends on its own task
 * only: stop rules are per lane and counted in its own steps. */
#ifndef LINNET_TRAIN_H
#define LINNET_TRAIN_H

#include "linnet/err.h"
#include "linnet/model.h"
#include "linnet/pack.h"

enum { LN_MAX_PLATEAUS = 8 };
enum { LN_WINDOW = 128 }; /* last steps before the horizon that are looked at for oscillation */

/* Outcomes, mutually exclusive; the first rule that holds decides (docs/physics.md, section
 * Labels). */
enum ln_label {
    LN_INVALID,            /* the loss at step 0 is not finite, or there is no step size */
    LN_DIVERGED,           /* the excess loss passed stop.diverged, or is not a number */
    LN_CONVERGED_MONOTONE, /* reached stop.loss for stop.hold steps; the loss never rose on the way
                            */
    LN_CONVERGED_CATAPULT, /* same, and the loss once exceeded its start */
    LN_CONVERGED_OSCILLATING, /* same, the loss rose on the way but never above its start */
    LN_PERIOD_P,              /* at the horizon: a cycle of period 2 <= p <= 64 */
    LN_CHAOTIC_BOUNDED,       /* at the horizon: oscillation without period or decay */
    LN_STUCK_ORIGIN, /* at the horizon: no mode learnt, loss at the level of the zero map */
    LN_PLATEAU_R,    /* at the horizon: near a saddle that has learnt r modes */
    LN_SLOW,         /* at the horizon: none of these, still on the way */
    LN_N_LABELS
};

extern const char *const ln_label_names[LN_N_LABELS];

/* What happened to one point, up to its last step. E is the excess over loss_floor; "level" the
 * least E the widths allow. */
struct ln_run {
    int64_t step; /* of the state now in the lane */
    bool strides; /* the algorithm visits only the steps at which something has to be looked at */
    int64_t max_steps, hold;
    double stop_loss, stop_diverged; /* thresholds on E - level */
    double level, step_size;
    double initial, previous, excess; /* E at step 0, the step before, now */
    double best, worst;
    int64_t best_step, n_rises;
    int64_t streak, low_since;             /* steps at the stopping loss, and the first of them */
    int64_t converged_step, diverged_step; /* -1: no */
    const struct ln_problem *problem;      /* borrowed from the task: must live until finish() */
    /* Plateau r: |E - E_r| <= 0.01 (E_r - E_{r+1}), r modes learnt (Nguegnang et al. 2021, section
     * 5). Steps at which it was first entered and first left downwards; -1: not. Position 2r waits
     * to enter r, 2r + 1 to leave it. */
    int64_t plateau_enter[LN_MAX_PLATEAUS], plateau_leave[LN_MAX_PLATEAUS];
    int plateau_position, n_plateaus;
    double plateau_next; /* E at which the position moves on */
    int record;          /* index of the next record step */
    int64_t next_event;  /* the step at which something has to be looked at */
    bool is_finished, is_invalid;
    bool is_cut; /* the record of this step was cut short, and has to be made again */
    double loss_window[LN_WINDOW], state_window[LN_WINDOW]; /* by step modulo LN_WINDOW */
};

/* A point to train. Weights and what was parked are borrowed until next() is called again, the
 * problem until finish(). */
struct ln_task {
    const struct ln_point *point;
    struct ln_net net;  /* at step 0 */
    const void *parked; /* what a run that was stopped has left of the point; NULL: nothing */
    size_t parked_size;
};

/* How well the lanes were used. */
struct ln_train_use {
    double lane_steps; /* steps times lanes that they moved, idle or not */
    double busy_steps; /* of these, steps of a point */
};

struct ln_train_hooks {
    void *ctx;
    bool (*next)(void *ctx, int lane,
                 struct ln_task *task); /* false: nothing for this lane now; asked again later */
    void (*record)(void *ctx, int lane, int record, const struct ln_batch *batch,
                   const struct ln_run *run);
    int (*finish)(void *ctx, int lane, const struct ln_batch *batch, const struct ln_run *run,
                  struct ln_err *err); /* LN_STOPPED: it was cut short, and the point is parked */
    bool (*poll)(void *ctx);           /* see ln_poll_seconds; true: give up, LN_STOPPED */
    /* After such a poll, for every point in the lanes: the bytes that, in the task of a later run,
     * let it go on with the same bits, whatever lane it gets there and beside whom. NULL: points
     * are given up. */
    void (*park)(void *ctx, int lane, const void *bytes, size_t size);
    /* What was parked is no state of this point (it may be anything): the point begins at step 0.
     * NULL: nobody wants to know. */
    void (*refuse)(void *ctx, int lane);
    struct ln_train_use *use; /* added to, or NULL */
    /* 0: polls by the clock. Else after so many steps at most, whatever the clock says: for tests
     * that stop a run at every step. */
    int64_t poll_steps;
};

/* The least time between two polls. Other ranks may wait for what a poll answers, so it is due
 * often; it costs a microsecond. The clock is looked at where a run of steps ends: with the kernels
 * that take runs a poll comes about every half millisecond, with the others somewhat sooner. */
static const double ln_poll_seconds = 2e-4;

struct ln_algorithm {
    struct ln_entry entry;
    bool is_single; /* trains every point alone: one lane */
    /* One call of advance may take many steps, as far as the next at which something has to be
     * looked at (run->next_event, or E <= ln_run_threshold). */
    bool strides;
    size_t state_bytes; /* of one lane */
    /* Whether it can train the point; NULL: always. Errors: LN_INPUT with the key at fault. */
    int (*check)(const struct ln_point *point, const struct ln_shape *shape,
                 const struct ln_problem *problem, struct ln_err *err);
    bool check_is_blind; /* check does not look at the problem, which may then be NULL */
    /* Prepares a lane; *step_size: the absolute step size (the time step of a flow), or NaN.
     * Returns false where the point cannot be started (no step size): it is labelled invalid. */
    bool (*start)(const struct ln_task *task, void *state, double *step_size);
    /* One step of all lanes, after forward. states: lanes x state_bytes, an idle lane all zero;
     * runs[lane].step counts the steps done; taken[lane] is 1 on entry. */
    void (*advance)(struct ln_batch *batch, void *states, const struct ln_run *runs,
                    int64_t *taken);
    /* Where a step is W -= eta grad and nothing else: the step sizes of `count` steps from where
     * the runs stand, eta[k * LN_LANES + lane], k < count. Returns true if they are the same at
     * every step; then only k = 0 is set. NULL: the algorithm has to be asked at every step, by
     * advance. */
    bool (*step_sizes)(const void *states, const struct ln_run *runs, int lanes, int64_t count,
                       double *eta);
    void (*end)(void *state); /* gives back what start took; NULL: nothing */
    /* What start() cannot know of a lane that has moved: as bytes, and back after start() has
     * prepared the lane. weights [n_state] are those of the lane, run stands at its step with its
     * next event. unpark returns false where the bytes are no such state: they may be anything.
     * NULL: start() knows all. */
    void (*park)(const void *state, struct ln_pack *pack);
    bool (*unpark)(void *state, struct ln_unpack *unpack, const struct ln_run *run,
                   const double *weights);
    /* Steps a point will take, from closed forms; an order of magnitude is enough. */
    double (*predicted_steps)(const struct ln_point *point, const struct ln_shape *shape,
                              const struct ln_problem *problem);
    /* Seconds of a step beyond those of the model's step_flops, where it does more than the model;
     * NULL: none. */
    double (*extra_seconds)(const struct ln_point *point, const struct ln_shape *shape);
};

extern const struct ln_catalogue ln_algorithms;

/* Keys of `train:` that every algorithm has. */
extern const struct ln_param ln_limits[];
extern const int ln_n_limits;

/* Shape of a point with the lanes its algorithm takes. Errors: LN_INPUT with the key at fault,
 * where algorithm and model do not go together. */
int ln_train_shape(const struct ln_point *point, struct ln_shape *shape, struct ln_err *err);

/* Margin gamma, absolute, that power projection keeps at a point that is trained by it. */
double ln_train_gamma(const struct ln_point *point, const struct ln_problem *problem);

/* E at which a run that descends has next to be looked at: the stopping loss or the next plateau;
 * -1: none. */
double ln_run_threshold(const struct ln_run *run);

/* Trains until next() has nothing left and every lane is empty. record_steps: [n_records],
 * ascending. */
int ln_train(const struct ln_shape *shape, const struct ln_algorithm *algorithm,
             const int64_t *record_steps, int n_records, const struct ln_train_hooks *hooks,
             struct ln_err *err);

/* The label of a finished run whose end-to-end matrix is p [d_N x d_0]; *period (0: none) and
 * *modes, the number of learnt modes at a plateau (-1: none), are set where the label has one. p is
 * looked at only where ln_label_reads_product says so. */
enum ln_label ln_label_of(const struct ln_run *run, const struct ln_problem *problem,
                          const double *p, int *period, int *modes);
bool ln_label_reads_product(const struct ln_run *run);

#endif
