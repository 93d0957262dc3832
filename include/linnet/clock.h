/* Time that passes. */
#ifndef LINNET_CLOCK_H
#define LINNET_CLOCK_H

/* Seconds of a clock that never goes back. Async-signal-safe. */
double ln_clock(void);

#endif
