#include "serve.h"

#include <stdio.h>
#include <string.h>

#include "job.h"
#include "linnet/lanes.h"
#include "linnet/linalg.h"

char *ln_bench_word(char *rest) {
    char *word = strtok(rest, " \n");
    if (!word)
        ln_bench_die("an order ends too early");
    return word;
}

void ln_bench_serve(const struct ln_bench_verb *verbs) {
    static char line[4096];
    ln_linalg_start();
    printf("{\"version\": \"%s\", \"isa\": \"%s\"}\n", ln_linalg_cpu_kind(), ln_lanes_isa());
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        char *verb = strtok(line, " \n"), *rest = strtok(NULL, "\n");
        const struct ln_bench_verb *known = verbs;
        while (known->name && verb && strcmp(known->name, verb) != 0)
            known++;
        if (!known->name || !verb)
            ln_bench_die("what?");
        known->obey(rest);
        fflush(stdout);
    }
}
