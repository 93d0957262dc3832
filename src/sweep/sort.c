/* Blocks are sorted by the library, and merged here. */
#include "sort.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/interrupt.h"

enum { BLOCK = 1 << 15 };

struct run {
    const char *at, *end;
};

static void merge(char *to, struct run a, struct run b, size_t size,
                  int (*compare)(const void *, const void *)) {
    for (; a.at < a.end && b.at < b.end; to += size) {
        struct run *first = compare(a.at, b.at) <= 0 ? &a : &b;
        memcpy(to, first->at, size);
        first->at += size;
    }
    struct run *rest = a.at < a.end ? &a : &b;
    memcpy(to, rest->at, (size_t)(rest->end - rest->at));
}

/* Runs of `length` bytes become runs of twice that; false: `to` is not complete. */
static bool merge_all(char *to, const char *from, size_t bytes, size_t length, size_t size,
                      int (*compare)(const void *, const void *)) {
    for (size_t at = 0; at < bytes; at += 2 * length) {
        size_t middle = at + length < bytes ? at + length : bytes;
        size_t end = middle + length < bytes ? middle + length : bytes;
        if (ln_interrupt_is_due())
            return false;
        merge(to + at, (struct run){from + at, from + middle},
              (struct run){from + middle, from + end}, size, compare);
    }
    return true;
}

bool ln_sort(void *items, size_t n, size_t size, int (*compare)(const void *, const void *)) {
    char *from = items;
    size_t bytes = n * size, block = BLOCK * size;
    for (size_t at = 0; at < n; at += BLOCK) {
        if (ln_interrupt_is_due())
            return false;
        qsort(from + at * size, n - at < BLOCK ? n - at : BLOCK, size, compare);
    }
    if (n <= BLOCK)
        return true;
    char *spare = malloc(bytes), *to = spare;
    if (!spare) { /* in place, and nobody is asked until it is done */
        qsort(items, n, size, compare);
        return true;
    }
    bool is_done = true;
    for (size_t length = block; length < bytes && is_done; length *= 2) {
        is_done = merge_all(to, from, bytes, length, size, compare);
        char *swap = from;
        from = is_done ? to : from;
        to = is_done ? swap : to;
    }
    if (from != items)
        memcpy(items, from, bytes);
    free(spare);
    return is_done;
}
