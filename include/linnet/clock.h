/* Time that passes. */
#ifndef LINNET_CLOCK_H
#define LINNET_CLOCK_H

/* Seconds of a clock that never goes back. Async-signal-safe. */
double ln_clock(void);

/* Seconds this thread has computed: what the machine does to others besides is not in it. */
double ln_clock_work(void);

#endif
