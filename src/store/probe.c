#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linnet/agree.h"
#include "linnet/fault.h"
#include "memory.h"
#include "sidefile.h"

/* Piece p of the file belongs to rank p mod P and stands at FIRST + p STRIDE, so that every page is
 * shared, no piece begins at a whole word, and none ends where the next begins. Some cross into the
 * second page. */
enum { FIRST = 4003, STRIDE = 29, PIECE = 13, ROUNDS = 8 };

struct probe {
    MPI_Comm comm;
    int rank, n_ranks;
    char *path;
    bool is_made; /* rank 0: path is a file of this run */
    int fd;
    struct ln_store_memory memory;
    MPI_File handle; /* where a rank has no memory of the file */
    bool is_mpi;
};

static off_t place_of(int piece) {
    return FIRST + (off_t)piece * STRIDE;
}

static off_t size_of(const struct probe *probe) {
    return place_of(probe->n_ranks * ROUNDS) + 1;
}

static void fill(unsigned char bytes[PIECE], int piece) {
    for (int i = 0; i < PIECE; i++)
        bytes[i] = (unsigned char)(1 + (piece * 131 + i * 17) % 255);
}

static const char *file_system(int fd) {
    static const struct {
        unsigned long magic;
        const char *name;
    } known[] = {{0x6969, "NFS"},         {0xff534d42, "CIFS"},  {0xfe534d42, "SMB"},
                 {0x0bd00bd0, "Lustre"},  {0x47504653, "GPFS"},  {0x19830326, "BeeGFS"},
                 {0x00c36400, "Ceph"},    {0x65735546, "FUSE"},  {0x01021997, "9p"},
                 {0x794c7630, "overlay"}, {0x9123683e, "btrfs"}, {0x2fc12fc1, "ZFS"},
                 {0xef53, "ext4"},        {0x58465342, "xfs"},   {0x01021994, "tmpfs"}};
    static char other[48];
    struct statfs info;
    if (fstatfs(fd, &info) != 0)
        return "file system unknown";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].magic == (unsigned long)info.f_type)
            return known[i].name;
    snprintf(other, sizeof other, "file system 0x%lx", (unsigned long)info.f_type);
    return other;
}

static int fail(const struct probe *probe, const char *what, int64_t at, struct ln_err *err) {
    char host[65] = "?";
    gethostname(host, sizeof host - 1);
    return ln_err_set(err, LN_FATAL,
                      "self-check: rank %d on %s: %s at byte %lld of %s (%s): rows would be lost; "
                      "choose another file system for the output%s, or run on one node",
                      probe->rank, host, what, (long long)at, probe->path, file_system(probe->fd),
                      probe->memory.at ? ", or set LINNET_WRITE=mpi" : "");
}

static int refuse(const struct probe *probe, const char *what, const char *reason,
                  struct ln_err *err) {
    char host[65] = "?";
    gethostname(host, sizeof host - 1);
    return ln_err_set(err, LN_FATAL, "self-check: rank %d on %s: cannot %s %s: %s", probe->rank,
                      host, what, probe->path, reason);
}

static int refuse_mpi(const struct probe *probe, const char *what, int rc, struct ln_err *err) {
    char reason[MPI_MAX_ERROR_STRING] = "only a part was done";
    int length;
    if (rc != MPI_SUCCESS)
        MPI_Error_string(rc, reason, &length);
    return refuse(probe, what, reason, err);
}

/* Rank 0. *has_room: false where the disk is full. */
static int create(struct probe *probe, int *has_room, struct ln_err *err) {
    if (ln_sidefile_check_place(probe->path, err) || ln_sidefile_remove(probe->path, err))
        return ln_err_prefix(err, "something is in the way: ");
    int fd = LN_FAULT(PROBE_CREATE, -1, ln_sidefile_create(probe->path, O_RDWR));
    probe->is_made = fd >= 0;
    int reason =
        fd < 0 ? errno
               : LN_FAULT(PROBE_RESERVE, LN_FAULT_NUMBER(), posix_fallocate(fd, 0, size_of(probe)));
    if (fd >= 0)
        close(fd);
    *has_room = reason == 0;
    if (reason == 0 || reason == ENOSPC || reason == EDQUOT)
        return LN_OK;
    return refuse(probe, "create", strerror(reason), err);
}

/* -1 with errno: a rank that does not see the file has another file system before it. */
static int open_probe(const struct probe *probe, int flags) {
    struct ln_sidefile file = {.fd = -1};
    struct ln_err err;
    errno = ENOENT;
    (void)ln_sidefile_open(probe->path, flags, &file, &err);
    return file.fd;
}

static int open_own(struct probe *probe, struct ln_err *err) {
    probe->fd = LN_FAULT(PROBE_OPEN, -1, open_probe(probe, O_RDWR));
    if (probe->fd < 0)
        return refuse(probe, "open", strerror(errno), err);
    ln_store_memory_open(&probe->memory, probe->fd, (size_t)size_of(probe), probe->path);
    return LN_OK;
}

/* All ranks, or none: MPI opens files together. */
static int open_mpi(struct probe *probe, struct ln_err *err) {
    int mine = probe->memory.at == NULL;
    int any;
    MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, probe->comm);
    if (!any)
        return LN_OK;
    int rc = MPI_File_open(probe->comm, probe->path, MPI_MODE_RDWR, MPI_INFO_NULL, &probe->handle);
    probe->is_mpi = rc == MPI_SUCCESS;
    return ln_agree(probe->comm,
                    probe->is_mpi ? LN_OK : refuse_mpi(probe, "open through MPI-IO", rc, err), err);
}

static int put(struct probe *probe, int piece, struct ln_err *err) {
    unsigned char bytes[PIECE];
    int written = 0;
    MPI_Status status;
    fill(bytes, piece);
    if (probe->memory.at) {
        LN_FAULT_BEFORE_COPY(LN_FAULT_PROBE_WRITE, probe->memory.at + place_of(piece), bytes,
                             PIECE);
        memcpy(probe->memory.at + place_of(piece), bytes, PIECE);
        LN_FAULT_AFTER_COPY();
        return LN_OK;
    }
    LN_FAULT_INSIDE(PROBE_WRITE);
    int rc = MPI_File_write_at(probe->handle, place_of(piece), bytes, PIECE, MPI_BYTE, &status);
    LN_FAULT_OUTSIDE();
    if (rc == MPI_SUCCESS && MPI_Get_count(&status, MPI_BYTE, &written) == MPI_SUCCESS &&
        written == PIECE)
        return LN_OK;
    return refuse_mpi(probe, "write", rc, err);
}

/* Half of the rounds each time: the second time the pages are in the caches of all. */
static int write_half(struct probe *probe, int half, struct ln_err *err) {
    int rc = LN_OK;
    for (int r = half * ROUNDS / 2; r < (half + 1) * ROUNDS / 2 && rc == LN_OK; r++)
        rc = put(probe, r * probe->n_ranks + probe->rank, err);
    if (rc == LN_OK && !probe->memory.at && LN_FAULT(PROBE_SYNC, -1, fdatasync(probe->fd)) != 0)
        rc = refuse(probe, "write", strerror(errno), err);
    return ln_agree(probe->comm, rc, err);
}

/* A piece and the gap behind it. */
static int look_at(const struct probe *probe, int fd, int piece, struct ln_err *err) {
    unsigned char wanted[STRIDE] = {0}, found[STRIDE];
    off_t at = place_of(piece);
    fill(wanted, piece);
    ssize_t size = LN_FAULT(PROBE_READ, -1, pread(fd, found, LN_FAULT_SIZE(STRIDE), at));
    if (size < 0)
        return refuse(probe, "read", strerror(errno), err);
    for (int i = 0; i < STRIDE; i++)
        if (i >= size ? i < PIECE : found[i] != wanted[i])
            return fail(probe,
                        i >= PIECE ? "something that nobody wrote" : "not what was written there",
                        at + i, err);
    return LN_OK;
}

/* What the next rank wrote, and what this one did, through a new descriptor. */
static int read_half(struct probe *probe, int half, struct ln_err *err) {
    int fd = open_probe(probe, O_RDONLY), n = probe->n_ranks;
    int rc = fd < 0 ? refuse(probe, "open", strerror(errno), err) : LN_OK;
    for (int r = half * ROUNDS / 2; r < (half + 1) * ROUNDS / 2 && rc == LN_OK; r++) {
        rc = look_at(probe, fd, r * n + (probe->rank + 1) % n, err);
        if (rc == LN_OK)
            rc = look_at(probe, fd, r * n + probe->rank, err);
    }
    if (fd >= 0)
        close(fd);
    return ln_agree(probe->comm, rc, err);
}

static int write_and_read(struct probe *probe, struct ln_err *err) {
    int rc = ln_agree(probe->comm, open_own(probe, err), err);
    if (rc == LN_OK)
        rc = open_mpi(probe, err);
    for (int half = 0; half < 2 && rc == LN_OK; half++) {
        rc = write_half(probe, half, err);
        if (rc == LN_OK)
            rc = read_half(probe, half, err);
    }
    return rc;
}

/* After an error MPI has the file closed by nobody: it would wait for all. */
static void finish(struct probe *probe, int rc) {
    ln_store_memory_close(&probe->memory);
    if (probe->is_mpi && rc == LN_OK)
        MPI_File_close(&probe->handle);
    if (probe->fd >= 0)
        close(probe->fd);
    if (probe->is_made)
        (void)LN_FAULT(PROBE_REMOVE, -1, unlink(probe->path)); /* the next run does it */
    free(probe->path);
}

int ln_probe_files(const char *path, MPI_Comm comm, struct ln_err *err) {
    struct probe probe = {.comm = comm, .fd = -1};
    int has_room = 0, rc = LN_OK;
    MPI_Comm_rank(comm, &probe.rank);
    MPI_Comm_size(comm, &probe.n_ranks);
    if (asprintf(&probe.path, "%s.probe", path) < 0) {
        probe.path = NULL;
        rc = ln_err_set(err, LN_FATAL, "out of memory");
    }
    if (rc == LN_OK && probe.rank == 0)
        rc = create(&probe, &has_room, err);
    rc = ln_agree(comm, rc, err);
    MPI_Bcast(&has_room, 1, MPI_INT, 0, comm);
    if (rc == LN_OK && has_room)
        rc = write_and_read(&probe, err);
    finish(&probe, rc);
    return rc;
}
