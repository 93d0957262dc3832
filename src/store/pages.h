/* The page of a rank in OUT.h5.running, as it stands in the file. */
#ifndef LINNET_STORE_PAGES_H
#define LINNET_STORE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "linnet/err.h"

enum { LN_PAGE_BYTES = 4096, LN_PAGE_SLOTS = 16, LN_PAGES_MOST = 65536 };

#define LN_PAGE_MAGIC "lnrun 1"

/* How a process came to end without a word: asked from outside (a signal that a launcher or a user
 * sends), or by itself (a disk that is gone). */
enum ln_ending { LN_ENDING_NONE, LN_ENDING_ASKED, LN_ENDING_GAVE_UP };

/* Fixed once it is written. */
struct ln_page_head {
    char magic[8]; /* written last: a page without is of a rank that did not get that far */
    int32_t rank, n_ranks;
    int64_t run; /* a number of its own for every run */
    int64_t pid;
    char digest[24], host[64], boot_id[40], job[24];
    uint64_t checksum; /* XXH64 of what stands above, with the magic */
};

/* How far the run is, on the page of rank 0; all zero: not known. For people: nothing depends on
 * it, so what does not make sense is only not shown. */
struct ln_page_pace {
    double when, seconds_left; /* unix time of this, and what was left then on the wall clock */
    int64_t n_done, n_points;  /* of this run */
};

struct ln_page {
    struct ln_page_head head;
    int32_t ending;               /* enum ln_ending */
    int32_t signal;               /* that crashed the process; 0: none */
    int64_t slots[LN_PAGE_SLOTS]; /* points in the lanes: cell + 1; 0: free */
    struct ln_page_pace pace;
};

uint64_t ln_page_checksum(const struct ln_page_head *head);

/* What a run has left. */
struct ln_pages {
    int n;                 /* ranks; 0: no file */
    struct ln_page *pages; /* [n]; without magic: that rank had not begun */
    int64_t when;          /* last sign of life, seconds since 1970 */
};

/* Reads and checks path.running of the sweep with that digest. Ownership: ln_pages_clear. Errors:
 * LN_INPUT (it is not what a run of this sweep writes). */
int ln_pages_read(const char *path, const char *digest, int64_t n_cells, struct ln_pages *pages,
                  struct ln_err *err);
void ln_pages_clear(struct ln_pages *pages);

/* Whether the run ended by itself, without a crash, before it could remove the file. */
bool ln_pages_gave_up(const struct ln_pages *pages);

/* Whether several processes were at it, and all vanished without a sign. */
bool ln_pages_vanished(const struct ln_pages *pages);

/* What the end of a process says of the points it had in hand. */
enum ln_blame {
    LN_BLAME_NONE,
    LN_BLAME_DOUBT, /* it vanished with all the others, of its host at least */
    LN_BLAME_DEATH
};

/* blame[n] */
void ln_pages_blame(const struct ln_pages *pages, enum ln_blame *blame);

#endif
