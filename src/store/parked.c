#include "linnet/parked.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/agree.h"
#include "linnet/fault.h"
#include "linnet/view.h"
#include "parked_file.h"
#include "parked_write.h"
#include "sidefile.h"

static void note(struct ln_parked_news *news, const char *text) {
    snprintf(news->note, sizeof news->note, "%s", text);
}

static void note_other(struct ln_parked_news *news, const char *name) {
    snprintf(news->note, sizeof news->note,
             "%s is of another sweep, version of linnet or kind of CPU than the results", name);
}

/* What the index says that cannot be is dropped, with the points that are done. */
static void drop(struct ln_parked_file *file, const uint8_t *done, int64_t n_cells) {
    int64_t n = 0;
    for (int64_t i = 0; i < file->n; i++)
        if (file->entries[i].cell < n_cells && !done[file->entries[i].cell])
            file->entries[n++] = file->entries[i];
    file->n = n;
}

/* What a run has left that died while it wrote: of no use, and in nobody's way. */
static void remove_half(const struct ln_parked *parked) {
    struct ln_err err;
    char *temporary = ln_sidefile_name(parked->path, ".tmp");
    if (temporary)
        (void)ln_sidefile_remove(temporary, &err);
    free(temporary);
}

/* Rank 0: reads the index, as far as it is of use. */
static int open_first(struct ln_parked *parked, const uint8_t *done, int64_t n_cells,
                      struct ln_parked_news *news, struct ln_err *err) {
    struct ln_parked_file *file = &parked->file;
    remove_half(parked);
    if (!done) {
        if (ln_parked_forget(parked->path, err))
            note(news, err->text); /* of other results: their digests tell */
        return LN_OK;
    }
    int status = ln_parked_file_open(parked->path, file, err);
    parked->was_there = status == LN_INPUT ? file->fault != LN_PARKED_FOREIGN : file->fd >= 0;
    if (status == LN_INPUT) {
        note(news, err->text);
        return LN_OK;
    }
    if (status != LN_OK)
        return status;
    if (file->fd >= 0 && strcmp(file->identity, parked->identity) != 0) {
        note_other(news, parked->path);
        ln_parked_file_close(file);
        parked->was_there = false; /* somebody may want it */
    }
    parked->n_found = file->n;
    drop(file, done, n_cells);
    return LN_OK;
}

/* -1: this rank finds all records bad. */
static int open_again(const char *path) {
    struct ln_sidefile file = {.fd = -1};
    struct ln_err err;
    (void)LN_FAULT(PARKED_OPEN, LN_INPUT, ln_sidefile_open(path, O_RDONLY, &file, &err));
    return file.fd;
}

/* All ranks get the index of rank 0, and open the file for themselves. */
static int share(struct ln_parked *parked, struct ln_err *err) {
    struct ln_parked_file *file = &parked->file;
    int status = LN_OK;
    MPI_Bcast(&file->n, 1, MPI_INT64_T, 0, parked->comm);
    if (parked->rank > 0)
        file->entries = malloc((size_t)(file->n + 1) * sizeof *file->entries);
    parked->is_bad = calloc((size_t)file->n + 1, 1);
    parked->is_settled = calloc((size_t)file->n + 1, 1);
    if ((file->n > 0 && !file->entries) || !parked->is_bad || !parked->is_settled)
        status = ln_err_set(err, LN_FATAL, "out of memory for the parked points");
    status = ln_agree(parked->comm, status, err);
    for (int64_t i = 0; status == LN_OK && i < file->n; i += LN_PARKED_PIECE) {
        int64_t n = file->n - i < LN_PARKED_PIECE ? file->n - i : LN_PARKED_PIECE;
        MPI_Bcast(file->entries + i, (int)(n * (int64_t)sizeof *file->entries), MPI_BYTE, 0,
                  parked->comm);
    }
    if (parked->rank > 0 && file->n > 0)
        file->fd = open_again(parked->path);
    return status;
}

static unsigned char *room_for(struct ln_parked *parked, int64_t size) {
    if (size > parked->room) {
        free(parked->bytes);
        parked->bytes = malloc((size_t)size);
        parked->room = parked->bytes ? size : 0;
    }
    return parked->bytes;
}

/* Every record is read once: what is damaged is known before anything is trained. */
static void verify(struct ln_parked *parked, struct ln_parked_news *news) {
    struct ln_parked_file *file = &parked->file;
    int size;
    MPI_Comm_size(parked->comm, &size);
    for (int64_t i = parked->rank; i < file->n; i += size) {
        unsigned char *bytes = room_for(parked, file->entries[i].size);
        parked->is_bad[i] =
            file->fd < 0 || !bytes || !ln_parked_file_read(file->fd, &file->entries[i], bytes);
    }
    for (int64_t i = 0; i < file->n; i += LN_PARKED_PIECE) {
        int64_t n = file->n - i < LN_PARKED_PIECE ? file->n - i : LN_PARKED_PIECE;
        MPI_Allreduce(MPI_IN_PLACE, parked->is_bad + i, (int)n, MPI_UINT8_T, MPI_MAX, parked->comm);
    }
    for (int64_t i = 0; i < file->n; i++) {
        news->n_bad += parked->is_bad[i];
        news->is_damaged |= parked->is_bad[i];
        news->n += !parked->is_bad[i];
        news->bytes += parked->is_bad[i] ? 0 : file->entries[i].size;
        news->seconds += parked->is_bad[i] ? 0 : file->entries[i].seconds;
    }
}

int ln_parked_open(const char *path, MPI_Comm comm, const struct ln_sweep *sweep,
                   const struct ln_layout *layout, const uint8_t *done, struct ln_parked **out,
                   struct ln_parked_news *news, struct ln_err *err) {
    struct ln_parked *parked = calloc(1, sizeof *parked);
    int status = LN_OK;
    *out = NULL;
    memset(news, 0, sizeof *news);
    if (!parked || !(parked->path = ln_parked_path(path)))
        status = ln_err_set(err, LN_FATAL, "out of memory for the parked points");
    status = ln_agree(comm, status, err);
    if (status == LN_OK) {
        parked->file.fd = -1;
        ln_parked_identity_own(parked->identity, sweep, layout);
        MPI_Comm_dup(comm, &parked->comm);
        MPI_Comm_rank(comm, &parked->rank);
        if (parked->rank == 0)
            status = open_first(parked, done, ln_sweep_n_cells(sweep), news, err);
        status = ln_agree(comm, status, err);
        MPI_Bcast(news->note, sizeof news->note, MPI_BYTE, 0, comm);
        if (status == LN_OK)
            status = share(parked, err);
        if (status == LN_OK)
            verify(parked, news);
        *out = parked;
        return status;
    }
    if (parked)
        free(parked->path);
    free(parked);
    return status;
}

void ln_parked_close(struct ln_parked *parked) {
    if (!parked)
        return;
    for (int64_t i = 0; i < parked->n_kept; i++)
        free(parked->kept[i].bytes);
    free(parked->kept);
    ln_parked_file_close(&parked->file);
    MPI_Comm_free(&parked->comm);
    free(parked->is_bad);
    free(parked->is_settled);
    free(parked->bytes);
    free(parked->path);
    free(parked);
}

const void *ln_parked_find(struct ln_parked *parked, int64_t cell, size_t *size, double *seconds) {
    const struct ln_parked_file *file = &parked->file;
    const struct ln_parked_entry *entry = ln_parked_file_find(file, cell);
    if (!entry || file->fd < 0 || parked->is_bad[entry - file->entries])
        return NULL;
    unsigned char *bytes = room_for(parked, entry->size);
    if (!bytes || !ln_parked_file_read(file->fd, entry, bytes))
        return NULL;
    *size = (size_t)entry->size;
    *seconds = entry->seconds;
    return bytes;
}

void ln_parked_settle(struct ln_parked *parked, int64_t cell) {
    const struct ln_parked_entry *entry = ln_parked_file_find(&parked->file, cell);
    if (entry)
        parked->is_settled[entry - parked->file.entries] = 1;
}

void ln_parked_keep(struct ln_parked *parked, int64_t cell, double seconds, const void *bytes,
                    size_t size) {
    size_t n = (size_t)parked->n_kept;
    struct ln_parked_kept *kept = realloc(parked->kept, (n + 1) * sizeof *kept);
    if (kept)
        parked->kept = kept;
    void *copy = malloc(size);
    if (!kept || !copy) {
        free(copy);
        return;
    }
    memcpy(copy, bytes, size);
    kept[n].bytes = copy;
    kept[n].entry = (struct ln_parked_entry){
        .cell = cell,
        .size = (int64_t)size,
        .seconds = seconds,
        .checksum = ln_parked_checksum(bytes, size),
    };
    parked->n_kept++;
    ln_parked_settle(parked, cell);
}

/* Reads and counts the records, or believes the index. */
static void count(struct ln_parked_file *file, int64_t n_cells, bool whole,
                  struct ln_parked_news *news) {
    for (int64_t i = 0; i < file->n; i++) {
        const struct ln_parked_entry *entry = &file->entries[i];
        unsigned char *bytes = whole ? malloc((size_t)entry->size) : NULL;
        bool good = entry->cell < n_cells &&
                    (!whole || (bytes && ln_parked_file_read(file->fd, entry, bytes)));
        free(bytes);
        news->n_bad += !good;
        news->is_damaged |= !good;
        news->n += good;
        news->bytes += good ? entry->size : 0;
        news->seconds += good ? entry->seconds : 0;
    }
}

static const char *attribute(const struct ln_view *view, const char *name) {
    const char *text = ln_view_attribute(view, name);
    return text ? text : "";
}

void ln_parked_look(const char *path, const struct ln_view *view, bool whole,
                    struct ln_parked_news *news) {
    struct ln_parked_file file;
    struct ln_err err;
    char identity[LN_PARKED_IDENTITY], *own = ln_parked_path(path);
    memset(news, 0, sizeof *news);
    ln_parked_identity(identity, attribute(view, "sweep_digest"), attribute(view, "layout_digest"),
                       attribute(view, "source"), attribute(view, "cpu_kind"));
    if (!own || ln_parked_file_open(own, &file, &err) != LN_OK) {
        note(news, own ? err.text : "out of memory");
        news->is_foreign = own && err.status == LN_INPUT && file.fault == LN_PARKED_FOREIGN;
        news->is_damaged = !news->is_foreign;
    } else if (file.fd >= 0 && strcmp(file.identity, identity) != 0) {
        note_other(news, own);
        news->is_foreign = true;
        ln_parked_file_close(&file);
    } else {
        count(&file, ln_view_n_cells(view), whole, news);
        ln_parked_file_close(&file);
    }
    free(own);
}
