/* What is seen of a state: observables. Each is one entry of the catalogue; the same function
 * serves the end of a run, its start and the recorded times. */
#ifndef LINNET_OBSERVE_H
#define LINNET_OBSERVE_H

#include "linnet/column.h"
#include "linnet/model.h"
#include "linnet/train.h"

/* What an observable reads of a state besides problem, run and constants: on a tiny network a
 * singular value costs more than the step, so nothing is computed that nobody asked for. */
enum ln_reads {
    LN_READS_WEIGHTS = 1, /* weights and start, and so ln_sight_net */
    LN_READS_PRODUCT = 2,
    LN_READS_SINGULAR = 4
};

/* One state of one point. Everything is row-major and borrowed. What no observable that looks
 * reads may be NULL or old. */
struct ln_sight {
    const struct ln_shape *shape;
    const struct ln_problem *problem;
    const struct ln_run *run;
    const double *weights;   /* [n_state] now */
    const double *start;     /* [n_state] at step 0 */
    const double *p;         /* end-to-end matrix [d_N x d_0] */
    const double *singular;  /* [n_modes] singular values of p, descending */
    const double *constants; /* [n_constants] of the model */
    const struct ln_point *point;
};

/* The network that is looked at. */
struct ln_net ln_sight_net(const struct ln_sight *sight);

enum { LN_MAX_JUMPS = 32 };

/* How many numbers, along which dimensions of the results file. */
enum ln_extent {
    LN_ONE,
    LN_PER_MODE,       /* min(d_in, d_out) */
    LN_PER_LAYER,      /* n_layers */
    LN_PER_PLATEAU,    /* min(modes, LN_MAX_PLATEAUS): 0, 1, ... modes learnt */
    LN_PER_INPUT,      /* d_in */
    LN_PER_WEIGHT,     /* n_weights */
    LN_PER_JUMP,       /* LN_MAX_JUMPS */
    LN_PER_JUMP_INPUT, /* LN_MAX_JUMPS x d_in */
    LN_PER_RECORD,     /* recorded steps; predictions only */
    LN_N_EXTENTS
};

/* Numbers of one point along an extent. */
int ln_extent_count(enum ln_extent extent, const struct ln_shape *shape, int n_records);

struct ln_observable {
    struct ln_entry entry; /* no parameters */
    const char *long_name, *units;
    enum ln_extent extent;
    unsigned reads;           /* enum ln_reads; 0: the run alone */
    bool on_request;          /* not among the defaults of record.final */
    bool needs_layers;        /* NaN for models without layers */
    bool needs_one_output;    /* NaN where d_out > 1 */
    bool needs_one_neuron;    /* NaN where the smallest width is more than 1 */
    int n_layers;             /* NaN at any other depth; 0: any */
    const char *model;        /* NaN for every model but this one; NULL: for any */
    bool any_state;           /* has something to say of states that are not finite too */
    const char *const *flags; /* names of the values 0, 1, ...; NULL: a number */
    int n_flags;
    bool has_start;         /* stored at step 0 too, as <name>_start; follows from the network */
    const char *final_name; /* column of the final value; NULL: the entry's name */
    void (*look)(const struct ln_sight *sight, double *out);
};

extern const struct ln_catalogue ln_observables;

/* Whether it says something about networks of the shape. */
bool ln_observable_applies(const struct ln_observable *observable, const struct ln_shape *shape);

/* out [ln_observable_count]. A state that is not finite gives NaN everywhere, any_state aside: its
 * loss shows it, or weights whose norm overflows. */
void ln_observable_look(const struct ln_observable *observable, const struct ln_sight *sight,
                        double *out);
int ln_observable_count(const struct ln_observable *observable, const struct ln_shape *shape);

#endif
