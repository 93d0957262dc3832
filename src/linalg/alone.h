/* One point of a chain on its own: private matrices, row by row, the leading dimension rounded up
 * to whole vectors. Padded columns are +0 at all times: products mask their last vector, so Inf and
 * NaN stay where they are. The kernel (chain_alone.c) is compiled once per instruction set. */
#ifndef LINNET_LINALG_ALONE_H
#define LINNET_LINALG_ALONE_H

#include "linnet/chain.h"

enum { LN_ALONE_PAD = 8 }; /* doubles */

struct ln_alone_slot {
    double *at;
    int rows, cols, ld;
};

/* C [m x n] = A B, or C -= eta A B; A(i, p) at a[i * a_row + p * a_col], B row by row, of the form
 * NT B^T. In panels of whole vectors (n_wide of vectors + 1, then of vectors), each in n_tall tiles
 * of rows_short + 1 rows and then tiles of rows_short rows. */
struct ln_alone_product {
    enum ln_chain_form form;
    bool descends;
    double *c;
    const double *a, *b;
    double *scratch; /* a panel of B */
    long ldc, a_row, a_col, ldb, m, n, k;
    int n_panels, n_wide, vectors, n_tall, rows_short;
    bool is_spread; /* a panel of B is copied to where its rows are close */
};

struct ln_alone {
    const struct ln_chain *chain;
    bool is_turned;             /* every matrix is stored transposed: few columns, many rows */
    bool is_current;            /* all slots belong to the weights as they are */
    struct ln_alone_slot *slot; /* [n_slots] */
    struct ln_alone_product *ops, error;
    int n_weights;
    double *memory, *panel, *flat; /* scratch: a panel of B; the weights in order */
};

struct ln_alone *ln_alone_create(const struct ln_chain *chain);
void ln_alone_free(struct ln_alone *alone);

/* Lane `lane` of lane-packed arrays, see ln_chain_run; moment may be NULL where there is none. */
void ln_alone_load(struct ln_alone *alone, const double *weights, const double *target,
                   const double *moment, int lanes, int lane);
void ln_alone_store(const struct ln_alone *alone, double *weights, int lanes, int lane);

/* The weights in their order, into alone->flat. */
void ln_alone_flatten(const struct ln_alone *alone);

/* Takes steps for this one lane as ln_chain_run does; returns their number. */
int64_t ln_alone_run(struct ln_alone *alone, struct ln_steps *steps, int lane);

/* The kernel. plan: how a product is cut into tiles, once. */
struct ln_alone_isa {
    void (*plan)(struct ln_alone_product *product);
    int64_t (*run)(struct ln_alone *alone, struct ln_steps *steps, int lane);
};

extern const struct ln_alone_isa ln_alone_isa_avx512, ln_alone_isa_avx2, ln_alone_isa_portable;

#endif
