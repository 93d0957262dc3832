#include "linnet/interrupt.h"

#include "linnet/clock.h"

static const double seconds_between_questions = 2e-4;

static struct ln_interrupt current;
static bool has_cut, is_held;
static double last; /* question; 0: none yet */

struct ln_interrupt ln_interrupt_by(struct ln_interrupt interrupt) {
    struct ln_interrupt before = current;
    current = interrupt;
    has_cut = false;
    last = 0;
    return before;
}

void ln_interrupt_hold(bool hold) {
    if (is_held && !hold)
        last = 0;
    is_held = hold;
}

bool ln_interrupt_is_due(void) {
    if (ln_interrupt_has_cut() || !current.ask)
        return ln_interrupt_has_cut();
    double now = ln_clock();
    if (last > 0 && now - last < seconds_between_questions)
        return false;
    has_cut |= current.ask(current.ctx) && !is_held;
    last = ln_clock();
    return ln_interrupt_has_cut();
}

bool ln_interrupt_has_cut(void) {
    return has_cut && !is_held;
}
