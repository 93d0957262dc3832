/* Inside of a sweep, and the steps that fill it in: keys -> kinds -> values -> axes -> where ->
 * record. */
#ifndef LINNET_SWEEP_SPEC_H
#define LINNET_SWEEP_SPEC_H

#include "schema.h"
#include "value.h"

enum { LN_MAX_AXES = 24, LN_KINDS_MOST = 64 };

/* What a sweep may ask for. Only the fuzzers change it: to reach a limit must not take them a
 * second. */
struct ln_limits {
    int64_t axis;   /* values of one axis */
    int64_t cells;  /* of the grid */
    int64_t values; /* of all axes, counted once for each kind in use */
};
extern struct ln_limits ln_spec_limits;

/* One key that the schema knows, and where the file gives it. */
struct ln_key {
    int part;
    bool is_selector, in_play;  /* in play: a kind in use has it */
    const char *name;           /* inside its section: "stop.hold" */
    const char *full;           /* "train.stop.hold" */
    const struct ln_node *node; /* in its section, or NULL */
    int axis, coord;            /* that drives it, or -1 */
};

/* A kind in use, with its values for all cells; an axis puts its own over them. */
struct ln_variant {
    const struct ln_entry *entry; /* NULL for a plain table */
    const struct ln_param *params;
    int n_params;
    struct ln_value *values; /* [n_params] */
};

struct ln_use {
    const struct ln_part *part;
    int n_variants; /* more than one only where the selector is an axis: one for each value */
    struct ln_variant *variants;
    int axis; /* that picks the variant, or -1 */
};

/* What stands behind a coordinate; the public half is ln_coord. */
struct ln_driver {
    const char *name;
    const struct ln_node *node; /* the form */
    int key;
    int *param;               /* [n_variants] row of the driven parameter in the table of each */
    struct ln_value **values; /* [n_variants][count] */
};

struct ln_where;

struct ln_sweep {
    struct ln_arena arena;
    struct ln_reader reader;
    const struct ln_schema *schema;
    struct ln_node *root;
    const char *path, *name, *text, *sets, *canonical;
    size_t size;
    struct ln_key *keys;
    int n_keys;
    struct ln_use *uses; /* one for each part of the schema */
    int n_axes;
    struct ln_axis axes[LN_MAX_AXES];
    struct ln_driver *drivers[LN_MAX_AXES]; /* [n_coords] of each */
    int64_t stride[LN_MAX_AXES], n_cells;
    int64_t n_values; /* of all axes, in every kind in use */
    size_t n_matrix;  /* elements of matrices from files */
    struct ln_where **wheres;
    int n_wheres;
    struct ln_conf record;
    const char *const *final, *const *series, *const *theory;
    int64_t *steps;
    int n_steps;
};

/* set.c: the overrides, put into the tree. */
int ln_spec_override(struct ln_sweep *sweep, const char *const *sets, int n_sets);

/* keys.c */
int ln_spec_keys(
    struct ln_sweep *sweep); /* collects the keys of the schema and finds their nodes */
int ln_spec_use(
    struct ln_sweep *sweep); /* marks keys in play; refuses those that no kind in use has */
/* The key a name stands for: itself or any unambiguous end of it, '_' and '.' alike. -1: reported.
 */
int ln_spec_find(const struct ln_sweep *sweep, const char *name, struct ln_mark mark);
/* Same among selectors alone, silent; -1: none, or more than one. */
int ln_spec_find_selector(const struct ln_sweep *sweep, const char *name);
/* The row of a key's parameter in the table of a variant, or -1. */
int ln_spec_row(const struct ln_variant *variant, const char *name);
const struct ln_use *ln_spec_use_of(const struct ln_sweep *sweep, const struct ln_key *key);

/* values.c: kinds and values of every section. */
int ln_spec_kinds(struct ln_sweep *sweep);  /* after the selector axes are known */
int ln_spec_values(struct ln_sweep *sweep); /* after all axes are named */

/* axes.c */
int ln_spec_axes(struct ln_sweep *sweep);        /* names and groups; selectors resolved */
int ln_spec_axes_keys(struct ln_sweep *sweep);   /* the other names resolved */
int ln_spec_axes_values(struct ln_sweep *sweep); /* values, sizes, cells */

/* forms.c: an axis form spelled out. */
struct ln_item {
    const struct ln_node *node; /* as written, or NULL: made by a form */
    double number;
    struct ln_mark mark;
};
struct ln_items {
    struct ln_item *at; /* malloc'ed */
    int64_t count, size;
    bool is_log;
};
int ln_form_expand(const struct ln_reader *reader, const char *name, const struct ln_node *form,
                   struct ln_items *items);

/* where.c */
int ln_spec_where(struct ln_sweep *sweep);
bool ln_where_holds(const struct ln_where *where, const struct ln_sweep *sweep,
                    const int64_t *index);
const char *ln_where_text(const struct ln_where *where);
uint32_t ln_where_axes(const struct ln_where *where); /* bit a: depends on axis a */

/* record.c */
int ln_spec_record(struct ln_sweep *sweep);

/* grid.c */
int ln_spec_not_empty(const struct ln_sweep *sweep);
void ln_cell_index(const struct ln_sweep *sweep, int64_t cell, int64_t *index);

/* canonical.c */
const char *ln_spec_canonical(struct ln_sweep *sweep);

#endif
