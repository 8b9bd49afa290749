/* cryoSPARC's .csg files: the YAML text that says in which .cs files the results of a group stand.
 *
 * Only what cryoSPARC itself writes is read: block style, one entry a line.  Rewriting replaces the
 * names of the files and the numbers of items and leaves every other byte alone, which no YAML
 * library does.
 */
#ifndef MDUP_FORMATS_CSG_H
#define MDUP_FORMATS_CSG_H

#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

/* One entry below "results:", as exposure.micrograph_blob. */
typedef struct {
    char *metafile;                      /* unquoted; with the '>' that means "beside the .csg" */
    size_t metafile_begin, metafile_end; /* byte range of the value in the text, quotes included */
    size_t count_begin, count_end;       /* the same of num_items */
} mdup_csg_result;

typedef struct {
    char *text; /* owned, NUL behind it */
    size_t length;
    char *type; /* of the group: "exposure", "particle", ...; "" when it is not said */
    size_t n;
    mdup_csg_result *results;
} mdup_csg;

/** Parses a text, which is copied.  `name` is only used in messages, which give the line.  NULL with
 * *err set: PARSE, NOMEM.  Free with mdup_csg_free. */
mdup_csg *mdup_csg_parse(const char *text, size_t length, const char *name,
                         mdup_error **err) MDUP_MUST_CHECK;
void mdup_csg_free(mdup_csg *csg);

/** Appends the text with other files and numbers: metafiles[i], the name of a file beside the .csg,
 * and counts[i] are those of results[i]. */
bool mdup_csg_write(const mdup_csg *csg, const char *const *metafiles, const size_t *counts,
                    mdup_strbuf *out, mdup_error **err) MDUP_MUST_CHECK;

#endif
