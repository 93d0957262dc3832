/* What kernels are told about a chain: its products with their places and tiles. */
#include "chain_room.h"

/* d where every matrix is d x d and the products come one layer after the other, as the kernels of
 * constant size take them; else 0. */
static int square_size(const struct ln_chain *chain) {
    int d = chain->rows[0];
    for (int s = 0; s < chain->n_slots; s++)
        if (chain->rows[s] != d || chain->cols[s] != d)
            return 0;
    for (int i = 0; i < chain->n_forward; i++)
        if (chain->ops[i].a != i + 1)
            return 0;
    for (int i = chain->n_forward; i < chain->n_ops; i++) {
        bool is_update = (i - chain->n_forward) % 2 == 1 || i + 1 == chain->n_ops;
        if (chain->ops[i].descends != is_update)
            return 0;
    }
    return d;
}

static struct ln_lanes_job job_of(const struct ln_chain_room *room, const struct ln_chain_op *op) {
    return (struct ln_lanes_job){.form = op->form,
                                 .descends = op->descends,
                                 .m = op->m,
                                 .n = op->n,
                                 .k = op->k,
                                 .c = room->slot[op->c],
                                 .a = room->slot[op->a],
                                 .b = room->slot[op->b]};
}

void ln_chain_lay_out(struct ln_chain_room *room) {
    const struct ln_chain *chain = room->chain;
    int m = chain->rows[chain->target], n = chain->cols[chain->target], n_jobs = chain->n_ops;
    for (int i = 0; i < chain->n_ops; i++)
        room->jobs[i] = job_of(room, &chain->ops[i]);
    if (chain->has_moment) {
        struct ln_chain_op op = {LN_CHAIN_NN, false, chain->error, chain->delta, chain->moment, m,
                                 n,           n};
        room->jobs[n_jobs++] = job_of(room, &op);
    }
    for (int i = 0; room->lanes == LN_LANES && i < n_jobs; i++)
        ln_lanes_chosen()->lay_out(&room->jobs[i]);
    room->square = square_size(chain);
}
