/* qsort that can be interrupted. */
#ifndef LINNET_SWEEP_SORT_H
#define LINNET_SWEEP_SORT_H

#include <stdbool.h>
#include <stddef.h>

/* Sorts n items of `size` bytes; no two may compare equal. Returns false where it was interrupted
 * (interrupt.h): the items are all there then, in some order. */
bool ln_sort(void *items, size_t n, size_t size, int (*compare)(const void *, const void *));

#endif
