/* Overrides from the command line: "train.max_steps=1000", "axes.depth=[2, 3]", "where=depth < 4".
 * They go into the tree before it is read, so they are checked like the rest; their place is
 * --set:number:column. */
#include <string.h>

#include "spec.h"

/* The key of map that path begins with; the longest, since keys may be written with dots. */
static size_t known_length(const struct ln_node *map, const char *path) {
    size_t longest = 0;
    for (const struct ln_node *node = map->first; node; node = node->next) {
        size_t n = strlen(node->key->text);
        if (n > longest && strncmp(node->key->text, path, n) == 0 &&
            (path[n] == '.' || path[n] == '\0'))
            longest = n;
    }
    return longest;
}

static struct ln_node *new_node(struct ln_sweep *sweep, enum ln_node_kind kind, struct ln_mark mark,
                                const char *text, size_t n) {
    struct ln_node *node = ln_arena_take(&sweep->arena, 1, sizeof *node);
    node->kind = kind;
    node->mark = mark;
    node->text = ln_arena_copy(&sweep->arena, text, n);
    return node;
}

static int put(struct ln_sweep *sweep, const char *path, struct ln_mark mark,
               struct ln_node *value) {
    struct ln_node *map = sweep->root;
    for (const char *at = path;;) {
        bool is_axes = map->key && map->key->depth == 1 && strcmp(map->key->text, "axes") == 0;
        size_t n = known_length(map, at);
        if (n == 0)
            n = is_axes ? strlen(at) : strcspn(at, ".");
        mark.column = (int)(at - path) + 1;
        struct ln_node *key = new_node(sweep, LN_NODE_SCALAR, mark, at, n);
        key->depth = map->depth + 1;
        if (at[n] == '\0') {
            value->depth = key->depth;
            ln_node_put(map, key, value);
            return LN_OK;
        }
        struct ln_node *child = ln_node_find(map, key->text);
        if (!child || ln_node_is_null(child)) {
            child = new_node(sweep, LN_NODE_MAP, mark, "", 0);
            child->depth = key->depth;
            ln_node_put(map, key, child);
        }
        if (child->kind != LN_NODE_MAP)
            return ln_mark_error(sweep->reader.err, mark,
                                 "'%.80s' is no mapping in the file but %.60s; set it as a whole",
                                 key->text, ln_node_what(child));
        map = child;
        at += n + 1;
    }
}

static int override(struct ln_sweep *sweep, const char *set, int number) {
    struct ln_mark mark = {"--set", number, 1};
    const char *equals = strchr(set, '=');
    if (!equals || equals == set)
        return ln_mark_error(sweep->reader.err, mark,
                             "'%.80s' is no override; write key=value, as in train.max_steps=1000",
                             set);
    const char *path = ln_arena_copy(&sweep->arena, set, (size_t)(equals - set));
    struct ln_node *value;
    mark.column = (int)(equals - set) + 2;
    int status = ln_yaml_parse(&sweep->arena, mark, equals + 1, strlen(equals + 1), &value,
                               sweep->reader.err);
    return status ? status : put(sweep, path, mark, value);
}

int ln_spec_override(struct ln_sweep *sweep, const char *const *sets, int n_sets) {
    int status = LN_OK;
    for (int i = 0; i < n_sets && !status; i++)
        status = override(sweep, sets[i], i + 1);
    return status;
}
