#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int cli_fail(const struct ln_err *err) {
    fprintf(stderr, "linnet: %s\n", err->text);
    return (int)err->status;
}

int cli_usage(const struct command *command, const char *format, ...) {
    va_list args;
    fprintf(stderr, "linnet %s: ", command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nusage: %s     (linnet %s --help says more)\n", command->synopsis,
            command->name);
    return LN_INPUT;
}

static int take_option(const struct command *command, const struct option_spec *specs, int n_specs,
                       int argc, char **argv, int *index, const char **value) {
    const char *word = argv[(*index)++], *equals = strchr(word, '=');
    size_t length = equals && word[1] == '-' ? (size_t)(equals - word) : strlen(word);
    for (int i = 0; i < n_specs; i++) {
        bool is_it =
            (strlen(specs[i].name) == length && strncmp(specs[i].name, word, length) == 0) ||
            (specs[i].brief && strcmp(specs[i].brief, word) == 0);
        if (!is_it)
            continue;
        bool has_equals = word[length] == '=';
        if (!specs[i].has_value && has_equals)
            return cli_usage(command, "%s takes no value", specs[i].name), -3;
        if (specs[i].has_value && !has_equals && *index >= argc)
            return cli_usage(command, "%s needs a value", specs[i].name), -3;
        *value = !specs[i].has_value ? NULL : has_equals ? word + length + 1 : argv[(*index)++];
        return i;
    }
    cli_usage(command, "there is no option '%s'", word);
    return -3;
}

int cli_next(const struct command *command, const struct option_spec *specs, int n_specs, int argc,
             char **argv, int *index, const char **value) {
    if (*index >= argc)
        return -2;
    const char *word = argv[*index];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        printf("usage: %s\n\n%s\n%s", command->synopsis, command->doc, command->help);
        return -4;
    }
    if (word[0] == '-' && word[1] != '\0')
        return take_option(command, specs, n_specs, argc, argv, index, value);
    *value = word;
    (*index)++;
    return -1;
}

bool cli_take_path(const struct command *command, const char **path, const char *value) {
    if (*path) {
        cli_usage(command, "one file at a time, not '%s' too", value);
        return false;
    }
    *path = value;
    return true;
}

int cli_read_text(const char *path, char **text, size_t *size, struct ln_err *err) {
    enum { MOST = 4 << 20 };
    struct stat info;
    *text = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        return ln_err_set(err, LN_INPUT, "%s: cannot be read: %s", path, strerror(errno));
    if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
        fclose(file);
        return ln_err_set(err, LN_INPUT, "%s: is a directory; give a sweep file", path);
    }
    *text = malloc(MOST + 2);
    *size = *text ? fread(*text, 1, MOST + 1, file) : 0;
    bool is_bad = !*text || ferror(file);
    fclose(file);
    if (is_bad) {
        free(*text);
        *text = NULL;
        return ln_err_set(err, LN_INPUT, "%s: cannot be read", path);
    }
    (*text)[*size] = '\0';
    return LN_OK;
}

int cli_split_lines(char *text, const char **lines, int most) {
    int n = 0;
    for (char *line = text ? strtok(text, "\n") : NULL; line && n < most; line = strtok(NULL, "\n"))
        lines[n++] = line;
    return n;
}

void cli_duration(double seconds, char text[32]) {
    if (!(seconds < 1e9))
        snprintf(text, 32, "years");
    else if (seconds < 120)
        snprintf(text, 32, "%.3g s", seconds);
    else if (seconds < 7200)
        snprintf(text, 32, "%.0f min", seconds / 60);
    else if (seconds < 172800)
        snprintf(text, 32, "%.1f h", seconds / 3600);
    else
        snprintf(text, 32, "%.1f days", seconds / 86400);
}

void cli_bytes(double bytes, char text[32]) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    int i = 0;
    for (; bytes >= 1000 && i < 5; i++)
        bytes /= 1000;
    snprintf(text, 32, "%.3g %s", bytes, units[i]);
}
