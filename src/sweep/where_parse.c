/* Conditions of `where`, by recursive descent:
 *
 *   or:      and {or and}          also ||
 *   and:     not {and not}         also &&
 *   not:     not not | compare     also !
 *   compare: sum [< <= > >= == != sum]
 *   sum:     term {+ - term}
 *   term:    sign {* / sign}
 *   sign:    - sign | power
 *   power:   first [^ sign]
 *   first:   number, 'word', true, false, key, function(or, ...), (or)
 */
#include "where.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct ln_sweep *sweep;
    struct ln_mark mark; /* of the first character */
    const char *text, *at;
    struct ln_text canonical;
    uint32_t axes;
    int depth;
};

static const struct ln_expr *fail(struct parser *parser, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static const struct ln_expr *fail(struct parser *parser, const char *at, const char *format, ...) {
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct ln_mark mark = parser->mark;
    mark.column += (int)(at - parser->text);
    ln_mark_error(parser->sweep->reader.err, mark, "where: %s", text);
    return NULL;
}

static void skip_blanks(struct parser *parser) {
    parser->at += strspn(parser->at, " \t\r\n");
}

static bool is_word_char(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* Takes the token if it comes next; `and`, `or`, `not` must end there. */
static bool take(struct parser *parser, const char *token, const char *canonical) {
    size_t n = strlen(token);
    skip_blanks(parser);
    if (strncmp(parser->at, token, n) != 0)
        return false;
    if (is_word_char(token[0]) && is_word_char(parser->at[n]))
        return false;
    parser->at += n;
    ln_text_add(&parser->canonical, "%s%s", parser->canonical.used ? " " : "", canonical);
    return true;
}

static const char *type_name(enum ln_expr_type type) {
    static const char *const names[] = {"a number", "a condition", "a word"};
    return names[type];
}

static const struct ln_expr *make(struct parser *parser, struct ln_expr expr) {
    struct ln_expr *made = ln_arena_take(&parser->sweep->arena, 1, sizeof *made);
    *made = expr;
    return made;
}

static const struct ln_expr *parse_or(struct parser *parser);

/* Joins a and b, which must both be of the type that the operator takes. */
static const struct ln_expr *join(struct parser *parser, const char *at, enum ln_expr_op op,
                                  const struct ln_expr *a, const struct ln_expr *b) {
    if (!a || !b)
        return NULL;
    bool is_logic = op == LN_OP_AND || op == LN_OP_OR;
    bool is_equality = op == LN_OP_EQ || op == LN_OP_NE;
    bool is_compare = is_equality || (op >= LN_OP_LT && op <= LN_OP_GE);
    enum ln_expr_type wants = is_logic ? LN_EXPR_TRUTH : LN_EXPR_NUMBER;
    if (is_equality ? a->type != b->type : a->type != wants || b->type != wants)
        return fail(parser, at, "%s and %s do not go together here; both sides must be %s",
                    type_name(a->type), type_name(b->type),
                    is_equality ? "of one kind"
                    : is_logic  ? "conditions"
                                : "numbers");
    return make(parser,
                (struct ln_expr){.op = op,
                                 .type = is_logic || is_compare ? LN_EXPR_TRUTH : LN_EXPR_NUMBER,
                                 .a = a,
                                 .b = b});
}

static const struct ln_expr *parse_number(struct parser *parser) {
    const char *start = parser->at;
    size_t n = 0;
    while (isalnum((unsigned char)start[n]) || start[n] == '.' ||
           (n > 0 && strchr("+-", start[n]) && start[n] != '\0' &&
            tolower((unsigned char)start[n - 1]) == 'e'))
        n++;
    char *end;
    double number = strtod(start, &end);
    bool is_hex = memchr(start, 'x', n) || memchr(start, 'X', n);
    if (end != start + n || !isfinite(number) || is_hex)
        return fail(parser, start, "'%.*s' is not a number", (int)(n < 40 ? n : 40), start);
    parser->at = end;
    char text[LN_NUMBER_CHARS];
    ln_text_add(&parser->canonical, "%s%s", parser->canonical.used ? " " : "",
                ln_text_number(number, text));
    return make(parser, (struct ln_expr){.type = LN_EXPR_NUMBER, .number = number});
}

static const struct ln_expr *parse_word(struct parser *parser) {
    const char *start = parser->at;
    const char *end = strchr(start + 1, *start);
    if (!end)
        return fail(parser, start, "the quote is never closed");
    const char *word = ln_arena_copy(&parser->sweep->arena, start + 1, (size_t)(end - start - 1));
    parser->at = end + 1;
    ln_text_add(&parser->canonical, "%s'%s'", parser->canonical.used ? " " : "", word);
    return make(parser, (struct ln_expr){.type = LN_EXPR_WORD, .word = word});
}

/* Every kind in use must have the parameter, with one number, truth or word in it. */
static bool check_variant(struct parser *parser, const char *start, const struct ln_key *key,
                          const struct ln_variant *variant, enum ln_expr_type *type) {
    const struct ln_sweep *sweep = parser->sweep;
    int row = ln_spec_row(variant, key->name);
    if (row < 0)
        return fail(parser, start, "%s is not known to %s '%s', which is on an axis", key->full,
                    ln_spec_use_of(sweep, key)->part->selector, variant->entry->name);
    const struct ln_param *param = &variant->params[row];
    const struct ln_value *value = &variant->values[row];
    bool is_axis = key->axis >= 0, is_number = ln_param_is_numeric(param);
    if (!is_axis && !value->is_set)
        return fail(parser, start, "%s has no value in this sweep", key->full);
    bool is_list = is_axis ? !sweep->axes[key->axis].coords[key->coord].numbers : value->count > 1;
    if (param->type == LN_MATRIX || param->type == LN_MATRICES || (is_number && is_list))
        return fail(parser, start, "%s is not a single number or word", key->full);
    *type = is_number ? LN_EXPR_NUMBER : param->type == LN_BOOL ? LN_EXPR_TRUTH : LN_EXPR_WORD;
    return true;
}

static const struct ln_expr *parse_key(struct parser *parser, const char *start, const char *name) {
    struct ln_sweep *sweep = parser->sweep;
    struct ln_mark mark = parser->mark;
    mark.column += (int)(start - parser->text);
    int found = ln_spec_find(sweep, name, mark);
    if (found < 0)
        return NULL;
    const struct ln_key *key = &sweep->keys[found];
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    struct ln_expr expr = {.op = LN_OP_KEY, .type = LN_EXPR_WORD, .key = found};
    for (int v = 0; v < use->n_variants && !key->is_selector; v++)
        if (!check_variant(parser, start, key, &use->variants[v], &expr.type))
            return NULL;
    if (key->axis >= 0)
        parser->axes |= 1U << key->axis;
    if (use->axis >= 0)
        parser->axes |= 1U << use->axis;
    ln_text_add(&parser->canonical, "%s%s", parser->canonical.used ? " " : "", key->full);
    return make(parser, expr);
}

static const struct ln_expr *parse_arguments(struct parser *parser, const char *start,
                                             enum ln_expr_op op) {
    bool is_many = op == LN_OP_MIN || op == LN_OP_MAX;
    const struct ln_expr *a = parse_or(parser);
    if (a && a->type != LN_EXPR_NUMBER)
        return fail(parser, start, "functions take numbers, not %s", type_name(a->type));
    if (a && !is_many)
        a = make(parser, (struct ln_expr){.op = op, .type = LN_EXPR_NUMBER, .a = a});
    while (a && is_many && take(parser, ",", ","))
        a = join(parser, start, op, a, parse_or(parser));
    if (a && !take(parser, ")", ")"))
        return fail(parser, parser->at, "')' is missing after the arguments");
    return a;
}

static const struct ln_expr *parse_name(struct parser *parser) {
    static const struct {
        const char *name;
        enum ln_expr_op op;
    } functions[] = {{"log", LN_OP_LOG},   {"log10", LN_OP_LOG10}, {"exp", LN_OP_EXP},
                     {"sqrt", LN_OP_SQRT}, {"abs", LN_OP_ABS},     {"min", LN_OP_MIN},
                     {"max", LN_OP_MAX}};
    const char *start = parser->at;
    size_t n = 0;
    while (is_word_char(start[n]))
        n++;
    const char *name = ln_arena_copy(&parser->sweep->arena, start, n);
    parser->at += n;
    skip_blanks(parser);
    if (*parser->at == '(') {
        for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
            if (strcmp(functions[i].name, name) == 0) {
                ln_text_add(&parser->canonical, "%s%s", parser->canonical.used ? " " : "", name);
                take(parser, "(", "(");
                return parse_arguments(parser, start, functions[i].op);
            }
        return fail(parser, start,
                    "there is no function %.40s; there are log, log10, exp, sqrt, abs, min, max",
                    name);
    }
    if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0) {
        ln_text_add(&parser->canonical, "%s%s", parser->canonical.used ? " " : "", name);
        return make(parser, (struct ln_expr){.type = LN_EXPR_TRUTH, .number = name[0] == 't'});
    }
    return parse_key(parser, start, name);
}

static const struct ln_expr *parse_first(struct parser *parser) {
    skip_blanks(parser);
    char c = *parser->at;
    if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)parser->at[1])))
        return parse_number(parser);
    if (c == '\'' || c == '"')
        return parse_word(parser);
    if (isalpha((unsigned char)c) || c == '_')
        return parse_name(parser);
    if (!take(parser, "(", "("))
        return fail(parser, parser->at, "a number, a key or '(' must stand here%s",
                    c == '\0' ? ", at the end" : "");
    const struct ln_expr *inner = parse_or(parser);
    if (inner && !take(parser, ")", ")"))
        return fail(parser, parser->at, "')' is missing");
    return inner;
}

static const struct ln_expr *parse_sign(struct parser *parser) {
    skip_blanks(parser);
    const char *start = parser->at;
    if (parser->depth == LN_WHERE_DEPTH)
        return fail(parser, start, "nested deeper than %d levels", LN_WHERE_DEPTH);
    parser->depth++;
    const struct ln_expr *a;
    if (take(parser, "-", "-")) {
        a = parse_sign(parser);
        if (a && a->type != LN_EXPR_NUMBER)
            a = fail(parser, start, "a minus sign in front of %s", type_name(a->type));
        if (a)
            a = make(parser, (struct ln_expr){.op = LN_OP_NEG, .type = LN_EXPR_NUMBER, .a = a});
    } else {
        a = parse_first(parser);
        if (a && (take(parser, "^", "^") || take(parser, "**", "^")))
            a = join(parser, start, LN_OP_POW, a, parse_sign(parser));
    }
    parser->depth--;
    return a;
}

static const struct ln_expr *parse_term(struct parser *parser) {
    const struct ln_expr *a = parse_sign(parser);
    while (a) {
        skip_blanks(parser);
        const char *at = parser->at;
        if (take(parser, "*", "*"))
            a = join(parser, at, LN_OP_MUL, a, parse_sign(parser));
        else if (take(parser, "/", "/"))
            a = join(parser, at, LN_OP_DIV, a, parse_sign(parser));
        else
            break;
    }
    return a;
}

static const struct ln_expr *parse_sum(struct parser *parser) {
    const struct ln_expr *a = parse_term(parser);
    while (a) {
        skip_blanks(parser);
        const char *at = parser->at;
        if (take(parser, "+", "+"))
            a = join(parser, at, LN_OP_ADD, a, parse_term(parser));
        else if (take(parser, "-", "-"))
            a = join(parser, at, LN_OP_SUB, a, parse_term(parser));
        else
            break;
    }
    return a;
}

static bool take_comparison(struct parser *parser, enum ln_expr_op *op) {
    static const struct {
        const char *token;
        enum ln_expr_op op;
    } tokens[] = {{"<=", LN_OP_LE}, {">=", LN_OP_GE}, {"==", LN_OP_EQ},
                  {"!=", LN_OP_NE}, {"<", LN_OP_LT},  {">", LN_OP_GT}};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        if (take(parser, tokens[i].token, tokens[i].token)) {
            *op = tokens[i].op;
            return true;
        }
    return false;
}

static const struct ln_expr *parse_compare(struct parser *parser) {
    const struct ln_expr *a = parse_sum(parser);
    enum ln_expr_op op;
    skip_blanks(parser);
    const char *at = parser->at;
    if (!a || !take_comparison(parser, &op)) {
        if (a && *at == '=')
            return fail(parser, at, "'=' is not a comparison; write '=='");
        return a;
    }
    a = join(parser, at, op, a, parse_sum(parser));
    skip_blanks(parser);
    at = parser->at;
    if (a && take_comparison(parser, &op))
        return fail(parser, at, "two comparisons in a row; write 'a < b and b < c'");
    return a;
}

static const struct ln_expr *parse_not(struct parser *parser) {
    skip_blanks(parser);
    const char *start = parser->at;
    bool is_not =
        strncmp(start, "!=", 2) != 0 && (take(parser, "not", "not") || take(parser, "!", "not"));
    if (!is_not)
        return parse_compare(parser);
    if (parser->depth == LN_WHERE_DEPTH)
        return fail(parser, start, "nested deeper than %d levels", LN_WHERE_DEPTH);
    parser->depth++;
    const struct ln_expr *a = parse_not(parser);
    parser->depth--;
    if (a && a->type != LN_EXPR_TRUTH)
        return fail(parser, start, "'not' in front of %s", type_name(a->type));
    return a ? make(parser, (struct ln_expr){.op = LN_OP_NOT, .type = LN_EXPR_TRUTH, .a = a})
             : NULL;
}

static const struct ln_expr *parse_and(struct parser *parser) {
    const struct ln_expr *a = parse_not(parser);
    while (a) {
        skip_blanks(parser);
        const char *at = parser->at;
        if (!take(parser, "and", "and") && !take(parser, "&&", "and"))
            break;
        a = join(parser, at, LN_OP_AND, a, parse_not(parser));
    }
    return a;
}

static const struct ln_expr *parse_or(struct parser *parser) {
    if (parser->depth == LN_WHERE_DEPTH)
        return fail(parser, parser->at, "nested deeper than %d levels", LN_WHERE_DEPTH);
    parser->depth++;
    const struct ln_expr *a = parse_and(parser);
    while (a) {
        skip_blanks(parser);
        const char *at = parser->at;
        if (!take(parser, "or", "or") && !take(parser, "||", "or"))
            break;
        a = join(parser, at, LN_OP_OR, a, parse_and(parser));
    }
    parser->depth--;
    return a;
}

struct ln_where *ln_where_parse(struct ln_sweep *sweep, const struct ln_node *node) {
    struct parser parser = {
        .sweep = sweep, .mark = node->mark, .text = node->text, .at = node->text};
    parser.mark.column += node->is_quoted;
    const struct ln_expr *root;
    if (node->kind != LN_NODE_SCALAR || ln_node_is_null(node))
        root =
            fail(&parser, parser.at, "%s is not a condition; write one as in step_size * depth < 2",
                 ln_node_what(node));
    else if (strlen(node->text) > LN_WHERE_CHARS)
        root = fail(&parser, parser.at, "longer than %d characters; write a list of conditions",
                    LN_WHERE_CHARS);
    else
        root = parse_or(&parser);
    skip_blanks(&parser);
    if (root && *parser.at != '\0')
        root = fail(&parser, parser.at, "'%.20s' is left over; an operator is missing or too many",
                    parser.at);
    if (root && root->type != LN_EXPR_TRUTH)
        root = fail(&parser, parser.text, "this is %s; a condition compares, as in depth < 5",
                    type_name(root->type));
    struct ln_where *where = ln_arena_take(&sweep->arena, 1, sizeof *where);
    where->root = root;
    where->axes = parser.axes;
    where->text = ln_text_keep(&parser.canonical, &sweep->arena);
    return root ? where : NULL;
}
