/* Work numbers that are given back together: a stack, so that a look at a tiny network costs no
 * call of malloc. One stack a process (linnet runs one thread a rank).
 *
 *     size_t mark = ln_work_mark();
 *     double *x = ln_work_take(n);
 *     ...
 *     ln_work_release(mark);
 *
 * Every function releases what it took before it returns. */
#ifndef LINNET_WORK_H
#define LINNET_WORK_H

#include <stddef.h>

/* The height of the stack. */
size_t ln_work_mark(void);

/* n numbers on top, 64-byte aligned, of any value or zero; they stay in place until the mark is
 * released. End the process with a message where there is no memory. */
double *ln_work_take(size_t n);
double *ln_work_zeros(size_t n);

/* The same as room for n pointers. */
void *ln_work_pointers(size_t n);

/* Gives back everything taken since the mark. */
void ln_work_release(size_t mark);

#endif
