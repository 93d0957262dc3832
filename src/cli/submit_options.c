#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deadline.h"
#include "submit.h"

/* Letters of a word beside letters, digits and these: _ . - */
static bool is_word(const char *text, const char *more) {
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("_.-", *c) && !strchr(more, *c))
            return false;
    return text[0] && text[0] != '-' && strlen(text) < 200;
}

/* "4000", "2G" */
static bool is_memory(const char *text) {
    size_t n = strspn(text, "0123456789");
    return n > 0 && n < 12 && strchr("KMGT", text[n]) && (!text[n] || !text[n + 1]);
}

/* "123", "123_4", "123:124" */
static bool is_jobs(const char *text) {
    return strlen(text) < 200 && strspn(text, "0123456789_:") == strlen(text) &&
           isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[strlen(text) - 1]);
}

/* 0: it is none. */
static int read_number(const char *text, int most) {
    char *end;
    long number = strtol(text, &end, 10);
    bool is_good = isdigit((unsigned char)text[0]) && *end == '\0' && number <= most;
    return is_good ? (int)number : 0;
}

static int take_number(const char *name, int *number, const char *value, int most) {
    *number = read_number(value, most);
    if (*number > 0)
        return LN_OK;
    return cli_usage(&command_submit, "%s is '%s'; give a number from 1 to %d", name, value, most);
}

static int take_word(const char *name, const char **word, const char *value, const char *more) {
    *word = value;
    if (is_word(value, more))
        return LN_OK;
    return cli_usage(&command_submit, "%s is '%s', which is no word that Slurm takes", name, value);
}

static int take_time(struct submit_request *request, const char *value) {
    if (deadline_read_duration(value, &request->limit))
        return LN_OK;
    return cli_usage(&command_submit, "--time is '%s'; write " DEADLINE_FORMS, value);
}

static int take_set(struct submit_request *request, const char *value) {
    return cli_take_set(&command_submit, request->sets, &request->n_sets, value) ? LN_OK : LN_INPUT;
}

static int take_launcher(struct submit_request *request, const char *value) {
    request->launcher = value;
    if (strcmp(value, "srun") == 0 || strcmp(value, "mpirun") == 0)
        return LN_OK;
    return cli_usage(&command_submit,
                     "--launcher is '%s'; there is srun and mpirun (another one: LINNET_LAUNCH)",
                     value);
}

static int take_memory(struct submit_request *request, const char *value) {
    request->memory = value;
    if (is_memory(value))
        return LN_OK;
    return cli_usage(&command_submit, "--mem-per-cpu is '%s'; write it as in 2G or 900M", value);
}

static int take_after(struct submit_request *request, const char *value) {
    request->after = value;
    if (is_jobs(value))
        return LN_OK;
    return cli_usage(&command_submit, "--after is '%s'; give the number of a job", value);
}

enum { OUTPUT, SET, NODES, TASKS, TIME, SHARDS, PARTITION, ACCOUNT, QOS };
enum { CONSTRAINT = QOS + 1, MEMORY, LAUNCHER, AFTER, NO_REQUEUE, DRY_RUN, N_OPTIONS };

static const struct option_spec specs[N_OPTIONS] = {[OUTPUT] = {"--output", "-o", true},
                                                    [SET] = {"--set", NULL, true},
                                                    [NODES] = {"--nodes", "-N", true},
                                                    [TASKS] = {"--ntasks", "-n", true},
                                                    [TIME] = {"--time", "-t", true},
                                                    [SHARDS] = {"--shards", NULL, true},
                                                    [PARTITION] = {"--partition", "-p", true},
                                                    [ACCOUNT] = {"--account", "-A", true},
                                                    [QOS] = {"--qos", "-q", true},
                                                    [CONSTRAINT] = {"--constraint", "-C", true},
                                                    [MEMORY] = {"--mem-per-cpu", NULL, true},
                                                    [LAUNCHER] = {"--launcher", NULL, true},
                                                    [AFTER] = {"--after", NULL, true},
                                                    [NO_REQUEUE] = {"--no-requeue", NULL, false},
                                                    [DRY_RUN] = {"--dry-run", NULL, false}};

static int take_option(struct submit_request *request, int option, const char *value) {
    switch (option) {
    case -1:
        return cli_take_path(&command_submit, &request->sweep_path, value) ? LN_OK : LN_INPUT;
    case OUTPUT:
        request->output = value;
        return LN_OK;
    case SET:
        return take_set(request, value);
    case NODES:
        return take_number("--nodes", &request->n_nodes, value, SUBMIT_MOST_TASKS);
    case TASKS:
        return take_number("--ntasks", &request->n_tasks, value, SUBMIT_MOST_TASKS);
    case TIME:
        return take_time(request, value);
    case SHARDS:
        return take_number("--shards", &request->n_shards, value, SUBMIT_MOST_SHARDS);
    case PARTITION:
        return take_word("--partition", &request->partition, value, ",+");
    case ACCOUNT:
        return take_word("--account", &request->account, value, "+@");
    case QOS:
        return take_word("--qos", &request->qos, value, "+@");
    case CONSTRAINT:
        return take_word("--constraint", &request->constraint, value, "&|*()[]:=+,");
    case MEMORY:
        return take_memory(request, value);
    case LAUNCHER:
        return take_launcher(request, value);
    case AFTER:
        return take_after(request, value);
    case NO_REQUEUE:
        request->has_no_requeue = true;
        return LN_OK;
    default:
        request->is_dry = true;
        return LN_OK;
    }
}

int submit_read_options(struct submit_request *request, int argc, char **argv) {
    const char *value;
    int index = 1, option;
    request->launcher = "srun";
    while ((option = cli_next(&command_submit, specs, N_OPTIONS, argc, argv, &index, &value)) !=
           -2) {
        if (option <= -3)
            return option == -4 ? -1 : LN_INPUT;
        if (take_option(request, option, value) != LN_OK)
            return LN_INPUT;
    }
    if (!request->sweep_path)
        return cli_usage(&command_submit, "which sweep?");
    if (!request->output) {
        cli_default_output(request->sweep_path, "", request->default_output);
        request->output = request->default_output;
    }
    return LN_OK;
}
