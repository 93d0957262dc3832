#include "linnet/sweep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "text.h"

enum { FORMAT = 1, NAME_CHARS = 100 };

static int check_root(const struct ln_sweep *sweep) {
    const struct ln_node *root = sweep->root;
    if (root->kind == LN_NODE_MAP)
        return LN_OK;
    if (ln_node_is_null(root))
        return ln_mark_error(sweep->reader.err, root->mark,
                             "the file is empty; a sweep begins with linnet: %d", FORMAT);
    return ln_mark_error(sweep->reader.err, root->mark,
                         "this is %.60s, not a sweep; a sweep is a mapping that begins with "
                         "linnet: %d",
                         ln_node_what(root), FORMAT);
}

static int check_format(const struct ln_sweep *sweep) {
    const struct ln_node *node = ln_node_find(sweep->root, "linnet");
    int64_t format;
    if (!node)
        return ln_mark_error(sweep->reader.err, sweep->root->mark,
                             "the key linnet is missing; begin the file with linnet: %d", FORMAT);
    if (!ln_node_integer(node, &format) || format < 1)
        return ln_mark_error(sweep->reader.err, node->mark,
                             "linnet is %.60s; it is the version of the file format, now %d",
                             ln_node_what(node), FORMAT);
    if (format > FORMAT)
        return ln_mark_error(sweep->reader.err, node->mark,
                             "format %" PRId64 " is newer than this program, which reads up to %d; "
                             "install a newer linnet",
                             format, FORMAT);
    return LN_OK;
}

/* The file's name without folder and ending. */
static const char *name_of_file(struct ln_sweep *sweep) {
    const char *slash = strrchr(sweep->path, '/');
    const char *base = slash ? slash + 1 : sweep->path;
    const char *dot = strrchr(base, '.');
    return ln_arena_copy(&sweep->arena, base,
                         dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

static int read_names(struct ln_sweep *sweep) {
    const struct ln_node *name = ln_node_find(sweep->root, "name");
    const struct ln_node *description = ln_node_find(sweep->root, "description");
    if (name &&
        (name->kind != LN_NODE_SCALAR || ln_node_is_null(name) || strlen(name->text) > NAME_CHARS))
        return ln_mark_error(sweep->reader.err, name->mark,
                             "name is %.60s; it must be a string of 1 to %d characters",
                             ln_node_what(name), NAME_CHARS);
    if (description && description->kind != LN_NODE_SCALAR)
        return ln_mark_error(sweep->reader.err, description->mark,
                             "description is %.60s; it must be a string",
                             ln_node_what(description));
    sweep->name = name ? name->text : name_of_file(sweep);
    return LN_OK;
}

/* The order matters: kinds decide which keys exist, axes over kinds decide the kinds. */
static int build(struct ln_sweep *sweep, const char *const *sets, int n_sets) {
    struct ln_mark origin = {sweep->path, 1, 1};
    int status;
    if ((status = ln_yaml_parse(&sweep->arena, origin, sweep->text, sweep->size, &sweep->root,
                                sweep->reader.err)) ||
        (status = check_root(sweep)) || (status = ln_spec_override(sweep, sets, n_sets)) ||
        (status = check_format(sweep)) || (status = read_names(sweep)) ||
        (status = ln_spec_keys(sweep)) || (status = ln_spec_axes(sweep)) ||
        (status = ln_spec_kinds(sweep)) || (status = ln_spec_use(sweep)) ||
        (status = ln_spec_axes_keys(sweep)) || (status = ln_spec_values(sweep)) ||
        (status = ln_spec_axes_values(sweep)) || (status = ln_spec_where(sweep)) ||
        (status = ln_spec_record(sweep)) || (status = ln_spec_not_empty(sweep)))
        return status;
    sweep->canonical = ln_spec_canonical(sweep);
    return LN_OK;
}

static const char *join_sets(struct ln_sweep *sweep, const char *const *sets, int n_sets) {
    struct ln_text text = {0};
    for (int i = 0; i < n_sets; i++)
        ln_text_add(&text, "%s\n", sets[i]);
    return ln_text_keep(&text, &sweep->arena);
}

int ln_sweep_parse_by(const struct ln_schema *schema, const char *path, const char *text,
                      size_t size, const char *const *sets, int n_sets, ln_read_matrix *read_hdf5,
                      struct ln_sweep **out, struct ln_err *err) {
    *out = NULL;
    struct ln_sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep)
        return ln_err_set(err, LN_FATAL, "out of memory while reading %s", path);
    sweep->schema = schema;
    sweep->path = ln_arena_print(&sweep->arena, "%s", path);
    sweep->text = ln_arena_copy(&sweep->arena, text, size);
    sweep->size = size;
    sweep->sets = join_sets(sweep, sets, n_sets);
    sweep->reader =
        (struct ln_reader){&sweep->arena, sweep->path, read_hdf5, err, &sweep->n_matrix};
    int status = build(sweep, sets, n_sets);
    sweep->reader.err = NULL; /* the caller's, and only for this call */
    if (status)
        ln_sweep_free(sweep);
    else
        *out = sweep;
    return status;
}

void ln_sweep_free(struct ln_sweep *sweep) {
    if (!sweep)
        return;
    ln_arena_clear(&sweep->arena);
    free(sweep);
}

/* The deepest node on the way to the key that the file has. */
static struct ln_mark deepest_mark(const struct ln_sweep *sweep, const char *key) {
    struct ln_mark mark = {sweep->path, 1, 1};
    const struct ln_node *node = sweep->root;
    while (*key) {
        char word[96];
        size_t n = strcspn(key, ".");
        snprintf(word, sizeof word, "%.*s", (int)n, key);
        node = ln_node_find(node, word);
        if (!node)
            break;
        mark = ln_node_key_mark(node);
        key += n + (key[n] == '.');
    }
    return mark;
}

int ln_sweep_locate(const struct ln_sweep *sweep, struct ln_err *err) {
    if (err->where[0] == '\0')
        return (int)err->status;
    struct ln_mark mark = deepest_mark(sweep, err->where);
    for (int i = 0; i < sweep->n_keys; i++) {
        const struct ln_key *key = &sweep->keys[i];
        if (strcmp(key->full, err->where) != 0)
            continue;
        if (key->axis >= 0)
            mark = sweep->drivers[key->axis][key->coord].node->mark;
        else if (key->node)
            mark = key->node->mark;
    }
    err->where[0] = '\0'; /* placed: a second call must not prefix again */
    return ln_err_prefix(err, "%s:%d:%d: ", mark.file, mark.line, mark.column);
}

const char *ln_sweep_name(const struct ln_sweep *sweep) {
    return sweep->name;
}

const char *ln_sweep_text(const struct ln_sweep *sweep, size_t *size) {
    *size = sweep->size;
    return sweep->text;
}

const char *ln_sweep_sets(const struct ln_sweep *sweep) {
    return sweep->sets;
}

const char *ln_sweep_canonical(const struct ln_sweep *sweep) {
    return sweep->canonical;
}

int ln_sweep_n_axes(const struct ln_sweep *sweep) {
    return sweep->n_axes;
}

const struct ln_axis *ln_sweep_axis(const struct ln_sweep *sweep, int axis) {
    return &sweep->axes[axis];
}

int64_t ln_sweep_n_cells(const struct ln_sweep *sweep) {
    return sweep->n_cells;
}

const char *const *ln_sweep_final(const struct ln_sweep *sweep) {
    return sweep->final;
}

const char *const *ln_sweep_series(const struct ln_sweep *sweep) {
    return sweep->series;
}

const char *const *ln_sweep_theory(const struct ln_sweep *sweep) {
    return sweep->theory;
}

const int64_t *ln_sweep_record_steps(const struct ln_sweep *sweep, int *count) {
    *count = sweep->n_steps;
    return sweep->steps;
}
