/* Programs of Slurm, run as they are: no shell sees a word of it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/ask_program.h"
#include "submit.h"

extern char **environ;

/* What a job that we may be in knows of itself, sbatch would take for what is wanted of the new
 * one. */
static void forget_outer_job(void) {
    for (int i = 0; environ[i];) {
        char name[256];
        size_t n = strcspn(environ[i], "=");
        snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : 0, environ[i]);
        bool is_site = strcmp(name, "SLURM_CONF") == 0 || strcmp(name, "SLURM_JWT") == 0;
        if (strncmp(name, "SLURM_", 6) == 0 && !is_site && unsetenv(name) == 0)
            i = 0; /* the others have moved */
        else
            i++;
    }
}

/* Prints what a program says beside its answer. */
static void pass_on(const char *said) {
    for (const char *at = said; *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (*at != '\n' && strspn(at, "0123456789") == 0) {
            char line[512];
            snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
            fprintf(stderr, "%s\n", cli_shown(line));
        }
}

/* What a program of Slurm says last, without its name in front: "sinfo: fatal: Could not ...". */
static void last_words(const char *said, char text[256]) {
    text[0] = '\0';
    for (const char *at = said; *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (*at != '\n')
            snprintf(text, 256, "%.*s", (int)strcspn(at, "\n"), at);
    const char *kinds[] = {"fatal: ", "error: "};
    for (int i = 0; i < 2; i++) {
        const char *kind = strstr(text, kinds[i]);
        if (kind)
            memmove(text, kind + strlen(kinds[i]), strlen(kind + strlen(kinds[i])) + 1);
    }
}

/* Where there is no Slurm its programs say so in many lines about themselves. */
static bool is_out_of_reach(int code, const char *said) {
    static const char *const signs[] = {"Could not establish a configuration source",
                                        "Unable to contact slurm controller",
                                        "Unable to process configuration file"};
    for (int i = 0; i < 3; i++)
        if (strstr(said, signs[i]))
            return true;
    return code < 0 || code == 127;
}

/* needs_all: what it says is for the user; else one line is enough. */
static int call(const char *const *argv, double seconds, bool needs_all, char *said, size_t size,
                struct ln_err *err) {
    char words[256];
    forget_outer_job();
    int code = ln_ask_program(argv, seconds, said, size);
    if (code == 0)
        return LN_OK;
    last_words(said, words);
    if (is_out_of_reach(code, said))
        return ln_err_set(
            err, LN_FATAL,
            "%s does not reach Slurm (%s); is this a computer that jobs are submitted "
            "from?",
            argv[0], words[0] ? words : "it cannot be run or does not end");
    if (needs_all)
        pass_on(said);
    return ln_err_set(err, LN_FATAL, "%s failed with %d%s%s", argv[0], code,
                      words[0] && !needs_all ? ": " : "", needs_all ? "" : words);
}

/* The line that begins with a number: "123" or "123;cluster". */
static const char *find_number(const char *said) {
    for (const char *at = said; *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (strspn(at, "0123456789") > 0 && strspn(at, "0123456789") < 20)
            return at;
    return NULL;
}

int submit_send(const char *script, const char *after, char job[32], struct ln_err *err) {
    char dependency[256] = "", said[4096];
    const char *argv[6];
    int n = 0;
    argv[n++] = "sbatch";
    argv[n++] = "--parsable";
    if (after) {
        snprintf(dependency, sizeof dependency, "--dependency=afterany:%s", after);
        argv[n++] = dependency;
    }
    argv[n++] = "--";
    argv[n++] = script;
    argv[n] = NULL;
    if (call(argv, 120, true, said, sizeof said, err) != LN_OK)
        return (int)err->status;
    pass_on(said);
    const char *number = find_number(said);
    if (!number)
        return ln_err_set(err, LN_FATAL, "sbatch did not say the number of the job");
    snprintf(job, 32, "%.*s", (int)strspn(number, "0123456789"), number);
    return LN_OK;
}

/* Lines "main* 2 8 16": partition (* the default one), sockets, cores of each, CPUs. With threads
 * there are more CPUs than cores, and a rank wants a core. */
int submit_cores(const char *partition, int *cores, struct ln_err *err) {
    const char *const argv[] = {"sinfo", "-h", "-o", "%P %X %Y %c", NULL};
    static char said[1 << 16];
    long least = 0;
    if (call(argv, 30, false, said, sizeof said, err) != LN_OK) {
        err->status = LN_INPUT;
        return LN_INPUT;
    }
    for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n")) {
        size_t n = strcspn(line, " ");
        bool is_default = n > 0 && line[n - 1] == '*';
        size_t length = is_default ? n - 1 : n;
        bool is_it = partition ? strlen(partition) == length && !strncmp(line, partition, length)
                               : is_default;
        long sockets, each, cpus;
        if (!is_it || sscanf(line + n, " %ld %ld %ld", &sockets, &each, &cpus) != 3)
            continue;
        long here = sockets * each < cpus ? sockets * each : cpus;
        least = least == 0 || here < least ? here : least;
    }
    *cores = (int)least;
    if (least >= 1 && least <= SUBMIT_MOST_TASKS)
        return LN_OK;
    return ln_err_set(err, LN_INPUT,
                      "sinfo does not say how many cores a node of %s has; give --ntasks",
                      partition ? partition : "the default partition");
}
