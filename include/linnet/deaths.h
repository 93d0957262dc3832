/* Points over which processes died: counted in the side file OUT.h5.deaths, one line a point. The
 * file is replaced atomically, and what is read of it is believed only within bounds.
 *
 * A run all of whose processes vanish at once (a node, somebody's kill -9; a memory limit under
 * srun) blames nobody. But points that are in hand when that happens again are tried apart, alone
 * in their process, and each time it happens once more with half as many others in the whole run;
 * when there are none it is known over which one it died. Those that are harmless end on the way,
 * so nobody waits long for the sake of one. */
#ifndef LINNET_DEATHS_H
#define LINNET_DEATHS_H

#include <stddef.h>
#include <stdint.h>

#include "linnet/err.h"
#include "linnet/sweep.h"

/* A point with so many deaths is given up. */
enum { LN_DEATHS_MOST = 3 };

/* How a point is to be tried: 0: as all are; k: after them, alone in its process, and with at most
 * n_ranks >> (k - 1) in hand in the whole run; LN_APART_NEVER: given up. */
enum { LN_APART_MOST = 17, LN_APART_NEVER = 255 };

struct ln_death {
    int64_t cell;
    int count;    /* its own deaths; 0: it was only in hand when all vanished */
    int vanished; /* runs of which all processes (of its host) vanished while it was in hand */
    int signal;   /* of the last one; 0: killed without a sign */
    char host[64], job[24], when[24];
};

struct ln_deaths {
    struct ln_death *items; /* [n], by rising cell */
    int64_t n, room;
    int64_t run; /* the last run that was counted; 0: none */
    char digest[24];
};

/* An empty list of the sweep with that digest (attribute sweep_digest of its file). */
void ln_deaths_init(struct ln_deaths *deaths, const char *digest);
void ln_deaths_clear(struct ln_deaths *deaths);

/* Reads path.deaths; no file: none. Errors: LN_INPUT (damaged, of another sweep), LN_FATAL (it
 * cannot be read: what it says may be true), with an empty list. */
int ln_deaths_read(const char *path, int64_t n_cells, struct ln_deaths *deaths, struct ln_err *err);

/* Replaces path.deaths; removes it where the list is empty. Errors: LN_INPUT. */
int ln_deaths_write(const char *path, const struct ln_deaths *deaths, struct ln_err *err);

/* Counts what path.running says of a run that did not come to its end: the points in the lanes of
 * processes that died over them, as far as done[n_cells] (0: neither done nor failed) and the sweep
 * have them. *n: how many deaths. Errors: LN_INPUT (damaged, of another sweep), LN_FATAL
 * (memory). */
int ln_deaths_fold(const char *path, const struct ln_sweep *sweep, const uint8_t *done,
                   struct ln_deaths *deaths, int64_t *n, struct ln_err *err);

/* The list of a sweep. */
void ln_deaths_begin(struct ln_deaths *deaths, const struct ln_sweep *sweep);

uint8_t ln_deaths_apart(const struct ln_death *death);

/* The most points in hand: n_ranks, n_ranks / 2, ... 1. */
int ln_deaths_company(uint8_t apart, int n_ranks);

const struct ln_death *ln_deaths_find(const struct ln_deaths *deaths, int64_t cell); /* or NULL */

/* Takes over what another list says; of a point in both, the one with more deaths, then with more
 * runs that vanished, then the later.
 * Errors: LN_FATAL (memory). */
int ln_deaths_join(struct ln_deaths *deaths, const struct ln_deaths *other, struct ln_err *err);

/* Keeps those for which keep() is true. */
void ln_deaths_filter(struct ln_deaths *deaths,
                      bool (*keep)(const struct ln_death *death, const void *ctx), const void *ctx);

/* "died 3 times during it, last of signal 11 (Segmentation fault) on n1, ...". */
void ln_deaths_say(const struct ln_death *death, char *text, size_t size);

/* Removes what runs on an older file of that name have left, as far as it is theirs. The caller
 * holds the lock of path. */
void ln_deaths_forget(const char *path);

#endif
