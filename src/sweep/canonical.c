/* The identity of a sweep as text: every key resolved, one a line, in the order of the schema. */
#include <string.h>

#include "spec.h"
#include "text.h"

/* Line ends inside a string would pass for keys. */
static void add_value(struct ln_text *out, const struct ln_param *param,
                      const struct ln_value *value, bool is_names) {
    if (param->type != LN_TEXT || !value->is_set || is_names) {
        ln_text_add(out, "%s", value->text);
        return;
    }
    ln_text_add(out, "\"");
    for (const char *c = value->text; *c; c++) {
        if (*c == '\n')
            ln_text_add(out, "\\n");
        else
            ln_text_add(out, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
    }
    ln_text_add(out, "\"");
}

static bool is_repeated(const struct ln_use *use, int v) {
    for (int before = 0; before < v; before++)
        if (use->variants[before].entry == use->variants[v].entry)
            return true;
    return false;
}

/* A key that an axis drives stands with the axes; one of several kinds names its kind. */
static void add_key(struct ln_text *out, const struct ln_sweep *sweep, const struct ln_key *key) {
    const struct ln_use *use = ln_spec_use_of(sweep, key);
    if (key->axis >= 0)
        return;
    if (key->is_selector) {
        ln_text_add(out, "%s = %s\n", key->full, use->variants[0].entry->name);
        return;
    }
    for (int v = 0; v < use->n_variants; v++) {
        const struct ln_variant *variant = &use->variants[v];
        int row = ln_spec_row(variant, key->name);
        if (row < 0 || is_repeated(use, v))
            continue;
        if (use->axis >= 0)
            ln_text_add(out, "%s[%s].%s = ", use->part->path, variant->entry->name, key->name);
        else
            ln_text_add(out, "%s = ", key->full);
        add_value(out, &variant->params[row], &variant->values[row],
                  use->part->section == LN_RECORD);
        ln_text_add(out, "\n");
    }
}

static void add_axis(struct ln_text *out, const struct ln_axis *axis) {
    for (int c = 0; c < axis->n_coords; c++) {
        const struct ln_coord *coord = &axis->coords[c];
        ln_text_add(out, "axes.%s = %s as %s: [", axis->name, coord->key, coord->name);
        for (int64_t i = 0; i < axis->count; i++)
            ln_text_add(out, "%s%s", i > 0 ? ", " : "", coord->texts[i]);
        ln_text_add(out, "]\n");
    }
}

const char *ln_spec_canonical(struct ln_sweep *sweep) {
    struct ln_text out = {0};
    ln_text_add(&out, "linnet = 1\n");
    for (int i = 0; i < sweep->n_keys; i++)
        add_key(&out, sweep, &sweep->keys[i]);
    for (int a = 0; a < sweep->n_axes; a++)
        add_axis(&out, &sweep->axes[a]);
    for (int w = 0; w < sweep->n_wheres; w++)
        ln_text_add(&out, "where = %s\n", ln_where_text(sweep->wheres[w]));
    return ln_text_keep(&out, &sweep->arena);
}
