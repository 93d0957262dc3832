/* A look at a lock from outside, for readers: F_OFD_GETLK tells who is in the way, and takes
 * nothing. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lock.h"
#include "sidefile.h"

/* The same rules as for those who want it: the kernel is believed unless the holder is verifiably
 * dead, and a file that is the lock itself as long as its holder is not. */
static bool is_held(int fd, const struct ln_lock_note *note) {
    struct flock range = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LN_LOCK_BYTE, .l_len = 1};
    bool is_dead = note->holder.pid > 0 && ln_holder_life_here(&note->holder) == LN_LIFE_DEAD;
    bool is_locked = fcntl(fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
    return (is_locked || note->by_existence) && !is_dead;
}

bool ln_lock_is_held(const char *path, struct ln_lock_note *note, long *age) {
    struct ln_sidefile file = {.fd = -1};
    struct ln_err err;
    char *name = ln_sidefile_name(path, ".lock");
    memset(note, 0, sizeof *note);
    *age = 0;
    bool is_there = name && ln_sidefile_open(name, O_RDONLY, &file, &err) == LN_OK && file.fd >= 0;
    free(name);
    if (!is_there)
        return false;
    if (!ln_lock_note_read(file.fd, note))
        memset(note, 0, sizeof *note);
    bool held = is_held(file.fd, note);
    if (note->by_existence && file.info.st_mtime < time(NULL))
        *age = (long)(time(NULL) - file.info.st_mtime);
    close(file.fd);
    return held;
}
