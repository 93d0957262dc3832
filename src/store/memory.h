/* The results file as memory, where that is safe: a value is then a store, not a system call. */
#ifndef LINNET_STORE_MEMORY_H
#define LINNET_STORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct ln_store_memory {
    unsigned char *at; /* NULL: write through MPI-IO */
    size_t size;
};

/* Whether a file on that file system may be written as memory. LINNET_WRITE=mpi in the environment:
 * never. */
bool ln_store_memory_is_safe(int fd);

/* Maps the file, if its file system is local and keeps what was reserved. Until it is closed, a
 * page that is lost (SIGBUS) ends the process with one line and exit code 1. */
void ln_store_memory_open(struct ln_store_memory *memory, int fd, size_t size, const char *path);
void ln_store_memory_close(struct ln_store_memory *memory);

/* Lets go of pages that were written: they stay in the file's cache, but no longer count as this
 * process's. */
void ln_store_memory_trim(const struct ln_store_memory *memory);

#endif
