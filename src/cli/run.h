/* The parts of `linnet run`. */
#ifndef LINNET_CLI_RUN_H
#define LINNET_CLI_RUN_H

#include "cli.h"
#include "linnet/plan.h"
#include "linnet/store.h"

struct run_job {
    const char *sweep_path, *output;
    const char *sets[CLI_MOST_SETS];
    int n_sets, rank, n_ranks;
    int shard, n_shards; /* 0: all points */
    bool is_quiet;
    char *text, default_output[512];
    size_t size;
    struct ln_sweep *sweep;
    struct ln_layout layout;
    struct ln_plan *plan;
    struct ln_store *store;
    bool is_there, is_resumed;
    struct ln_err trial; /* of an output that was there */
};

/* Fills in what the command line says. Errors: LN_INPUT after a usage message; -1 after the help.
 */
int run_read_options(struct run_job *job, int argc, char **argv);

/* Rank 0 according to its launcher, before MPI is up; all of them where the launcher does not say.
 */
bool run_is_first(void);

/* A launcher of another MPI starts N programs that each believe they are alone: N runs on one file.
 * Errors: LN_INPUT after a message. */
int run_check_launcher(int n_ranks);

/* Nonzero: stop soon. Set by the first SIGUSR1, SIGTERM or SIGINT; a second one ends the process.
 */
extern volatile int run_stop_asked;
void run_catch_signals(void);

#endif
