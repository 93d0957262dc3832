/* A results file whose rows go into another one: read-only, plain bytes. */
#ifndef LINNET_STORE_SOURCE_H
#define LINNET_STORE_SOURCE_H

#include "rows.h"

struct ln_source {
    const char *path; /* borrowed */
    int fd;
    int64_t size;
    struct ln_rows rows;
    char *program, *cpu_kind, *sweep_digest, *layout_digest; /* root attributes; "": not there */
    char *title, *text, *overrides, *canonical;
};

/* Errors: LN_INPUT (not there, not a linnet file, of another format, damaged). */
int ln_source_open(struct ln_source *source, const char *path, struct ln_err *err);

/* Are the metadata what was written? Errors: LN_INPUT. */
int ln_source_check(const struct ln_source *source, struct ln_err *err);

void ln_source_close(struct ln_source *source);

#endif
