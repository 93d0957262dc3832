/* Failed points and suspects, with their parameters and what is known of their deaths. */
#include <stdlib.h>

#include "cli.h"
#include "linnet/deaths.h"
#include "linnet/linalg.h"
#include "linnet/store.h"

enum { SHOWN = 20 };

struct failed {
    struct ln_deaths deaths;
    struct ln_sweep *sweep; /* NULL: it cannot be read here */
};

/* What the next run will count of a run that died; nothing is written. */
static void count_last(struct failed *failed, const char *path, const int8_t *status) {
    struct ln_err err = {0};
    int64_t n, n_cells = ln_sweep_n_cells(failed->sweep);
    uint8_t *done = ln_linalg_alloc((size_t)n_cells, 1);
    for (int64_t cell = 0; cell < n_cells; cell++)
        done[cell] = status[cell] != LN_ROW_PENDING;
    ln_deaths_fold(path, failed->sweep, done, &failed->deaths, &n, &err);
    free(done);
}

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

static void print_line(const struct failed *failed, const char *what, int64_t cell) {
    char reason[320];
    reason_of(failed, cell, reason, sizeof reason);
    printf("  %s: point %lld (", what, (long long)cell);
    if (failed->sweep)
        print_parameters(failed->sweep, cell, false);
    printf(")\n    %s\n", cli_shown(reason));
}

static void print_failed(const struct failed *failed, const struct ln_view *view, const char *path,
                         const int8_t *status) {
    int64_t n = 0;
    for (int64_t cell = 0; cell < ln_view_n_cells(view); cell++)
        if (status[cell] == LN_ROW_FAILED && n++ < SHOWN)
            print_line(failed, "failed", cell);
    if (n > SHOWN)
        printf("  and %lld more (--json names them all)\n", (long long)(n - SHOWN));
    if (n > 0)
        printf("`linnet run SWEEP.yaml -o %s --retry failed` tries them again\n", cli_shown(path));
}

static bool is_suspect(const struct ln_death *death) {
    return death && ln_deaths_apart(death) > 0;
}

/* Those that are not done by now. */
static void print_suspects(const struct failed *failed, const int8_t *status) {
    int64_t n = 0;
    for (int64_t i = 0; i < failed->deaths.n; i++)
        if (status[failed->deaths.items[i].cell] == LN_ROW_PENDING &&
            is_suspect(&failed->deaths.items[i]) && n++ < SHOWN)
            print_line(failed, "suspect", failed->deaths.items[i].cell);
    if (n > SHOWN)
        printf("  and %lld more (--json names them all)\n", (long long)(n - SHOWN));
    if (n > 0)
        printf("suspects are tried last, each alone, and given up after %d deaths\n",
               LN_DEATHS_MOST);
}

void cli_failed_print(const struct ln_view *view, const char *path, const int8_t *status,
                      bool is_live) {
    struct failed failed;
    open_failed(&failed, view, path);
    if (!is_live && failed.sweep)
        count_last(&failed, path, status);
    print_failed(&failed, view, path, status);
    print_suspects(&failed, status);
    close_failed(&failed);
}

static void print_json(const struct failed *failed, int64_t cell, bool is_first) {
    char reason[320];
    const struct ln_death *death = ln_deaths_find(&failed->deaths, cell);
    reason_of(failed, cell, reason, sizeof reason);
    printf("%s{\"point\": %lld, \"deaths\": %d, \"reason\": \"%s\", \"parameters\": {",
           is_first ? "" : ", ", (long long)cell, death ? death->count : 0, cli_json(reason));
    if (failed->sweep)
        print_parameters(failed->sweep, cell, true);
    printf("}}");
}

void cli_failed_print_json(const struct ln_view *view, const char *path, const int8_t *status,
                           int which, bool is_live) {
    struct failed failed;
    bool is_first = true;
    open_failed(&failed, view, path);
    if (!is_live && failed.sweep)
        count_last(&failed, path, status);
    for (int64_t cell = 0; cell < ln_view_n_cells(view); cell++) {
        if (status[cell] != which ||
            (which == LN_ROW_PENDING && !is_suspect(ln_deaths_find(&failed.deaths, cell))))
            continue;
        print_json(&failed, cell, is_first);
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
