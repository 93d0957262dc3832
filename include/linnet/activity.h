/* Who writes a results file now, and how the last run on it has ended: for readers. Takes no lock,
 * asks no program, changes nothing. */
#ifndef LINNET_ACTIVITY_H
#define LINNET_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

enum ln_activity_kind {
    LN_ACTIVITY_NONE,   /* nobody writes it */
    LN_ACTIVITY_WRITER, /* somebody does, who is no run, or a run that has not begun to train */
    LN_ACTIVITY_RUN,
    LN_ACTIVITY_DIED, /* nobody does, and the last run was killed */
    /* Somebody may or may not: a run of another host told of itself just now, or the lock cannot be
     * looked at (note; and pid 0). */
    LN_ACTIVITY_UNKNOWN
};

struct ln_activity {
    enum ln_activity_kind kind;
    /* The holder of the lock, or of a run that died its first rank; "" and 0: not known. */
    char host[64], job[24], since[24];
    int64_t pid;
    long silent; /* seconds since its last sign of life, on a file system without locks; else 0 */
    /* Of a run, living or dead. */
    int n_ranks;
    int64_t n_in_hand, died; /* points in the lanes; unix time of its last sign */
    bool gave_up;            /* nobody is at it, and the last run ended by itself, in an error */
    bool has_pace;
    int64_t n_done, n_points;
    double seconds_left, when; /* of wall time, as seen at that unix time */
    char note[320]; /* why nothing can be said of the run although there is something; or "" */
};

/* digest: attribute sweep_digest of the results file. NULL: only the lock is looked at. */
void ln_activity_look(const char *path, const char *digest, int64_t n_cells,
                      struct ln_activity *activity);

#endif
