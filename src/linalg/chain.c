/* The list of products of one step: matrix chain order, then one walk down the bracketing. */
#include "linnet/chain.h"

#include <stdlib.h>
#include <string.h>

#include "linnet/linalg.h"

struct builder {
    struct ln_chain *chain;
    const int *d; /* widths */
    int *cut;   /* [N][N] node (i, j) is the product of the layers i .. j; above them from cut on */
    int *value; /* [N][N] slot of its product */
    int *spare; /* temporary slots that are free again */
    int n_spares;
};

static int at(const struct builder *b, int i, int j) {
    return i * b->chain->n_layers + j;
}

/* Source: matrix chain order (Godbole 1973), layers counted from 0. Among equals the highest cut
 * wins: from right to left, as W_j P_{j-1}. */
static void find_order(struct builder *b) {
    int n = b->chain->n_layers;
    double *cost = ln_linalg_alloc((size_t)n * n, sizeof *cost);
    for (int length = 2; length <= n; length++)
        for (int i = 0; i + length <= n; i++) {
            int j = i + length - 1;
            for (int k = j; k > i; k--) { /* layers k .. j on the left, i .. k - 1 on the right */
                double all = cost[at(b, k, j)] + cost[at(b, i, k - 1)] +
                             (double)b->d[j + 1] * b->d[k] * b->d[i];
                if (k < j && !(all < cost[at(b, i, j)]))
                    continue;
                cost[at(b, i, j)] = all;
                b->cut[at(b, i, j)] = k;
            }
        }
    free(cost);
}

static int add_slot(struct builder *b, int rows, int cols) {
    struct ln_chain *chain = b->chain;
    chain->rows[chain->n_slots] = rows;
    chain->cols[chain->n_slots] = cols;
    return chain->n_slots++;
}

/* A temporary matrix: one of the same shape that is free again, or a new one. */
static int take_slot(struct builder *b, int rows, int cols) {
    for (int i = b->n_spares; i-- > 0;) {
        int slot = b->spare[i];
        if (b->chain->rows[slot] != rows || b->chain->cols[slot] != cols)
            continue;
        b->spare[i] = b->spare[--b->n_spares];
        return slot;
    }
    return add_slot(b, rows, cols);
}

/* What is made anew before it is read again: a gradient that has been handed on, or the product of
 * a node that both its children have seen. */
static void give_slot(struct builder *b, int slot) {
    b->spare[b->n_spares++] = slot;
}

static void add_op(struct builder *b, enum ln_chain_form form, bool descends, int c, int a,
                   int right) {
    struct ln_chain *chain = b->chain;
    int m = chain->rows[c], n = chain->cols[c],
        k = form == LN_CHAIN_PLAIN ? 1
            : form == LN_CHAIN_TN  ? chain->rows[a]
                                   : chain->cols[a];
    chain->ops[chain->n_ops++] = (struct ln_chain_op){form, descends, c, a, right, m, n, k};
    chain->flops += 2.0 * m * n * k + (descends && form != LN_CHAIN_PLAIN ? 2.0 * m * n : 0.0);
}

static void go_up(struct builder *b, int i, int j) {
    if (i == j) {
        b->value[at(b, i, j)] = i;
        return;
    }
    int k = b->cut[at(b, i, j)];
    go_up(b, i, k - 1);
    go_up(b, k, j);
    int c = add_slot(b, b->d[j + 1], b->d[i]);
    b->value[at(b, i, j)] = c;
    add_op(b, LN_CHAIN_NN, false, c, b->value[at(b, k, j)], b->value[at(b, i, k - 1)]);
}

/* `down` holds dC of the node (i, j). Both children are asked for their old values before either is
 * moved; of two layers the lower one waits with its gradient in a temporary. */
static void go_down(struct builder *b, int i, int j, int down) {
    if (i == j) {
        add_op(b, LN_CHAIN_PLAIN, true, i, down, down);
        return;
    }
    int k = b->cut[at(b, i, j)], left = b->value[at(b, k, j)], right = b->value[at(b, i, k - 1)];
    bool left_is_layer = k == j, right_is_layer = i == k - 1;
    int left_down = -1, right_down = -1;
    if (!right_is_layer || left_is_layer) {
        right_down = take_slot(b, b->chain->rows[right], b->chain->cols[right]);
        add_op(b, LN_CHAIN_TN, false, right_down, left, down);
    }
    if (left_is_layer) {
        add_op(b, LN_CHAIN_NT, true, left, down, right);
    } else {
        left_down = take_slot(b, b->chain->rows[left], b->chain->cols[left]);
        add_op(b, LN_CHAIN_NT, false, left_down, down, right);
    }
    if (right_is_layer && !left_is_layer)
        add_op(b, LN_CHAIN_TN, true, right, left, down);
    give_slot(b, down);
    if (!left_is_layer)
        give_slot(b, left);
    if (!right_is_layer)
        give_slot(b, right);
    if (right_down >= 0)
        go_down(b, i, k - 1, right_down);
    if (left_down >= 0)
        go_down(b, k, j, left_down);
}

static void add_named_slots(struct builder *b) {
    struct ln_chain *chain = b->chain;
    int n = chain->n_layers, d_in = b->d[0], d_out = b->d[n];
    for (int j = 1; j <= n; j++)
        add_slot(b, b->d[j], b->d[j - 1]);
    chain->target = add_slot(b, d_out, d_in);
    chain->moment = chain->has_moment ? add_slot(b, d_in, d_in) : -1;
}

/* P - Phi takes the place of P, unless that is a layer or kept. */
static void add_error_slots(struct builder *b) {
    struct ln_chain *chain = b->chain;
    int rows = chain->rows[chain->target], cols = chain->cols[chain->target];
    bool replaces = chain->n_layers > 1 && !chain->keeps_product;
    chain->delta = replaces ? chain->product : add_slot(b, rows, cols);
    chain->error = chain->has_moment ? add_slot(b, rows, cols) : chain->delta;
    if (chain->has_moment)
        give_slot(b, chain->delta);
}

struct ln_chain *ln_chain_create(const int *widths, int n_layers, bool has_moment,
                                 bool keeps_product) {
    struct ln_chain *chain = ln_linalg_alloc(1, sizeof *chain);
    size_t n = (size_t)n_layers, most = 6 * n + 8;
    chain->n_layers = n_layers;
    chain->has_moment = has_moment;
    chain->keeps_product = keeps_product;
    chain->rows = ln_linalg_alloc(most, sizeof(int));
    chain->cols = ln_linalg_alloc(most, sizeof(int));
    chain->ops = ln_linalg_alloc(4 * n, sizeof *chain->ops);
    struct builder b = {.chain = chain, .d = widths};
    b.cut = ln_linalg_alloc(n * n, sizeof(int));
    b.value = ln_linalg_alloc(n * n, sizeof(int));
    b.spare = ln_linalg_alloc(most, sizeof(int));
    add_named_slots(&b);
    find_order(&b);
    go_up(&b, 0, n_layers - 1);
    chain->product = b.value[at(&b, 0, n_layers - 1)];
    chain->n_forward = chain->n_ops;
    add_error_slots(&b);
    go_down(&b, 0, n_layers - 1, chain->error);
    double ends = (double)widths[0] * widths[n_layers];
    chain->flops += 3.0 * ends + (has_moment ? 2.0 * ends * widths[0] : 0.0);
    free(b.spare);
    free(b.value);
    free(b.cut);
    return chain;
}

void ln_chain_free(struct ln_chain *chain) {
    if (!chain)
        return;
    free(chain->rows);
    free(chain->cols);
    free(chain->ops);
    free(chain);
}
