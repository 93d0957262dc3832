/* When the wall time of this process ends: asked for, or told by Slurm. */
#ifndef LINNET_CLI_DEADLINE_H
#define LINNET_CLI_DEADLINE_H

#include <stdbool.h>

/* What to write instead of a duration that is none. */
#define DEADLINE_FORMS "3:55:00, 1-12:00:00, 90min, 4h, 3600s, or a number of minutes"

/* Seconds of "3:55:00", "90", "30:00", "1-12", "1-12:30:00" (as Slurm reads them: a bare number is
 * minutes), "90min", "3600s", "4h", "1.5d". false: it is none of these, or no sensible time. */
bool deadline_read_duration(const char *text, double *seconds);

/* Unix time of "2026-11-21T14:03:10", in local time as squeue writes it, or of digits alone. false:
 * it says nothing ("N/A", "Unknown"). */
bool deadline_read_time(const char *text, double *time);

/* The end of the Slurm job that this process is part of, unix seconds; 0: there is no job, or it
 * has no end. Asks SLURM_JOB_END_TIME, else squeue, which may take ten seconds: before MPI is up,
 * on one process. */
double deadline_of_job(void);

#endif
