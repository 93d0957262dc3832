/* What stands in a lock file: who holds it, since when, and how. One line. */
#ifndef LINNET_STORE_LOCK_NOTE_H
#define LINNET_STORE_LOCK_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "holder.h"

struct ln_lock_note {
    struct ln_holder holder;
    char since[24];
    bool by_existence; /* the file itself is the lock; else the kernel holds it */
    uint64_t token;    /* of this taking of the lock, and of no other */
};

/* Of this process, now. */
void ln_lock_note_make(struct ln_lock_note *note, bool by_existence);

/* Replaces what stands in the file; false with errno. */
bool ln_lock_note_write(int fd, const struct ln_lock_note *note);

/* false: nothing, or nothing that a linnet of this version wrote. */
bool ln_lock_note_read(int fd, struct ln_lock_note *note);

/* "host n1, process 17, Slurm job 4, since 2026-11-21T11:10:27Z". */
void ln_lock_note_say(const struct ln_lock_note *note, char *text, size_t size);

#endif
