/* Points in flight when a run was stopped: OUT.h5.parked beside the results file, and how a later
 * run, on any number of ranks, comes by them (docs/results-file.md, section 9). What a record says
 * is the business of those who wrote it; here it is bytes with a checksum. A side file that cannot
 * be read or written costs time, never a result: its points begin anew. */
#ifndef LINNET_PARKED_H
#define LINNET_PARKED_H

#include <mpi.h>
#include <stdbool.h>

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/sweep.h"

struct ln_parked;
struct ln_view;

/* What there is, in one go. */
struct ln_parked_news {
    int64_t n, n_bad; /* records that are whole; damaged */
    int64_t bytes;
    double seconds;  /* core seconds that were spent on those that are whole */
    char note[1024]; /* why what is there is not used; "": it is, or nothing is there */
    bool is_damaged; /* that is why, or some records are */
    /* It is no file of parked points, or of another version or other results: a run refuses to
     * begin (ln_parked_look). */
    bool is_foreign;
};

/* Opens path.parked, checks all of it, and leaves out the points that are done [n_cells]; done NULL
 * means that path is new: then what another run has left there is removed. What is foreign stays,
 * here and when points are parked; ln_store_open refuses it before. Ranks: collective; news
 * is the same on all. Ownership: ln_parked_close. Errors: LN_FATAL (memory). */
int ln_parked_open(const char *path, MPI_Comm comm, const struct ln_sweep *sweep,
                   const struct ln_layout *layout, const uint8_t *done, struct ln_parked **parked,
                   struct ln_parked_news *news, struct ln_err *err);
void ln_parked_close(struct ln_parked *parked);

/* The record of a point, or NULL; valid until the next call. Ranks: independent. */
const void *ln_parked_find(struct ln_parked *parked, int64_t cell, size_t *size, double *seconds);

/* Parks a point, on which so many core seconds were spent. Copied. Where there is no memory it is
 * given up. */
void ln_parked_keep(struct ln_parked *parked, int64_t cell, double seconds, const void *bytes,
                    size_t size);

/* The point is finished: what was parked of it before is of no use. */
void ln_parked_settle(struct ln_parked *parked, int64_t cell);

/* Replaces the file by what was kept on all ranks, and of what was there by all that is not
 * settled; with nothing in it the file is removed. *n: the records in it, on all ranks. Ranks:
 * collective. Errors: LN_FATAL, on all ranks; the file is then as it was. */
int ln_parked_write(struct ln_parked *parked, int64_t *n, struct ln_err *err);

struct ln_parked_repair {
    int64_t n_kept, n_lost; /* records */
    bool is_moved;          /* nothing in the file can be used: it is moved to `kept` */
    char kept[4096];        /* is_moved: path.parked.damaged (.damaged.2, ...) */
    char why[512];          /* is_moved: what is wrong with it */
};

/* Takes damaged records out of path.parked; a dry run only counts. The caller holds the lock of
 * path. Without MPI. Errors: LN_INPUT (it is no file of ours, of another version or another sweep,
 * and stays as it is), LN_FATAL (I/O: it stays as it is too; what cannot be read may be whole). */
int ln_parked_repair(const char *path, const struct ln_sweep *sweep, const struct ln_layout *layout,
                     bool is_dry, struct ln_parked_repair *counts, struct ln_err *err);

/* What lies beside an opened results file; verifies every record where `whole`, else the index
 * alone. Without MPI. */
void ln_parked_look(const char *path, const struct ln_view *view, bool whole,
                    struct ln_parked_news *news);

#endif
