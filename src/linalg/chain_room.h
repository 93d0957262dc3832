/* The points in flight of one chain, and the executors that move them. */
#ifndef LINNET_LINALG_CHAIN_ROOM_H
#define LINNET_LINALG_CHAIN_ROOM_H

#include <stddef.h>

#include "alone.h"
#include "lanes_kernel.h"

struct ln_chain_room {
    const struct ln_chain *chain;
    int lanes;
    double **slot;   /* [n_slots]; weights, target and moment are borrowed during a run */
    double *memory;  /* of the others */
    bool is_current; /* they belong to the weights as they are */
    /* The products, [n_ops], and the one with M. */
    struct ln_lanes_job *jobs;
    int square;                       /* the size of all matrices of a square chain; else 0 */
    int n_weights;                    /* of one lane */
    struct ln_alone *alone[LN_LANES]; /* points on their own, by lane; made when first needed */
    int most_alone;                   /* so many busy lanes are faster one by one */
    unsigned unsettled;               /* bit l: the weights of lane l are in alone[l] only ... */
    double *weights;                  /* ... and belong here */
};

/* Numbers of one lane. */
static inline size_t ln_chain_slot_size(const struct ln_chain *chain, int slot) {
    return (size_t)chain->rows[slot] * chain->cols[slot];
}

/* Says where weights, target and moment are. */
void ln_chain_bind(struct ln_chain_room *room, double *weights, const double *target,
                   const double *moment);
/* They are others than before. */
void ln_chain_lay_out(struct ln_chain_room *room);

/* One product at a time, for any number of lanes. */
void ln_chain_run_products(struct ln_chain_room *room, struct ln_steps *steps);

#endif
