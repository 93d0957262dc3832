#include <signal.h>
#include <unistd.h>

#include "linnet/clock.h"
#include "linnet/interrupt.h"
#include "run.h"

volatile int run_stop_asked;

/* The first signal asks for a stop that leaves the file resumable, a second one ends the process at
 * once (every row that is marked done is whole at any moment). Launchers deliver one signal twice,
 * to the process and to its group: what follows within a third of a second is the same one. */
static void on_signal(int number) {
    static volatile double first;
    double now = ln_clock();
    (void)number;
    if (run_stop_asked && now - first > 0.33)
        _exit(LN_STOPPED);
    if (!run_stop_asked)
        first = now;
    run_stop_asked = 1;
    ln_running_asked();
}

static bool is_asked(void *ctx) {
    (void)ctx;
    return run_stop_asked != 0;
}

void run_catch_signals(void) {
    ln_interrupt_by((struct ln_interrupt){is_asked, NULL});
    static const int signals[] = {SIGUSR1, SIGTERM, SIGINT};
    enum { N_SIGNALS = sizeof signals / sizeof signals[0] };
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < N_SIGNALS; i++) /* one at a time: a second kind has to find the first */
        sigaddset(&action.sa_mask, signals[i]);
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &action, NULL);
}
