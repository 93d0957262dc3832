#include "watchdog.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "linnet/fault.h"
#include "linnet/running.h"

/* Thousands of ranks on a busy file server take their time, though not that long. */
enum { SECONDS = LN_FAULT_SECONDS(180), SECONDS_MORE = LN_FAULT_SECONDS(60) };

static char message[400];
static struct sigaction before;

static void give_up(int number) {
    (void)number;
    ln_running_gives_up();
    ssize_t said = write(STDERR_FILENO, message, strlen(message));
    (void)said; /* there is nobody else to tell */
    _exit(1);
}

void ln_watchdog_start(const char *path, int rank) {
    const struct sigaction action = {.sa_handler = give_up};
    snprintf(message, sizeof message,
             "linnet: cannot open %.200s together: a rank has failed in the midst of it, and the "
             "others wait\n",
             path);
    sigaction(SIGALRM, &action, &before);
    alarm(rank == 0 ? SECONDS : SECONDS + SECONDS_MORE);
}

void ln_watchdog_stop(void) {
    alarm(0);
    sigaction(SIGALRM, &before, NULL);
}
