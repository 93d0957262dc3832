/* hold_lock PATH MILLISECONDS [die]: takes the lock of PATH, or says who holds it (exit 2). While
 * it holds it, PATH.witness is there; if it was there before, two hold the lock (exit 99). die:
 * ends without giving it back. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../src/store/lock.h"

int main(int argc, char **argv) {
    struct ln_lock lock;
    struct ln_err err = {0};
    char witness[4096];
    if (argc < 3)
        return 1;
    if (ln_lock_take(&lock, argv[1], &err) != LN_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    snprintf(witness, sizeof witness, "%s.witness", argv[1]);
    int fd = open(witness, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return 99;
    close(fd);
    if (lock.taken_from[0])
        printf("from %s\n", lock.taken_from);
    printf("held\n");
    fflush(stdout);
    long ms = atol(argv[2]);
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
    unlink(witness);
    if (argc > 3 && strcmp(argv[3], "die") == 0)
        kill(getpid(), SIGKILL);
    ln_lock_release(&lock);
    return 0;
}
