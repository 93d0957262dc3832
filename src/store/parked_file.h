/* The bytes of a file of parked points: header, index, records (docs/results-file.md, section 9).
 * No MPI. */
#ifndef LINNET_STORE_PARKED_FILE_H
#define LINNET_STORE_PARKED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/sweep.h"

/* Of the program that wrote a file: sweep, columns, version, kind of CPU. */
enum { LN_PARKED_IDENTITY = 512 };

struct ln_parked_entry {
    int64_t cell, size;
    double seconds;
    uint64_t checksum;
    int64_t offset; /* in the file; follows from the sizes before */
};

/* What lies at a path that cannot be used. */
enum ln_parked_fault {
    LN_PARKED_DAMAGED, /* it was one of ours */
    LN_PARKED_FOREIGN, /* no file of parked points, or of another version; a link, a pipe, ... */
    LN_PARKED_UNREAD,  /* the system gave no answer: it may be whole */
};

struct ln_parked_file {
    int fd;                     /* -1: there is none */
    enum ln_parked_fault fault; /* where it could not be opened */
    int64_t n, size;
    struct ln_parked_entry *entries; /* [n] by cell */
    char identity[LN_PARKED_IDENTITY];
};

/* path.parked. NULL: no memory. */
char *ln_parked_path(const char *path);

void ln_parked_identity(char text[LN_PARKED_IDENTITY], const char *sweep_digest,
                        const char *layout_digest, const char *source, const char *cpu_kind);

/* That of this program. */
void ln_parked_identity_own(char text[LN_PARKED_IDENTITY], const struct ln_sweep *sweep,
                            const struct ln_layout *layout);

/* Reads and checks header and index; no file at all is a file without records. Errors: LN_INPUT
 * (file->fault says of what kind), LN_FATAL (memory); nothing is open then. */
int ln_parked_file_open(const char *path, struct ln_parked_file *file, struct ln_err *err);
void ln_parked_file_close(struct ln_parked_file *file);

/* The entry of a cell, or NULL. */
const struct ln_parked_entry *ln_parked_file_find(const struct ln_parked_file *file, int64_t cell);

/* Whether points may be parked under this name: nothing is there, or what is ours, damaged or not.
 * identity: a file of another one is refused too; NULL: none is. What cannot be read passes.
 * Errors: LN_INPUT. */
int ln_parked_check_place(const char *name, const char *identity, struct ln_err *err);

/* Removes what is ours. Errors: LN_INPUT (it cannot be removed, or not be told). */
int ln_parked_forget(const char *name, struct ln_err *err);

/* The same of path.parked. */
int ln_parked_check_beside(const char *path, const char *identity, struct ln_err *err);
void ln_parked_forget_beside(const char *path);

/* bytes [entry->size]. false: they are not what was written, or cannot be had. */
bool ln_parked_file_read(int fd, const struct ln_parked_entry *entry, void *bytes);

/* The same, by what is wrong: LN_INPUT: they are not what was written; LN_FATAL: they cannot be
 * had now, errno says why (0: the file became shorter). */
int ln_parked_file_fetch(int fd, const struct ln_parked_entry *entry, void *bytes);

uint64_t ln_parked_checksum(const void *bytes, size_t size);

/* The beginning of a file with these records, which follow it in that order; sets their offsets and
 * the size of it all. Ownership: free. NULL: no memory. */
unsigned char *ln_parked_file_begin(const char *identity, struct ln_parked_entry *entries,
                                    int64_t n, size_t *header, int64_t *size);

/* Reserves all of a new file, and writes that beginning. path is for messages. Errors: LN_FATAL. */
int ln_parked_file_write_begin(int fd, const char *path, const char *identity,
                               struct ln_parked_entry *entries, int64_t n, struct ln_err *err);

#endif
