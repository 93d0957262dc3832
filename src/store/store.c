#include "linnet/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "h5.h"
#include "identity.h"
#include "linnet/agree.h"
#include "linnet/fault.h"
#include "linnet/linalg.h"
#include "lock.h"
#include "memory.h"
#include "metadata.h"
#include "parked_file.h"
#include "place.h"
#include "probe.h"
#include "rows.h"
#include "skeleton.h"
#include "watchdog.h"

/* MPI counts are ints; larger arrays are reduced in pieces. */
enum { REDUCE_PIECE = 1 << 30 };

struct ln_store {
    MPI_Comm comm;
    int rank;
    char *path;
    struct ln_lock lock; /* held by rank 0 */
    hid_t file;          /* open through MPI-IO on all ranks */
    MPI_File *handle;    /* HDF5's own handle of it */
    int fd;              /* a plain one of each rank: reading back, fdatasync */
    int64_t size;
    struct ln_store_memory memory;
    struct ln_rows rows;
    size_t offsets[LN_MAX_COLUMNS]; /* of the columns in a row in memory */
    unsigned char *packed;          /* [rows.packed] */
};

/* The last bits of a result depend on the kind of CPU, so all ranks must have the same. */
static int check_cpu_kind(const struct ln_store *store, MPI_Comm comm, struct ln_err *err) {
    char first[128];
    snprintf(first, sizeof first, "%s", ln_linalg_cpu_kind());
    MPI_Bcast(first, sizeof first, MPI_BYTE, 0, comm);
    if (strcmp(first, ln_linalg_cpu_kind()) == 0)
        return LN_OK;
    return ln_err_set(
        err, LN_INPUT,
        "rank %d runs on another kind of CPU (%s) than rank 0 (%s), so the results would depend on "
        "who computes what; ask for one kind of node",
        store->rank, ln_linalg_cpu_kind(), first);
}

/* The rows of a file must be those of the layout: it is the layout's rows that are written. */
static int check_columns(const char *path, const struct ln_rows *rows, const struct ln_sweep *sweep,
                         const struct ln_layout *layout, struct ln_err *err) {
    bool same = rows->n_columns == layout->n_columns && rows->n_cells == ln_sweep_n_cells(sweep);
    for (int c = 0; same && c < layout->n_columns; c++)
        same = strcmp(rows->columns[c].name, layout->columns[c].name) == 0 &&
               rows->columns[c].bytes == (int64_t)layout->columns[c].bytes &&
               rows->columns[c].bytes <= INT_MAX;
    if (!same)
        return ln_err_set(err, LN_INPUT,
                          "%s is damaged: its variables are not those it says it has", path);
    return LN_OK;
}

static int check_metadata(const struct ln_store *store, struct ln_err *err) {
    int fd = LN_FAULT(RESUME_OPEN, -1, open(store->path, O_RDONLY | O_CLOEXEC));
    if (fd < 0)
        return ln_err_set(err, LN_INPUT, "cannot read %s: %s", store->path, strerror(errno));
    int rc = ln_metadata_check(fd, store->path, &store->rows, err);
    close(fd);
    return rc;
}

static int check_existing(struct ln_store *store, const struct ln_sweep *sweep,
                          const struct ln_layout *layout, struct ln_err *err) {
    hid_t file = H5I_INVALID_HID;
    struct stat info = {0};
    if (ln_h5_open(store->path, &file, err))
        return (int)err->status;
    int rc = ln_identity_check(file, store->path, sweep, layout, err);
    if (rc == LN_OK && stat(store->path, &info) != 0)
        rc = ln_err_set(err, LN_INPUT, "cannot read %s: %s", store->path, strerror(errno));
    if (rc == LN_OK)
        rc = ln_rows_map(file, store->path, info.st_size, &store->rows, err);
    if (rc == LN_OK)
        rc = check_columns(store->path, &store->rows, sweep, layout, err);
    if (rc == LN_OK)
        rc = check_metadata(store, err);
    H5Fclose(file);
    return rc;
}

/* The place is ours when this returns, and its file system keeps what is written. */
static int claim(struct ln_store *store, struct ln_err *err) {
    int rc = LN_OK;
    if (store->rank == 0)
        rc = ln_place_check(store->path, err);
    if (store->rank == 0 && rc == LN_OK)
        rc = ln_lock_take(&store->lock, store->path, err);
    rc = ln_agree(store->comm, rc, err);
    return rc == LN_OK ? ln_probe_files(store->path, store->comm, err) : rc;
}

/* Once the new file has its space, so that a full disk costs no points; before it has its name:
 * killed in between, the next run would take it for one that has points of other results beside
 * it. */
static int forget_older(int fd, const struct ln_rows *rows, void *ctx, struct ln_err *err) {
    const struct ln_store *store = ctx;
    (void)fd, (void)rows, (void)err;
    ln_parked_forget_beside(store->path);
    return LN_OK;
}

/* Rank 0 alone, with the serial driver: the file is there and ours when this returns. */
static int prepare(struct ln_store *store, const struct ln_sweep *sweep,
                   const struct ln_layout *layout, int *resumed, struct ln_err *err) {
    char identity[LN_PARKED_IDENTITY];
    *resumed = access(store->path, F_OK) == 0;
    ln_parked_identity_own(identity, sweep, layout);
    int rc = *resumed ? check_existing(store, sweep, layout, err) : LN_OK;
    if (rc == LN_OK)
        rc = ln_parked_check_beside(store->path, *resumed ? identity : NULL, err);
    if (rc != LN_OK || *resumed)
        return rc;
    return ln_skeleton_create(store->path, sweep, layout, forget_older, store, err);
}

/* Before the ranks open the file together: opening together can hang where one of them cannot. */
static int open_plain(struct ln_store *store, struct ln_err *err) {
    struct stat info;
    store->fd = LN_FAULT(SHARED_OPEN_PLAIN, -1, open(store->path, O_RDWR | O_CLOEXEC));
    if (store->fd < 0 || fstat(store->fd, &info) != 0)
        return ln_err_set(err, LN_FATAL, "cannot open %s on rank %d: %s", store->path, store->rank,
                          strerror(errno));
    store->size = (int64_t)info.st_size;
    return LN_OK;
}

/* Every rank opens the file through MPI-IO. From here on nobody changes metadata: a row is raw
 * bytes at places that were fixed when the file was made, so a kill at any moment leaves a file
 * that opens. */
static int open_shared(struct ln_store *store, struct ln_err *err) {
    hid_t access = ln_h5_access();
    ln_watchdog_start(store->path, store->rank);
    LN_FAULT_INSIDE(SHARED_OPEN);
    if (access >= 0 && H5Pset_fapl_mpio(access, store->comm, MPI_INFO_NULL) >= 0)
        store->file = H5Fopen(store->path, H5F_ACC_RDWR, access);
    LN_FAULT_OUTSIDE();
    ln_watchdog_stop();
    if (access >= 0)
        H5Pclose(access);
    if (store->file < 0 || H5Fget_vfd_handle(store->file, H5P_DEFAULT, (void **)&store->handle) < 0)
        return ln_h5_error(err, LN_FATAL, "cannot open %s on rank %d", store->path, store->rank);
    ln_store_memory_open(&store->memory, store->fd, (size_t)store->size, store->path);
    return ln_rows_map(store->file, store->path, store->size, &store->rows, err);
}

static int set_up_rows(struct ln_store *store, const struct ln_sweep *sweep,
                       const struct ln_layout *layout, struct ln_err *err) {
    if (check_columns(store->path, &store->rows, sweep, layout, err))
        return (int)err->status;
    for (int c = 0; c < layout->n_columns; c++)
        store->offsets[c] = layout->columns[c].offset;
    store->packed = malloc((size_t)store->rows.packed);
    return store->packed ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory");
}

static struct ln_store *create_store(const char *path, MPI_Comm comm) {
    struct ln_store *store = calloc(1, sizeof *store);
    if (!store)
        return NULL;
    store->file = H5I_INVALID_HID;
    store->fd = store->lock.fd = -1;
    store->comm = MPI_COMM_NULL;
    store->path = strdup(path);
    MPI_Comm_rank(comm, &store->rank);
    return store;
}

/* Frees memory and the lock; the HDF5 file is the caller's matter. */
static void free_store(struct ln_store *store) {
    if (!store)
        return;
    ln_store_memory_close(&store->memory);
    if (store->fd >= 0)
        close(store->fd);
    ln_lock_release(&store->lock);
    if (store->comm != MPI_COMM_NULL)
        MPI_Comm_free(&store->comm);
    free(store->packed);
    free(store->path);
    free(store);
}

int ln_store_open(const char *path, MPI_Comm comm, const struct ln_sweep *sweep,
                  const struct ln_layout *layout, struct ln_store **store, bool *resumed,
                  struct ln_err *err) {
    struct ln_store *opened = create_store(path, comm);
    int was_there = 0;
    int rc = opened && opened->path ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory");
    *store = NULL;
    ln_h5_begin();
    rc = ln_agree(comm, rc, err);
    if (rc == LN_OK)
        rc = ln_agree(comm, check_cpu_kind(opened, comm, err), err);
    if (rc == LN_OK) {
        MPI_Comm_dup(comm, &opened->comm);
        rc = claim(opened, err);
    }
    if (rc == LN_OK) {
        if (opened->rank == 0)
            rc = prepare(opened, sweep, layout, &was_there, err);
        rc = ln_agree(comm, rc, err);
    }
    if (rc != LN_OK) {
        free_store(opened);
        return rc;
    }
    MPI_Bcast(&was_there, 1, MPI_INT, 0, comm);
    ln_h5_begin();
    rc = ln_agree(comm, open_plain(opened, err), err);
    if (rc != LN_OK)
        return rc;
    rc = open_shared(opened, err);
    if (rc == LN_OK)
        rc = set_up_rows(opened, sweep, layout, err);
    rc = ln_agree_or_leave(comm, rc, err);
    if (rc != LN_OK) /* not closed: a collective close can hang once a rank has failed */
        return rc;
    *resumed = was_there;
    *store = opened;
    return LN_OK;
}

/* Cells of rank r of P: [n r / P, n (r + 1) / P). */
static int64_t slab_start(int64_t n, int rank, int size) {
    return n / size * rank + n % size * rank / size;
}

static int scan_slab(struct ln_store *store, uint8_t *done, int64_t *n_bad, struct ln_err *err) {
    int size;
    MPI_Comm_size(store->comm, &size);
    int64_t first = slab_start(store->rows.n_cells, store->rank, size);
    int64_t count = slab_start(store->rows.n_cells, store->rank + 1, size) - first;
    int8_t *verdict = malloc((size_t)count + 1);
    if (!verdict)
        return ln_err_set(err, LN_FATAL, "out of memory while verifying rows");
    int rc = ln_rows_verify(&store->rows, store->fd, first, count, verdict, err);
    for (int64_t i = 0; rc == LN_OK && i < count; i++) {
        bool is_over = verdict[i] == LN_ROW_DONE || verdict[i] == LN_ROW_FAILED;
        done[first + i] = is_over ? (uint8_t)verdict[i] : 0;
        *n_bad += verdict[i] == LN_ROW_BAD;
    }
    free(verdict);
    return rc == LN_OK || rc == LN_STOPPED ? rc : ln_err_prefix(err, "%s: ", store->path);
}

int ln_store_scan(struct ln_store *store, uint8_t *done, int64_t *n_bad, struct ln_err *err) {
    int64_t n = store->rows.n_cells;
    *n_bad = 0;
    memset(done, 0, (size_t)n);
    int rc = ln_agree(store->comm, scan_slab(store, done, n_bad, err), err);
    if (rc != LN_OK)
        return rc;
    for (int64_t i = 0; i < n; i += REDUCE_PIECE) {
        int count = (int)(n - i < REDUCE_PIECE ? n - i : REDUCE_PIECE);
        MPI_Allreduce(MPI_IN_PLACE, done + i, count, MPI_UINT8_T, MPI_MAX, store->comm);
    }
    MPI_Allreduce(MPI_IN_PLACE, n_bad, 1, MPI_INT64_T, MPI_SUM, store->comm);
    return LN_OK;
}

#ifdef LN_FAULTS
static enum ln_fault_site site_of(const struct ln_store *store,
                                  const struct ln_rows_column *column) {
    return column == &store->rows.status     ? LN_FAULT_VALUE_STATUS
           : column == &store->rows.checksum ? LN_FAULT_VALUE_CHECKSUM
                                             : LN_FAULT_VALUE_DATA;
}

static int mpi_error(int number) {
    return number == ENOSPC   ? MPI_ERR_NO_SPACE
           : number == EDQUOT ? MPI_ERR_QUOTA
           : number == EROFS  ? MPI_ERR_READ_ONLY
                              : MPI_ERR_IO;
}
#endif

/* The bytes of one cell of one variable, at their fixed place.
 *
 * MPI-IO on the handle that HDF5 opened, not H5Dwrite: the same single write (1.8 us against 0.5 us
 * on the developers' machine; a row has dozens), with whatever locking MPI-IO knows the file system
 * to need. A local file is memory, where a value costs some 0.1 us, page faults included. */
static int put_value(struct ln_store *store, const struct ln_rows_column *column, int64_t cell,
                     const void *bytes, struct ln_err *err) {
    if (store->memory.at) {
        unsigned char *to = store->memory.at + column->base + cell * column->bytes;
        LN_FAULT_BEFORE_COPY(site_of(store, column), to, bytes, (size_t)column->bytes);
        memcpy(to, bytes, (size_t)column->bytes);
        LN_FAULT_AFTER_COPY();
        return LN_OK;
    }
    MPI_Status status;
    int written = 0;
    int count = (int)column->bytes;
    MPI_Offset offset = column->base + cell * column->bytes;
    int rc = LN_FAULT_AT(site_of(store, column), mpi_error(LN_FAULT_NUMBER()),
                         MPI_File_write_at(*store->handle, offset, bytes,
                                           (int)LN_FAULT_SIZE((size_t)count), MPI_BYTE, &status));
    if (rc == MPI_SUCCESS && MPI_Get_count(&status, MPI_BYTE, &written) == MPI_SUCCESS &&
        written == count)
        return LN_OK;
    char reason[MPI_MAX_ERROR_STRING] = "only a part was written; is the disk full?";
    int length;
    if (rc != MPI_SUCCESS)
        MPI_Error_string(rc, reason, &length);
    return ln_err_set(err, LN_FATAL, "cannot write row %" PRId64 " of %s: %s", cell, store->path,
                      reason);
}

int ln_store_write(struct ln_store *store, int64_t cell, const void *row, struct ln_err *err) {
    const struct ln_rows *rows = &store->rows;
    const unsigned char *parts[LN_MAX_COLUMNS];
    const int8_t done = LN_ROW_DONE;
    assert(cell >= 0 && cell < rows->n_cells);
    for (int c = 0; c < rows->n_columns; c++)
        parts[c] = (const unsigned char *)row + store->offsets[c];
    ln_rows_pack(rows, cell, parts, store->packed);
    uint64_t checksum = ln_rows_checksum(rows, store->packed);
    if (LN_FAULT_IS_ON("order") && put_value(store, &rows->status, cell, &done, err))
        return (int)err->status;
    /* The order is what makes a kill harmless: data, then what proves it, then the flag. */
    for (int c = 0; c < rows->n_columns; c++)
        if (put_value(store, &rows->columns[c], cell, parts[c], err))
            return (int)err->status;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    if (put_value(store, &rows->checksum, cell, &checksum, err))
        return (int)err->status;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    return put_value(store, &rows->status, cell, &done, err);
}

int ln_store_mark(struct ln_store *store, int64_t cell, int8_t status, struct ln_err *err) {
    const struct ln_rows *rows = &store->rows;
    const int64_t none = 0;
    assert(cell >= 0 && cell < rows->n_cells);
    memset(store->packed, 0, (size_t)rows->packed);
    /* What a killed run has left of the row must not be taken for one. */
    for (int c = 0; c < rows->n_columns && status == LN_ROW_FAILED; c++)
        if (put_value(store, &rows->columns[c], cell, store->packed, err))
            return (int)err->status;
    if (put_value(store, &rows->checksum, cell, &none, err))
        return (int)err->status;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    return put_value(store, &rows->status, cell, &status, err);
}

const char *ln_store_taken_from(const struct ln_store *store) {
    return store->lock.taken_from;
}

void ln_store_renew(struct ln_store *store) {
    ln_lock_renew(&store->lock);
}

/* A run must not go on, nor end well, where what it writes has no name any more. */
static int check_name(const struct ln_store *store, struct ln_err *err) {
    struct stat by_name, by_fd;
    if (fstat(store->fd, &by_fd) != 0 || stat(store->path, &by_name) != 0)
        return ln_err_set(err, LN_FATAL, "%s is gone: %s; it was removed under the run",
                          store->path, strerror(errno));
    if (by_name.st_ino != by_fd.st_ino || by_name.st_dev != by_fd.st_dev)
        return ln_err_set(err, LN_FATAL, "%s is another file now; it was replaced under the run",
                          store->path);
    if (by_fd.st_size < store->size)
        return ln_err_set(err, LN_FATAL, "%s was cut off under the run", store->path);
    return LN_OK;
}

/* Not H5Fflush: that is collective. The pages belong to the file, whichever descriptor wrote them.
 */
int ln_store_sync(struct ln_store *store, struct ln_err *err) {
    int rc = 0;
    do
        rc = LN_FAULT(VALUE_SYNC, -1, fdatasync(store->fd));
    while (rc != 0 && errno == EINTR);
    if (rc != 0)
        return ln_err_set(err, LN_FATAL, "cannot write %s to the disk: %s", store->path,
                          strerror(errno));
    ln_store_memory_trim(&store->memory);
    return check_name(store, err);
}

int ln_store_close(struct ln_store *store, struct ln_err *err) {
    int rc = ln_agree(store->comm, ln_store_sync(store, err), err);
    if (rc != LN_OK) /* not closed: H5Fclose can hang after an I/O error */
        return rc;
    ln_store_memory_close(&store->memory);
    ln_h5_begin();
    if (LN_FAULT_TOGETHER(SHARED_CLOSE, -1, H5Fclose(store->file)) < 0)
        rc = ln_h5_error(err, LN_FATAL, "cannot close %s", store->path);
    ln_lock_release(&store->lock); /* before the agreement: when close returns, the lock is gone */
    rc = ln_agree(store->comm, rc, err);
    free_store(store);
    return rc;
}
