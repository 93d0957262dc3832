#include "target.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/dev/shm/linnet-fuzz.XXXXXX";
static pid_t owner;

/* Files only, one level: what scratch_path has named. */
static const char *const names[] = {"x.csv",       "y.csv",         "good.h5",    "good.h5.log",
                                    "good.h5.tmp", "good.h5.lock",  "bad.h5",     "bad.h5.log",
                                    "bad.h5.lock", "points.parked", "out.deaths", "out.running",
                                    "again.deaths"};

static void clean_up(void) {
    char path[128];
    if (getpid() != owner)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

const char *scratch_path(const char *name) {
    static char paths[4][128];
    static int next;
    if (!owner) {
        owner = getpid();
        if (!mkdtemp(folder))
            abort();
        atexit(clean_up);
    }
    next = (next + 1) % 4;
    snprintf(paths[next], sizeof paths[next], "%s/%s", folder, name);
    return paths[next];
}

void scratch_write(const char *path, const void *data, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

static FILE *shown, *nowhere;

/* The streams, not the descriptors: the sanitizers' reports must be seen. */
void silence_begin(void) {
    if (!nowhere) {
        nowhere = fopen("/dev/null", "we");
        dup2(fileno(nowhere), STDOUT_FILENO);
        shown = stderr;
    }
    stderr = nowhere;
}

void silence_end(void) {
    fflush(stdout);
    stderr = shown;
}
