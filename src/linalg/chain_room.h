/* The points in flight of one chain, and the executors that move them. */
#ifndef LINNET_LINALG_CHAIN_ROOM_H
#define LINNET_LINALG_CHAIN_ROOM_H

#include "linnet/chain.h"

struct ln_chain_room {
    const struct ln_chain *chain;
    int lanes;
    double **slot;   /* [n_slots]; weights, target and moment are borrowed during a run */
    double *memory;  /* of the others */
    bool is_current; /* they belong to the weights as they are */
};

/* One product at a time, for any number of lanes. */
void ln_chain_run_products(struct ln_chain_room *room, struct ln_steps *steps);

#endif
