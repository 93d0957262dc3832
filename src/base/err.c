#include "linnet/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void format_text(struct ln_err *err, const char *format, va_list args) {
    vsnprintf(err->text, sizeof err->text, format, args);
}

int ln_err_set(struct ln_err *err, enum ln_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    format_text(err, format, args);
    va_end(args);
    err->where[0] = '\0';
    return (int)(err->status = status);
}

int ln_err_key(struct ln_err *err, const char *key, const char *format, ...) {
    va_list args;
    va_start(args, format);
    format_text(err, format, args);
    va_end(args);
    snprintf(err->where, sizeof err->where, "%s", key);
    return (int)(err->status = LN_INPUT);
}

int ln_err_prefix(struct ln_err *err, const char *format, ...) {
    char head[256];
    char tail[sizeof err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(head, sizeof head, format, args);
    va_end(args);
    memcpy(tail, err->text, sizeof tail);
    size_t used = strlen(head);
    memcpy(err->text, head, used);
    snprintf(err->text + used, sizeof err->text - used, "%s", tail);
    return (int)err->status;
}
