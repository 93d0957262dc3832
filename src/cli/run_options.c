#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

/* "2/8": the second of eight. */
static bool read_shard(struct run_job *job, const char *text) {
    enum { MOST = 1000000 };
    char *slash, *end = NULL;
    long shard = strtol(text, &slash, 10);
    long n = *slash == '/' ? strtol(slash + 1, &end, 10) : 0;
    if (!end || *end != '\0' || !strchr("123456789", text[0]) || !strchr("123456789", slash[1]) ||
        shard < 1 || shard > n || n > MOST) {
        cli_usage(&command_run,
                  "--shard is '%s'; write 2/8 for the second of 8, at most %d of them", text, MOST);
        return false;
    }
    job->shard = (int)shard;
    job->n_shards = (int)n;
    return true;
}

static bool read_retry(struct run_job *job, const char *text) {
    job->retries_failed = strcmp(text, "failed") == 0;
    if (!job->retries_failed)
        cli_usage(&command_run, "--retry is '%s'; the only points to try again are: failed", text);
    return job->retries_failed;
}

void cli_default_output(const char *sweep_path, const char *part, char output[512]) {
    const char *slash = strrchr(sweep_path, '/'), *base = slash ? slash + 1 : sweep_path;
    const char *dot = strrchr(base, '.');
    int length = dot && dot != base ? (int)(dot - base) : (int)strlen(base);
    snprintf(output, 512, "%.*s%s.h5", length, base, part);
}

/* sweep.yaml -> sweep.h5 in the current directory, its second shard of 8 -> sweep-2of8.h5. */
static void default_output(struct run_job *job) {
    char part[48] = "";
    if (job->n_shards > 0)
        snprintf(part, sizeof part, "-%dof%d", job->shard, job->n_shards);
    cli_default_output(job->sweep_path, part, job->default_output);
    job->output = job->default_output;
}

int run_read_options(struct run_job *job, int argc, char **argv) {
    static const struct option_spec specs[] = {{"--output", "-o", true}, {"--set", NULL, true},
                                               {"--quiet", "-q", false}, {"--shard", NULL, true},
                                               {"--retry", NULL, true},  {"--walltime", NULL, true},
                                               {"--margin", NULL, true}};
    const char *value;
    int index = 1, option;
    job->margin = -1;
    while ((option = cli_next(&command_run, specs, 7, argc, argv, &index, &value)) != -2) {
        if (option <= -3)
            return option == -4 ? -1 : LN_INPUT;
        if (option == -1 && !cli_take_path(&command_run, &job->sweep_path, value))
            return LN_INPUT;
        if (option == 0)
            job->output = value;
        else if (option == 1 && !cli_take_set(&command_run, job->sets, &job->n_sets, value))
            return LN_INPUT;
        else if (option == 2)
            job->is_quiet = true;
        else if (option == 3 && !read_shard(job, value))
            return LN_INPUT;
        else if (option == 4 && !read_retry(job, value))
            return LN_INPUT;
        else if (option == 5 && !run_read_walltime(job, value))
            return LN_INPUT;
        else if (option == 6 && !run_read_margin(job, value))
            return LN_INPUT;
    }
    if (!job->sweep_path)
        return cli_usage(&command_run, "which sweep?");
    if (job->walltime > 0 && job->margin >= job->walltime)
        return cli_usage(&command_run,
                         "--margin keeps %.9g s for stopping, and --walltime gives %.9g s in all: "
                         "nothing would ever be trained; make the margin smaller, or leave it out",
                         job->margin, job->walltime);
    if (!job->output)
        default_output(job);
    return LN_OK;
}
