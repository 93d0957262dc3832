/* Which kinds a sweep uses, and the values of their parameters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "text.h"

static struct ln_mark section_mark(const struct ln_sweep *sweep, const char *path) {
    const struct ln_node *node = sweep->root;
    struct ln_mark mark = {sweep->path, 1, 1};
    while (node && *path) {
        char word[64];
        size_t n = strcspn(path, ".");
        snprintf(word, sizeof word, "%.*s", (int)n, path);
        node = ln_node_find(node, word);
        if (node)
            mark = ln_node_key_mark(node);
        path += n + (path[n] == '.');
    }
    return mark;
}

static const struct ln_entry *find_entry(const struct ln_reader *reader, const char *key,
                                         const struct ln_catalogue *catalogue,
                                         const struct ln_node *node) {
    bool is_word = node->kind == LN_NODE_SCALAR;
    const struct ln_entry *entry = is_word ? ln_catalogue_find(catalogue, node->text) : NULL;
    if (entry)
        return entry;
    struct ln_nearest nearest = {.word = is_word ? node->text : ""};
    struct ln_text list = {0};
    for (int e = 0; e < catalogue->n_entries; e++) {
        ln_nearest_offer(&nearest, catalogue->entries[e]->name);
        ln_text_add(&list, "%s%s", e > 0 ? ", " : "", catalogue->entries[e]->name);
    }
    char hint[LN_HINT_CHARS];
    ln_mark_error(reader->err, node->mark, "%s: there is no %s '%.60s'%s; there are: %.900s", key,
                  catalogue->what, ln_node_what(node), ln_nearest_hint(&nearest, hint),
                  list.at ? list.at : "");
    ln_text_clear(&list);
    return NULL;
}

static struct ln_variant variant_of(struct ln_sweep *sweep, const struct ln_entry *entry,
                                    const struct ln_part *part) {
    struct ln_variant variant = {.entry = entry,
                                 .params = entry ? entry->params : part->params,
                                 .n_params = entry ? entry->n_params : *part->n_params};
    variant.values =
        ln_arena_take(&sweep->arena, (size_t)variant.n_params + 1, sizeof *variant.values);
    return variant;
}

/* One variant for each value of the axis over the selector. */
static int kinds_of_axis(struct ln_sweep *sweep, const struct ln_key *key, struct ln_use *use) {
    const struct ln_driver *driver = &sweep->drivers[key->axis][key->coord];
    struct ln_items items;
    int status = ln_form_expand(&sweep->reader, driver->name, driver->node, &items);
    if (status)
        return status;
    if (items.count > LN_KINDS_MOST) {
        status = ln_mark_error(sweep->reader.err, driver->node->mark,
                               "axis %s has more than %d kinds", driver->name, LN_KINDS_MOST);
        goto out;
    }
    use->axis = key->axis;
    use->n_variants = (int)items.count;
    use->variants = ln_arena_take(&sweep->arena, (size_t)items.count, sizeof *use->variants);
    for (int v = 0; v < use->n_variants; v++) {
        const struct ln_entry *entry = NULL;
        if (items.at[v].node)
            entry = find_entry(&sweep->reader, key->full, use->part->catalogue, items.at[v].node);
        else
            ln_mark_error(sweep->reader.err, items.at[v].mark,
                          "axis %s is over words; write them as a list", driver->name);
        if (!entry) {
            status = LN_INPUT;
            goto out;
        }
        use->variants[v] = variant_of(sweep, entry, use->part);
    }
out:
    free(items.at);
    return status;
}

static const struct ln_key *selector_key(const struct ln_sweep *sweep, int part) {
    for (int i = 0; i < sweep->n_keys; i++)
        if (sweep->keys[i].is_selector && sweep->keys[i].part == part)
            return &sweep->keys[i];
    return NULL;
}

static int kinds_of(struct ln_sweep *sweep, int part, struct ln_use *use) {
    const struct ln_key *key = selector_key(sweep, part);
    use->part = &sweep->schema->parts[part];
    use->axis = -1;
    if (key && key->axis >= 0)
        return kinds_of_axis(sweep, key, use);
    const struct ln_entry *entry = NULL;
    if (key && key->node)
        entry = find_entry(&sweep->reader, key->full, use->part->catalogue, key->node);
    else if (key)
        entry = use->part->catalogue->entries[0];
    if (key && !entry)
        return LN_INPUT;
    use->n_variants = 1;
    use->variants = ln_arena_take(&sweep->arena, 1, sizeof *use->variants);
    use->variants[0] = variant_of(sweep, entry, use->part);
    return LN_OK;
}

int ln_spec_kinds(struct ln_sweep *sweep) {
    int n = sweep->schema->n_parts;
    sweep->uses = ln_arena_take(&sweep->arena, (size_t)n, sizeof *sweep->uses);
    int status = LN_OK;
    for (int p = 0; p < n && !status; p++)
        status = kinds_of(sweep, p, &sweep->uses[p]);
    return status;
}

static int check_name(const struct ln_sweep *sweep, const struct ln_key *key,
                      const struct ln_node *item, const char *const *names, int n) {
    bool is_theory = strcmp(key->name, "theory") == 0;
    const struct ln_catalogue *known =
        is_theory ? sweep->schema->predictions : sweep->schema->observables;
    if (item->kind != LN_NODE_SCALAR || *item->text == '\0')
        return ln_mark_error(sweep->reader.err, item->mark,
                             "%s holds %.60s; it must hold names of %s", key->full,
                             ln_node_what(item), is_theory ? "predictions" : "observables");
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], item->text) == 0)
            return ln_mark_error(sweep->reader.err, item->mark,
                                 "%s names '%.60s' twice; name it once", key->full, item->text);
    bool is_known = !known || find_entry(&sweep->reader, key->full, known, item);
    return is_known ? LN_OK : LN_INPUT;
}

/* The names in record.final, record.series, record.theory. */
static int name_list(struct ln_sweep *sweep, const struct ln_key *key, struct ln_value *value) {
    const struct ln_node *list = key->node;
    if (list->kind != LN_NODE_LIST)
        return ln_mark_error(sweep->reader.err, list->mark,
                             "%s is %.60s; it must be a list of names of %s", key->full,
                             ln_node_what(list),
                             strcmp(key->name, "theory") == 0 ? "predictions" : "observables");
    const char **names = ln_arena_take(&sweep->arena, (size_t)list->count + 1, sizeof *names);
    const char *text = "";
    for (const struct ln_node *item = list->first; item; item = item->next) {
        int status = check_name(sweep, key, item, names, value->count);
        if (status)
            return status;
        text = ln_arena_print(&sweep->arena, "%s%s%s", text, *text ? ", " : "", item->text);
        names[value->count++] = item->text;
    }
    value->is_set = value->count > 0;
    value->text = value->is_set ? text : "~";
    if (strcmp(key->name, "final") == 0)
        sweep->final = names;
    else if (strcmp(key->name, "series") == 0)
        sweep->series = names;
    else
        sweep->theory = names;
    return LN_OK;
}

static int value_of(struct ln_sweep *sweep, const struct ln_key *key, const struct ln_param *param,
                    struct ln_value *value) {
    bool is_record = sweep->schema->parts[key->part].section == LN_RECORD;
    *value = (struct ln_value){.text = "~"};
    if (is_record && param->type == LN_TEXT && key->node && !ln_node_is_null(key->node))
        return name_list(sweep, key, value);
    if (key->node)
        return ln_value_parse(&sweep->reader, key->full, param, key->node, value);
    if (param->fallback)
        return ln_value_fallback(&sweep->reader, key->full, param, value);
    if (key->axis >= 0)
        return LN_OK;
    const struct ln_part *part = &sweep->schema->parts[key->part];
    return ln_mark_error(sweep->reader.err, section_mark(sweep, part->path),
                         "%s must be given, here or as an axis: %s (%s)", key->full,
                         ln_param_wants(&sweep->reader, param), param->doc);
}

int ln_spec_values(struct ln_sweep *sweep) {
    for (int i = 0; i < sweep->n_keys; i++) {
        const struct ln_key *key = &sweep->keys[i];
        const struct ln_use *use = &sweep->uses[key->part];
        for (int v = 0; v < use->n_variants; v++) {
            struct ln_variant *variant = &use->variants[v];
            int row = key->is_selector ? -1 : ln_spec_row(variant, key->name);
            if (row < 0)
                continue;
            int status = value_of(sweep, key, &variant->params[row], &variant->values[row]);
            if (status)
                return status;
        }
    }
    return LN_OK;
}
