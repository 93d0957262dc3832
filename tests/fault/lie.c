/* Loaded before the libraries (LD_PRELOAD): a computer, or a file system, that lies on one rank.
 *
 * LIE says how: "product" adds 1 to an element of a product of OpenBLAS; "bit" changes the last bit
 * of one that is not whole; "stale" reads zeros from a file NAME.probe, "ghost" something in a gap
 * of it, "lost" writes nothing to it, "full" finds no room for it. LIE_RANK: who lies. */
#undef _FILE_OFFSET_BITS /* both names of a call, as any library may use either */
#include <cblas.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static bool lies(const char *how) {
    const char *lie = getenv("LIE"), *who = getenv("LIE_RANK"),
               *rank = getenv("OMPI_COMM_WORLD_RANK");
    return lie && strcmp(lie, how) == 0 && strcmp(who ? who : "0", rank ? rank : "0") == 0;
}

static bool is_probe(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    return n > 6 && strcmp(path + n - 6, ".probe") == 0;
}

void cblas_dgemm(const enum CBLAS_ORDER order, const enum CBLAS_TRANSPOSE trans_a,
                 const enum CBLAS_TRANSPOSE trans_b, const blasint m, const blasint n,
                 const blasint k, const double alpha, const double *a, const blasint lda,
                 const double *b, const blasint ldb, const double beta, double *c,
                 const blasint ldc) {
    void *found = dlsym(RTLD_NEXT, "cblas_dgemm");
    __typeof__(&cblas_dgemm) dgemm;
    memcpy(&dgemm, &found, sizeof dgemm);
    dgemm(order, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (lies("product"))
        c[0] += 1;
    if (lies("bit") && c[0] != floor(c[0]))
        c[0] = nextafter(c[0], 0);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t offset) {
    ssize_t n = syscall(SYS_pread64, fd, bytes, size, offset);
    if (n > 0 && lies("stale") && is_probe(fd))
        memset(bytes, 0, (size_t)n);
    if (n > 20 && lies("ghost") && is_probe(fd))
        ((char *)bytes)[20] = 'x';
    return n;
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset) {
    return pread64(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    if (lies("lost") && is_probe(fd))
        return (ssize_t)size;
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    return pwrite64(fd, bytes, size, offset);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
    if (lies("full") && is_probe(fd))
        return ENOSPC;
    return syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    return posix_fallocate64(fd, offset, size);
}
