/* Runs a target once on each file named: the corpus in the plain suites, with any compiler. TAP. */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target.h"

/* As large as the file, so that the address sanitizer sees a step over its end. */
static uint8_t *load(const char *path, size_t *size) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        return NULL;
    *size = (size_t)info.st_size;
    uint8_t *bytes = malloc(*size ? *size : 1);
    if (bytes && read(fd, bytes, *size) != (ssize_t)*size) {
        free(bytes);
        bytes = NULL;
    }
    close(fd);
    return bytes;
}

int main(int argc, char **argv) {
    int n_failed = 0;
    FILE *to = fdopen(dup(STDOUT_FILENO), "w"); /* commands are silenced on stdout */
    LLVMFuzzerInitialize(&argc, &argv);
    fprintf(to, "1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        size_t size = 0;
        uint8_t *bytes = load(argv[i], &size);
        fflush(to);
        if (bytes)
            LLVMFuzzerTestOneInput(bytes, size); /* what is wrong ends the process */
        n_failed += !bytes;
        fprintf(to, "%s %d - %s is read or refused\n", bytes ? "ok" : "not ok", i,
                basename(argv[i]));
        free(bytes);
    }
    fclose(to);
    return n_failed > 0;
}
