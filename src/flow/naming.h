/* The micrographs of a session by the names that other files have for them, and what the user is told about that. */
#ifndef MDUP_FLOW_NAMING_H
#define MDUP_FLOW_NAMING_H

#include <microdup/apply.h>

#include "base/error.h"
#include "base/intern.h"
#include "catalog/same_micrograph.h"
#include "flow/screened.h"

typedef struct {
    const mdup_screened *screened;
    const char **known;
    /* A micrograph each, by mdup_same_micrographs; to be filled by the owner, 0 at first. */
    size_t *fate;
    mdup_same weakest;
    const mdup_callbacks *callbacks;
} mdup_naming;

/** Borrows `screened`.  False with *err (NOMEM).  Free with mdup_naming_clear, also after a failure. */
bool mdup_naming_init(mdup_naming *naming, const mdup_screened *screened, mdup_match match,
                      const mdup_callbacks *callbacks, mdup_error **err) MDUP_MUST_CHECK;
void mdup_naming_clear(mdup_naming *naming);

/** Finds the micrograph of each of the names of `file` (for messages), or -1.  Tells which rules were used where that was not the plainest,
 *  and which would find more.  False with *err: INVALID when it is not certain which micrograph is meant and that matters; NOMEM.  micrograph:
 *  names->n. */
bool mdup_naming_match(const mdup_naming *naming, const char *file, const mdup_intern *names,
                       ptrdiff_t *micrograph, mdup_error **err) MDUP_MUST_CHECK;

#endif
