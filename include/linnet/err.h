/* Errors: a status that is returned and a message that the caller owns.
 *
 * The function that finds an error fills in a message complete enough to print as it is; each level
 * above may prefix it once. On success nothing is touched, so calls can be chained. Only cli/
 * prints. */
#ifndef LINNET_ERR_H
#define LINNET_ERR_H

/* The values are the exit codes of the program. */
enum ln_status {
    LN_OK = 0,
    LN_FATAL =
        1, /* a write refused, a full disk, out of memory: the run ends, the file stays whole */
    LN_INPUT = 2,      /* usage or input: found before anything is touched */
    LN_INCOMPLETE = 3, /* the run has ended, but there are points that it gave up (failed rows) */
    LN_STOPPED = 75,   /* asked to stop: what is finished is stored, the rest can be resumed */
};

struct ln_err {
    enum ln_status status;
    char where[96]; /* key in the sweep file the error is about, e.g. "model.width"; empty: none */
    char text[1600];
};

/* Sets status and message (printf style), clears `where`; returns status. */
int ln_err_set(struct ln_err *err, enum ln_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Same for an input error about one key of the sweep file; the sweep module turns the key into
 * file:line:column. Returns LN_INPUT. */
int ln_err_key(struct ln_err *err, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts text in front of the message; returns err->status. */
int ln_err_prefix(struct ln_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
