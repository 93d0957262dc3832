/* The pump: moves events and grants between this rank and rank 0. The same calls on every rank; on
 * rank 0 they go straight to the desk, and a run on one rank sends no message. message.h has the
 * protocol. */
#ifndef LINNET_FARM_PUMP_H
#define LINNET_FARM_PUMP_H

#include "desk.h"

struct ln_pump {
    MPI_Comm comm;
    int rank;
    struct ln_desk desk;     /* rank 0 */
    struct ln_report report; /* not yet sent */
    double longest;          /* silence of this rank so far */
    bool is_asking;          /* an ASK is under way */
    bool has_answer;
    struct ln_grant answer;
    bool is_halted;
    const volatile int *stop_asked; /* or NULL */
};

/* The first answer is there afterwards, as if it had been asked for. Ranks: collective (comm is
 * duplicated). */
int ln_pump_open(struct ln_pump *pump, const struct ln_plan *plan, MPI_Comm comm,
                 const struct ln_farm_options *options, struct ln_err *err);
void ln_pump_close(struct ln_pump *pump); /* collective */

/* Counts a stored point, as ln_report_point. */
void ln_pump_count(struct ln_pump *pump, int group, double predicted, double actual, double earlier,
                   int label);

/* Counts a parked point that could not go on. */
void ln_pump_refuse(struct ln_pump *pump);

/* This rank was busy for so many seconds without a poll. */
void ln_pump_silence(struct ln_pump *pump, double seconds);

/* How the lanes of this rank were used, once, before it leaves. */
void ln_pump_use(struct ln_pump *pump, const struct ln_train_use *use);

/* Asks for points. Must not be called while an answer is due or not taken. */
int ln_pump_ask(struct ln_pump *pump, enum ln_wish wish, struct ln_err *err);

/* The answer, if it is there. */
bool ln_pump_take(struct ln_pump *pump, struct ln_grant *grant);

/* Moves messages; never blocks. On rank 0 this serves all others. */
int ln_pump_poll(struct ln_pump *pump, struct ln_err *err);

/* Another rank stopped or failed: give up. */
bool ln_pump_is_halted(const struct ln_pump *pump);

/* Rank 0: the wall time is nearly over. */
bool ln_pump_is_late(const struct ln_pump *pump);

/* Ends this rank's part with its status and, unless LN_OK, its message. Returns the status of the
 * whole run, with the same message on all ranks. Ranks: collective; but LN_FATAL returns on rank 0
 * at once, for it must abort the rest. */
int ln_pump_leave(struct ln_pump *pump, int status, struct ln_err *err);

/* Waiting without burning a core that a busy rank could use: yields first, then sleeps. */
struct ln_backoff {
    int n_waits;
};
void ln_backoff_wait(struct ln_backoff *backoff);

#endif
