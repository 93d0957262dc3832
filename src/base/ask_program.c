#include "linnet/ask_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "linnet/clock.h"

extern char **environ;

/* A mask or a signal that is ignored would be inherited, and the program could not be ended. */
static bool set_signals(posix_spawnattr_t *how) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    return posix_spawnattr_setsigmask(how, &none) == 0 &&
           posix_spawnattr_setsigdefault(how, &all) == 0 &&
           posix_spawnattr_setflags(how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0;
}

/* The program with its output going to the pipe; -1: it cannot be started. */
static pid_t start(const char *const *words, int to) {
    union {
        const char *const *read;
        char *const *spawn; /* which does not write to them either */
    } arguments = {words};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    pid_t pid = -1;
    if (posix_spawn_file_actions_init(&files) != 0)
        return -1;
    if (posix_spawnattr_init(&how) == 0) {
        bool ok =
            set_signals(&how) &&
            posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
            posix_spawn_file_actions_adddup2(&files, to, STDOUT_FILENO) == 0 &&
            posix_spawn_file_actions_adddup2(&files, to, STDERR_FILENO) == 0;
        if (!ok || posix_spawnp(&pid, words[0], &files, &how, arguments.spawn, environ) != 0)
            pid = -1;
        posix_spawnattr_destroy(&how);
    }
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

/* Reads until the program closes its end; what does not fit is dropped. false: out of time. */
static bool listen_to(int from, double deadline, char *answer, size_t size) {
    char rest[256];
    size_t used = 0;
    answer[0] = '\0';
    for (;;) {
        double left = deadline - ln_clock();
        struct pollfd pipe = {.fd = from, .events = POLLIN};
        int ready = left > 0 ? poll(&pipe, 1, (int)(1e3 * left) + 1) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        bool is_full = used + 1 >= size;
        ssize_t got =
            read(from, is_full ? rest : answer + used, is_full ? sizeof rest : size - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        used += is_full ? 0 : (size_t)got;
        answer[used] = '\0';
    }
}

/* Its exit code, or -1; killed if it has not ended in time. */
static int wait_for(pid_t pid, double deadline) {
    int status = 0;
    bool is_killed = false;
    for (;;) {
        pid_t ended = waitpid(pid, &status, is_killed ? 0 : WNOHANG);
        if (ended == pid)
            return !is_killed && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        if (ended < 0 && errno != EINTR)
            return -1;
        if (ended == 0 && ln_clock() >= deadline) {
            kill(pid, SIGKILL);
            is_killed = true;
        } else if (ended == 0) {
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        }
    }
}

int ln_ask_program(const char *const *words, double seconds, char *answer, size_t size) {
    int ends[2];
    double deadline = ln_clock() + seconds;
    answer[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = start(words, ends[1]);
    close(ends[1]);
    int code = -1;
    if (pid > 0) {
        bool is_heard = listen_to(ends[0], deadline, answer, size);
        code = wait_for(pid, is_heard ? deadline : 0);
    }
    close(ends[0]);
    return code;
}
