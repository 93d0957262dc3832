#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "h5.h"
#include "identity.h"
#include "linnet/fault.h"
#include "linnet/view.h"
#include "metadata.h"

static char *text_or_empty(char *text) {
    return text ? text : calloc(1, 1);
}

static int read_texts(struct ln_source *source, hid_t file, struct ln_err *err) {
    source->program = text_or_empty(ln_h5_get_text(file, "source"));
    source->cpu_kind = text_or_empty(ln_h5_get_text(file, "cpu_kind"));
    source->sweep_digest = text_or_empty(ln_h5_get_text(file, "sweep_digest"));
    source->layout_digest = text_or_empty(ln_h5_get_text(file, "layout_digest"));
    source->title = text_or_empty(ln_h5_get_text(file, "title"));
    source->text = text_or_empty(ln_h5_get_long_text(file, "sweep_text"));
    source->overrides = text_or_empty(ln_h5_get_long_text(file, "sweep_overrides"));
    source->canonical = text_or_empty(ln_h5_get_long_text(file, "sweep_canonical"));
    bool ok = source->program && source->cpu_kind && source->sweep_digest &&
              source->layout_digest && source->title && source->text && source->overrides &&
              source->canonical;
    return ok ? LN_OK : ln_err_set(err, LN_FATAL, "out of memory");
}

static int open_bytes(struct ln_source *source, struct ln_err *err) {
    struct stat info;
    source->fd = LN_FAULT(SOURCE_OPEN, -1, open(source->path, O_RDONLY | O_CLOEXEC));
    if (source->fd < 0 || fstat(source->fd, &info) != 0)
        return ln_err_set(err, LN_INPUT, "cannot read %s: %s", source->path, strerror(errno));
    source->size = (int64_t)info.st_size;
    return LN_OK;
}

int ln_source_open(struct ln_source *source, const char *path, struct ln_err *err) {
    hid_t file = H5I_INVALID_HID;
    *source = (struct ln_source){.path = path, .fd = -1};
    ln_h5_begin();
    int rc = ln_view_try(path, err);
    if (rc == LN_OK)
        rc = ln_h5_open(path, &file, err);
    if (rc != LN_OK)
        return rc;
    rc = ln_identity_check_format(file, path, err);
    if (rc == LN_OK)
        rc = open_bytes(source, err);
    if (rc == LN_OK)
        rc = ln_rows_map(file, path, source->size, &source->rows, err);
    if (rc == LN_OK)
        rc = read_texts(source, file, err);
    if (rc == LN_OK)
        rc = ln_identity_check_digest(path, source->canonical, source->sweep_digest, err);
    H5Fclose(file);
    if (rc != LN_OK)
        ln_source_close(source);
    return rc;
}

int ln_source_check(const struct ln_source *source, struct ln_err *err) {
    return ln_metadata_check(source->fd, source->path, &source->rows, err);
}

void ln_source_close(struct ln_source *source) {
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
    free(source->program);
    free(source->cpu_kind);
    free(source->sweep_digest);
    free(source->layout_digest);
    free(source->title);
    free(source->text);
    free(source->overrides);
    free(source->canonical);
}
