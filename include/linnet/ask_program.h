/* A question to a program of the system (squeue), and its answer. Never by way of a shell. */
#ifndef LINNET_ASK_PROGRAM_H
#define LINNET_ASK_PROGRAM_H

#include <stddef.h>

/* Runs the program words[0], looked up in PATH, with the arguments words (ended by NULL), and waits
 * for it. answer: the first size - 1 bytes it wrote, to stdout or stderr. A program that has not
 * ended after `seconds` is killed. posix_spawn: no copy of this process is made, so it may be asked
 * while MPI is up. Returns its exit code; -1: it could not be started, or did not end by itself. */
int ln_ask_program(const char *const *words, double seconds, char *answer, size_t size);

#endif
