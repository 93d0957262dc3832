/* What a run holds of parked points, and the writing of the next file. */
#ifndef LINNET_STORE_PARKED_WRITE_H
#define LINNET_STORE_PARKED_WRITE_H

#include <mpi.h>

#include "linnet/parked.h"
#include "parked_file.h"

/* Bytes or entries of one message. */
enum { LN_PARKED_PIECE = 1 << 20 };

struct ln_parked {
    MPI_Comm comm;
    int rank;
    char *path;
    char identity[LN_PARKED_IDENTITY];
    struct ln_parked_file file;   /* the one that was there: the same entries on all ranks */
    int64_t n_found;              /* rank 0: its records, those of no use included */
    bool was_there;               /* rank 0: and is removed when nothing is parked */
    uint8_t *is_bad, *is_settled; /* [file.n]; settled: finished or parked anew, on this rank */
    int64_t n_kept;
    struct ln_parked_kept {
        struct ln_parked_entry entry;
        unsigned char *bytes;
    } * kept;             /* [n_kept] */
    unsigned char *bytes; /* [room] */
    int64_t room;
};

#endif
