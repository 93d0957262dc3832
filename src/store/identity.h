/* What a results file is of: format, program, kind of CPU, sweep, columns. A file is resumed only
 * by a run that would write the same bytes. */
#ifndef LINNET_STORE_IDENTITY_H
#define LINNET_STORE_IDENTITY_H

#include <hdf5.h>
#include <stdbool.h>

#include "linnet/column.h"
#include "linnet/err.h"
#include "linnet/sweep.h"

enum { LN_FORMAT = 1 };

enum { LN_DIGEST_SIZE = 17 };

/* Digest of where the bytes of a row go and what they mean. */
void ln_identity_layout_digest(const struct ln_layout *layout, char hex[LN_DIGEST_SIZE]);

/* Digest of a sweep, however it is spelled. */
void ln_identity_sweep_digest(const struct ln_sweep *sweep, char hex[LN_DIGEST_SIZE]);

/* Digest of the sweep as it is spelled: the file and its overrides (or NULL). */
void ln_identity_text_digest(const char *text, size_t size, const char *overrides,
                             char hex[LN_DIGEST_SIZE]);

/* Writes the root attributes. Returns false on failure. */
bool ln_identity_put(hid_t file, const struct ln_sweep *sweep, const struct ln_layout *layout);

/* Is it a linnet file of a format we know? Errors: LN_INPUT. */
int ln_identity_check_format(hid_t file, const char *path, struct ln_err *err);

/* Is the digest in the file that of the sweep in the file? Errors: LN_INPUT. */
int ln_identity_check_digest(const char *path, const char *canonical, const char *digest,
                             struct ln_err *err);

/* Would a run of this sweep write this file? Errors: LN_INPUT, with the difference named. */
int ln_identity_check(hid_t file, const char *path, const struct ln_sweep *sweep,
                      const struct ln_layout *layout, struct ln_err *err);

/* What the two sides are called: "the file", "this sweep". */
struct ln_identity_names {
    const char *stored, *asked;
};

/* Appends what differs between two canonical texts (one "key = value" a line) to the message of
 * err. */
void ln_identity_describe(struct ln_err *err, const char *stored, const char *asked,
                          const struct ln_identity_names *names);

#endif
