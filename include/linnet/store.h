/* The results file while it is written: one HDF5 file, laid out by rank 0 with the serial driver,
 * then only raw row writes by all ranks (docs/results-file.md has the format and why it survives
 * every kill). */
#ifndef LINNET_STORE_H
#define LINNET_STORE_H

#include <mpi.h>

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/sweep.h"

struct ln_store;

/* Row status in the file. A failed row has no data: the process died several times over its point,
 * and it is left alone until somebody asks for another try. */
enum { LN_ROW_PENDING = 0, LN_ROW_DONE = 1, LN_ROW_EXCLUDED = 2, LN_ROW_FAILED = 3 };

/* Opens path for writing; creates it if it is not there (under a temporary name, then renamed),
 * resumes it if it holds the same sweep, refuses it otherwise with the difference named. *resumed
 * tells which. Holds path.lock until close. Ranks: collective over comm; all return the same
 * status. Errors: LN_INPUT (another sweep, foreign or truncated file, a directory, unreadable),
 * LN_FATAL (I/O). */
int ln_store_open(const char *path, MPI_Comm comm, const struct ln_sweep *sweep,
                  const struct ln_layout *layout, struct ln_store **store, bool *resumed,
                  struct ln_err *err);

/* Whom the lock was taken from where that one was gone but the lock still held; empty: nobody. */
const char *ln_store_taken_from(const struct ln_store *store);

/* To be called now and then: others see that this run lives. Cheap, and nothing on most ranks. */
void ln_store_renew(struct ln_store *store);

/* done[n_cells]: LN_ROW_DONE where the status says so and the checksum agrees, LN_ROW_FAILED where
 * the status says so, else 0; *n_bad counts flagged rows whose checksum does not agree (they will
 * be trained again). LN_STOPPED where a rank was interrupted (interrupt.h). Ranks: collective; all
 * get the same answer. */
int ln_store_scan(struct ln_store *store, uint8_t *done, int64_t *n_bad, struct ln_err *err);

/* Writes one row (layout->row_bytes): data, then checksum, then status. Ranks: independent. */
int ln_store_write(struct ln_store *store, int64_t cell, const void *row, struct ln_err *err);

/* Gives a point up (LN_ROW_FAILED: an empty row) or back (LN_ROW_PENDING); its row must not be
 * done. Ranks: independent. */
int ln_store_mark(struct ln_store *store, int64_t cell, int8_t status, struct ln_err *err);

/* fdatasync of what this rank wrote. Ranks: independent. */
int ln_store_sync(struct ln_store *store, struct ln_err *err);

/* Ranks: collective. Must not be called after an I/O error (MPI_Abort instead: H5Fclose can
 * deadlock). */
int ln_store_close(struct ln_store *store, struct ln_err *err);

#endif
