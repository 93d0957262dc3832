/* The parts of `linnet submit`. */
#ifndef LINNET_CLI_SUBMIT_H
#define LINNET_CLI_SUBMIT_H

#include "cli.h"
#include "linnet/plan.h"

enum { SUBMIT_MOST_TASKS = 1 << 20, SUBMIT_MOST_SHARDS = 10000 };

/* What is asked for. 0 or NULL: not said. */
struct submit_request {
    const char *sweep_path, *output, *sets[CLI_MOST_SETS];
    int n_sets, n_nodes, n_tasks, n_shards;
    double limit; /* seconds of one job */
    const char *partition, *account, *qos, *constraint, *memory, *after, *launcher;
    bool is_dry, has_no_requeue;
    char default_output[512];
};

/* Fills in what the command line says; every value is a word that Slurm can take. Errors: LN_INPUT
 * after a usage message; -1 after the help. */
int submit_read_options(struct submit_request *request, int argc, char **argv);

/* What the job will be, and why. */
struct submit_size {
    int n_tasks, per_node; /* per_node 0: however they fall */
    int64_t n_points, n_done;
    double limit, merge_limit; /* seconds */
    char *notes, *warnings;    /* lines */
};

/* Sizes the job from what the plan predicts of the points that are left. Ownership:
 * submit_size_clear, whatever is returned. Errors: LN_INPUT (the sweep, another sweep's output, the
 * size of a node cannot be found out), LN_FATAL. */
int submit_size(const struct submit_request *request, const struct ln_sweep *sweep,
                struct submit_size *size, struct ln_err *err);
void submit_size_clear(struct submit_size *size);

/* Absolute paths, good from any folder and in any job. */
struct submit_paths {
    char *sweep, *output, *program, *script, *merge; /* merge: NULL without shards */
    char name[64];                                   /* of the job */
};

/* Ownership: submit_paths_clear, whatever is returned. Errors: LN_INPUT, LN_FATAL. */
int submit_paths_find(struct submit_paths *paths, const struct submit_request *request,
                      struct ln_err *err);
void submit_paths_clear(struct submit_paths *paths);

/* The job scripts, in one text each. Ownership: free. */
char *submit_script(const struct submit_request *request, const struct submit_paths *paths,
                    const struct submit_size *size);
char *submit_merge_script(const struct submit_request *request, const struct submit_paths *paths,
                          const struct submit_size *size);

/* Each line of a text, with `before` in front of it. */
void submit_put_lines(FILE *to, const char *before, const char *lines);

/* Puts a script under its name, whole or not at all. One that linnet submit wrote before is
 * replaced, anything else is left alone. Errors: LN_INPUT, LN_FATAL. */
int submit_save(const char *path, const char *text, struct ln_err *err);

/* Has sbatch take a script; after: what it waits for, or NULL. Errors: LN_FATAL. */
int submit_send(const char *script, const char *after, char job[32], struct ln_err *err);

/* Cores of a node of a partition (NULL: the default one); of several kinds the fewest. Errors:
 * LN_INPUT. */
int submit_cores(const char *partition, int *cores, struct ln_err *err);

#endif
