#include "yaml.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "linnet/utf8.h"

int ln_mark_error(struct ln_err *err, struct ln_mark mark, const char *format, ...) {
    char text[sizeof err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return ln_err_set(err, LN_INPUT, "%s:%d:%d: %s", mark.file, mark.line, mark.column, text);
}

bool ln_node_is_null(const struct ln_node *node) {
    if (node->kind != LN_NODE_SCALAR || node->is_quoted)
        return false;
    return strcmp(node->text, "") == 0 || strcmp(node->text, "~") == 0 ||
           strcmp(node->text, "null") == 0;
}

struct ln_node *ln_node_find(const struct ln_node *map, const char *key) {
    for (struct ln_node *node = map->first; node; node = node->next)
        if (node->key && strcmp(node->key->text, key) == 0)
            return node;
    return NULL;
}

struct ln_mark ln_node_key_mark(const struct ln_node *node) {
    return node->key ? node->key->mark : node->mark;
}

const char *ln_node_what(const struct ln_node *node) {
    if (node->kind == LN_NODE_LIST)
        return "a list";
    if (node->kind == LN_NODE_MAP)
        return "a mapping";
    if (ln_node_is_null(node))
        return "nothing";
    return node->is_quoted ? "a quoted string" : node->text;
}

static void append(struct ln_node *parent, struct ln_node *value) {
    if (parent->last)
        parent->last->next = value;
    else
        parent->first = value;
    parent->last = value;
    parent->count++;
}

void ln_node_put(struct ln_node *parent, struct ln_node *key, struct ln_node *value) {
    struct ln_node *old = key ? ln_node_find(parent, key->text) : NULL;
    value->key = key;
    if (!old) {
        append(parent, value);
        return;
    }
    value->next = old->next;
    if (parent->last == old)
        parent->last = value;
    struct ln_node **link = &parent->first;
    while (*link != old)
        link = &(*link)->next;
    *link = value;
}

/* The state while events come in. */
struct builder {
    struct ln_arena *arena;
    struct ln_mark origin, end; /* of the first character, and behind the last */
    struct ln_err *err;
    struct ln_node *open[LN_YAML_DEPTH]; /* collections begun and not ended */
    struct ln_node *key;                 /* key read, value awaited */
    struct ln_node *root;
    int depth, documents;
};

static struct ln_mark place(const struct builder *builder, int line, int column) {
    struct ln_mark mark = builder->origin;
    mark.column = line == 0 ? mark.column + column : column + 1;
    mark.line += line;
    return mark;
}

static struct ln_mark event_mark(const struct builder *builder, struct fy_event *event) {
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark)
        return place(builder, mark->line, mark->column);
    return builder->key ? builder->key->mark : builder->origin; /* a value left empty */
}

static int check_key(struct builder *builder, const struct ln_node *map,
                     const struct ln_node *key) {
    if (key->kind != LN_NODE_SCALAR)
        return ln_mark_error(builder->err, key->mark, "a key must be a word, not %s",
                             ln_node_what(key));
    if (strcmp(key->text, "<<") == 0 && !key->is_quoted)
        return ln_mark_error(builder->err, key->mark,
                             "merge keys (<<) are not allowed; write the keys out");
    const struct ln_node *twin = ln_node_find(map, key->text);
    if (twin)
        return ln_mark_error(builder->err, key->mark,
                             "the key '%s' is given twice, first on line %d; keep one of them",
                             key->text, ln_node_key_mark(twin).line);
    if (map->count >= LN_YAML_KEYS)
        return ln_mark_error(builder->err, key->mark, "more than %d keys in one mapping",
                             LN_YAML_KEYS);
    return LN_OK;
}

/* Hangs a node into the collection that is open. */
static int attach(struct builder *builder, struct ln_node *node) {
    node->depth = builder->depth;
    if (builder->depth == 0) {
        builder->root = node;
        return LN_OK;
    }
    struct ln_node *parent = builder->open[builder->depth - 1];
    if (parent->kind == LN_NODE_LIST) {
        append(parent, node);
    } else if (builder->key) {
        node->key = builder->key;
        append(parent, node);
        builder->key = NULL;
    } else {
        int status = check_key(builder, parent, node);
        if (status)
            return status;
        builder->key = node;
    }
    return LN_OK;
}

static struct ln_node *new_node(struct builder *builder, struct fy_event *event,
                                enum ln_node_kind kind) {
    struct ln_node *node = ln_arena_take(builder->arena, 1, sizeof *node);
    node->mark = event_mark(builder, event);
    node->kind = kind;
    node->text = "";
    return node;
}

static int on_scalar(struct builder *builder, struct fy_event *event) {
    struct ln_node *node = new_node(builder, event, LN_NODE_SCALAR);
    struct fy_token *token = event->scalar.value;
    size_t n = 0;
    const char *text = token ? fy_token_get_text(token, &n) : NULL;
    if (text) {
        if (memchr(text, '\0', n))
            return ln_mark_error(builder->err, node->mark, "a NUL character in a string");
        node->text = ln_arena_copy(builder->arena, text, n);
        enum fy_scalar_style style = fy_token_scalar_style(token);
        node->is_quoted = style != FYSS_PLAIN;
        /* The token begins behind the quotation mark. */
        node->mark.column -= style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    }
    return attach(builder, node);
}

static int on_open(struct builder *builder, struct fy_event *event, enum ln_node_kind kind) {
    struct ln_node *node = new_node(builder, event, kind);
    if (builder->depth == LN_YAML_DEPTH)
        return ln_mark_error(builder->err, node->mark,
                             "nested deeper than %d levels; a sweep needs no more than 6",
                             LN_YAML_DEPTH);
    int status = attach(builder, node);
    if (status)
        return status;
    builder->open[builder->depth++] = node;
    return LN_OK;
}

static int on_document(struct builder *builder, struct fy_event *event) {
    struct fy_document_state *state = event->document_start.document_state;
    if (fy_document_state_version_explicit(state) || fy_document_state_tags_explicit(state))
        return ln_mark_error(builder->err, event_mark(builder, event),
                             "directives (%%YAML, %%TAG) are not allowed; leave them out");
    if (builder->documents++ > 0)
        return ln_mark_error(builder->err, event_mark(builder, event),
                             "a second document; a sweep file holds one, without '---' inside");
    return LN_OK;
}

/* Anchors and tags hang on nodes; an alias is an event of its own. */
static int refuse_extras(struct builder *builder, struct fy_event *event) {
    struct fy_token *anchor = NULL, *tag = NULL;
    if (event->type == FYET_SCALAR) {
        anchor = event->scalar.anchor;
        tag = event->scalar.tag;
    } else if (event->type == FYET_SEQUENCE_START) {
        anchor = event->sequence_start.anchor;
        tag = event->sequence_start.tag;
    } else if (event->type == FYET_MAPPING_START) {
        anchor = event->mapping_start.anchor;
        tag = event->mapping_start.tag;
    } else if (event->type == FYET_ALIAS) {
        anchor = event->alias.anchor;
    }
    struct fy_token *extra = anchor ? anchor : tag;
    if (!extra)
        return LN_OK;
    const struct fy_mark *mark = fy_token_start_mark(extra);
    /* The token of an anchor or alias begins behind its & or *. */
    int column = mark->column - (anchor && mark->column > 0 ? 1 : 0);
    return ln_mark_error(builder->err, place(builder, mark->line, column),
                         anchor
                             ? "anchors and aliases (&x, *x) are not allowed; write the value out"
                             : "tags (!x) are not allowed; write the value alone");
}

static int on_event(struct builder *builder, struct fy_event *event) {
    int status = refuse_extras(builder, event);
    if (status)
        return status;
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return on_document(builder, event);
    case FYET_SCALAR:
        return on_scalar(builder, event);
    case FYET_SEQUENCE_START:
        return on_open(builder, event, LN_NODE_LIST);
    case FYET_MAPPING_START:
        return on_open(builder, event, LN_NODE_MAP);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        builder->depth--;
        return LN_OK;
    default:
        return LN_OK;
    }
}

/* What libfyaml complained about first, at its place. */
static int report(const struct builder *builder, struct fy_diag *diag) {
    void *prev = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &prev);
    if (!first || !first->msg)
        return ln_mark_error(builder->err, builder->origin, "this is not YAML");
    /* Positions of libfyaml's errors count from 1; 0 stands for none. */
    int line = first->line > 0 ? first->line - 1 : 0;
    int column = first->column > 0 ? first->column - 1 : 0;
    struct ln_mark mark = place(builder, line, column);
    if (mark.line > builder->end.line)
        mark = builder->end; /* libfyaml sees one more line end than the text has */
    return ln_mark_error(builder->err, mark, "not valid YAML: %.200s", first->msg);
}

static int read_events(struct builder *builder, struct fy_parser *parser, struct fy_diag *diag) {
    for (;;) {
        struct fy_event *event = fy_parser_parse(parser);
        if (!event)
            return fy_parser_get_stream_error(parser) || fy_diag_got_error(diag)
                       ? report(builder, diag)
                       : LN_OK;
        int status = on_event(builder, event);
        fy_parser_event_free(parser, event);
        if (status)
            return status;
    }
}

static int check_bytes(struct builder *builder, const char *text, size_t size) {
    if (size > LN_YAML_BYTES)
        return ln_mark_error(builder->err, builder->origin,
                             "the text has %zu bytes; more than %d are not read (put matrices "
                             "into files of their own)",
                             size, LN_YAML_BYTES);
    struct ln_mark mark = builder->origin;
    for (size_t i = 0; i < size;) {
        const unsigned char *s = (const unsigned char *)text + i;
        size_t n = ln_utf8_length(text + i, size - i, NULL);
        bool is_control = s[0] < 0x20 && !strchr("\t\n\r", s[0]);
        if (n == 0 || s[0] == '\0' || s[0] == 0x7F || is_control)
            return ln_mark_error(builder->err, mark,
                                 "byte 0x%02x is not text; a sweep file is YAML in UTF-8", s[0]);
        mark.column++;
        if (s[0] == '\n') {
            mark.line++;
            mark.column = 1;
        }
        i += n;
    }
    builder->end = mark;
    return LN_OK;
}

static void say_nothing(struct fy_diag *diag, void *user, const char *text, size_t n) {
    (void)diag, (void)user, (void)text, (void)n;
}

int ln_yaml_parse(struct ln_arena *arena, struct ln_mark origin, const char *text, size_t size,
                  struct ln_node **root, struct ln_err *err) {
    struct builder builder = {.arena = arena, .origin = origin, .err = err};
    int status = check_bytes(&builder, text, size);
    if (status)
        return status;
    struct fy_diag_cfg quiet;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    quiet.output_fn = say_nothing;
    struct fy_diag *diag = fy_diag_create(&quiet);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = diag};
    struct fy_parser *parser = diag ? fy_parser_create(&config) : NULL;
    if (!parser) {
        status = ln_err_set(err, LN_FATAL, "out of memory while reading %s", origin.file);
        goto out;
    }
    fy_diag_set_collect_errors(diag, true);
    if (fy_parser_set_string(parser, text, size) != 0)
        status = report(&builder, diag);
    else
        status = read_events(&builder, parser, diag);
    *root = builder.root;
    if (!status && !builder.root) {
        *root = ln_arena_take(arena, 1, sizeof **root);
        (*root)->text = "";
        (*root)->mark = origin;
    }
out:
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return status;
}
