/* Every message of the farm. They travel on a communicator of the farm's own.
 *
 *   worker -> rank 0   ASK       wants points; carries what was finished since the last message
 *   rank 0 -> worker   GRANT     the answer: a range of the plan and the factor of its group
 *   worker -> rank 0   FAREWELL  will send nothing more; carries the rest and how it ended
 *   worker -> rank 0   REASON    only after a FAREWELL that tells of an error: its message
 *   rank 0 -> worker   HALT      stop soon, or the answer to a FAREWELL; empty
 *   worker -> rank 0   SIGNAL    was asked to stop after its FAREWELL; empty
 *
 * The first grant of every rank needs no ASK: rank 0 deals them all out in one MPI_Scatter.
 *
 * No message is in flight when ln_pump_leave returns, unless the error is fatal and the run
 * aborted.
 *
 * A worker has at most one ASK under way and takes its GRANT before it asks again or says FAREWELL;
 * rank 0 answers every ASK, also after a stop. So all ASKs and GRANTs are received before the
 * FAREWELL is sent.
 *
 * A worker sends one FAREWELL (and its REASON), and rank 0 stays until it has received it from
 * every worker. Rank 0 sends each worker one HALT: at a stop, or at its FAREWELL if there was none
 * before. The worker stays until it has received it.
 *
 * A worker that has said FAREWELL waits for the verdict of rank 0, and while it waits it may send
 * one SIGNAL. After the verdict all add up how many SIGNALs there were, and rank 0 receives those
 * it has not seen; only then does anybody wait for a SIGNAL to have been sent.
 *
 * No one blocks for ever in a send, even if every send waited for its receive: a worker sends only
 * while rank 0 serves or is about to, rank 0 sends a GRANT only to a worker that waits for it, and
 * it does not wait for a HALT to arrive until every FAREWELL is in. */
#ifndef LINNET_FARM_MESSAGE_H
#define LINNET_FARM_MESSAGE_H

#include "linnet/tally.h"

#include "report.h"

enum ln_tag {
    LN_TAG_ASK = 1,
    LN_TAG_GRANT,
    LN_TAG_FAREWELL,
    LN_TAG_REASON,
    LN_TAG_HALT,
    LN_TAG_SIGNAL
};

/* Words of ASK and FAREWELL: doubles, in which counts up to 2^53 are exact. */
enum ln_word {
    LN_WORD_KIND, /* ASK: the wish. FAREWELL: the status */
    LN_WORD_LANE_STEPS,
    LN_WORD_BUSY_STEPS,
    LN_WORD_REFUSED,
    LN_WORD_SILENCE,
    LN_WORD_LABELS,
    LN_WORD_PARTS = LN_WORD_LABELS + LN_MAX_LABELS,
    LN_N_WORDS = LN_WORD_PARTS + LN_REPORT_PARTS * LN_N_PART_WORDS
};

/* Words of a grant. */
enum ln_grant_word {
    LN_GRANT_FIRST,
    LN_GRANT_COUNT,
    LN_GRANT_FACTOR,
    LN_GRANT_REST,
    LN_N_GRANT_WORDS
};

#endif
