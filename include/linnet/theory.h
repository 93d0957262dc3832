/* What the papers predict for a point: stored beside the measurement as theory_<name>, so that a
 * figure can draw theory over measurement. What a prediction needs besides the point stands in the
 * section `theory:` of the sweep. */
#ifndef LINNET_THEORY_H
#define LINNET_THEORY_H

#include "linnet/observe.h"

/* A point before it is trained. Everything is borrowed. */
struct ln_outlook {
    const struct ln_point *point;
    struct ln_net net;           /* at step 0 */
    double step_size;            /* absolute: of a step, or the time between two steps of a flow */
    const int64_t *record_steps; /* [n_records] */
    int n_records;
};

struct ln_prediction {
    struct ln_entry entry; /* no parameters */
    const char *long_name, *units;
    enum ln_extent extent;
    bool by_default;   /* stored where record.theory is left out */
    bool with_penalty; /* holds for the loss with the balanced penalty too; else NaN there */
    /* Whether it says something about the point; asked where record.theory names it. NULL: always.
     * Errors: LN_INPUT with the key at fault. */
    int (*check)(const struct ln_point *point, const struct ln_shape *shape,
                 const struct ln_problem *problem, struct ln_err *err);
    /* out is NaN on entry: what does not apply is left as it is. */
    void (*predict)(const struct ln_outlook *outlook, double *out);
};

extern const struct ln_catalogue ln_predictions;

/* Time of the flow at a record: the sum of the step sizes so far, schedules included. */
double ln_outlook_time(const struct ln_outlook *outlook, int record);

/* Keys of `theory:`. */
extern const struct ln_param ln_theory_params[];
extern const int ln_n_theory_params;

/* Fills out [ln_prediction_count]: NaN where the prediction says nothing. */
void ln_prediction_make(const struct ln_prediction *prediction, const struct ln_outlook *outlook,
                        double *out);

/* Numbers a prediction gives for a shape. */
int ln_prediction_count(const struct ln_prediction *prediction, const struct ln_shape *shape,
                        int n_records);

#endif
