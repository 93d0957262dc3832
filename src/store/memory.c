#include "memory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linnet/fault.h"
#include "linnet/running.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

/* Local: all ranks share one cache of the file, so there is nothing to lock. Reserved blocks stay
 * reserved: a full disk cannot kill a store into memory. (Where blocks are shared with a copy, as
 * cp makes them on XFS, it can: lose_page says so.) */
bool ln_store_memory_is_safe(int fd) {
    const char *way = getenv("LINNET_WRITE");
    struct statfs info;
    if ((way && strcmp(way, "mpi") == 0) || fstatfs(fd, &info) != 0)
        return false;
    switch ((unsigned long)info.f_type) {
    case EXT4_SUPER_MAGIC: /* ext2 and ext3 too */
    case XFS_SUPER_MAGIC:
    case TMPFS_MAGIC:
        return true;
    default:
        return false;
    }
}

/* The file that is mapped, for the handler; a process has one at a time. */
static struct {
    unsigned char *at;
    size_t size;
    char message[256];
} mapped;

/* A page of the file cannot be had: the file was cut off under the run, or its device is gone. What
 * was written before is whole; nothing more can be, and no function can return that. */
static void lose_page(int number, siginfo_t *info, void *context) {
    unsigned char *at = info->si_addr;
    (void)context;
    if (at < mapped.at || at >= mapped.at + mapped.size) {
        signal(number, SIG_DFL); /* not ours: happens again, and ends the process */
        return;
    }
    ln_running_gives_up();
    ssize_t said = write(STDERR_FILENO, mapped.message, strlen(mapped.message));
    (void)said; /* there is nobody else to tell */
    _exit(1);
}

static void watch_pages(const struct ln_store_memory *memory, const char *path) {
    struct sigaction action = {.sa_sigaction = lose_page, .sa_flags = SA_SIGINFO};
    mapped.at = memory->at;
    mapped.size = memory->size;
    snprintf(mapped.message, sizeof mapped.message,
             "linnet: %.200s can no longer be written: cut off, or its disk is gone\n", path);
    sigaction(SIGBUS, &action, NULL);
}

void ln_store_memory_open(struct ln_store_memory *memory, int fd, size_t size, const char *path) {
    *memory = (struct ln_store_memory){NULL, size};
    if (size == 0 || !ln_store_memory_is_safe(fd))
        return;
    /* A copy may have holes where the file had none. */
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) != 0)
        return;
    void *at = LN_FAULT(SHARED_MAP, MAP_FAILED,
                        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    memory->at = at == MAP_FAILED ? NULL : at;
    if (memory->at)
        watch_pages(memory, path);
}

void ln_store_memory_close(struct ln_store_memory *memory) {
    if (!memory->at)
        return;
    signal(SIGBUS, SIG_DFL);
    munmap(memory->at, memory->size);
    memory->at = NULL;
}

void ln_store_memory_trim(const struct ln_store_memory *memory) {
    if (memory->at)
        (void)madvise(memory->at, memory->size, MADV_DONTNEED);
}
