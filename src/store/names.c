#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "variables.h"

struct list {
    int count, room;
    const char **names;
};

static bool add(struct list *list, const char *name) {
    if (list->count == list->room) {
        int room = 2 * list->room + 64;
        const char **names = realloc(list->names, (size_t)room * sizeof *names);
        if (!names)
            return false;
        list->names = names;
        list->room = room;
    }
    list->names[list->count++] = name;
    return true;
}

static bool add_axis(struct list *list, const struct ln_axis *axis) {
    bool ok = add(list, axis->name);
    for (int i = 0; ok && i < axis->n_coords; i++)
        if (i > 0 || strcmp(axis->coords[i].name, axis->name) != 0)
            ok = add(list, axis->coords[i].name);
    return ok;
}

static bool add_dim(struct list *list, const struct ln_dim *dim) {
    return add(list, dim->name) && (!dim->coord_name || strcmp(dim->coord_name, dim->name) == 0 ||
                                    add(list, dim->coord_name));
}

static bool collect(struct list *list, const struct ln_sweep *sweep,
                    const struct ln_layout *layout) {
    bool ok = add(list, "status") && add(list, "row_checksum") && add(list, "metadata_checksum");
    for (int i = 0; ok && i < ln_sweep_n_axes(sweep); i++)
        ok = add_axis(list, ln_sweep_axis(sweep, i));
    for (int i = 0; ok && i < layout->n_dims; i++)
        ok = add_dim(list, &layout->dims[i]);
    for (int i = 0; ok && i < layout->n_columns; i++)
        ok = add(list, layout->columns[i].name);
    return ok;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_list(struct list *list, struct ln_err *err) {
    qsort(list->names, (size_t)list->count, sizeof *list->names, by_name);
    for (int i = 0; i < list->count; i++) {
        const char *name = list->names[i];
        if (name[0] == '\0' || strlen(name) >= LN_NAME_SIZE || strpbrk(name, " /"))
            return ln_err_set(
                err, LN_INPUT,
                "'%.80s' cannot be a name in the results file; names have 1 to %d characters, no "
                "space and no '/'",
                name, LN_NAME_SIZE - 1);
        if (i > 0 && strcmp(name, list->names[i - 1]) == 0)
            return ln_err_set(
                err, LN_INPUT,
                "'%s' would stand twice in the results file; give the axis or zip group another "
                "name",
                name);
    }
    return LN_OK;
}

int ln_names_check(const struct ln_sweep *sweep, const struct ln_layout *layout,
                   struct ln_err *err) {
    struct list list = {0};
    int rc = LN_OK;
    if (ln_sweep_n_axes(sweep) + layout->n_dims + 1 > LN_MAX_RANK)
        rc = ln_err_set(err, LN_INPUT, "%d axes are too many; the results file holds %d",
                        ln_sweep_n_axes(sweep), LN_MAX_RANK - 1 - layout->n_dims);
    else if (!collect(&list, sweep, layout))
        rc = ln_err_set(err, LN_FATAL, "out of memory");
    else
        rc = check_list(&list, err);
    free(list.names);
    return rc;
}
