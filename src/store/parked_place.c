/* Whose is what lies where points are to be parked? */
#include <stdlib.h>
#include <string.h>

#include "linnet/fault.h"
#include "parked_file.h"
#include "sidefile.h"

int ln_parked_check_place(const char *name, const char *identity, struct ln_err *err) {
    struct ln_parked_file file;
    struct ln_err why = {0};
    int rc = LN_OK, found = ln_parked_file_open(name, &file, &why);
    if (found == LN_INPUT && file.fault == LN_PARKED_FOREIGN)
        rc = ln_err_set(err, LN_INPUT, "%s; move it away or remove it", why.text);
    else if (found == LN_OK && file.fd >= 0 && identity && strcmp(file.identity, identity) != 0)
        rc = ln_err_set(err, LN_INPUT,
                        "%s is of another sweep, version of linnet or kind of CPU than the "
                        "results, and in the way where this run parks its points; move it away "
                        "or remove it",
                        name);
    ln_parked_file_close(&file);
    return rc;
}

int ln_parked_forget(const char *name, struct ln_err *err) {
    struct ln_parked_file file;
    int found = ln_parked_file_open(name, &file, err);
    enum ln_parked_fault fault = file.fault;
    bool is_there = file.fd >= 0;
    ln_parked_file_close(&file);
    if (found == LN_OK ? is_there : found == LN_INPUT && fault == LN_PARKED_DAMAGED)
        return LN_FAULT(PARKED_REMOVE, ln_sidefile_fail("remove", name, err),
                        ln_sidefile_remove(name, err));
    return found == LN_OK || fault == LN_PARKED_FOREIGN ? LN_OK : LN_INPUT;
}

int ln_parked_check_beside(const char *path, const char *identity, struct ln_err *err) {
    char *name = ln_parked_path(path);
    int rc = name ? ln_parked_check_place(name, identity, err)
                  : ln_err_set(err, LN_FATAL, "out of memory");
    free(name);
    return rc;
}

void ln_parked_forget_beside(const char *path) {
    struct ln_err ignored; /* a run that finds it there says what is wrong with it */
    char *name = ln_parked_path(path);
    if (name)
        (void)ln_parked_forget(name, &ignored);
    free(name);
}
