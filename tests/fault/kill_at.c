/* Loaded before the C library (LD_PRELOAD): ends the process with SIGKILL before call number
 * KILL_AT of those that change files. With KILL_COUNT their number goes to that file in the end. */
#undef _FILE_OFFSET_BITS /* both names of a call, as any library may use either */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long n_calls;

static void step(void) {
    const char *at = getenv("KILL_AT");
    if (at && ++n_calls == atol(at))
        kill(getpid(), SIGKILL);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    step();
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    return pwrite64(fd, bytes, size, offset);
}

int fsync(int fd) {
    step();
    return (int)syscall(SYS_fsync, fd);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
    step();
    return syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    return posix_fallocate64(fd, offset, size);
}

int ftruncate64(int fd, off64_t size) {
    step();
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size) {
    return ftruncate64(fd, size);
}

int unlink(const char *path) {
    step();
    return (int)syscall(SYS_unlink, path);
}

int rename(const char *from, const char *to) {
    step();
    return (int)syscall(SYS_rename, from, to);
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("KILL_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", n_calls);
        fclose(file);
    }
}
