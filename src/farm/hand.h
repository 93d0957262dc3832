/* The points a worker has in hand: granted and waiting, or started and not finished. No MPI, and no
 * clock: the caller says what time it is, in seconds of this worker's work. While n points are
 * started, each is charged 1/n of the time that passes. */
#ifndef LINNET_FARM_HAND_H
#define LINNET_FARM_HAND_H

#include <stdbool.h>
#include <stdint.h>

#include "linnet/coordinator.h"

/* A point in the lanes. */
struct ln_started {
    int64_t position;
    double charge;  /* of the hand when it was started, less what was spent earlier */
    double earlier; /* seconds spent in earlier runs */
};

struct ln_hand {
    const struct ln_plan *plan;
    int group;                  /* the shape in hand; -1: none yet */
    struct ln_grant now, ahead; /* waiting; ahead may be of another group */
    double now_seconds;         /* predicted cost of now */
    struct ln_started *started; /* [n_started] */
    int n_started, capacity;
    enum ln_wish asked;  /* what for, while an answer is due */
    bool is_dry;         /* the shape in hand has no points left to be granted */
    bool is_late;        /* it is too late to ask ahead */
    bool is_retired;     /* nothing is left to be granted */
    double time, charge; /* of the last event; what a point would be charged that is started all
                            along */
};

/* An empty hand, to which the first grant is on its way. */
void ln_hand_init(struct ln_hand *hand, const struct ln_plan *plan);
void ln_hand_clear(struct ln_hand *hand);

/* What to ask for now, if anything; an answer is due then, and nothing else is asked for before it
 * is there. */
enum ln_wish ln_hand_ask(struct ln_hand *hand);

/* Takes the answer in. */
void ln_hand_answer(struct ln_hand *hand, struct ln_grant grant);

/* Whether a point is waiting, of any shape. */
bool ln_hand_has_points(const struct ln_hand *hand);

/* Takes the shape of the grant ahead in hand if nothing of the present one is left. */
void ln_hand_turn(struct ln_hand *hand);

/* Makes room to start one more point; false: no memory. */
bool ln_hand_reserve(struct ln_hand *hand);

/* Starts the next waiting point of the shape in hand; false: there is none. Room must be reserved.
 */
bool ln_hand_start(struct ln_hand *hand, double time, int64_t *cell);

/* So many seconds were spent on the point of that cell, just started, in an earlier run. */
void ln_hand_credit(struct ln_hand *hand, int64_t cell, double seconds);
double ln_hand_earlier(const struct ln_hand *hand, int64_t cell);

/* What the point of that cell, started and not finished, has been charged so far. */
double ln_hand_spent(struct ln_hand *hand, double time, int64_t cell);

/* The point of that cell, of the shape in hand, is finished. */
void ln_hand_finish(struct ln_hand *hand, double time, int64_t cell, double *predicted,
                    double *actual);

#endif
