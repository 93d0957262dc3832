/* The program: one file a command. Only this folder prints. */
#ifndef LINNET_CLI_H
#define LINNET_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "linnet/farm.h"
#include "linnet/sweep.h"
#include "linnet/view.h"

enum { CLI_MOST_SETS = 256 };

struct cli_costs;
struct ln_running;

struct command {
    const char *name, *synopsis, *doc, *help;
    int (*run)(int argc, char **argv); /* argv[0] is the command; returns the exit code */
};

extern const struct command command_run, command_plan, command_status, command_show, command_check,
    command_certify, command_extend, command_list, command_merge, command_repair, command_saddles,
    command_simulate, command_submit;

/* Prints "linnet: message" to stderr; returns err->status. */
int cli_fail(const struct ln_err *err);

/* Text of a file or of the command line as it may be printed: what a terminal would act on is
 * escaped. Good until the eighth call from here; of what must be escaped at most 2000 characters
 * are shown. */
const char *cli_shown(const char *text);

/* The same inside a JSON string. */
const char *cli_json(const char *text);

/* The variable of that name with that many dimensions after the axes, or -1. */
int cli_find_variable(const struct ln_view *view, const char *name, int n_extra);

/* Parses the sweep a results file holds, with the overrides it was run with. Errors: LN_INPUT, also
 * where the sweep has other cells than the file. Ownership: ln_sweep_free. */
int cli_sweep_of(const struct ln_view *view, const char *path, struct ln_sweep **sweep,
                 struct ln_err *err);

/* Names the failed points of a results file, status[n_cells], and the suspects: parameters, and
 * why. is_live: what a run has in hand now is not held against it. As JSON: those of one status,
 * LN_ROW_FAILED or LN_ROW_PENDING, as they stand inside the brackets of a list. */
void cli_failed_print(const struct ln_view *view, const char *path, const int8_t *status,
                      bool is_live);
void cli_failed_print_json(const struct ln_view *view, const char *path, const int8_t *status,
                           int which, bool is_live);
/* Why one point has failed. */
void cli_failed_explain(const struct ln_view *view, const char *path, int64_t cell);

/* What --help prints. */
void cli_help(const struct command *command);

/* "linnet COMMAND: message" and where to find help; returns LN_INPUT. */
int cli_usage(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Options of a command: the flags it knows, with or without a value. */
struct option_spec {
    const char *name;  /* "--output" */
    const char *brief; /* "-o", or NULL */
    bool has_value;
};

/* Takes the next argument from *index: returns the option's position in specs, -1 for a positional
 * argument, -2 at the end, -3 after printing a usage error, -4 after printing the help. *value:
 * option value or positional. */
int cli_next(const struct command *command, const struct option_spec *specs, int n_specs, int argc,
             char **argv, int *index, const char **value);

/* Takes the one file a command works on; false after a usage error if there is one already. */
bool cli_take_path(const struct command *command, const char **path, const char *value);

/* Takes a --set; false after a usage error if there are too many. */
bool cli_take_set(const struct command *command, const char *sets[CLI_MOST_SETS], int *n_sets,
                  const char *value);

/* Of a command on a results file that knows its own sweep: is it named, and do overrides have a
 * sweep file? Errors: LN_INPUT after a usage error. */
int cli_check_results_options(const struct command *command, const char *path,
                              const char *sweep_path, int n_sets);

/* sweep.yaml, part -> sweep<part>.h5 in the current directory. */
void cli_default_output(const char *sweep_path, const char *part, char output[512]);

/* The whole file, malloc'ed, zero-terminated. At most 4 MiB and one byte. */
int cli_read_text(const char *path, char **text, size_t *size, struct ln_err *err);

/* Parses a sweep file. Ownership: ln_sweep_free. */
int cli_read_sweep(const char *path, const char *const *sets, int n_sets, struct ln_sweep **sweep,
                   struct ln_err *err);

/* Opens the results of a sweep; LN_INPUT where the file holds those of another one. Ownership:
 * ln_view_close. */
int cli_open_results(const char *path, const char *sweep_path, const struct ln_sweep *sweep,
                     struct ln_view **view, struct ln_err *err);

/* How long the longest point of a plan lasts by itself, and how long all take on so many ranks:
 * simulated, or the work shared out where there are too many points for that. */
double cli_longest_point(const struct ln_plan *plan);
double cli_time_on(const struct ln_plan *plan, int n_ranks);

/* Takes out of a plan what a results file has, and predicts the others in the light of what these
 * cost (costs: cli_costs_clear, whatever is returned). Errors: as cli_open_results. */
int cli_take_done(const char *path, const char *sweep_path, const struct ln_sweep *sweep,
                  struct ln_plan *plan, struct cli_costs *costs, struct ln_err *err);

/* Prints predicted against actual costs of the points that a results file has, and leaves in the
 * plan the others, predicted in their light. */
int cli_after(const char *path, const char *sweep_path, const struct ln_sweep *sweep,
              struct ln_plan *plan, struct ln_err *err);

/* Cuts text (or NULL) into lines [most], in place; returns how many. */
int cli_split_lines(char *text, const char **lines, int most);

/* "1.5 s", "12 min", "3.2 h". */
void cli_duration(double seconds, char text[32]);
void cli_bytes(double bytes, char text[32]);

/* Progress of a run on rank 0: a bar on a terminal, one line every few seconds elsewhere; and for
 * `linnet status`. */
struct progress {
    const char *output;
    bool is_terminal, is_quiet;
    struct ln_running *running;
    double seconds_parked;     /* core seconds that earlier runs have put into points of this one */
    int64_t n_points;          /* of the run, which is one farm after the other */
    double seconds_after;      /* predicted for the farms to come */
    struct ln_progress before; /* what those have done that are over */
    double last_line, last_told;
    double silence; /* see ln_account */
    bool is_apart;  /* suspects, a few to a farm: what they cost is logged, not printed */
};
void cli_progress(void *progress, const struct ln_progress *state, bool final);

/* At the end of a run: what it cost, on the terminal and in the side log. */
void cli_account(void *progress, const struct ln_account *account);

/* What finished points cost, by the text of their shape. */
struct cli_costs {
    int64_t n_failed; /* points given up, in a results file */
    int n;
    struct cli_cost {
        char shape[64];
        struct ln_tally tally;
    } * items; /* [n] */
};
void cli_costs_add(struct cli_costs *costs, const char *shape, const struct ln_tally *more);
const struct ln_tally *cli_costs_of(const struct cli_costs *costs, const char *shape); /* or NULL */
struct ln_tally cli_costs_sum(const struct cli_costs *costs);
void cli_costs_clear(struct cli_costs *costs);

/* The side log OUT.h5.log (rank 0 only). */
void cli_log_start(const char *output, int n_ranks, int64_t n_points, bool is_resumed);
void cli_log_end(const char *output, double seconds, int status);
void cli_log_deadline(const char *output, double end, double margin); /* end: unix time */
void cli_log_costs(const char *output, const struct cli_costs *costs,
                   const struct ln_train_use *use);
/* When the last run began, and how it ended. */
struct cli_last {
    bool has_start, has_end;
    char start[32], end[32], host[128];
    int exit;
};
void cli_log_last(const char *output, struct cli_last *last);
/* Adds up what all runs on that file have logged. */
void cli_log_read(const char *output, struct cli_costs *costs);

#endif
