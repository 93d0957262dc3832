/* Names what differs between two sweeps, so that "another sweep" is never the whole message. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "identity.h"

enum { MAX_SHOWN = 3, MAX_VALUE = 60, CONTEXT = 20 };

struct line {
    const char *text;
    size_t size, key; /* key: length of what stands before the first ':' or '=' */
};

/* Takes the next line off *text. */
static bool next_line(const char **text, struct line *line) {
    if (**text == '\0')
        return false;
    line->text = *text;
    line->size = strcspn(*text, "\n");
    line->key = strcspn(*text, ":=\n");
    *text += line->size + ((*text)[line->size] == '\n');
    while (line->key > 0 && line->text[line->key - 1] == ' ')
        line->key--;
    return true;
}

static bool find_key(const char *text, const struct line *wanted, struct line *found) {
    while (next_line(&text, found))
        if (found->key == wanted->key && memcmp(found->text, wanted->text, wanted->key) == 0)
            return true;
    return false;
}

static bool same_line(const struct line *a, const struct line *b) {
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* The value of a line, from a little before the first difference on if it is long. */
static void show_value(const struct line *line, size_t difference, char out[MAX_VALUE + 8]) {
    size_t from = line->key;
    while (from < line->size && strchr(" :=", line->text[from]))
        from++;
    size_t start = from;
    if (line->size - from > MAX_VALUE && difference > from + CONTEXT)
        start = difference - CONTEXT;
    int width = (int)(line->size - start);
    bool cut = width > MAX_VALUE;
    snprintf(out, MAX_VALUE + 8, "%s%.*s%s", start > from ? "..." : "", cut ? MAX_VALUE : width,
             line->text + start, cut ? "..." : "");
}

static void append(struct ln_err *err, const char *text) {
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, "%s", text);
}

static void show_changed(struct ln_err *err, const struct line *stored, const struct line *asked,
                         const struct ln_identity_names *names) {
    size_t difference = 0;
    while (difference < stored->size && difference < asked->size &&
           stored->text[difference] == asked->text[difference])
        difference++;
    char in_file[MAX_VALUE + 8];
    char in_sweep[MAX_VALUE + 8];
    char text[4 * MAX_VALUE + 400];
    show_value(stored, difference, in_file);
    show_value(asked, difference, in_sweep);
    snprintf(text, sizeof text, "\n  %.*s: %s in %.200s, %s in %.200s", (int)asked->key,
             asked->text, in_file, names->stored, in_sweep, names->asked);
    append(err, text);
}

static void show_lone(struct ln_err *err, const struct line *line, const char *where) {
    char value[MAX_VALUE + 8];
    char text[4 * MAX_VALUE + 200];
    show_value(line, 0, value);
    snprintf(text, sizeof text, "\n  %.*s: %s only in %.200s", (int)line->key, line->text, value,
             where);
    append(err, text);
}

/* Lines of `from` that `other` has not; changed lines are shown only if names are given. */
static int show_missing(struct ln_err *err, const char *from, const char *other, const char *where,
                        const struct ln_identity_names *names, int shown) {
    struct line mine;
    struct line theirs;
    while (shown < MAX_SHOWN && next_line(&from, &mine)) {
        bool has_key = find_key(other, &mine, &theirs);
        if (has_key && names && !same_line(&mine, &theirs)) {
            show_changed(err, &mine, &theirs, names);
            shown++;
        } else if (!has_key) {
            show_lone(err, &mine, where);
            shown++;
        }
    }
    return shown;
}

void ln_identity_describe(struct ln_err *err, const char *stored, const char *asked,
                          const struct ln_identity_names *names) {
    int shown = show_missing(err, stored, asked, names->stored, names, 0);
    shown = show_missing(err, asked, stored, names->asked, NULL, shown);
    if (shown == MAX_SHOWN)
        append(err, "\n  (there may be more)");
}
