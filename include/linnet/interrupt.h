/* Whether somebody wants this process to end what it does. Planning and the linear algebra of large
 * sizes take long and know nothing of signals or messages: they ask here now and then, and give up
 * where they are told to. What gave up has no result; whoever called it finds that out by
 * ln_interrupt_has_cut before believing any number. */
#ifndef LINNET_INTERRUPT_H
#define LINNET_INTERRUPT_H

#include <stdbool.h>

/* Whom to ask; ask NULL: nobody. ask returns true where the process is to stop. It is called in the
 * middle of computations, and must not use their results. */
struct ln_interrupt {
    bool (*ask)(void *ctx);
    void *ctx;
};

/* Sets whom to ask from now on, and forgets what was cut. Returns who was asked before. */
struct ln_interrupt ln_interrupt_by(struct ln_interrupt interrupt);

/* While held, whoever is asked may go on with what he does, but nothing gives up: for what could
 * not be made again. What was cut before is known again afterwards. */
void ln_interrupt_hold(bool hold);

/* For long loops: true means to give up. Asks at its first call and then five times a millisecond
 * at most, so it may be called every few microseconds. Once true it stays so. */
bool ln_interrupt_is_due(void);

/* Whether anything was told to give up. */
bool ln_interrupt_has_cut(void);

#endif
