/* Programs of Slurm, run as they are: no shell sees a word of it. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linnet/linalg.h"
#include "submit.h"

extern char **environ;

/* Without what a job that we may be in knows of itself: sbatch and srun would take it for what is
 * wanted of the new one. */
static char **outer_environment(void) {
    int n = 0, kept = 0;
    while (environ[n])
        n++;
    char **names = ln_linalg_alloc((size_t)n + 1, sizeof *names);
    for (int i = 0; i < n; i++) {
        bool is_site = strncmp(environ[i], "SLURM_CONF=", 11) == 0 ||
                       strncmp(environ[i], "SLURM_JWT=", 10) == 0;
        if (strncmp(environ[i], "SLURM_", 6) != 0 || is_site)
            names[kept++] = environ[i];
    }
    return names;
}

static void read_output(int fd, char *output, size_t size) {
    size_t used = 0;
    char rest[512];
    for (ssize_t got = 1; got > 0 || (got < 0 && errno == EINTR);) {
        bool is_full = used + 1 >= size;
        got = read(fd, is_full ? rest : output + used, is_full ? sizeof rest : size - 1 - used);
        used += got > 0 && !is_full ? (size_t)got : 0;
    }
    output[used] = '\0';
}

static int wait_for(pid_t child, const char *program, struct ln_err *err) {
    int result = 0;
    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            return ln_err_set(err, LN_FATAL, "%s is lost: %s", program, strerror(errno));
    if (WIFEXITED(result) && WEXITSTATUS(result) == 0)
        return LN_OK;
    if (WIFEXITED(result))
        return ln_err_set(err, LN_FATAL, "%s failed with %d", program, WEXITSTATUS(result));
    return ln_err_set(err, LN_FATAL, "%s died: %s", program, strsignal(WTERMSIG(result)));
}

int submit_call(char *const *argv, char *output, size_t size, struct ln_err *err) {
    int ends[2];
    pid_t child;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return ln_err_set(err, LN_FATAL, "no pipe for %s: %s", argv[0], strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    char **names = outer_environment();
    fflush(NULL);
    int rc = posix_spawnp(&child, argv[0], &actions, NULL, argv, names);
    free(names);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (rc == 0)
        read_output(ends[0], output, size);
    close(ends[0]);
    if (rc != 0)
        return ln_err_set(err, LN_FATAL, "%s cannot be run: %s", argv[0], strerror(rc));
    return wait_for(child, argv[0], err);
}

/* "123\n" or "123;cluster\n" */
int submit_send(const char *script, const char *after, char job[32], struct ln_err *err) {
    char dependency[256] = "", said[256];
    char *argv[6];
    int n = 0;
    argv[n++] = "sbatch";
    argv[n++] = "--parsable";
    if (after) {
        snprintf(dependency, sizeof dependency, "--dependency=afterany:%s", after);
        argv[n++] = dependency;
    }
    argv[n++] = "--";
    argv[n++] = (char *)(uintptr_t)script;
    argv[n] = NULL;
    if (submit_call(argv, said, sizeof said, err) != LN_OK)
        return (int)err->status;
    size_t digits = strspn(said, "0123456789");
    if (digits == 0 || digits > 20)
        return ln_err_set(err, LN_FATAL, "sbatch did not say the number of a job, but '%s'", said);
    snprintf(job, 32, "%.*s", (int)digits, said);
    return LN_OK;
}

/* Lines "main* 2 8 16": partition (* the default one), sockets, cores of each, CPUs. With threads
 * there are more CPUs than cores, and a rank wants a core. */
int submit_cores(const char *partition, int *cores, struct ln_err *err) {
    char *argv[] = {"sinfo", "-h", "-o", "%P %X %Y %c", NULL};
    static char said[1 << 16];
    long least = 0;
    if (submit_call(argv, said, sizeof said, err) != LN_OK) {
        ln_err_prefix(err, "--nodes needs to know the cores of a node, and ");
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
