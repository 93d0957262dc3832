/* A heap of numbers 0 .. n - 1 by key, the largest on top, of equal keys the smaller number. */
#ifndef LINNET_FARM_HEAP_H
#define LINNET_FARM_HEAP_H

#include <stdbool.h>

struct ln_heap {
    int n;       /* how many are in */
    int *item;   /* [n] */
    int *place;  /* [most] of a number in item; -1: not in */
    double *key; /* [most] */
};

/* Empty, with room for the numbers below `most`. false: no memory. */
bool ln_heap_init(struct ln_heap *heap, int most);
void ln_heap_clear(struct ln_heap *heap);

/* Puts a number in, or moves it to where its new key belongs. */
void ln_heap_put(struct ln_heap *heap, int number, double key);
void ln_heap_remove(struct ln_heap *heap, int number); /* if it is in */

/* The number on top; -1: empty. */
int ln_heap_top(const struct ln_heap *heap);

#endif
