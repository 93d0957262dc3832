/* Layout and packing of a point on its own. */
#include "alone.h"

#include <stdlib.h>
#include <string.h>

#include "lanes_kernel.h"
#include "linnet/linalg.h"

enum { WIDEST_PANEL = 24 }; /* columns */

static const struct ln_alone_isa *isa(void) {
    static const struct ln_alone_isa *const isas[LN_LANES_N_SETS] = {
        &ln_alone_isa_avx512, &ln_alone_isa_avx2, &ln_alone_isa_portable};
    return isas[ln_lanes_set()];
}

static int padded(int n) {
    return (n + LN_ALONE_PAD - 1) / LN_ALONE_PAD * LN_ALONE_PAD;
}

/* Rows at a distance of a multiple of 512 bytes would share few sets of the cache. */
static int leading(int cols) {
    return padded(cols) % 64 == 0 ? padded(cols) + LN_ALONE_PAD : padded(cols);
}

/* (A B)^T = B^T A^T: over transposed matrices the same list of products, mirrored. */
static struct ln_chain_op mirrored(struct ln_chain_op op) {
    enum ln_chain_form form = op.form == LN_CHAIN_TN   ? LN_CHAIN_NT
                              : op.form == LN_CHAIN_NT ? LN_CHAIN_TN
                                                       : op.form;
    return (struct ln_chain_op){form, op.descends, op.c, op.b, op.a, op.n, op.m, op.k};
}

/* Vectors run along a row. Few columns and many rows: they are better run along a column. Up to 8
 * columns, each is a class of ln_lanes_half_dot of its own, and E can be summed either way. */
static bool is_better_turned(const struct ln_chain *chain) {
    double along = 0, across = 0;
    for (int i = 0; i < chain->n_ops; i++) {
        const struct ln_chain_op *op = &chain->ops[i];
        along += (double)op->m * padded(op->n) * op->k;
        across += (double)padded(op->m) * op->n * op->k;
    }
    return chain->cols[chain->target] <= LN_ALONE_PAD && across < 0.8 * along;
}

static struct ln_alone_product product_of(const struct ln_alone *alone, struct ln_chain_op op) {
    if (alone->is_turned)
        op = mirrored(op);
    const struct ln_alone_slot *c = &alone->slot[op.c], *a = &alone->slot[op.a],
                               *b = &alone->slot[op.b];
    struct ln_alone_product product = {.form = op.form,
                                       .descends = op.descends,
                                       .c = c->at,
                                       .a = a->at,
                                       .b = b->at,
                                       .scratch = alone->panel,
                                       .ldc = c->ld,
                                       .a_row = op.form == LN_CHAIN_TN ? 1 : a->ld,
                                       .a_col = op.form == LN_CHAIN_TN ? a->ld : 1,
                                       .ldb = b->ld,
                                       .m = op.m,
                                       .n = op.n,
                                       .k = op.k};
    isa()->plan(&product);
    return product;
}

/* Rows are padded too: a transposition goes by whole blocks. */
static void lay_out(struct ln_alone *alone) {
    const struct ln_chain *chain = alone->chain;
    size_t size = 0;
    int longest = 0;
    for (int s = 0; s < chain->n_slots; s++) {
        struct ln_alone_slot *slot = &alone->slot[s];
        slot->rows = alone->is_turned ? chain->cols[s] : chain->rows[s];
        slot->cols = alone->is_turned ? chain->rows[s] : chain->cols[s];
        slot->ld = leading(slot->cols);
        size += (size_t)padded(slot->rows) * slot->ld;
        longest = slot->rows > longest ? slot->rows : longest;
        longest = slot->cols > longest ? slot->cols : longest;
        alone->n_weights += s < chain->n_layers ? slot->rows * slot->cols : 0;
    }
    double *next = alone->memory = ln_linalg_alloc(size, sizeof(double));
    for (int s = 0; s < chain->n_slots; s++) {
        alone->slot[s].at = next;
        next += (size_t)padded(alone->slot[s].rows) * alone->slot[s].ld;
    }
    alone->panel = ln_linalg_alloc((size_t)padded(longest) * WIDEST_PANEL, sizeof(double));
    alone->flat = ln_linalg_alloc(alone->n_weights, sizeof(double));
}

struct ln_alone *ln_alone_create(const struct ln_chain *chain) {
    struct ln_alone *alone = ln_linalg_alloc(1, sizeof *alone);
    alone->chain = chain;
    alone->is_turned = is_better_turned(chain);
    alone->slot = ln_linalg_alloc(chain->n_slots, sizeof *alone->slot);
    alone->ops = ln_linalg_alloc(chain->n_ops, sizeof *alone->ops);
    lay_out(alone);
    for (int i = 0; i < chain->n_ops; i++)
        alone->ops[i] = product_of(alone, chain->ops[i]);
    if (chain->has_moment) {
        int m = chain->rows[chain->target], n = chain->cols[chain->target];
        alone->error =
            product_of(alone, (struct ln_chain_op){LN_CHAIN_NN, false, chain->error, chain->delta,
                                                   chain->moment, m, n, n});
    }
    return alone;
}

void ln_alone_free(struct ln_alone *alone) {
    if (!alone)
        return;
    free(alone->flat);
    free(alone->panel);
    free(alone->memory);
    free(alone->ops);
    free(alone->slot);
    free(alone);
}

/* Between a slot and lane `lane` of a lane-packed matrix. */
static size_t load_slot(const struct ln_alone *alone, int s, const double *from, int lanes,
                        int lane) {
    const struct ln_alone_slot *slot = &alone->slot[s];
    int down = alone->is_turned ? 1 : slot->cols, right = alone->is_turned ? slot->rows : 1;
    for (int i = 0; i < slot->rows; i++)
        for (int j = 0; j < slot->cols; j++)
            slot->at[(size_t)i * slot->ld + j] =
                from[((size_t)i * down + (size_t)j * right) * lanes + lane];
    return (size_t)slot->rows * slot->cols;
}

static size_t store_slot(const struct ln_alone *alone, int s, double *to, int lanes, int lane) {
    const struct ln_alone_slot *slot = &alone->slot[s];
    int down = alone->is_turned ? 1 : slot->cols, right = alone->is_turned ? slot->rows : 1;
    for (int i = 0; i < slot->rows; i++)
        if (lanes == 1 && !alone->is_turned)
            memcpy(to + (size_t)i * down, slot->at + (size_t)i * slot->ld,
                   (size_t)slot->cols * sizeof *to);
        else
            for (int j = 0; j < slot->cols; j++)
                to[((size_t)i * down + (size_t)j * right) * lanes + lane] =
                    slot->at[(size_t)i * slot->ld + j];
    return (size_t)slot->rows * slot->cols;
}

void ln_alone_load(struct ln_alone *alone, const double *weights, const double *target,
                   const double *moment, int lanes, int lane) {
    const struct ln_chain *chain = alone->chain;
    for (int j = 0; j < chain->n_layers; j++)
        weights += load_slot(alone, j, weights, lanes, lane) * lanes;
    load_slot(alone, chain->target, target, lanes, lane);
    if (chain->has_moment)
        load_slot(alone, chain->moment, moment, lanes, lane);
    alone->is_current = false;
}

void ln_alone_store(const struct ln_alone *alone, double *weights, int lanes, int lane) {
    for (int j = 0; j < alone->chain->n_layers; j++)
        weights += store_slot(alone, j, weights, lanes, lane) * lanes;
}

void ln_alone_flatten(const struct ln_alone *alone) {
    ln_alone_store(alone, alone->flat, 1, 0);
}

int64_t ln_alone_run(struct ln_alone *alone, struct ln_steps *steps, int lane) {
    int64_t taken = isa()->run(alone, steps, lane);
    alone->is_current = true;
    return taken;
}
