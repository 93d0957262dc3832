#include "parked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "identity.h"
#include "linnet/fault.h"
#include "linnet/linalg.h"
#include "linnet/pack.h"
#include "newfile.h"
#include "rows.h"
#include "sidefile.h"

enum { VERSION = 1, FIXED = 40, ENTRY = 32, CHECKSUM = 8 };
static const char magic[8] = {'L', 'N', 'P', 'A', 'R', 'K', '\r', '\n'};

char *ln_parked_path(const char *path) {
    return ln_sidefile_name(path, ".parked");
}

void ln_parked_identity(char text[LN_PARKED_IDENTITY], const char *sweep_digest,
                        const char *layout_digest, const char *source, const char *cpu_kind) {
    memset(text, 0, LN_PARKED_IDENTITY);
    snprintf(text, LN_PARKED_IDENTITY, "sweep %.16s\nlayout %.16s\nprogram %.100s\ncpu %.200s\n",
             sweep_digest, layout_digest, source, cpu_kind);
}

void ln_parked_identity_own(char text[LN_PARKED_IDENTITY], const struct ln_sweep *sweep,
                            const struct ln_layout *layout) {
    char sweep_digest[LN_DIGEST_SIZE], layout_digest[LN_DIGEST_SIZE];
    ln_identity_sweep_digest(sweep, sweep_digest);
    ln_identity_layout_digest(layout, layout_digest);
    ln_parked_identity(text, sweep_digest, layout_digest, "linnet " LN_VERSION,
                       ln_linalg_cpu_kind());
}

uint64_t ln_parked_checksum(const void *bytes, size_t size) {
    return XXH64(bytes, size, 0);
}

static int damaged(const char *path, const char *what, struct ln_err *err) {
    return ln_err_set(err, LN_INPUT, "%s is damaged: %s", path, what);
}

static int unread(struct ln_parked_file *file, const char *path, struct ln_err *err) {
    file->fault = LN_PARKED_UNREAD;
    return ln_err_set(err, LN_INPUT, "cannot read %s: %s", path,
                      errno ? strerror(errno) : "it became shorter");
}

/* On failure errno says why; 0: the file became shorter. */
static int read_at(int fd, int64_t offset, int64_t size, void *bytes) {
    struct ln_err err;
    errno = 0;
    return LN_FAULT(PARKED_READ, LN_FATAL, ln_rows_read(fd, offset, size, bytes, &err));
}

static int foreign(struct ln_parked_file *file, struct ln_err *err) {
    file->fault = LN_PARKED_FOREIGN;
    return (int)err->status;
}

/* Says no only of what is not even the beginning of a file of ours. */
static int read_magic(struct ln_parked_file *file, const char *path, struct ln_err *err) {
    char begin[sizeof magic];
    int64_t size = file->size < (int64_t)sizeof magic ? file->size : (int64_t)sizeof magic;
    if (read_at(file->fd, 0, size, begin) != LN_OK)
        return unread(file, path, err);
    if (memcmp(begin, magic, (size_t)size) == 0)
        return LN_OK;
    ln_err_set(err, LN_INPUT, "%s is there and is no file of parked points", path);
    return foreign(file, err);
}

/* The fixed part: how long the header is. No more is believed than fits the file. */
static int read_fixed(struct ln_parked_file *file, const char *path, int64_t *header,
                      struct ln_err *err) {
    unsigned char bytes[FIXED];
    struct ln_unpack from = {bytes + sizeof magic, FIXED - sizeof magic, false};
    if (read_magic(file, path, err) != LN_OK)
        return LN_INPUT;
    if (file->size < FIXED + CHECKSUM)
        return damaged(path, "it is too short", err);
    if (read_at(file->fd, 0, FIXED, bytes) != LN_OK)
        return unread(file, path, err);
    int64_t version = ln_unpack_int(&from), length = ln_unpack_int(&from);
    int64_t size = (file->n = ln_unpack_int(&from), ln_unpack_int(&from));
    if (version != VERSION) {
        ln_err_set(err, LN_INPUT, "%s has version %lld; this linnet reads version %d", path,
                   (long long)version, VERSION);
        return foreign(file, err);
    }
    if (length < 0 || length >= LN_PARKED_IDENTITY || file->n < 0 || file->n > file->size / ENTRY ||
        size != file->size || FIXED + length + ENTRY * file->n + CHECKSUM > file->size)
        return damaged(path, "its size is not what its header says", err);
    *header = FIXED + length + ENTRY * file->n + CHECKSUM;
    return LN_OK;
}

static int by_cell(const void *left, const void *right) {
    const struct ln_parked_entry *a = left, *b = right;
    return a->cell < b->cell ? -1 : a->cell > b->cell;
}

static int read_entries(struct ln_parked_file *file, const char *path, struct ln_unpack *from,
                        int64_t offset, struct ln_err *err) {
    for (int64_t i = 0; i < file->n; i++) {
        struct ln_parked_entry *entry = &file->entries[i];
        entry->cell = ln_unpack_int(from);
        entry->size = ln_unpack_int(from);
        entry->seconds = ln_unpack_number(from);
        entry->checksum = (uint64_t)ln_unpack_int(from);
        entry->offset = offset;
        if (entry->cell < 0 || entry->size < 1 || entry->size > file->size - offset ||
            !(entry->seconds >= 0) || !isfinite(entry->seconds))
            return damaged(path, "its index names what is not there", err);
        offset += entry->size;
    }
    qsort(file->entries, (size_t)file->n, sizeof *file->entries, by_cell);
    for (int64_t i = 1; i < file->n; i++)
        if (file->entries[i].cell == file->entries[i - 1].cell)
            return damaged(path, "it has a point twice", err);
    return offset == file->size ? LN_OK : damaged(path, "its size is not that of its records", err);
}

static int read_index(struct ln_parked_file *file, const char *path, unsigned char *bytes,
                      int64_t header, struct ln_err *err) {
    if (read_at(file->fd, 0, header, bytes) != LN_OK)
        return unread(file, path, err);
    uint64_t checksum;
    size_t covered = (size_t)header - CHECKSUM;
    memcpy(&checksum, bytes + covered, sizeof checksum);
    if (XXH64(bytes, covered, 0) != checksum)
        return damaged(path, "its index does not agree with its checksum", err);
    struct ln_unpack from = {bytes + FIXED, covered - FIXED, false};
    ln_unpack_bytes(&from, file->identity, covered - FIXED - ENTRY * (size_t)file->n);
    return read_entries(file, path, &from, header, err);
}

/* A link, a directory, ... says so, rather than why it cannot be opened. */
static bool say_other(const char *path, struct ln_err *err) {
    return ln_sidefile_is_other(path) && ln_sidefile_check_place(path, err) != LN_OK;
}

int ln_parked_file_open(const char *path, struct ln_parked_file *file, struct ln_err *err) {
    int64_t header = 0;
    struct ln_sidefile found = {.fd = -1};
    *file = (struct ln_parked_file){.fd = -1};
    int status = LN_FAULT(PARKED_OPEN, ln_sidefile_fail("open", path, err),
                          ln_sidefile_open(path, O_RDONLY, &found, err));
    if (status == LN_OK && found.fd < 0)
        return LN_OK;
    file->fd = found.fd;
    file->size = found.fd < 0 ? 0 : found.info.st_size;
    if (status != LN_OK)
        file->fault = say_other(path, err) ? LN_PARKED_FOREIGN : LN_PARKED_UNREAD;
    else
        status = read_fixed(file, path, &header, err);
    if (status == LN_OK) {
        unsigned char *bytes = malloc((size_t)header);
        file->entries = malloc((size_t)(file->n + 1) * sizeof *file->entries);
        status = bytes && file->entries
                     ? read_index(file, path, bytes, header, err)
                     : ln_err_set(err, LN_FATAL, "out of memory for the index of %s", path);
        free(bytes);
    }
    enum ln_parked_fault fault = file->fault;
    if (status != LN_OK)
        ln_parked_file_close(file);
    file->fault = fault;
    return status;
}

void ln_parked_file_close(struct ln_parked_file *file) {
    if (file->fd >= 0)
        close(file->fd);
    free(file->entries);
    *file = (struct ln_parked_file){.fd = -1};
}

const struct ln_parked_entry *ln_parked_file_find(const struct ln_parked_file *file, int64_t cell) {
    const struct ln_parked_entry key = {.cell = cell};
    return file->n == 0 ? NULL : bsearch(&key, file->entries, (size_t)file->n, sizeof key, by_cell);
}

int ln_parked_file_fetch(int fd, const struct ln_parked_entry *entry, void *bytes) {
    if (read_at(fd, entry->offset, entry->size, bytes) != LN_OK)
        return LN_FATAL;
    return ln_parked_checksum(bytes, (size_t)entry->size) == entry->checksum ? LN_OK : LN_INPUT;
}

bool ln_parked_file_read(int fd, const struct ln_parked_entry *entry, void *bytes) {
    return ln_parked_file_fetch(fd, entry, bytes) == LN_OK;
}

unsigned char *ln_parked_file_begin(const char *identity, struct ln_parked_entry *entries,
                                    int64_t n, size_t *header, int64_t *size) {
    struct ln_pack pack = {0};
    size_t length = strlen(identity);
    *size = FIXED + (int64_t)length + ENTRY * n + CHECKSUM;
    for (int64_t i = 0; i < n; i++) {
        entries[i].offset = *size;
        *size += entries[i].size;
    }
    ln_pack_bytes(&pack, magic, sizeof magic);
    ln_pack_int(&pack, VERSION);
    ln_pack_int(&pack, (int64_t)length);
    ln_pack_int(&pack, n);
    ln_pack_int(&pack, *size);
    ln_pack_bytes(&pack, identity, length);
    for (int64_t i = 0; i < n; i++) {
        ln_pack_int(&pack, entries[i].cell);
        ln_pack_int(&pack, entries[i].size);
        ln_pack_number(&pack, entries[i].seconds);
        ln_pack_int(&pack, (int64_t)entries[i].checksum);
    }
    if (!pack.is_bad)
        ln_pack_int(&pack, (int64_t)XXH64(pack.bytes, pack.size, 0));
    *header = pack.size;
    if (pack.is_bad)
        ln_pack_clear(&pack);
    return pack.bytes;
}

int ln_parked_file_write_begin(int fd, const char *path, const char *identity,
                               struct ln_parked_entry *entries, int64_t n, struct ln_err *err) {
    size_t header;
    int64_t size;
    unsigned char *begin = ln_parked_file_begin(identity, entries, n, &header, &size);
    if (!begin)
        return ln_err_set(err, LN_FATAL, "out of memory for %s", path);
    int rc = ln_newfile_reserve(fd, path, size, err);
    if (rc == LN_OK)
        rc = LN_FAULT(PARKED_WRITE, ln_sidefile_fail("write", path, err),
                      ln_newfile_write(fd, 0, (int64_t)header, begin, path, err));
    free(begin);
    return rc;
}
