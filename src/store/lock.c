#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linnet/fault.h"
#include "lock_note.h"
#include "sidefile.h"

enum { LOCK_BYTE = LN_LOCK_BYTE, HANDOVER_BYTE };

/* How long others may take to change hands, or to write who they are. */
enum { PATIENCE_TRIES = 100, PATIENCE_STEP = 50000000 };

static const time_t seconds_between_signs = 30;

enum outcome { TAKEN, REFUSED, AGAIN };

/* What the refused are advised to do: the kernel drops the lock of who is gone; else it is for
 * people to tell, by the signs of life or by the job. */
enum remedy { WAIT, REMOVE_SILENT, REMOVE_UNSEEN };

static enum remedy remedy_of(const struct ln_lock_note *note) {
    return note->by_existence ? REMOVE_SILENT : WAIT;
}

static void wait_a_little(void) {
    nanosleep(&(struct timespec){.tv_nsec = PATIENCE_STEP}, NULL);
}

/* A lock of the open file description: it does not vanish when some library closes the same file.
 * Returns 0 or errno. */
static int set_lock(int fd, short type, int byte) {
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    if (LN_FAULT_IS_ON("lock"))
        return 0;
    if (LN_FAULT_IS_ON("nolocks"))
        return ENOLCK;
    if (type == F_UNLCK) /* closing does it too */
        return fcntl(fd, F_OFD_SETLK, &range) == 0 ? 0 : errno;
    return LN_FAULT(LOCK_TAKE, -1, fcntl(fd, F_OFD_SETLK, &range)) == 0 ? 0 : errno;
}

static bool is_held(int error) {
    return error == EAGAIN || error == EACCES;
}

static bool has_no_locks(int error) {
    return error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP;
}

/* Others are at it for a moment. */
static int set_handover(int fd) {
    int error = set_lock(fd, F_WRLCK, HANDOVER_BYTE);
    for (int i = 0; i < PATIENCE_TRIES && is_held(error); i++) {
        wait_a_little();
        error = set_lock(fd, F_WRLCK, HANDOVER_BYTE);
    }
    return error;
}

/* Whether the file we have open still has its name. */
static bool is_current(const struct ln_lock *lock) {
    struct stat by_name;
    struct stat by_fd;
    return stat(lock->path, &by_name) == 0 && fstat(lock->fd, &by_fd) == 0 &&
           by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

static enum outcome refuse_error(const struct ln_lock *lock, const char *what, int error,
                                 struct ln_err *err) {
    ln_err_set(err, LN_INPUT, "cannot %s %s: %s", what, lock->path, strerror(error));
    return REFUSED;
}

/* What to do about a lock that nobody but its holder can drop. */
static void say_remedy(const struct ln_lock *lock, char *text, size_t size) {
    struct stat info;
    long age = fstat(lock->fd, &info) == 0 ? (long)(time(NULL) - info.st_mtime) : 0;
    snprintf(
        text, size,
        ". The file system has no locks; the last sign of life is %ld s old (one every %ld s). "
        "If there is no such run any more, remove %s",
        age > 0 ? age : 0, (long)seconds_between_signs, lock->path);
}

/* The kernel here knows of no holder, but Slurm runs the job of the one that the file names: where
 * each host keeps the locks by itself, both may be. */
static void say_job_lives(const struct ln_lock *lock, char *text, size_t size) {
    snprintf(text, size,
             ". Its lock is not seen on this host, but Slurm runs its job. If there is no such run "
             "any more, remove %s",
             lock->path);
}

/* note: NULL where nothing can be read. */
static enum outcome refuse(const struct ln_lock *lock, const char *path,
                           const struct ln_lock_note *note, enum remedy way, struct ln_err *err) {
    char holder[256] = "unknown", remedy[512] = "";
    if (note)
        ln_lock_note_say(note, holder, sizeof holder);
    if (way == REMOVE_SILENT)
        say_remedy(lock, remedy, sizeof remedy);
    if (way == REMOVE_UNSEEN)
        say_job_lives(lock, remedy, sizeof remedy);
    ln_err_set(
        err, LN_INPUT,
        "%s is being written by another run (%s); wait for it or stop it. Reading is welcome "
        "meanwhile (linnet status, show, check; Python)%.400s",
        path, holder, remedy);
    return REFUSED;
}

/* The file of a holder that is gone, while nobody else can do so: the lock begins anew. */
static enum outcome remove_dead(struct ln_lock *lock, const struct ln_lock_note *dead,
                                struct ln_err *err) {
    if (LN_FAULT(LOCK_REMOVE, -1, unlink(lock->path)) != 0 && errno != ENOENT)
        return refuse_error(lock, "remove", errno, err);
    ln_lock_note_say(dead, lock->taken_from, sizeof lock->taken_from);
    return AGAIN;
}

/* Writes who holds it. A file that is no longer there by that name is not ours. */
static enum outcome settle(struct ln_lock *lock, bool by_existence, struct ln_err *err) {
    struct ln_lock_note note;
    ln_lock_note_make(&note, by_existence);
    if (!LN_FAULT(LOCK_WRITE, false, ln_lock_note_write(lock->fd, &note))) {
        int error = errno;
        if (by_existence && is_current(lock))
            unlink(lock->path); /* nobody could tell whose it is */
        return refuse_error(lock, "write", error, err);
    }
    lock->by_existence = by_existence;
    lock->renewed = time(NULL);
    return is_current(lock) ? TAKEN : AGAIN;
}

/* The kernel says that byte 0 is held. Is there anybody? Asking Slurm takes time, so others may
 * look meanwhile; then nothing must have changed. */
static enum outcome doubt_holder(struct ln_lock *lock, const char *path, struct ln_err *err) {
    struct ln_lock_note note, again;
    if (!ln_lock_note_read(lock->fd, &note))
        return refuse(lock, path, NULL, WAIT, err);
    set_lock(lock->fd, F_UNLCK, HANDOVER_BYTE);
    if (ln_holder_life(&note.holder) != LN_LIFE_DEAD)
        return refuse(lock, path, &note, remedy_of(&note), err);
    int error = set_handover(lock->fd);
    if (error)
        return refuse(lock, path, &note, remedy_of(&note), err);
    bool is_same = is_current(lock) && ln_lock_note_read(lock->fd, &again) &&
                   again.token == note.token && is_held(set_lock(lock->fd, F_WRLCK, LOCK_BYTE));
    return is_same ? remove_dead(lock, &note, err) : AGAIN;
}

/* One process at a time takes over from the dead where there are no locks: it holds path.takeover.
 * The file at path is removed only if it still is what was found dead. */
static enum outcome take_over(struct ln_lock *lock, const struct ln_lock_note *dead,
                              struct ln_err *err) {
    char name[4096];
    struct ln_lock_note note;
    if (snprintf(name, sizeof name, "%s.takeover", lock->path) >= (int)sizeof name)
        return refuse_error(lock, "take over", ENAMETOOLONG, err);
    int guard = -1;
    for (int i = 0; i < PATIENCE_TRIES && guard < 0; i++) {
        guard = LN_FAULT(LOCK_GUARD, -1, ln_sidefile_create(name, O_WRONLY));
        if (guard < 0 && errno != EEXIST)
            return refuse_error(lock, "take over", errno, err);
        if (guard < 0)
            wait_a_little();
    }
    if (guard < 0) {
        ln_err_set(err, LN_INPUT, "another run seems to take over %s; if there is none, remove %s",
                   lock->path, name);
        return REFUSED;
    }
    struct ln_sidefile file = {.fd = -1};
    enum outcome outcome = ln_sidefile_open(lock->path, O_RDONLY, &file, err) ? REFUSED : AGAIN;
    if (file.fd >= 0 && ln_lock_note_read(file.fd, &note) && note.token == dead->token)
        outcome = remove_dead(lock, dead, err);
    if (file.fd >= 0)
        close(file.fd);
    close(guard);
    (void)LN_FAULT(LOCK_UNGUARD, -1, unlink(name)); /* who comes next is told what to remove */
    return outcome;
}

/* Who wrote what stands in the file? Its creator may still be at it. */
static bool read_patiently(const struct ln_lock *lock, struct ln_lock_note *note) {
    for (int i = 0; i < PATIENCE_TRIES && is_current(lock); i++) {
        if (ln_lock_note_read(lock->fd, note))
            return true;
        wait_a_little();
    }
    return ln_lock_note_read(lock->fd, note);
}

static enum outcome take_by_existence(struct ln_lock *lock, const char *path, bool is_mine,
                                      struct ln_err *err) {
    struct ln_lock_note note;
    if (is_mine)
        return settle(lock, true, err);
    bool is_read = read_patiently(lock, &note);
    if (!is_current(lock))
        return AGAIN;
    if (is_read && ln_holder_life(&note.holder) == LN_LIFE_DEAD)
        return take_over(lock, &note, err);
    return refuse(lock, path, is_read ? &note : NULL, REMOVE_SILENT, err);
}

/* Byte 0 is ours, although the file names a holder on another host. With locks of each host by
 * itself (Lustre with localflock) it may be at work: the kernel's word is taken unless Slurm runs
 * its job. Both bytes are free while Slurm is asked, so TAKEN only if nothing has changed since. */
static enum outcome doubt_kernel(struct ln_lock *lock, const char *path,
                                 const struct ln_lock_note *note, struct ln_err *err) {
    struct ln_lock_note again;
    set_lock(lock->fd, F_UNLCK, LOCK_BYTE);
    set_lock(lock->fd, F_UNLCK, HANDOVER_BYTE);
    if (ln_holder_life(&note->holder) == LN_LIFE_ALIVE)
        return refuse(lock, path, note, REMOVE_UNSEEN, err);
    int error = set_handover(lock->fd);
    if (!error)
        error = set_lock(lock->fd, F_WRLCK, LOCK_BYTE);
    if (error)
        return is_held(error) ? AGAIN : refuse_error(lock, "lock", error, err);
    return ln_lock_note_read(lock->fd, &again) && again.token == note->token ? TAKEN : AGAIN;
}

/* Byte 1 is ours. */
static enum outcome take_by_kernel(struct ln_lock *lock, const char *path, struct ln_err *err) {
    struct ln_lock_note note;
    enum outcome outcome = TAKEN;
    int error = set_lock(lock->fd, F_WRLCK, LOCK_BYTE);
    if (is_held(error))
        return doubt_holder(lock, path, err);
    if (error)
        return refuse_error(lock, "lock", error, err);
    bool is_read = ln_lock_note_read(lock->fd, &note);
    /* A holder where the kernel knows of none: on a computer that sees no locks here. */
    if (is_read && note.by_existence && ln_holder_life(&note.holder) != LN_LIFE_DEAD)
        return refuse(lock, path, &note, REMOVE_SILENT, err);
    if (is_read && !note.by_existence && !ln_holder_is_here(&note.holder))
        outcome = doubt_kernel(lock, path, &note, err);
    if (outcome != TAKEN)
        return outcome;
    outcome = settle(lock, false, err);
    set_lock(lock->fd, F_UNLCK, HANDOVER_BYTE);
    return outcome;
}

/* Nobody has asked for a lock file: what matters is that nothing can be made where the output is
 * wanted. */
static enum outcome refuse_place(const struct ln_lock *lock, const char *output, int error,
                                 struct ln_err *err) {
    char name[4096];
    if ((error != EACCES && error != EPERM && error != EROFS) ||
        snprintf(name, sizeof name, "%s", output) >= (int)sizeof name)
        return refuse_error(lock, "create", error, err);
    ln_err_set(err, LN_INPUT,
               "%s cannot be written: no file can be made in the directory %s: %s. Choose another "
               "output (-o), or make the directory writable",
               output, dirname(name), strerror(error));
    return REFUSED;
}

/* Opens the file, created if it is not there. *is_mine: by us. */
static enum outcome open_file(struct ln_lock *lock, const char *path, bool *is_mine,
                              struct ln_err *err) {
    struct ln_sidefile file = {.fd = -1};
    lock->fd = LN_FAULT(LOCK_OPEN, -1, ln_sidefile_create(lock->path, O_RDWR));
    *is_mine = lock->fd >= 0;
    if (*is_mine)
        return TAKEN;
    if (errno != EEXIST)
        return refuse_place(lock, path, errno, err);
    if (ln_sidefile_open(lock->path, O_RDWR, &file, err))
        return REFUSED;
    lock->fd = file.fd;
    if (lock->fd < 0)
        return AGAIN; /* its holder has removed it in between */
    /* Its text is about to be replaced: a second name that somebody gave to a file that matters is
     * left alone. No name at all: its last holder has just removed it. */
    if (file.info.st_nlink <= 1)
        return TAKEN;
    ln_err_set(err, LN_INPUT, "%s is there and is no lock; move it away or remove it", lock->path);
    return REFUSED;
}

static enum outcome try_once(struct ln_lock *lock, const char *path, struct ln_err *err) {
    bool is_mine;
    enum outcome outcome = open_file(lock, path, &is_mine, err);
    if (outcome != TAKEN)
        return outcome;
    int error = set_handover(lock->fd);
    if (has_no_locks(error))
        return take_by_existence(lock, path, is_mine, err);
    if (is_held(error)) {
        ln_err_set(err, LN_INPUT,
                   "%s changes hands and does not come to rest; try again, or remove it",
                   lock->path);
        return REFUSED;
    }
    return error ? refuse_error(lock, "lock", error, err) : take_by_kernel(lock, path, err);
}

int ln_lock_take(struct ln_lock *lock, const char *path, struct ln_err *err) {
    *lock = (struct ln_lock){.fd = -1};
    if (asprintf(&lock->path, "%s.lock", path) < 0) {
        lock->path = NULL;
        return ln_err_set(err, LN_FATAL, "out of memory");
    }
    for (;;) {
        enum outcome outcome = try_once(lock, path, err);
        if (outcome == TAKEN)
            return LN_OK;
        if (lock->fd >= 0)
            close(lock->fd);
        lock->fd = -1;
        if (outcome == REFUSED)
            break;
    }
    free(lock->path);
    lock->path = NULL;
    return (int)err->status;
}

void ln_lock_renew(struct ln_lock *lock) {
    time_t now;
    if (lock->fd < 0 || !lock->by_existence)
        return;
    now = time(NULL);
    if (now - lock->renewed < seconds_between_signs)
        return;
    lock->renewed = now;
    (void)futimens(lock->fd,
                   NULL); /* a sign that others miss is no harm: life is not taken by age */
}

void ln_lock_release(struct ln_lock *lock) {
    if (lock->fd >= 0) {
        if (is_current(lock))
            (void)LN_FAULT(LOCK_RELEASE, -1, unlink(lock->path)); /* nobody alive holds it */
        close(lock->fd);
    }
    free(lock->path);
    lock->path = NULL;
    lock->fd = -1;
}
