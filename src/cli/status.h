/* The parts of `linnet status`. */
#ifndef LINNET_CLI_STATUS_H
#define LINNET_CLI_STATUS_H

#include "cli.h"
#include "linnet/activity.h"

struct status_run {
    struct ln_activity activity;
    struct cli_last last; /* by the side log */
    bool is_refused;      /* what lies beside the file keeps `linnet run` from going on */
};

/* Before the others, once the rows are counted: who seems dead may have ended. */
void status_settle(struct status_run *run, int64_t n_pending);

/* One word: running, written (by another command, or by a run that is about to begin), died,
 * unknown (whether it runs), stopped, ended, finished, idle. */
const char *status_word(const struct status_run *run, int64_t n_pending);

void status_print_run(const struct status_run *run, int64_t n_pending);
/* Members of an object. */
void status_print_run_json(const struct status_run *run, int64_t n_pending);

#endif
