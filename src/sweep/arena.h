/* Memory of one sweep: taken piece by piece, given back all at once. */
#ifndef LINNET_SWEEP_ARENA_H
#define LINNET_SWEEP_ARENA_H

#include <stddef.h>

struct ln_arena {
    struct ln_arena_block *last;
};

/* Zeroed memory, aligned for any type. Never NULL: a machine that cannot hold the small tables of a
 * sweep file ends the program before anything was touched. */
void *ln_arena_take(struct ln_arena *arena, size_t count, size_t bytes);

/* Same for what may be large (matrices, axes): NULL when there is no memory. */
void *ln_arena_try(struct ln_arena *arena, size_t count, size_t bytes);

/* A copy of n characters with a closing zero. */
char *ln_arena_copy(struct ln_arena *arena, const char *text, size_t n);

/* printf into the arena. */
char *ln_arena_print(struct ln_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void ln_arena_clear(struct ln_arena *arena);

#endif
