/* A benchmark program obeys orders of the driver, one line each on stdin, and answers each with one
 * line of JSON. */
#ifndef LINNET_BENCH_SERVE_H
#define LINNET_BENCH_SERVE_H

struct ln_bench_verb {
    const char *name;
    void (*obey)(char *rest); /* what follows the verb, for strtok; prints the answer */
};

/* Greets, then obeys until stdin ends. verbs: ended by a NULL name. Ends the program at a verb that
 * is not there. */
void ln_bench_serve(const struct ln_bench_verb *verbs);

/* The next word of the line; ends the program where there is none. */
char *ln_bench_word(char *rest);

#endif
