/* One writer at a time: a lock file beside the results file.
 *
 * Where the file system has locks, the kernel holds it, on two bytes: byte 0 is the lock, byte 1 is
 * held while the file changes hands (from looking at byte 0 to having written who holds it), so
 * that what stands in the file is always about the present holder. A holder that is gone although
 * the lock is still held (by a file server that has not noticed) is found out, and the lock begins
 * anew with a new file. A lock that is free although its file names a job that runs on another host
 * is left alone: hosts may keep their locks to themselves.
 *
 * Where it has none, the file itself is the lock: who creates it holds it. Its holder renews its
 * time of change; who is verifiably gone loses it. */
#ifndef LINNET_STORE_LOCK_H
#define LINNET_STORE_LOCK_H

#include <stdbool.h>
#include <time.h>

#include "linnet/err.h"

#include "lock_note.h"

enum { LN_LOCK_BYTE = 0 };

struct ln_lock {
    int fd; /* -1: not held */
    char *path;
    bool by_existence;
    time_t renewed;
    char taken_from[256]; /* whom it was taken from, who was gone; empty: nobody */
};

/* Takes path.lock, or says who holds it. The kernel drops the lock when the process ends, however
 * it ends; the file may stay behind and is taken over by the next run. Errors: LN_INPUT. */
int ln_lock_take(struct ln_lock *lock, const char *path, struct ln_err *err);

/* A sign of life, if one is due. */
void ln_lock_renew(struct ln_lock *lock);

/* Looks at path.lock without taking anything: whether somebody alive holds it. note: what it says
 * of its holder, zero where it cannot be read; age: seconds since the last sign of life of a holder
 * by existence; err: why it cannot be told. Slurm is not asked. */
enum ln_lock_state { LN_LOCK_FREE, LN_LOCK_HELD, LN_LOCK_UNKNOWN };
enum ln_lock_state ln_lock_look(const char *path, struct ln_lock_note *note, long *age,
                                struct ln_err *err);

/* Removes the file and the lock. Harmless if it is not held. */
void ln_lock_release(struct ln_lock *lock);

#endif
