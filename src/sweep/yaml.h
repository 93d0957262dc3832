/* YAML text -> a bounded tree in which every node knows where it stands.
 *
 * Only the plain part of YAML is taken: no anchors, aliases, merge keys, tags, directives or second
 * documents. They are refused as parser events, before anything could be expanded. */
#ifndef LINNET_SWEEP_YAML_H
#define LINNET_SWEEP_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "linnet/err.h"

enum { LN_YAML_DEPTH = 16, LN_YAML_KEYS = 1024, LN_YAML_BYTES = 4 << 20 };

/* Counted from 1. Overrides stand in the file "--set", one a line. */
struct ln_mark {
    const char *file;
    int line, column;
};

enum ln_node_kind { LN_NODE_SCALAR, LN_NODE_LIST, LN_NODE_MAP };

struct ln_node {
    struct ln_mark mark;
    enum ln_node_kind kind;
    bool is_quoted;        /* SCALAR: 'x' or "x" or a block: always a string */
    int depth;             /* nodes above this one */
    const char *text;      /* SCALAR, zero-terminated */
    struct ln_node *key;   /* the key of this node, if it stands in a MAP */
    struct ln_node *first; /* members of a LIST, values of a MAP */
    struct ln_node *last, *next;
    int count;
};

/* Parses text that stands at `origin` (line and column of its first character). *root is a null
 * scalar for an empty text. Errors: LN_INPUT. */
int ln_yaml_parse(struct ln_arena *arena, struct ln_mark origin, const char *text, size_t size,
                  struct ln_node **root, struct ln_err *err);

/* "file:line:column: message" as an input error. Returns LN_INPUT. */
int ln_mark_error(struct ln_err *err, struct ln_mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ~, null or nothing at all. */
bool ln_node_is_null(const struct ln_node *node);

/* The value of a key in a MAP, or NULL. */
struct ln_node *ln_node_find(const struct ln_node *map, const char *key);

/* Where the node is named: its key, or itself. */
struct ln_mark ln_node_key_mark(const struct ln_node *node);

/* "a list", "a number", ... for messages. */
const char *ln_node_what(const struct ln_node *node);

/* Puts value at the end of a MAP or LIST (key NULL), or in place of the value that has that key. */
void ln_node_put(struct ln_node *parent, struct ln_node *key, struct ln_node *value);

#endif
