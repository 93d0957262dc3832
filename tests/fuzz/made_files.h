/* Two finished results files made by linnet itself, as images in memory: of a deep network with its
 * weights, and of a diagonal one with its coefficients. */
#ifndef LINNET_TESTS_FUZZ_MADE_FILES_H
#define LINNET_TESTS_FUZZ_MADE_FILES_H

#include <stddef.h>
#include <stdint.h>

struct made {
    uint8_t *bytes;
    size_t size;
};

extern struct made made_files[2];

/* Runs both sweeps, each in a process of its own. */
void make_files(void);

/* The reader that `choice` picks on the file at path, silently; its exit code. */
int read_results(unsigned choice, unsigned point, const char *path);

#endif
