/* The worked cases of diagonal networks: data, saddles and times as exact rationals, and numbers
 * measured on the exact flow at small scales. */
#ifndef LINNET_TEST_PESME_CASES_H
#define LINNET_TEST_PESME_CASES_H

#include "linnet/saddles.h"

enum { PESME_MOST_JUMPS = 8 };

struct pesme_case {
    const char *name;
    int n, d;
    const char *x, *y;                   /* rows of X, one after the other */
    const char *jumps[PESME_MOST_JUMPS]; /* "t: b | s", or "t: b" */
    const char
        *dropped[PESME_MOST_JUMPS]; /* numbers of the coordinates dropped, from 1; NULL: none */
    const char *losses;             /* from b = 0 on */
    const char *constants;          /* C = c + h of every jump: Lam (switch - t) */
};

extern const struct pesme_case pesme_cases[];
extern const int n_pesme_cases;

const struct pesme_case *pesme_find(const char *name);

/* Numbers of a text, rationals and all ("-3/2 0 .5"), until its end or a '|' or ':'. Returns how
 * many; *rest (or NULL): what follows the mark. */
int pesme_numbers(const char *text, double *out, int most, const char **rest);

/* Data of a case with c = 1/n; y and x are malloc'ed and go by pesme_clear. */
struct ln_regression pesme_regression(const struct pesme_case *a_case);
void pesme_clear(struct ln_regression *regression);

#endif
