/* Rows: where each value of a cell lies in the file, and whether it is what was written.
 *
 * All row variables are contiguous and allocated when the file is made, so the bytes of a cell in a
 * variable stand at a fixed place: base + cell * bytes. Writers and verifiers use these places
 * directly; HDF5 only says where they are. Files are little-endian, as are the machines linnet runs
 * on. */
#ifndef LINNET_STORE_ROWS_H
#define LINNET_STORE_ROWS_H

#include <hdf5.h>
#include <stdint.h>

#include "linnet/column.h"
#include "linnet/err.h"

enum { LN_NAME_SIZE = 64 };

/* Verdict on a row besides the LN_ROW_ of store.h: flagged, but not what was written. */
enum { LN_ROW_BAD = -1 };

struct ln_rows_column {
    char name[LN_NAME_SIZE];
    enum ln_ctype type;
    int n_extra;
    int64_t extra[LN_MAX_EXTRA]; /* sizes of the dimensions after the axes */
    int64_t base;                /* of cell 0, in bytes from the start of the file */
    int64_t bytes;               /* of one cell */
};

struct ln_rows {
    int64_t n_cells;
    int n_columns;
    struct ln_rows_column columns[LN_MAX_COLUMNS]; /* in the order of the checksum */
    struct ln_rows_column checksum, status;
    struct ln_rows_column metadata; /* the one value of metadata_checksum (metadata.h) */
    int64_t packed;                 /* bytes the checksum covers: cell id, the columns, status */
};

/* Finds every row variable and checks that it lies inside the first file_size bytes.
 * Ranks: collective if the file was opened so. Errors: LN_INPUT. */
int ln_rows_map(hid_t file, const char *path, int64_t file_size, struct ln_rows *rows,
                struct ln_err *err);

/* Checksum of a packed row: XXH64 over rows->packed bytes; never 0, so an unwritten checksum is
 * never right. */
uint64_t ln_rows_checksum(const struct ln_rows *rows, const unsigned char *packed);

/* Packs a finished row: cell id, the bytes of column c from parts[c], status DONE. */
void ln_rows_pack(const struct ln_rows *rows, int64_t cell, const unsigned char *const *parts,
                  unsigned char *packed);

/* verdict[count]: what the file says about the cells from `first` on, checksums verified. The
 * status is read before the data, so a row that is being written at this moment is pending or
 * whole, never bad. LN_STOPPED where it was interrupted (interrupt.h). */
int ln_rows_verify(const struct ln_rows *rows, int fd, int64_t first, int64_t count,
                   int8_t *verdict, struct ln_err *err);

/* Reads what can be read; the rest, past the end of the file or on a bad place of the disk, is
 * zeros. */
void ln_rows_read_torn(int fd, int64_t offset, int64_t size, void *bytes);

/* Reads exactly size bytes. Errors: LN_FATAL, also where the file ends early. */
int ln_rows_read(int fd, int64_t offset, int64_t size, void *bytes, struct ln_err *err);

#endif
