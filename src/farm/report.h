/* What a worker has finished and not yet told rank 0. */
#ifndef LINNET_FARM_REPORT_H
#define LINNET_FARM_REPORT_H

#include "linnet/tally.h"
#include "linnet/train.h"

/* Between two messages of a worker at most one new grant comes to its turn, so the points it
 * finishes are of two groups at most. */
enum { LN_REPORT_PARTS = 2 };

struct ln_report {
    int n_parts;
    struct {
        int group;
        struct ln_tally tally;
    } parts[LN_REPORT_PARTS];
    int64_t labels[LN_MAX_LABELS]; /* by label */
    struct ln_train_use use;       /* of the lanes; with the last report of a rank */
    int64_t n_refused;             /* parked points that could not go on */
    double silence;                /* longest time in which this rank did not listen */
};

/* Counts a finished point; label < 0: it has none. earlier: what earlier runs have spent of actual.
 */
void ln_report_point(struct ln_report *report, int group, double predicted, double actual,
                     double earlier, int label);

/* A part as words: doubles, in which counts up to 2^53 are exact. */
enum { LN_N_PART_WORDS = 8 };

/* words [LN_REPORT_PARTS * LN_N_PART_WORDS]; a part that is not there has no points. */
void ln_report_pack(const struct ln_report *report, double *words);
void ln_report_unpack(struct ln_report *report, const double *words);

#endif
