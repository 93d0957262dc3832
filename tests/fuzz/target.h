/* What the targets share: a folder in memory, files in it, silence. */
#ifndef LINNET_TESTS_FUZZ_TARGET_H
#define LINNET_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The path of a file of that name in a folder of this process; removed when it ends. Good until the
 * fourth call from here. */
const char *scratch_path(const char *name);
void scratch_write(const char *path, const void *data, size_t size);

/* What commands print goes nowhere: stdout, and stderr between the two calls. */
void silence_begin(void);
void silence_end(void);

#endif
