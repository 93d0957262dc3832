/* The records of all ranks go to rank 0 in the order of the ranks, in pieces: its memory stays
 * small however many there are. */
#include "parked_write.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "linnet/agree.h"
#include "linnet/fault.h"
#include "newfile.h"
#include "sidefile.h"

enum { TAG_ENTRIES = 1, TAG_BYTES };

/* Rank 0's side of a new file. */
struct writer {
    struct ln_parked *parked;
    struct ln_parked_entry *entries; /* of the file that was there, of rank 0, 1, ... */
    int64_t n, n_carried, *counts;   /* counts [n_ranks] */
    int n_ranks, fd;
    bool has_asked; /* the other ranks have been told to send, or not to */
    unsigned char *piece;
};

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Of the file that was there: what is still of use, and whole (it was at the start; what cannot be
 * read any more must not take the others along). */
static int64_t carry(struct ln_parked *parked, struct ln_parked_entry *entries) {
    int64_t n = 0;
    size_t size;
    double seconds;
    for (int64_t i = 0; i < parked->file.n; i++)
        if (!parked->is_settled[i] &&
            ln_parked_find(parked, parked->file.entries[i].cell, &size, &seconds))
            entries[n++] = parked->file.entries[i];
    return n;
}

static void send_entries(const struct ln_parked *parked) {
    for (int64_t i = 0; i < parked->n_kept; i++)
        MPI_Send(&parked->kept[i].entry, sizeof parked->kept[i].entry, MPI_BYTE, 0, TAG_ENTRIES,
                 parked->comm);
}

static void collect_entries(struct writer *writer) {
    const struct ln_parked *parked = writer->parked;
    struct ln_parked_entry *at = writer->entries + writer->n_carried;
    for (int64_t i = 0; i < parked->n_kept; i++)
        *at++ = parked->kept[i].entry;
    for (int r = 1; r < writer->n_ranks; r++)
        for (int64_t i = 0; i < writer->counts[r]; i++)
            MPI_Recv(at++, sizeof *at, MPI_BYTE, r, TAG_ENTRIES, parked->comm, MPI_STATUS_IGNORE);
}

static void send_bytes(const struct ln_parked *parked) {
    for (int64_t i = 0; i < parked->n_kept; i++) {
        const struct ln_parked_kept *kept = &parked->kept[i];
        for (int64_t at = 0; at < kept->entry.size; at += LN_PARKED_PIECE)
            MPI_Send(kept->bytes + at, (int)smaller(LN_PARKED_PIECE, kept->entry.size - at),
                     MPI_BYTE, 0, TAG_BYTES, parked->comm);
    }
}

static int put(const struct writer *writer, int64_t offset, int64_t size, const void *bytes,
               const char *path, struct ln_err *err) {
    return LN_FAULT(PARKED_WRITE, ln_sidefile_fail("write", path, err),
                    ln_newfile_write(writer->fd, offset, size, bytes, path, err));
}

/* After an error the pieces are taken in all the same: somebody sends them. */
static int write_sent(struct writer *writer, const struct ln_parked_entry *entry, int rank,
                      const char *path, int status, struct ln_err *err) {
    for (int64_t at = 0; at < entry->size; at += LN_PARKED_PIECE) {
        int64_t size = smaller(LN_PARKED_PIECE, entry->size - at);
        MPI_Recv(writer->piece, (int)size, MPI_BYTE, rank, TAG_BYTES, writer->parked->comm,
                 MPI_STATUS_IGNORE);
        if (status == LN_OK)
            status = put(writer, entry->offset + at, size, writer->piece, path, err);
    }
    return status;
}

static int write_carried(struct writer *writer, const char *path, struct ln_err *err) {
    struct ln_parked *parked = writer->parked;
    int status = LN_OK;
    for (int64_t i = 0; i < writer->n_carried && status == LN_OK; i++) {
        const struct ln_parked_entry *entry = &writer->entries[i];
        size_t size;
        double seconds;
        const void *bytes = ln_parked_find(parked, entry->cell, &size, &seconds);
        status = bytes ? put(writer, entry->offset, entry->size, bytes, path, err)
                       : ln_err_set(err, LN_FATAL, "%s cannot be read any more", parked->path);
    }
    return status;
}

static int write_own(struct writer *writer, const char *path, struct ln_err *err) {
    const struct ln_parked *parked = writer->parked;
    int status = LN_OK;
    for (int64_t i = 0; i < parked->n_kept && status == LN_OK; i++) {
        const struct ln_parked_entry *entry = &writer->entries[writer->n_carried + i];
        status = put(writer, entry->offset, entry->size, parked->kept[i].bytes, path, err);
    }
    return status;
}

static void ask(struct writer *writer, int goes_on) {
    if (!writer->has_asked)
        MPI_Bcast(&goes_on, 1, MPI_INT, 0, writer->parked->comm);
    writer->has_asked = true;
}

static int write_all(struct writer *writer, const char *path, struct ln_err *err) {
    int status = ln_parked_file_write_begin(writer->fd, path, writer->parked->identity,
                                            writer->entries, writer->n, err);
    if (status == LN_OK)
        status = write_carried(writer, path, err);
    if (status == LN_OK)
        status = write_own(writer, path, err);
    if (status != LN_OK)
        return status;
    ask(writer, 1);
    const struct ln_parked_entry *entry =
        writer->entries + writer->n_carried + writer->parked->n_kept;
    for (int r = 1; r < writer->n_ranks; r++)
        for (int64_t i = 0; i < writer->counts[r]; i++)
            status = write_sent(writer, entry++, r, path, status, err);
    return status != LN_OK ? status : ln_newfile_sync(writer->fd, path, err);
}

static int fill(const char *temporary, const char *path, void *ctx, struct ln_err *err) {
    struct writer *writer = ctx;
    writer->fd = LN_FAULT(PARKED_CREATE, -1, ln_sidefile_create(temporary, O_WRONLY));
    if (writer->fd < 0)
        return ln_sidefile_fail("create", temporary, err);
    int status = write_all(writer, path, err);
    if (close(writer->fd) != 0 && status == LN_OK)
        status = ln_sidefile_fail("write", path, err);
    return status;
}

/* Somebody may have put something there since the run has looked: it stays. */
static int replace(struct writer *writer, struct ln_err *err) {
    const struct ln_parked *parked = writer->parked;
    if (ln_parked_check_place(parked->path, parked->identity, err))
        return (int)(err->status = LN_FATAL);
    return ln_newfile_make(parked->path, fill, writer, err);
}

static int remove_old(const struct ln_parked *parked, struct ln_err *err) {
    struct ln_err ignored;
    if (ln_parked_check_place(parked->path, parked->identity, &ignored))
        return LN_OK;
    return LN_FAULT(PARKED_REMOVE, ln_sidefile_fail("remove", parked->path, err),
                    ln_sidefile_remove(parked->path, err));
}

static int make(struct ln_parked *parked, int64_t *counts, int n_ranks, int64_t *n,
                struct ln_err *err) {
    struct writer writer = {.parked = parked, .counts = counts, .n_ranks = n_ranks, .fd = -1};
    int status = LN_OK;
    for (int r = 0; r < n_ranks; r++)
        writer.n += counts[r];
    writer.entries = malloc((size_t)(writer.n + parked->file.n + 1) * sizeof *writer.entries);
    writer.piece = malloc(LN_PARKED_PIECE);
    int has_room = writer.entries && writer.piece;
    MPI_Bcast(&has_room, 1, MPI_INT, 0, parked->comm);
    if (!has_room) {
        status = ln_err_set(err, LN_FATAL, "out of memory for the parked points");
    } else {
        writer.n_carried = carry(parked, writer.entries);
        collect_entries(&writer);
        bool is_same = writer.n == 0 && writer.n_carried == parked->n_found;
        *n = writer.n += writer.n_carried;
        if (writer.n == 0)
            status = parked->was_there ? remove_old(parked, err) : LN_OK;
        else if (!is_same)
            status = replace(&writer, err);
        ask(&writer, 0);
    }
    free(writer.entries);
    free(writer.piece);
    return status;
}

static void help(const struct ln_parked *parked) {
    int has_room, goes_on;
    MPI_Bcast(&has_room, 1, MPI_INT, 0, parked->comm);
    if (!has_room)
        return;
    send_entries(parked);
    MPI_Bcast(&goes_on, 1, MPI_INT, 0, parked->comm);
    if (goes_on)
        send_bytes(parked);
}

static void join_settled(const struct ln_parked *parked) {
    for (int64_t i = 0; i < parked->file.n; i += LN_PARKED_PIECE)
        MPI_Allreduce(MPI_IN_PLACE, parked->is_settled + i,
                      (int)smaller(LN_PARKED_PIECE, parked->file.n - i), MPI_UINT8_T, MPI_MAX,
                      parked->comm);
}

int ln_parked_write(struct ln_parked *parked, int64_t *n, struct ln_err *err) {
    int n_ranks, status = LN_OK;
    MPI_Comm_size(parked->comm, &n_ranks);
    int64_t *counts = malloc((size_t)n_ranks * sizeof *counts);
    *n = 0;
    status =
        ln_agree(parked->comm,
                 counts ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory to park points"), err);
    if (status == LN_OK) {
        join_settled(parked);
        MPI_Gather(&parked->n_kept, 1, MPI_INT64_T, counts, 1, MPI_INT64_T, 0, parked->comm);
        if (parked->rank == 0)
            status = make(parked, counts, n_ranks, n, err);
        else
            help(parked);
        status = ln_agree(parked->comm, status, err);
        *n = status == LN_OK ? *n : 0;
        MPI_Bcast(n, 1, MPI_INT64_T, 0, parked->comm);
    }
    free(counts);
    return status;
}
