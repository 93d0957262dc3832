#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Enough for the largest matrix; a damaged index can lead HDF5 round in circles. */
enum { SECONDS = 60 };

bool ln_trial_is_off;

static bool may_fork(void) {
    int is_up = 0;
    int is_down = 0;
    MPI_Initialized(&is_up);
    MPI_Finalized(&is_down);
    return !ln_trial_is_off && (!is_up || is_down);
}

/* Nobody wants the last words or the memory image of a child that was sent to fail. */
static void be_quiet(void) {
    struct rlimit none = {0, 0};
    struct rlimit time = {SECONDS, SECONDS};
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &time);
}

int ln_trial(const char *path, void (*work)(void *data), void *data, struct ln_err *err) {
    int result = 0;
    if (!may_fork())
        return LN_OK;
    pid_t child = fork();
    if (child == 0) {
        be_quiet();
        work(data);
        _exit(0);
    }
    while (child > 0 && waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            return LN_OK;
    if (child > 0 && WIFSIGNALED(result))
        return ln_err_set(err, LN_INPUT, "%s is damaged: HDF5 cannot read it (%s)", path,
                          strsignal(WTERMSIG(result)));
    if (child > 0 && WEXITSTATUS(result) != 0)
        return ln_err_set(err, LN_INPUT, "%s is damaged: HDF5 cannot read it", path);
    return LN_OK;
}
