/* Who a process is, told to later ones beside a results file, and whether it still lives. */
#ifndef LINNET_STORE_HOLDER_H
#define LINNET_STORE_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

/* Words without spaces; "-" where there is nothing to say. */
struct ln_holder {
    char host[64];
    char boot_id[40]; /* of the host: another one means that every process of then is gone */
    int64_t pid;
    int64_t pid_space;   /* pids mean something within it alone: containers have their own */
    int64_t pid_started; /* in clock ticks since the boot: a pid may be taken again */
    char job[24];        /* of Slurm */
    int64_t job_restart; /* how many times it was requeued before */
};

void ln_holder_self(struct ln_holder *holder);

/* Whether the holder is of a host of our name, whose kernel knows its locks. */
bool ln_holder_is_here(const struct ln_holder *holder);

/* Only what can be verified: DEAD where host, boot and process say so, or Slurm. */
enum ln_life { LN_LIFE_UNKNOWN, LN_LIFE_ALIVE, LN_LIFE_DEAD };
enum ln_life ln_holder_life(const struct ln_holder *holder);

/* The same without asking Slurm, which takes time. */
enum ln_life ln_holder_life_here(const struct ln_holder *holder);

#endif
