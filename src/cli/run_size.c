/* Whether the results of a large sweep have room, before the time is taken to plan it. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "linnet/engine.h"
#include "run.h"

/* Smaller sweeps are planned in less than a second, and the space is asked for when the file is
 * made. */
enum { MANY_CELLS = 200000 };

/* Of a file that was not finished, and makes room for the next. */
static double bytes_given_up(const char *output) {
    struct stat info;
    char name[PATH_MAX];
    bool is_there = snprintf(name, sizeof name, "%s.tmp", output) < (int)sizeof name &&
                    lstat(name, &info) == 0 && S_ISREG(info.st_mode);
    return is_there ? 512.0 * (double)info.st_blocks : 0;
}

/* Bytes left where the output is to be; negative: not known. */
static double bytes_left(const char *output) {
    struct statvfs disk;
    char *copy = strdup(output);
    bool is_known = copy && statvfs(dirname(copy), &disk) == 0;
    free(copy);
    return is_known ? (double)disk.f_bavail * (double)disk.f_frsize + bytes_given_up(output) : -1;
}

int run_check_size(const struct run_job *job, struct ln_err *err) {
    int64_t n_cells = ln_sweep_n_cells(job->sweep);
    size_t row_bytes;
    char needs[32], has[32];
    if (job->rank != 0 || job->is_there || n_cells < MANY_CELLS)
        return LN_OK;
    int status = ln_engine_least_row(job->sweep, &row_bytes, err);
    double left = bytes_left(job->output), size = (double)n_cells * (double)row_bytes;
    if (status != LN_OK || left < 0 || size <= left)
        return status;
    cli_bytes(size, needs);
    cli_bytes(left, has);
    ln_err_key(err, "axes",
               "the axes span %lld cells, for which %s needs %s at least, and the disk has %s left "
               "for all; make the axes coarser, record less, or choose another place",
               (long long)n_cells, job->output, needs, has);
    return ln_sweep_locate(job->sweep, err);
}
