/* The forms of an axis, spelled out into items: written values, or numbers made by a form. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "text.h"

struct form {
    const struct ln_reader *reader;
    const char *name; /* of the axis */
    struct ln_items *items;
};

static const char forms_help[] =
    "[1, 2, 3], {range: [first, last, step]}, {linspace: [first, last], count: n}, {logspace: "
    "[first exponent, last exponent], count: n}, {powers: {base: d, from: g0, to: g1, count: n}}, "
    "{count: n, from: k}, {concat: [form, form]}";

static int push(struct form *form, struct ln_item item) {
    struct ln_items *items = form->items;
    if (items->count >= ln_spec_limits.axis)
        return ln_mark_error(form->reader->err, item.mark,
                             "axis %s has more than %" PRId64
                             " values; make it coarser, or split the sweep",
                             form->name, ln_spec_limits.axis);
    if (items->count == items->size) {
        items->size = 2 * items->size + 64;
        struct ln_item *more = realloc(items->at, (size_t)items->size * sizeof *more);
        if (!more)
            return ln_err_set(form->reader->err, LN_FATAL, "out of memory for axis %s", form->name);
        items->at = more;
    }
    items->at[items->count++] = item;
    return LN_OK;
}

static int push_number(struct form *form, const struct ln_node *node, double number) {
    return push(form, (struct ln_item){.number = number, .mark = node->mark});
}

static int expand_list(struct form *form, const struct ln_node *list) {
    int status = LN_OK;
    for (const struct ln_node *item = list->first; item && !status; item = item->next)
        status = push(form, (struct ln_item){.node = item, .mark = item->mark});
    return status;
}

/* Exactly n finite numbers. */
static int read_numbers(struct form *form, const struct ln_node *list, int n, const char *wants,
                        double *out) {
    bool is_good = list->kind == LN_NODE_LIST && list->count == n;
    for (const struct ln_node *item = list->first; is_good && item; item = item->next)
        is_good = ln_node_number(item, out++);
    if (is_good)
        return LN_OK;
    return ln_mark_error(form->reader->err, list->mark, "axis %s: %s must be %s", form->name,
                         list->key->text, wants);
}

static int read_count(struct form *form, const struct ln_node *map, int64_t *count) {
    const struct ln_node *node = ln_node_find(map, "count");
    if (!node)
        return ln_mark_error(form->reader->err, map->mark,
                             "axis %s: count is missing; write {%s: ..., count: 10}", form->name,
                             map->first->key->text);
    if (!ln_node_integer(node, count) || *count < 1 || *count > ln_spec_limits.axis)
        return ln_mark_error(
            form->reader->err, node->mark,
            "axis %s: count is %.60s; it must be a whole number from 1 to %" PRId64, form->name,
            ln_node_what(node), ln_spec_limits.axis);
    return LN_OK;
}

/* The smallest power of ten that turns all three into whole numbers; 0 if there is none. */
static double decimal_scale(const double x[3]) {
    double scale = 1;
    for (int digits = 0; digits <= 15; digits++, scale *= 10) {
        bool is_whole = true;
        for (int i = 0; i < 3; i++) {
            double whole = rint(x[i] * scale);
            is_whole &= whole / scale == x[i] && fabs(whole) < 0x1p52;
        }
        if (is_whole)
            return scale;
    }
    return 0;
}

/* [first, last, step], last included when a whole number of steps reaches it. Decimal fractions are
 * counted as whole numbers, so that 0.1, 0.2, 0.3 come out as written. */
static int expand_range(struct form *form, const struct ln_node *map) {
    const struct ln_node *list = ln_node_find(map, "range");
    double x[3];
    int status = read_numbers(form, list, 3, "[first, last, step]", x);
    if (status)
        return status;
    if (x[2] == 0 || (x[1] - x[0]) / x[2] < 0)
        return ln_mark_error(form->reader->err, list->mark,
                             "axis %s: range never gets from its first to its last number; step "
                             "must not be 0 and must point from first to last",
                             form->name);
    double scale = decimal_scale(x);
    double first = scale > 0 ? rint(x[0] * scale) : x[0];
    double last = scale > 0 ? rint(x[1] * scale) : x[1];
    double step = scale > 0 ? rint(x[2] * scale) : x[2];
    double steps = floor((last - first) / step * (1 + 1e-15));
    for (double i = 0; i <= steps && !status; i++)
        status = push_number(form, list, (first + i * step) / (scale > 0 ? scale : 1));
    return status;
}

/* Evenly from first to last, both exact; decimal fractions are weighed as whole numbers, so that
 * what falls on a short decimal is that decimal. */
struct even {
    double first, last, scale;
    int64_t n;
};

static struct even evenly(double first, double last, int64_t n) {
    double scale = decimal_scale((double[]){first, last, 0});
    if (scale == 0)
        return (struct even){first, last, 0, n};
    return (struct even){rint(first * scale), rint(last * scale), scale, n};
}

static double between(const struct even *even, int64_t i) {
    double scale = even->scale > 0 ? even->scale : 1;
    if (i == 0 || even->n == 1)
        return even->first / scale;
    if (i == even->n - 1)
        return even->last / scale;
    double sum = even->first * (double)(even->n - 1 - i) + even->last * (double)i;
    return sum / ((double)(even->n - 1) * scale);
}

/* Whole powers of ten come out as they are written. */
static double power_of_ten(double exponent) {
    if (exponent == rint(exponent) && exponent < 0 && exponent >= -22)
        return 1 / pow(10, -exponent);
    return pow(10, exponent);
}

static int expand_space(struct form *form, const struct ln_node *map, bool is_log) {
    const struct ln_node *list = ln_node_find(map, is_log ? "logspace" : "linspace");
    double x[2];
    int64_t count;
    int status = read_numbers(form, list, 2,
                              is_log ? "[first, last], exponents of ten" : "[first, last]", x);
    if (!status)
        status = read_count(form, map, &count);
    if (status)
        return status;
    struct even even = evenly(x[0], x[1], count);
    for (int64_t i = 0; !status && i < count; i++) {
        double value = between(&even, i);
        status = push_number(form, list, is_log ? power_of_ten(value) : value);
    }
    return status;
}

static int only_keys(struct form *form, const struct ln_node *map, const char *const *keys) {
    for (const struct ln_node *node = map->first; node; node = node->next) {
        struct ln_nearest nearest = {.word = node->key->text};
        bool is_known = false;
        for (int i = 0; keys[i]; i++) {
            is_known |= strcmp(keys[i], node->key->text) == 0;
            ln_nearest_offer(&nearest, keys[i]);
        }
        char hint[LN_HINT_CHARS];
        if (!is_known)
            return ln_mark_error(form->reader->err, node->key->mark,
                                 "axis %s: unknown key '%.60s'%s; the forms are %s", form->name,
                                 node->key->text, ln_nearest_hint(&nearest, hint), forms_help);
    }
    return LN_OK;
}

static int power_number(struct form *form, const struct ln_node *map, const char *key,
                        double *out) {
    const struct ln_node *node = ln_node_find(map, key);
    if (node && ln_node_number(node, out))
        return LN_OK;
    return ln_mark_error(form->reader->err, node ? node->mark : map->mark,
                         "axis %s: powers needs %s as a number; write {base: 30, from: -1.5, to: "
                         "0, count: 7}",
                         form->name, key);
}

/* base^gamma for gamma evenly from `from` to `to`; with sqrt its square root: the standard
 * deviation where the papers give the variance as d^gamma. */
static int expand_powers(struct form *form, const struct ln_node *outer) {
    static const char *const keys[] = {"base", "from", "to", "count", "sqrt", NULL};
    const struct ln_node *map = ln_node_find(outer, "powers");
    if (map->kind != LN_NODE_MAP)
        return ln_mark_error(form->reader->err, map->mark,
                             "axis %s: powers must be {base: 30, from: -1.5, to: 0, count: 7}",
                             form->name);
    double base, from, to;
    int64_t count;
    int status = only_keys(form, map, keys);
    if (status || (status = power_number(form, map, "base", &base)) ||
        (status = power_number(form, map, "from", &from)) ||
        (status = power_number(form, map, "to", &to)) || (status = read_count(form, map, &count)))
        return status;
    const struct ln_node *root = ln_node_find(map, "sqrt");
    bool is_root = root && strcmp(root->text, "true") == 0;
    if (root && !is_root && strcmp(root->text, "false") != 0)
        return ln_mark_error(form->reader->err, root->mark,
                             "axis %s: sqrt is %.60s; it must be true or false", form->name,
                             ln_node_what(root));
    if (base <= 0 || base == 1)
        return ln_mark_error(form->reader->err, ln_node_find(map, "base")->mark,
                             "axis %s: base must be above 0 and not 1", form->name);
    struct even even = evenly(from, to, count);
    for (int64_t i = 0; !status && i < count; i++) {
        double gamma = between(&even, i);
        status = push_number(form, map, pow(base, is_root ? gamma / 2 : gamma));
    }
    return status;
}

static int expand_count(struct form *form, const struct ln_node *map) {
    int64_t count, from = 0;
    int status = read_count(form, map, &count);
    const struct ln_node *start = ln_node_find(map, "from");
    if (!status && start &&
        (!ln_node_integer(start, &from) || from < -(1LL << 52) || from > 1LL << 52))
        status = ln_mark_error(form->reader->err, start->mark,
                               "axis %s: from is %.60s; it must be a whole number", form->name,
                               ln_node_what(start));
    for (int64_t i = 0; !status && i < count; i++)
        status = push_number(form, map, (double)(from + i));
    return status;
}

static int expand(struct form *form, const struct ln_node *node);

static int expand_concat(struct form *form, const struct ln_node *map) {
    const struct ln_node *list = ln_node_find(map, "concat");
    if (list->kind != LN_NODE_LIST || list->count == 0)
        return ln_mark_error(form->reader->err, list->mark,
                             "axis %s: concat must be a list of forms, as in {concat: [[1, 2], "
                             "{range: [4, 10, 2]}]}",
                             form->name);
    bool is_log = true;
    int status = LN_OK;
    for (const struct ln_node *item = list->first; item && !status; item = item->next) {
        form->items->is_log = false;
        status = expand(form, item);
        is_log &= form->items->is_log;
    }
    form->items->is_log = is_log;
    return status;
}

static int expand(struct form *form, const struct ln_node *node) {
    static const char *const range[] = {"range", NULL};
    static const char *const linspace[] = {"linspace", "count", NULL};
    static const char *const logspace[] = {"logspace", "count", NULL};
    static const char *const powers[] = {"powers", NULL};
    static const char *const concat[] = {"concat", NULL};
    static const char *const count[] = {"count", "from", NULL};
    int status;
    if (node->kind == LN_NODE_LIST)
        return expand_list(form, node);
    if (node->kind == LN_NODE_SCALAR)
        return ln_mark_error(form->reader->err, node->mark,
                             "axis %s is %.60s; an axis is a list or one of the forms %s",
                             form->name, ln_node_what(node), forms_help);
    if (ln_node_find(node, "range"))
        return (status = only_keys(form, node, range)) ? status : expand_range(form, node);
    if (ln_node_find(node, "linspace"))
        return (status = only_keys(form, node, linspace)) ? status
                                                          : expand_space(form, node, false);
    if (ln_node_find(node, "logspace") || ln_node_find(node, "powers")) {
        form->items->is_log = true;
        if (ln_node_find(node, "logspace"))
            return (status = only_keys(form, node, logspace)) ? status
                                                              : expand_space(form, node, true);
        return (status = only_keys(form, node, powers)) ? status : expand_powers(form, node);
    }
    if (ln_node_find(node, "concat"))
        return (status = only_keys(form, node, concat)) ? status : expand_concat(form, node);
    if (ln_node_find(node, "count"))
        return (status = only_keys(form, node, count)) ? status : expand_count(form, node);
    return ln_mark_error(form->reader->err, node->mark,
                         "axis %s has none of the forms of an axis, which are %s", form->name,
                         forms_help);
}

int ln_form_expand(const struct ln_reader *reader, const char *name, const struct ln_node *node,
                   struct ln_items *items) {
    struct form form = {reader, name, items};
    *items = (struct ln_items){0};
    int status = expand(&form, node);
    if (!status && items->count == 0)
        status =
            ln_mark_error(reader->err, node->mark,
                          "axis %s has no values; give at least one, or leave the axis out", name);
    if (status) {
        free(items->at);
        *items = (struct ln_items){0};
    }
    return status;
}
