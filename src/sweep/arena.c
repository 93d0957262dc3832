#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

enum { BLOCK_BYTES = 1 << 16, ALIGN = 16 };

struct ln_arena_block {
    struct ln_arena_block *before;
    size_t used, size;
    _Alignas(ALIGN) unsigned char bytes[];
};

static struct ln_arena_block *grow(struct ln_arena *arena, size_t need) {
    size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
    if (size > SIZE_MAX - sizeof(struct ln_arena_block))
        return NULL;
    struct ln_arena_block *block = calloc(1, sizeof *block + size);
    if (!block)
        return NULL;
    block->before = arena->last;
    block->size = size;
    return arena->last = block;
}

void *ln_arena_try(struct ln_arena *arena, size_t count, size_t bytes) {
    size_t need;
    if (__builtin_mul_overflow(count, bytes, &need) || need > SIZE_MAX - ALIGN)
        return NULL;
    need = (need + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct ln_arena_block *block = arena->last;
    if (!block || block->size - block->used < need)
        block = grow(arena, need);
    if (!block)
        return NULL;
    void *piece = block->bytes + block->used;
    block->used += need;
    return piece;
}

void *ln_arena_take(struct ln_arena *arena, size_t count, size_t bytes) {
    void *piece = ln_arena_try(arena, count, bytes);
    /* The last resort says in one line what is missing, and ends the process. */
    return piece ? piece : ln_linalg_alloc(count, bytes);
}

char *ln_arena_copy(struct ln_arena *arena, const char *text, size_t n) {
    char *copy = ln_arena_take(arena, n + 1, 1);
    memcpy(copy, text, n);
    return copy;
}

char *ln_arena_print(struct ln_arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = ln_arena_take(arena, (size_t)n + 1, 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void ln_arena_clear(struct ln_arena *arena) {
    while (arena->last) {
        struct ln_arena_block *before = arena->last->before;
        free(arena->last);
        arena->last = before;
    }
}
