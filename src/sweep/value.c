#include "value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Digits, signs, point and exponent alone: strtod would also take "nan", "0x10", "infinity". */
static bool looks_numeric(const char *text) {
    return *text != '\0' && text[strspn(text, "+-.0123456789eE")] == '\0' &&
           strpbrk(text, "0123456789") != NULL;
}

bool ln_node_number(const struct ln_node *node, double *number) {
    if (node->kind != LN_NODE_SCALAR || node->is_quoted || !looks_numeric(node->text))
        return false;
    char *end;
    *number = strtod(node->text, &end);
    return *end == '\0' && isfinite(*number);
}

bool ln_node_integer(const struct ln_node *node, int64_t *integer) {
    double number;
    if (!ln_node_number(node, &number))
        return false;
    char *end;
    errno = 0;
    *integer = strtoll(node->text, &end, 10);
    if (*end == '\0')
        return errno == 0;
    if (number != rint(number) || fabs(number) > 0x1p53)
        return false;
    *integer = (int64_t)number;
    return true;
}

static bool is_integral(const struct ln_param *param) {
    return param->type == LN_INT || param->type == LN_INTS;
}

bool ln_param_is_numeric(const struct ln_param *param) {
    return is_integral(param) || param->type == LN_REAL || param->type == LN_REALS;
}

enum { HUGE_EXPONENT = 300 }; /* bounds beyond 1e300 stand for "no bound" */

static bool has_low(const struct ln_param *param) {
    return (param->low != 0 || param->high != 0 || param->low_open) &&
           param->low > -pow(10, HUGE_EXPONENT);
}

static bool has_high(const struct ln_param *param) {
    return (param->low != 0 || param->high != 0) && param->high >= param->low &&
           param->high < pow(10, HUGE_EXPONENT);
}

static bool in_range(const struct ln_param *param, double x) {
    if (has_low(param) && (x < param->low || (param->low_open && x == param->low)))
        return false;
    return !has_high(param) || x <= param->high;
}

static const char *range_text(const struct ln_reader *reader, const struct ln_param *param) {
    char low[LN_NUMBER_CHARS], high[LN_NUMBER_CHARS];
    ln_text_number(param->low, low);
    ln_text_number(param->high, high);
    const char *from = param->low_open ? "above" : "of at least";
    if (has_low(param) && has_high(param))
        return ln_arena_print(reader->arena, " %s %s and at most %s", from, low, high);
    if (has_low(param))
        return ln_arena_print(reader->arena, " %s %s", from, low);
    if (has_high(param))
        return ln_arena_print(reader->arena, " of at most %s", high);
    return "";
}

const char *ln_param_wants(const struct ln_reader *reader, const struct ln_param *param) {
    static const char *const what[] = {
        [LN_INT] = "a whole number",
        [LN_REAL] = "a number",
        [LN_BOOL] = "true or false",
        [LN_CHOICE] = "one of: ",
        [LN_TEXT] = "a string",
        [LN_INTS] = "a whole number or a list of them, each",
        [LN_REALS] = "a number or a list of them, each",
        [LN_MATRIX] = "a matrix, [[1, 2], [3, 4]] or {file: x.csv} or {file: x.h5, dataset: name}",
        [LN_MATRICES] = "a list of matrices, [[[1, 2], [3, 4]], {file: x.csv}]",
    };
    bool is_list = param->type == LN_INTS || param->type == LN_REALS;
    if (param->type == LN_CHOICE)
        return ln_arena_print(reader->arena, "one of: %s", param->choices);
    if (!ln_param_is_numeric(param))
        return what[param->type];
    const char *range = range_text(reader, param);
    return ln_arena_print(reader->arena, "%s%s", what[param->type],
                          *range == '\0' && is_list ? " finite" : range);
}

static int refuse(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                  const struct ln_node *node) {
    return ln_mark_error(reader->err, node->mark, "%s is %.60s; it must be %s", key,
                         ln_node_what(node), ln_param_wants(reader, param));
}

static int parse_integer(const struct ln_reader *reader, const char *key,
                         const struct ln_param *param, const struct ln_node *node, int64_t *out) {
    if (!ln_node_integer(node, out) || !in_range(param, (double)*out))
        return refuse(reader, key, param, node);
    return LN_OK;
}

static int parse_real(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                      const struct ln_node *node, double *out) {
    if (!ln_node_number(node, out) || !in_range(param, *out))
        return refuse(reader, key, param, node);
    if (*out == 0)
        *out = 0; /* no negative zero */
    return LN_OK;
}

static const char *integer_text(const struct ln_reader *reader, int64_t integer) {
    return ln_arena_print(reader->arena, "%" PRId64, integer);
}

static const char *real_text(const struct ln_reader *reader, double real) {
    char number[LN_NUMBER_CHARS];
    return ln_arena_print(reader->arena, "%s", ln_text_number(real, number));
}

static void set_integer(const struct ln_reader *reader, int64_t integer, struct ln_value *value) {
    value->integer = integer;
    value->real = (double)integer;
    value->text = integer_text(reader, integer);
}

static void set_real(const struct ln_reader *reader, double real, struct ln_value *value) {
    value->real = real;
    value->text = real_text(reader, real);
}

static int parse_bool(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                      const struct ln_node *node, struct ln_value *value) {
    if (node->kind != LN_NODE_SCALAR || node->is_quoted ||
        (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0))
        return refuse(reader, key, param, node);
    value->integer = strcmp(node->text, "true") == 0;
    value->text = value->integer ? "true" : "false";
    return LN_OK;
}

static int parse_choice(const struct ln_reader *reader, const char *key,
                        const struct ln_param *param, const struct ln_node *node,
                        struct ln_value *value) {
    if (node->kind != LN_NODE_SCALAR)
        return refuse(reader, key, param, node);
    struct ln_nearest nearest = {.word = node->text};
    const char *at = param->choices;
    for (int i = 0; *at; i++) {
        size_t n = strcspn(at, " ");
        const char *word = ln_arena_copy(reader->arena, at, n);
        if (strcmp(word, node->text) == 0) {
            value->integer = i;
            value->text = word;
            return LN_OK;
        }
        ln_nearest_offer(&nearest, word);
        at += n + (at[n] == ' ');
    }
    char hint[LN_HINT_CHARS];
    return ln_mark_error(reader->err, node->mark, "%s has no choice '%.60s'%s; it must be %s", key,
                         node->text, ln_nearest_hint(&nearest, hint),
                         ln_param_wants(reader, param));
}

static int parse_text(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                      const struct ln_node *node, struct ln_value *value) {
    if (node->kind != LN_NODE_SCALAR)
        return refuse(reader, key, param, node);
    value->text = node->text;
    return LN_OK;
}

/* "7" for one number, "[7, 8]" for more. */
static const char *list_text(const struct ln_reader *reader, const struct ln_value *value) {
    struct ln_text text = {0};
    char number[LN_NUMBER_CHARS];
    for (int i = 0; i < value->count; i++) {
        const char *between = i > 0 ? ", " : value->count > 1 ? "[" : "";
        if (value->integers)
            ln_text_add(&text, "%s%" PRId64, between, value->integers[i]);
        else
            ln_text_add(&text, "%s%s", between, ln_text_number(value->reals[i], number));
    }
    ln_text_add(&text, "%s", value->count > 1 ? "]" : "");
    return ln_text_keep(&text, reader->arena);
}

static int parse_numbers(const struct ln_reader *reader, const char *key,
                         const struct ln_param *param, const struct ln_node *node,
                         struct ln_value *value) {
    if (node->kind == LN_NODE_MAP)
        return refuse(reader, key, param, node);
    bool is_list = node->kind == LN_NODE_LIST;
    if (is_list && node->count == 0)
        return ln_mark_error(reader->err, node->mark, "%s is an empty list; it must be %s", key,
                             ln_param_wants(reader, param));
    value->count = is_list ? node->count : 1;
    double *reals = ln_arena_take(reader->arena, (size_t)value->count, sizeof *reals);
    int64_t *integers = ln_arena_take(reader->arena, (size_t)value->count, sizeof *integers);
    const struct ln_node *item = is_list ? node->first : node;
    for (int i = 0, status; i < value->count; i++, item = item->next) {
        status = is_integral(param) ? parse_integer(reader, key, param, item, &integers[i])
                                    : parse_real(reader, key, param, item, &reals[i]);
        if (status)
            return status;
    }
    value->integers = is_integral(param) ? integers : NULL;
    value->reals = is_integral(param) ? NULL : reals;
    value->text = list_text(reader, value);
    return LN_OK;
}

static int parse_matrices(const struct ln_reader *reader, const char *key,
                          const struct ln_param *param, const struct ln_node *node,
                          struct ln_value *value) {
    bool is_one = param->type == LN_MATRIX;
    if (!is_one && (node->kind != LN_NODE_LIST || node->count == 0))
        return refuse(reader, key, param, node);
    value->count = is_one ? 1 : node->count;
    struct ln_matrix *matrices =
        ln_arena_take(reader->arena, (size_t)value->count, sizeof *matrices);
    struct ln_text text = {0};
    const struct ln_node *item = is_one ? node : node->first;
    for (int i = 0; i < value->count; i++, item = item->next) {
        int status = ln_matrix_parse(reader, key, item, &matrices[i]);
        if (status) {
            ln_text_clear(&text);
            return status;
        }
        ln_text_add(&text, "%s%s",
                    i > 0    ? ", "
                    : is_one ? ""
                             : "[",
                    ln_matrix_text(reader, &matrices[i]));
    }
    ln_text_add(&text, "%s", is_one ? "" : "]");
    value->matrices = matrices;
    value->text = ln_text_keep(&text, reader->arena);
    return LN_OK;
}

static int parse_set(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                     const struct ln_node *node, struct ln_value *value) {
    int status = LN_OK;
    int64_t integer = 0;
    double real = 0;
    switch (param->type) {
    case LN_INT:
        status = parse_integer(reader, key, param, node, &integer);
        set_integer(reader, integer, value);
        return status;
    case LN_REAL:
        status = parse_real(reader, key, param, node, &real);
        set_real(reader, real, value);
        return status;
    case LN_BOOL:
        return parse_bool(reader, key, param, node, value);
    case LN_CHOICE:
        return parse_choice(reader, key, param, node, value);
    case LN_TEXT:
        return parse_text(reader, key, param, node, value);
    case LN_INTS:
    case LN_REALS:
        return parse_numbers(reader, key, param, node, value);
    case LN_MATRIX:
    case LN_MATRICES:
        return parse_matrices(reader, key, param, node, value);
    }
    return status;
}

static bool may_be_unset(const struct ln_param *param) {
    return param->fallback && strcmp(param->fallback, "~") == 0;
}

int ln_value_parse(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                   const struct ln_node *node, struct ln_value *value) {
    *value = (struct ln_value){.text = "~"};
    if (ln_node_is_null(node) && may_be_unset(param))
        return LN_OK;
    if (ln_node_is_null(node))
        return ln_mark_error(reader->err, node->mark, "%s has no value; it must be %s", key,
                             ln_param_wants(reader, param));
    value->is_set = true;
    return parse_set(reader, key, param, node, value);
}

int ln_value_fallback(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                      struct ln_value *value) {
    struct ln_mark origin = {"default", 1, 1};
    struct ln_node *node;
    int status = ln_yaml_parse(reader->arena, origin, param->fallback, strlen(param->fallback),
                               &node, reader->err);
    if (status)
        return status;
    /* A default may lie outside the range that users are held to ("never" as -1). */
    struct ln_param free_range = *param;
    free_range.low = free_range.high = 0;
    free_range.low_open = false;
    return ln_value_parse(reader, key, &free_range, node, value);
}

int ln_value_number(const struct ln_reader *reader, const char *key, const struct ln_param *param,
                    struct ln_mark mark, double number, struct ln_value *value) {
    *value = (struct ln_value){.is_set = true};
    char text[LN_NUMBER_CHARS];
    ln_text_number(number, text);
    if (!ln_param_is_numeric(param) || !isfinite(number) || !in_range(param, number) ||
        (is_integral(param) && (number != rint(number) || fabs(number) > 0x1p53)))
        return ln_mark_error(reader->err, mark, "%s would be %s; it must be %s", key, text,
                             ln_param_wants(reader, param));
    if (is_integral(param))
        set_integer(reader, (int64_t)number, value);
    else
        set_real(reader, number == 0 ? 0 : number, value);
    bool is_list = param->type == LN_INTS || param->type == LN_REALS;
    value->count = is_list;
    if (param->type == LN_INTS)
        value->integers = memcpy(ln_arena_take(reader->arena, 1, sizeof value->integer),
                                 &value->integer, sizeof value->integer);
    if (param->type == LN_REALS)
        value->reals = memcpy(ln_arena_take(reader->arena, 1, sizeof value->real), &value->real,
                              sizeof value->real);
    return LN_OK;
}
