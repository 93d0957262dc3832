/* What is wrong with a results file, and how it is put right. Serial, without MPI. */
#ifndef LINNET_HEALTH_H
#define LINNET_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/parked.h"
#include "linnet/sweep.h"

enum { LN_HEALTH_SHOWN = 20 };

struct ln_health {
    int64_t n_done, n_pending, n_excluded, n_failed; /* cells with which nothing is wrong */
    int64_t after[4];                                /* of each status, once they are put right */
    int64_t n_lost;                                  /* called done, and not what was written */
    int64_t n_flags;  /* finished and whole, and the status says otherwise */
    int64_t n_where;  /* the status contradicts the sweep's `where` */
    int64_t n_stains; /* left out or failed, and not blank */
    bool is_compared; /* with the sweep */
    bool is_whole;    /* what is not a row is what was written */
    int n_shown;
    struct {
        int64_t cell;
        const char *what;
    } shown[LN_HEALTH_SHOWN];
};

/* Rows and metadata that are not what they should be. */
int64_t ln_health_n_damaged(const struct ln_health *health);

struct ln_repair_counts {
    struct ln_health health; /* of the file as it was found */
    bool is_new;             /* the metadata were damaged or the file cut off: laid out anew */
    char kept[4096];         /* where the damaged original is then */
    struct ln_parked_repair parked;
    bool is_parked_failed; /* they could not be put right: I/O, no memory */
    char parked_note[512]; /* why what lies at path.parked stays as it is; "": it is in order */
};

/* The sweep a results file holds, also one that is damaged elsewhere: texts the caller frees.
 * Errors: LN_INPUT (not there; or the text cannot be read, or is not what was written). */
int ln_repair_texts(const char *path, char **text, char **overrides, struct ln_err *err);

/* Puts path right: damaged rows become pending, flags say what is. Where what is not a row is
 * damaged, lays the file out anew, takes every whole row over and keeps the original as
 * path.damaged (.damaged.2, ...). A dry run only counts. Holds path.lock. Errors: LN_INPUT (another
 * sweep, version or kind of CPU; nothing says what it is), LN_FATAL (I/O). */
int ln_repair(const char *path, const struct ln_sweep *sweep, const struct ln_layout *layout,
              bool is_dry, struct ln_repair_counts *counts, struct ln_err *err);

#endif
