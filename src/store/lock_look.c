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
static enum ln_lock_state ask_kernel(int fd, const char *name, const struct ln_lock_note *note,
                                     struct ln_err *err) {
    struct flock range = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LN_LOCK_BYTE, .l_len = 1};
    if (note->holder.pid > 0 && ln_holder_life_here(&note->holder) == LN_LIFE_DEAD)
        return LN_LOCK_FREE;
    if (note->by_existence)
        return LN_LOCK_HELD;
    if (fcntl(fd, F_OFD_GETLK, &range) == 0)
        return range.l_type != F_UNLCK ? LN_LOCK_HELD : LN_LOCK_FREE;
    ln_sidefile_fail("look at the lock of", name, err);
    return LN_LOCK_UNKNOWN;
}

/* Only a lock that is not there is nobody's: one of another user may be closed to us. */
enum ln_lock_state ln_lock_look(const char *path, struct ln_lock_note *note, long *age,
                                struct ln_err *err) {
    struct ln_sidefile file = {.fd = -1};
    char *name = ln_sidefile_name(path, ".lock");
    memset(note, 0, sizeof *note);
    *age = 0;
    int rc = name ? ln_sidefile_open(name, O_RDONLY, &file, err)
                  : ln_err_set(err, LN_FATAL, "out of memory");
    enum ln_lock_state state = rc == LN_OK ? LN_LOCK_FREE : LN_LOCK_UNKNOWN;
    if (file.fd >= 0) {
        if (!ln_lock_note_read(file.fd, note))
            memset(note, 0, sizeof *note);
        state = ask_kernel(file.fd, name, note, err);
        if (note->by_existence && file.info.st_mtime < time(NULL))
            *age = (long)(time(NULL) - file.info.st_mtime);
        close(file.fd);
    }
    free(name);
    return state;
}
