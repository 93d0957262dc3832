/* A filter as a tree; where_parse.c builds it, where.c evaluates it. */
#ifndef LINNET_SWEEP_WHERE_H
#define LINNET_SWEEP_WHERE_H

#include "spec.h"
#include "text.h"

enum ln_expr_type { LN_EXPR_NUMBER, LN_EXPR_TRUTH, LN_EXPR_WORD };

enum ln_expr_op {
    LN_OP_CONST,
    LN_OP_KEY, /* value of a parameter in the cell */
    LN_OP_NEG,
    LN_OP_NOT,
    LN_OP_ADD,
    LN_OP_SUB,
    LN_OP_MUL,
    LN_OP_DIV,
    LN_OP_POW,
    LN_OP_LT,
    LN_OP_LE,
    LN_OP_GT,
    LN_OP_GE,
    LN_OP_EQ,
    LN_OP_NE,
    LN_OP_AND,
    LN_OP_OR,
    LN_OP_LOG,
    LN_OP_LOG10,
    LN_OP_EXP,
    LN_OP_SQRT,
    LN_OP_ABS,
    LN_OP_MIN,
    LN_OP_MAX
};

struct ln_expr {
    enum ln_expr_op op;
    enum ln_expr_type type;
    double number;    /* CONST */
    const char *word; /* CONST of type WORD */
    int key;          /* KEY */
    const struct ln_expr *a, *b;
};

struct ln_where {
    const struct ln_expr *root;
    const char *text; /* canonical: full keys, one blank between tokens */
    uint32_t axes;
};

enum { LN_WHERE_CHARS = 2000, LN_WHERE_DEPTH = 50 };

/* NULL: reported at its place in the text. */
struct ln_where *ln_where_parse(struct ln_sweep *sweep, const struct ln_node *node);

#endif
