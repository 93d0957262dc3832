#include "where.h"

#include <math.h>
#include <string.h>

/* A parameter in a cell: from its axis, or as set for the kind in use there. */
static const struct ln_value *value_at(const struct ln_sweep *sweep, const struct ln_key *key,
                                       const int64_t *index) {
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    int v = use->axis < 0 ? 0 : (int)index[use->axis];
    if (key->axis >= 0)
        return &sweep->drivers[key->axis][key->coord].values[v][index[key->axis]];
    const struct ln_variant *variant = &use->variants[v];
    return &variant->values[ln_spec_row(variant, key->name)];
}

static const char *word_of(const struct ln_expr *expr, const struct ln_sweep *sweep,
                           const int64_t *index) {
    if (expr->op == LN_OP_CONST)
        return expr->word;
    const struct ln_key *key = &sweep->keys[expr->key];
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    if (key->is_selector)
        return use->variants[use->axis < 0 ? 0 : index[use->axis]].entry->name;
    return value_at(sweep, key, index)->text;
}

static double number_at(const struct ln_expr *expr, const struct ln_sweep *sweep,
                        const int64_t *index) {
    const struct ln_key *key = &sweep->keys[expr->key];
    const struct ln_value *value = value_at(sweep, key, index);
    if (!value->is_set)
        return NAN;
    if (value->integers)
        return (double)value->integers[0];
    if (value->reals)
        return value->reals[0];
    return expr->type == LN_EXPR_TRUTH ? (double)value->integer : value->real;
}

static double combine(enum ln_expr_op op, double a, double b) {
    switch (op) {
    case LN_OP_ADD:
        return a + b;
    case LN_OP_SUB:
        return a - b;
    case LN_OP_MUL:
        return a * b;
    case LN_OP_DIV:
        return a / b;
    case LN_OP_POW:
        return pow(a, b);
    case LN_OP_LT:
        return a < b;
    case LN_OP_LE:
        return a <= b;
    case LN_OP_GT:
        return a > b;
    case LN_OP_GE:
        return a >= b;
    case LN_OP_EQ:
        return a == b;
    case LN_OP_NE:
        return a != b;
    case LN_OP_MIN:
        return fmin(a, b);
    case LN_OP_MAX:
        return fmax(a, b);
    default:
        return NAN;
    }
}

static double apply(enum ln_expr_op op, double x) {
    switch (op) {
    case LN_OP_NEG:
        return -x;
    case LN_OP_NOT:
        return x == 0;
    case LN_OP_LOG:
        return log(x);
    case LN_OP_LOG10:
        return log10(x);
    case LN_OP_EXP:
        return exp(x);
    case LN_OP_SQRT:
        return sqrt(x);
    case LN_OP_ABS:
        return fabs(x);
    default:
        return NAN;
    }
}

static double evaluate(const struct ln_expr *expr, const struct ln_sweep *sweep,
                       const int64_t *index) {
    if (expr->op == LN_OP_CONST)
        return expr->number;
    if (expr->op == LN_OP_KEY)
        return number_at(expr, sweep, index);
    if (expr->a->type == LN_EXPR_WORD) {
        int order = strcmp(word_of(expr->a, sweep, index), word_of(expr->b, sweep, index));
        return (order == 0) == (expr->op == LN_OP_EQ);
    }
    double a = evaluate(expr->a, sweep, index);
    if (!expr->b)
        return apply(expr->op, a);
    if (expr->op == LN_OP_AND)
        return a != 0 && evaluate(expr->b, sweep, index) != 0;
    if (expr->op == LN_OP_OR)
        return a != 0 || evaluate(expr->b, sweep, index) != 0;
    return combine(expr->op, a, evaluate(expr->b, sweep, index));
}

bool ln_where_holds(const struct ln_where *where, const struct ln_sweep *sweep,
                    const int64_t *index) {
    return evaluate(where->root, sweep, index) != 0;
}

const char *ln_where_text(const struct ln_where *where) {
    return where->text;
}

uint32_t ln_where_axes(const struct ln_where *where) {
    return where->axes;
}

int ln_spec_where(struct ln_sweep *sweep) {
    const struct ln_node *node = ln_node_find(sweep->root, "where");
    if (!node || ln_node_is_null(node))
        return LN_OK;
    if (node->kind == LN_NODE_MAP)
        return ln_mark_error(sweep->reader.err, node->mark,
                             "where is a mapping; it must be a condition, or a list of conditions");
    bool is_list = node->kind == LN_NODE_LIST;
    int n = is_list ? node->count : 1;
    sweep->wheres = ln_arena_take(&sweep->arena, (size_t)n + 1, sizeof *sweep->wheres);
    const struct ln_node *item = is_list ? node->first : node;
    for (int i = 0; i < n; i++, item = item->next) {
        sweep->wheres[i] = ln_where_parse(sweep, item);
        if (!sweep->wheres[i])
            return LN_INPUT;
    }
    sweep->n_wheres = n;
    return LN_OK;
}
