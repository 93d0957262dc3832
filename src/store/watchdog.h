/* An end to a call that may wait for ever: MPI opens a file together, and where one rank fails in
 * the midst of it the others, or all, never come back. */
#ifndef LINNET_STORE_WATCHDOG_H
#define LINNET_STORE_WATCHDOG_H

/* Unless it is stopped within some minutes the process ends with one line that names path, and exit
 * code 1; rank 0 first, so that its line is the only one. One at a time. */
void ln_watchdog_start(const char *path, int rank);
void ln_watchdog_stop(void);

#endif
