/* The lane kernels once per instruction set. */
#ifndef LINNET_LINALG_LANES_KERNEL_H
#define LINNET_LINALG_LANES_KERNEL_H

#include "linnet/chain.h"

/* An extent cut into tiles that differ by one at most: n_big of size big, n_small of big - 1. */
struct ln_lanes_cut {
    int big, n_big, n_small;
};

/* C [m x n] = form(A, B), inner length k, or with eta C -= eta form(A, B), cut into tiles. */
struct ln_lanes_job {
    enum ln_chain_form form;
    bool descends;
    int m, n, k;
    struct ln_lanes_cut rows, cols;
    double *c;
    const double *a, *b;
};

struct ln_chain_room;

typedef void ln_lanes_lay_out(struct ln_lanes_job *job); /* fills in the cuts */
typedef void ln_lanes_product(const struct ln_lanes_job *job, const double *eta);
/* Companions, see linnet/lanes.h. */
typedef void ln_lanes_difference(double *c, const double *a, const double *b, int n);
typedef void ln_lanes_update(double *c, const double *eta, const double *a, int n);
typedef void ln_lanes_dot(double *out, const double *a, const double *b, int m, int n, int lanes);
typedef void ln_lanes_functional(double *out, const double *functional, const double *w, int n,
                                 int lanes);
/* See ln_chain_run, with the matrices in the room. */
typedef void ln_lanes_steps(struct ln_chain_room *room, struct ln_steps *steps);

struct ln_lanes_isa {
    ln_lanes_lay_out *lay_out;
    ln_lanes_product *product;
    ln_lanes_difference *difference;
    ln_lanes_update *update;
    ln_lanes_dot *half_dot;
    ln_lanes_functional *signature;
    ln_lanes_steps *steps;
};

#define LN_LANES_ISA(isa)                                                                          \
    extern const struct ln_lanes_isa ln_lanes_isa_##isa;                                           \
    ln_lanes_product ln_lanes_product_##isa;                                                       \
    ln_lanes_difference ln_lanes_difference_##isa;                                                 \
    ln_lanes_update ln_lanes_update_##isa;                                                         \
    ln_lanes_dot ln_lanes_half_dot_##isa;                                                          \
    ln_lanes_functional ln_lanes_signature_##isa;                                                  \
    ln_lanes_steps ln_lanes_steps_##isa;

LN_LANES_ISA(avx512)
LN_LANES_ISA(avx2)
LN_LANES_ISA(portable)
#undef LN_LANES_ISA

/* The one in use. */
const struct ln_lanes_isa *ln_lanes_chosen(void);

/* In LN_LANES, laid out, by the kernels; of one problem by BLAS, vectors as vectors. */
void ln_lanes_do(const struct ln_lanes_job *job, const double *eta, int lanes);

#endif
