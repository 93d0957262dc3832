#include "linnet/work.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

#if defined(__SANITIZE_ADDRESS__)
#define CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED 1
#endif
#endif

/* Blocks above KEPT numbers are given back with what they held. */
enum { MOST_BLOCKS = 48, FIRST = 1 << 14, KEPT = 1 << 20 };

/* Blocks never move: each is at least twice the one before. The height counts numbers over all
 * blocks, what is left over at the end of a full one included. */
static struct {
    double *at[MOST_BLOCKS];
    size_t first[MOST_BLOCKS + 1]; /* height at which a block begins */
    int n_blocks, block;           /* block: the one with the top */
    size_t height;
} stack;

size_t ln_work_mark(void) {
    return stack.height;
}

#ifdef CHECKED
/* Under the address sanitizer every piece is one of malloc's, so that a step over its end shows. */
static struct {
    double *at;
    size_t height;
} pieces[4096];
static int n_pieces;

double *ln_work_take(size_t n) {
    double *at = ln_linalg_alloc(n, sizeof *at);
    if (n_pieces == sizeof pieces / sizeof pieces[0])
        abort();
    pieces[n_pieces].at = at;
    pieces[n_pieces++].height = stack.height++;
    return at;
}

void ln_work_release(size_t mark) {
    while (n_pieces > 0 && pieces[n_pieces - 1].height >= mark)
        free(pieces[--n_pieces].at);
    stack.height = mark;
}
#else
static size_t size_of(int block) {
    return stack.first[block + 1] - stack.first[block];
}

static void add_block(size_t n) {
    int block = stack.n_blocks++;
    size_t size = block ? 2 * size_of(block - 1) : FIRST;
    while (block && size < n)
        size *= 2;
    if (stack.n_blocks > MOST_BLOCKS)
        abort();
    stack.at[block] = ln_linalg_alloc(size, sizeof(double));
    stack.first[block + 1] = stack.first[block] + size;
}

double *ln_work_take(size_t n) {
    size_t rounded = (n + 7) & ~(size_t)7;
    if (stack.n_blocks == 0)
        add_block(FIRST);
    while (stack.height + rounded > stack.first[stack.block + 1]) {
        if (stack.block + 1 == stack.n_blocks)
            add_block(rounded);
        stack.height = stack.first[++stack.block];
    }
    stack.height += rounded;
    return stack.at[stack.block] + (stack.height - rounded - stack.first[stack.block]);
}

void ln_work_release(size_t mark) {
    stack.height = mark;
    while (stack.block > 0 && mark < stack.first[stack.block])
        stack.block--;
    while (stack.n_blocks - 1 > stack.block && size_of(stack.n_blocks - 1) > KEPT)
        free(stack.at[--stack.n_blocks]);
}
#endif

double *ln_work_zeros(size_t n) {
    return memset(ln_work_take(n), 0, n * sizeof(double));
}

_Static_assert(sizeof(void *) <= sizeof(double), "a stack of numbers holds pointers");

void *ln_work_pointers(size_t n) {
    return ln_work_take(n);
}
