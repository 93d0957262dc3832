/* Failed points, with their parameters and what is known of their deaths. */
#include <stdlib.h>

#include "cli.h"
#include "linnet/deaths.h"
#include "linnet/store.h"

enum { SHOWN = 20 };

struct failed {
    struct ln_deaths deaths;
    struct ln_sweep *sweep; /* NULL: it cannot be read here */
};

static void open_failed(struct failed *failed, const struct ln_view *view, const char *path) {
    struct ln_err err;
    const char *digest = ln_view_attribute(view, "sweep_digest");
    ln_deaths_init(&failed->deaths, digest ? digest : "");
    if (ln_deaths_read(path, ln_view_n_cells(view), &failed->deaths, &err) != LN_OK)
        fprintf(stderr, "linnet: %s; ignored\n", cli_shown(err.text));
    if (cli_sweep_of(view, path, &failed->sweep, &err) != LN_OK)
        failed->sweep = NULL;
}

static void close_failed(struct failed *failed) {
    ln_deaths_clear(&failed->deaths);
    ln_sweep_free(failed->sweep);
}

static void reason_of(const struct failed *failed, int64_t cell, char *text, size_t size) {
    const struct ln_death *death = ln_deaths_find(&failed->deaths, cell);
    if (death)
        ln_deaths_say(death, text, size);
    else
        snprintf(text, size, "nothing is known of its deaths (no .deaths beside the file)");
}

static void print_parameters(const struct ln_sweep *sweep, int64_t cell, bool is_json) {
    int64_t stride = 1;
    bool is_first = true;
    for (int i = 0; i < ln_sweep_n_axes(sweep); i++)
        stride *= ln_sweep_axis(sweep, i)->count;
    for (int i = 0; i < ln_sweep_n_axes(sweep); i++) {
        const struct ln_axis *axis = ln_sweep_axis(sweep, i);
        stride /= axis->count;
        for (int k = 0; k < axis->n_coords; k++, is_first = false) {
            const struct ln_coord *coord = &axis->coords[k];
            const char *value = coord->texts[cell / stride % axis->count];
            if (is_json)
                printf("%s\"%s\": \"%s\"", is_first ? "" : ", ", cli_json(coord->name),
                       cli_json(value));
            else
                printf("%s%s=%s", is_first ? "" : ", ", cli_shown(coord->name), cli_shown(value));
        }
    }
}

static void print_line(const struct failed *failed, int64_t cell) {
    char reason[320];
    reason_of(failed, cell, reason, sizeof reason);
    printf("  failed: point %lld (", (long long)cell);
    if (failed->sweep)
        print_parameters(failed->sweep, cell, false);
    printf(")\n    %s\n", cli_shown(reason));
}

void cli_failed_print(const struct ln_view *view, const char *path, const int8_t *status) {
    struct failed failed;
    int64_t n = 0;
    open_failed(&failed, view, path);
    for (int64_t cell = 0; cell < ln_view_n_cells(view); cell++)
        if (status[cell] == LN_ROW_FAILED && n++ < SHOWN)
            print_line(&failed, cell);
    if (n > SHOWN)
        printf("  and %lld more (--json names them all)\n", (long long)(n - SHOWN));
    if (n > 0)
        printf("`linnet run SWEEP.yaml -o %s --retry failed` tries them again\n", cli_shown(path));
    close_failed(&failed);
}

void cli_failed_print_json(const struct ln_view *view, const char *path, const int8_t *status) {
    struct failed failed;
    char reason[320];
    bool is_first = true;
    open_failed(&failed, view, path);
    for (int64_t cell = 0; cell < ln_view_n_cells(view); cell++) {
        if (status[cell] != LN_ROW_FAILED)
            continue;
        const struct ln_death *death = ln_deaths_find(&failed.deaths, cell);
        reason_of(&failed, cell, reason, sizeof reason);
        printf("%s{\"point\": %lld, \"deaths\": %d, \"reason\": \"%s\", \"parameters\": {",
               is_first ? "" : ", ", (long long)cell, death ? death->count : 0, cli_json(reason));
        if (failed.sweep)
            print_parameters(failed.sweep, cell, true);
        printf("}}");
        is_first = false;
    }
    close_failed(&failed);
}

void cli_failed_explain(const struct ln_view *view, const char *path, int64_t cell) {
    struct failed failed;
    char reason[320];
    open_failed(&failed, view, path);
    reason_of(&failed, cell, reason, sizeof reason);
    printf("  %s\n", cli_shown(reason));
    close_failed(&failed);
}
