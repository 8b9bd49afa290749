/* applied.csv: what microdup apply has written into a folder, and so may replace. */
#ifndef MDUP_FLOW_APPLIED_H
#define MDUP_FLOW_APPLIED_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MDUP_APPLIED_FILE "applied.csv"

typedef struct {
    char *input, *output; /* as given; below the folder */
    char *kind; /* "micrographs", "particles", "coordinates", ...; "" while it is not done */
    int64_t rows, of_session, removed;
} mdup_applied_row;

typedef struct {
    size_t n, capacity;
    mdup_applied_row *rows;
} mdup_applied;

/** What the folder's file says; nothing when there is none.  False with *err: INVALID (a file of that name that we did not write), PARSE,
 *  IO, NOMEM.  Free with mdup_applied_clear. */
bool mdup_applied_read(const char *folder, mdup_applied *out, mdup_error **err) MDUP_MUST_CHECK;

/** The row of that output, or NULL. */
mdup_applied_row *mdup_applied_find(const mdup_applied *applied, const char *output);

/** Adds a row that is not done, in place of an earlier one of that output.  The strings are copied.  False with *err (NOMEM). */
bool mdup_applied_add(mdup_applied *applied, const char *input, const char *output,
                      mdup_error **err) MDUP_MUST_CHECK;

/** Sets what came of it; a kind is copied. */
bool mdup_applied_finish(mdup_applied_row *row, const char *kind, int64_t rows, int64_t of_session,
                         int64_t removed, mdup_error **err) MDUP_MUST_CHECK;

/** Forgets the outputs that are not done and not there. */
bool mdup_applied_forget_missing(const char *folder, mdup_applied *applied,
                                 mdup_error **err) MDUP_MUST_CHECK;

bool mdup_applied_write(const char *folder, const mdup_applied *applied,
                        mdup_error **err) MDUP_MUST_CHECK;
void mdup_applied_clear(mdup_applied *applied);

#endif
