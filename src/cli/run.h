/* The parts of `linnet run`. */
#ifndef LINNET_CLI_RUN_H
#define LINNET_CLI_RUN_H

#include "cli.h"
#include "linnet/agree.h"
#include "linnet/deaths.h"
#include "linnet/plan.h"
#include "linnet/running.h"
#include "linnet/store.h"

struct run_job {
    const char *sweep_path, *output;
    const char *sets[CLI_MOST_SETS];
    int n_sets, rank, n_ranks;
    int shard, n_shards; /* 0: all points */
    bool is_quiet, retries_failed;
    char *text, default_output[512];
    size_t size;
    struct ln_sweep *sweep;
    struct ln_layout layout;
    struct ln_plan *plan;
    struct ln_store *store;
    bool is_there, is_resumed;
    struct ln_err trial; /* of an output that was there */
    /* Points over which processes died. */
    struct ln_deaths deaths; /* rank 0 */
    bool is_unread;          /* rank 0: the list of earlier deaths could not be read, and stays */
    uint8_t *apart;          /* [n_cells] as ln_deaths_apart; NULL: none */
    struct ln_plan *suspects;
    struct ln_running *running;
    int64_t n_failed;            /* points given up */
    double walltime, margin;     /* seconds; walltime 0: not given, negative: none */
    struct ln_deadline deadline; /* on rank 0 */
    bool is_of_slurm;            /* the deadline is the end of a Slurm job */
    bool is_too_late;            /* it left no time to begin: on rank 0 */
    struct ln_parked *parked;
    struct ln_parked_news parked_news; /* of the start */
    int64_t n_parked;                  /* at the end */
};

/* Rank 0: whether a large sweep has room on the disk, before it is planned. Errors: LN_INPUT. */
int run_check_size(const struct run_job *job, struct ln_err *err);

/* Fills in what the command line says. Errors: LN_INPUT after a usage message; -1 after the help.
 */
int run_read_options(struct run_job *job, int argc, char **argv);

/* Rank 0 according to its launcher, before MPI is up; all of them where the launcher does not say.
 */
bool run_is_first(void);

/* A launcher of another MPI starts N programs that each believe they are alone: N runs on one file.
 * Errors: LN_INPUT after a message. */
int run_check_launcher(int n_ranks);

/* Finds out when the wall time ends: on one process, before MPI is up. */
void run_find_deadline(struct run_job *job);

/* The values of --walltime and --margin. false after a usage message. */
bool run_read_walltime(struct run_job *job, const char *text);
bool run_read_margin(struct run_job *job, const char *text);

/* What an earlier run has parked; done [n_cells], or NULL where the output is new; the points whose
 * last try this is are added to it. Collective. */
int run_open_parked(struct run_job *job, uint8_t *done, struct ln_err *err);

/* Whether there is no time to begin, with the reason in err on rank 0; else says when it will stop.
 * Collective. */
bool run_is_too_late(struct run_job *job, struct ln_err *err);

/* Writes the points in flight, or removes what is of no use any more. Collective. */
void run_park(struct run_job *job, bool is_stopped);
void run_say_stopped(const struct run_job *job, const struct ln_err *err);

/* Nonzero: stop soon. Set by the first SIGUSR1, SIGTERM or SIGINT; a second one ends the process.
 * run_catch_signals also has long computations ask for it (interrupt.h). */
extern volatile int run_stop_asked;
void run_catch_signals(void);

/* Counts the points over which the last run died, if it did. Those that have died too often become
 * failed; --retry failed: all failed ones become pending again. done [n_cells] is as ln_store_scan
 * has it, and is kept right. Ranks: collective. */
int run_look_back(struct run_job *job, uint8_t *done, struct ln_err *err);

/* Takes the suspects out of job->plan into job->suspects. */
void run_set_apart(struct run_job *job);
int64_t run_n_points(const struct run_job *job); /* to be trained, those set apart included */

/* Trains the points that were set apart, with ever less company (linnet/deaths.h). Ranks:
 * collective; errors as of ln_farm_run. */
int run_train_apart(struct run_job *job, struct ln_farm_options *options, struct ln_err *err);

/* One farm: a part of what this run trains. */
int run_train_plan(struct run_job *job, const struct ln_plan *plan, struct ln_farm_options *options,
                   struct ln_err *err);

/* What a results file of the same name has left, which is gone, means nothing for a new one. */
void run_begin_deaths(const struct run_job *job);

/* From now on it is known which points are in the lanes. Ranks: collective. */
void run_watch_deaths(struct run_job *job);

/* The run has come to its end, whatever it is. Ranks: collective. */
void run_settle_deaths(struct run_job *job, int status);

/* LN_INCOMPLETE in place of LN_OK where points have failed. */
int run_verdict(const struct run_job *job, int status);
void run_say_failed(const struct run_job *job);

void run_forget_deaths(struct run_job *job);

#endif
