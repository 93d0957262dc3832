#include "linnet/interrupt.h"

#include "linnet/clock.h"

static const double seconds_between_questions = 2e-4;

static struct ln_interrupt current;
static bool has_cut;
static double last; /* question; 0: none yet */

struct ln_interrupt ln_interrupt_by(struct ln_interrupt interrupt) {
    struct ln_interrupt before = current;
    current = interrupt;
    has_cut = false;
    last = 0;
    return before;
}

bool ln_interrupt_is_due(void) {
    if (has_cut || !current.ask)
        return has_cut;
    double now = ln_clock();
    if (last > 0 && now - last < seconds_between_questions)
        return false;
    has_cut = current.ask(current.ctx);
    last = ln_clock();
    return has_cut;
}

bool ln_interrupt_has_cut(void) {
    return has_cut;
}
