#include "merge_deaths.h"

#include "linnet/deaths.h"
#include "linnet/store.h"

struct merged {
    int fd;
    const struct ln_rows *rows;
};

static bool is_open(const struct ln_death *death, const void *ctx) {
    const struct merged *merged = ctx;
    struct ln_err err;
    int8_t status = LN_ROW_DONE;
    (void)ln_rows_read(merged->fd, merged->rows->status.base + death->cell, 1, &status, &err);
    return status == LN_ROW_FAILED || status == LN_ROW_PENDING;
}

static int add_part(struct ln_deaths *deaths, const struct ln_source *part, int64_t n_cells,
                    struct ln_err *err) {
    struct ln_deaths own;
    ln_deaths_init(&own, part->sweep_digest);
    int rc = ln_deaths_read(part->path, n_cells, &own, err);
    if (rc == LN_OK)
        rc = ln_deaths_join(deaths, &own, err);
    ln_deaths_clear(&own);
    return rc;
}

int ln_merge_deaths(const char *path, int fd, const struct ln_rows *rows,
                    const struct ln_source *parts, int n_parts, struct ln_err *err) {
    const struct merged merged = {fd, rows};
    struct ln_deaths deaths;
    struct ln_err why = {0};
    int rc = LN_OK;
    ln_deaths_forget(path);
    ln_deaths_init(&deaths, parts[0].sweep_digest);
    for (int p = 0; p < n_parts; p++)
        if (add_part(&deaths, &parts[p], rows->n_cells, &why) != LN_OK && rc == LN_OK) {
            *err = why;
            rc = LN_INPUT;
        }
    ln_deaths_filter(&deaths, is_open, &merged);
    if (ln_deaths_write(path, &deaths, &why) != LN_OK && rc == LN_OK) {
        *err = why;
        rc = LN_INPUT;
    }
    ln_deaths_clear(&deaths);
    return rc;
}
