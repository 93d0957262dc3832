#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void name_holder(int fd) {
    char host[128] = "?";
    char text[256];
    gethostname(host, sizeof host - 1);
    const char *job = getenv("SLURM_JOB_ID");
    int size = snprintf(text, sizeof text, "host %s, process %ld%s%.32s\n", host, (long)getpid(),
                        job ? ", Slurm job " : "", job ? job : "");
    /* Who holds it is a courtesy to a second run; the lock itself does not depend on it. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size)
        errno = 0;
}

static int refuse(const struct ln_lock *lock, const char *path, struct ln_err *err) {
    char holder[200] = "";
    if (errno != EAGAIN && errno != EACCES)
        return ln_err_set(err, LN_INPUT,
                          "cannot lock %s: %s; choose an output on a file system with locks",
                          lock->path, strerror(errno));
    ssize_t size = pread(lock->fd, holder, sizeof holder - 1, 0);
    holder[size > 0 ? strcspn(holder, "\n") : 0] = '\0';
    return ln_err_set(err, LN_INPUT,
                      "%s is being written by another run (%s); wait for it or stop it", path,
                      holder[0] ? holder : "unknown");
}

/* Whether the file we locked still has its name: its last holder may have removed it in between. */
static bool is_current(const struct ln_lock *lock) {
    struct stat by_name;
    struct stat by_fd;
    return stat(lock->path, &by_name) == 0 && fstat(lock->fd, &by_fd) == 0 &&
           by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

/* Its text is about to be replaced: a pipe, or a second name that somebody gave to a file that
 * matters, is left alone. No name at all: its last holder has just removed it. */
static bool is_ours(int fd) {
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink <= 1;
}

static int try_once(struct ln_lock *lock, const char *path, struct ln_err *err) {
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (lock->fd < 0)
        return ln_err_set(err, LN_INPUT, "cannot create %s: %s", lock->path, strerror(errno));
    if (!is_ours(lock->fd)) {
        close(lock->fd);
        lock->fd = -1;
        return ln_err_set(err, LN_INPUT,
                          "%s is there and is no lock; remove it or choose another output",
                          lock->path);
    }
    /* A lock of the open file description: it does not vanish when some library closes the same
     * file. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(lock->fd, F_OFD_SETLK, &whole) != 0) {
        refuse(lock, path, err);
        close(lock->fd);
        lock->fd = -1;
        return (int)err->status;
    }
    return LN_OK;
}

int ln_lock_take(struct ln_lock *lock, const char *path, struct ln_err *err) {
    lock->fd = -1;
    if (asprintf(&lock->path, "%s.lock", path) < 0) {
        lock->path = NULL;
        return ln_err_set(err, LN_FATAL, "out of memory");
    }
    for (;;) {
        if (try_once(lock, path, err)) {
            free(lock->path);
            lock->path = NULL;
            return (int)err->status;
        }
        if (is_current(lock))
            break;
        close(lock->fd);
    }
    name_holder(lock->fd);
    return LN_OK;
}

void ln_lock_release(struct ln_lock *lock) {
    if (lock->fd >= 0) {
        unlink(lock->path);
        close(lock->fd);
    }
    free(lock->path);
    lock->path = NULL;
    lock->fd = -1;
}
