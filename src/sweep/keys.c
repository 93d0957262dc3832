/* Every key the schema knows, the nodes that give them, and the help for those it does not know. */
#include <stdio.h>
#include <string.h>

#include "spec.h"
#include "text.h"

/* Top-level keys that are no sections. */
static const char *const plain_keys[] = {"linnet", "name", "description", "axes", "where"};
enum { N_PLAIN = 5 };

static int find_full(const struct ln_sweep *sweep, const char *full) {
    for (int i = 0; i < sweep->n_keys; i++)
        if (strcmp(sweep->keys[i].full, full) == 0)
            return i;
    return -1;
}

static void add_key(struct ln_sweep *sweep, int part, const char *name, bool is_selector) {
    const char *full =
        ln_arena_print(&sweep->arena, "%s.%s", sweep->schema->parts[part].path, name);
    if (find_full(sweep, full) >= 0)
        return; /* several kinds have it */
    sweep->keys[sweep->n_keys++] = (struct ln_key){.part = part,
                                                   .name = name,
                                                   .full = full,
                                                   .is_selector = is_selector,
                                                   .axis = -1,
                                                   .coord = -1};
}

static void collect(struct ln_sweep *sweep) {
    const struct ln_schema *schema = sweep->schema;
    size_t most = 0;
    for (int p = 0; p < schema->n_parts; p++) {
        const struct ln_part *part = &schema->parts[p];
        most += 1 + (part->catalogue ? 0 : (size_t)*part->n_params);
        for (int e = 0; part->catalogue && e < part->catalogue->n_entries; e++)
            most += (size_t)part->catalogue->entries[e]->n_params;
    }
    sweep->keys = ln_arena_take(&sweep->arena, most, sizeof *sweep->keys);
    for (int p = 0; p < schema->n_parts; p++) {
        const struct ln_part *part = &schema->parts[p];
        if (part->selector)
            add_key(sweep, p, part->selector, true);
        for (int e = 0; part->catalogue && e < part->catalogue->n_entries; e++)
            for (int i = 0; i < part->catalogue->entries[e]->n_params; i++)
                add_key(sweep, p, part->catalogue->entries[e]->params[i].name, false);
        for (int i = 0; !part->catalogue && i < *part->n_params; i++)
            add_key(sweep, p, part->params[i].name, false);
    }
}

/* Whether full lies below prefix; the rest of it. An empty prefix is the top level. */
static const char *below(const char *full, const char *prefix) {
    size_t n = strlen(prefix);
    if (n == 0)
        return full;
    return strncmp(full, prefix, n) == 0 && full[n] == '.' ? full + n + 1 : NULL;
}

static bool is_branch(const struct ln_sweep *sweep, const char *full) {
    for (int i = 0; i < sweep->n_keys; i++)
        if (below(sweep->keys[i].full, full))
            return true;
    return false;
}

/* Whether name is key or an end of it that begins at a dot, '_' and '.' alike. */
static bool is_end_of(const char *name, const char *full) {
    size_t n = strlen(name), m = strlen(full);
    if (n == 0 || n > m || (n < m && full[m - n - 1] != '.'))
        return false;
    for (const char *a = name, *b = full + m - n; *a; a++, b++)
        if ((*a == '.' ? '_' : *a) != (*b == '.' ? '_' : *b))
            return false;
    return true;
}

/* The words that may stand right below prefix, each once: offers them, lists them. */
static void list_children(struct ln_sweep *sweep, const char *prefix, struct ln_nearest *nearest,
                          struct ln_text *list) {
    const char *seen = "";
    for (int i = 0; i < N_PLAIN && *prefix == '\0'; i++) {
        ln_nearest_offer(nearest, plain_keys[i]);
        ln_text_add(list, "%s%s", list->used ? ", " : "", plain_keys[i]);
    }
    for (int i = 0; i < sweep->n_keys; i++) {
        const char *rest = below(sweep->keys[i].full, prefix);
        if (!rest)
            continue;
        const char *word = ln_arena_copy(&sweep->arena, rest, strcspn(rest, "."));
        const char *fenced = ln_arena_print(&sweep->arena, " %s,", word);
        if (strstr(seen, fenced))
            continue;
        seen = ln_arena_print(&sweep->arena, "%s%s", seen, fenced);
        ln_nearest_offer(nearest, word);
        ln_text_add(list, "%s%s", list->used ? ", " : "", word);
    }
}

/* "; it belongs to train (train.step_size)" where another section has that very key. */
static const char *other_home(const struct ln_sweep *sweep, const char *word, char *out,
                              size_t size) {
    out[0] = '\0';
    for (int i = 0; i < sweep->n_keys && out[0] == '\0'; i++) {
        const struct ln_key *key = &sweep->keys[i];
        if (!key->is_selector && is_end_of(word, key->full))
            snprintf(out, size, "; it belongs to %s, as %s", sweep->schema->parts[key->part].path,
                     key->full);
    }
    return out;
}

static int unknown_key(struct ln_sweep *sweep, const char *prefix, const struct ln_node *key) {
    char hint[LN_HINT_CHARS];
    struct ln_nearest nearest = {.word = key->text};
    struct ln_text list = {0};
    list_children(sweep, prefix, &nearest, &list);
    ln_nearest_hint(&nearest, hint);
    if (!nearest.best)
        other_home(sweep, key->text, hint, sizeof hint);
    ln_mark_error(sweep->reader.err, key->mark, "unknown key '%.60s'%s%s%s; known here: %.900s",
                  key->text, *prefix ? " in " : "", prefix, hint, list.at ? list.at : "");
    ln_text_clear(&list);
    return LN_INPUT;
}

static int take_node(struct ln_sweep *sweep, struct ln_key *key, const struct ln_node *node) {
    if (key->node)
        return ln_mark_error(sweep->reader.err, ln_node_key_mark(node),
                             "%s is given twice, first on line %d; keep one of them", key->full,
                             ln_node_key_mark(key->node).line);
    key->node = node;
    return LN_OK;
}

/* Walks a mapping whose full key is prefix. Its depth is bounded by that of the tree. */
static int walk(struct ln_sweep *sweep, const struct ln_node *map, const char *prefix) {
    if (map->kind != LN_NODE_MAP && !ln_node_is_null(map))
        return ln_mark_error(sweep->reader.err, map->mark,
                             "%s is %.60s; it must be a mapping of keys to values", prefix,
                             ln_node_what(map));
    for (const struct ln_node *node = map->first; node; node = node->next) {
        const char *full = ln_arena_print(&sweep->arena, "%s.%s", prefix, node->key->text);
        int i = find_full(sweep, full);
        int status = i >= 0                   ? take_node(sweep, &sweep->keys[i], node)
                     : is_branch(sweep, full) ? walk(sweep, node, full)
                                              : unknown_key(sweep, prefix, node->key);
        if (status)
            return status;
    }
    return LN_OK;
}

static bool is_plain(const char *word) {
    for (int i = 0; i < N_PLAIN; i++)
        if (strcmp(word, plain_keys[i]) == 0)
            return true;
    return false;
}

int ln_spec_keys(struct ln_sweep *sweep) {
    collect(sweep);
    for (const struct ln_node *node = sweep->root->first; node; node = node->next) {
        const char *word = node->key->text;
        int status = LN_OK;
        if (is_branch(sweep, word))
            status = walk(sweep, node, word);
        else if (!is_plain(word))
            status = unknown_key(sweep, "", node->key);
        if (status)
            return status;
    }
    return LN_OK;
}

int ln_spec_row(const struct ln_variant *variant, const char *name) {
    for (int i = 0; i < variant->n_params; i++)
        if (strcmp(variant->params[i].name, name) == 0)
            return i;
    return -1;
}

const struct ln_use *ln_spec_use_of(const struct ln_sweep *sweep, const struct ln_key *key) {
    return &sweep->uses[key->part];
}

/* "kind 'deep'" or "kinds 'a', 'b'": the entries of the catalogue that have the key. */
static void list_owners(const struct ln_sweep *sweep, const struct ln_key *key,
                        struct ln_text *list) {
    const struct ln_part *part = &sweep->schema->parts[key->part];
    for (int e = 0; e < part->catalogue->n_entries; e++) {
        const struct ln_entry *entry = part->catalogue->entries[e];
        for (int i = 0; i < entry->n_params; i++)
            if (strcmp(entry->params[i].name, key->name) == 0)
                ln_text_add(list, "%s'%s'", list->used ? ", " : "", entry->name);
    }
}

static int unused_key(const struct ln_sweep *sweep, const struct ln_key *key, struct ln_mark mark) {
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    const struct ln_variant *variant = &use->variants[0];
    struct ln_text owners = {0}, known = {0};
    list_owners(sweep, key, &owners);
    for (int i = 0; i < variant->n_params; i++)
        ln_text_add(&known, ", %s", variant->params[i].name);
    ln_mark_error(sweep->reader.err, mark,
                  "%s is not used by %s '%s'; it belongs to %s %.200s; keys of '%s': %s%.600s",
                  key->full, use->part->selector, variant->entry->name, use->part->selector,
                  owners.at ? owners.at : "", variant->entry->name, use->part->selector,
                  known.at ? known.at : "");
    ln_text_clear(&owners);
    ln_text_clear(&known);
    return LN_INPUT;
}

int ln_spec_use(struct ln_sweep *sweep) {
    for (int i = 0; i < sweep->n_keys; i++) {
        struct ln_key *key = &sweep->keys[i];
        const struct ln_use *use = ln_spec_use_of(sweep, key);
        key->in_play = key->is_selector;
        for (int v = 0; v < use->n_variants; v++)
            key->in_play |= ln_spec_row(&use->variants[v], key->name) >= 0;
        if (key->node && !key->in_play)
            return unused_key(sweep, key, ln_node_key_mark(key->node));
    }
    return LN_OK;
}

static bool may_vary(const struct ln_sweep *sweep, const struct ln_key *key) {
    return sweep->schema->parts[key->part].section != LN_RECORD;
}

int ln_spec_find_selector(const struct ln_sweep *sweep, const char *name) {
    int found = -1;
    for (int i = 0; i < sweep->n_keys; i++) {
        const struct ln_key *key = &sweep->keys[i];
        if (strcmp(key->full, name) == 0)
            return key->is_selector ? i : -1;
        if (key->is_selector && is_end_of(name, key->full))
            found = found == -1 ? i : -2;
    }
    return found < 0 ? -1 : found;
}

static void unknown_name(const struct ln_sweep *sweep, const char *name, struct ln_mark mark) {
    struct ln_nearest nearest = {.word = name};
    struct ln_text list = {0};
    for (int i = 0; i < sweep->n_keys; i++) {
        const struct ln_key *key = &sweep->keys[i];
        if (!may_vary(sweep, key) || !key->in_play)
            continue;
        ln_text_add(&list, "%s%s", list.used ? ", " : "", key->full);
        ln_nearest_offer(&nearest, key->full);
        for (const char *dot = key->full; (dot = strchr(dot, '.')); dot++)
            ln_nearest_offer(&nearest, dot + 1);
    }
    char hint[LN_HINT_CHARS];
    ln_mark_error(sweep->reader.err, mark, "'%.60s' names no parameter%s; there are: %.1100s", name,
                  ln_nearest_hint(&nearest, hint), list.at ? list.at : "");
    ln_text_clear(&list);
}

/* Reports why no key in play answers to the name. */
static void explain(const struct ln_sweep *sweep, const char *name, struct ln_mark mark) {
    for (int i = 0; i < sweep->n_keys; i++) {
        const struct ln_key *key = &sweep->keys[i];
        if (!is_end_of(name, key->full))
            continue;
        if (!may_vary(sweep, key))
            ln_mark_error(sweep->reader.err, mark,
                          "%s is the same for all points; it cannot be an axis or stand in where",
                          key->full);
        else
            unused_key(sweep, key, mark);
        return;
    }
    unknown_name(sweep, name, mark);
}

int ln_spec_find(const struct ln_sweep *sweep, const char *name, struct ln_mark mark) {
    int found = -1, n = 0;
    struct ln_text list = {0};
    for (int i = 0; i < sweep->n_keys; i++) {
        const struct ln_key *key = &sweep->keys[i];
        if (!key->in_play || !may_vary(sweep, key) || !is_end_of(name, key->full))
            continue;
        found = i;
        n++;
        ln_text_add(&list, "%s%s", list.used ? ", " : "", key->full);
        if (strlen(name) == strlen(key->full)) {
            n = 1;
            break;
        }
    }
    if (n == 0)
        explain(sweep, name, mark);
    if (n > 1)
        ln_mark_error(sweep->reader.err, mark, "'%.60s' could be any of: %.600s; write more of it",
                      name, list.at);
    ln_text_clear(&list);
    return n == 1 ? found : -1;
}
