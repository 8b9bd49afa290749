/* One pair as a picture of its own, and in some lines for the terminal. */
#ifndef MDUP_PUBLISH_PAIR_PNG_H
#define MDUP_PUBLISH_PAIR_PNG_H

#include "publish/report.h"

typedef struct {
    size_t a, b;            /* micrographs, a recorded before b */
    const mdup_pair *known; /* what is known of their overlap; NULL: nothing */
    size_t published;       /* which of the report's pairs that is; SIZE_MAX: none */
    const char *remark;     /* a sentence on a pair that is not published; borrowed */
} mdup_shown_pair;

/** Appends a PNG: both frames with the shared area outlined, the shared area of both and their difference, the numbers.  Where no overlap is
 *  known the two frames and the remark.  Its key "Software" is "microdup VERSION".  False with *err (NOMEM, IO). */
bool mdup_pair_png(const mdup_report *report, const mdup_shown_pair *pair, mdup_strbuf *png,
                   mdup_error **err) MDUP_MUST_CHECK;

/** Appends the names, the numbers and what was decided, as lines of at most 79 columns but for names.  False with *err (NOMEM). */
bool mdup_pair_text(const mdup_report *report, const mdup_shown_pair *pair, mdup_strbuf *text,
                    mdup_error **err) MDUP_MUST_CHECK;

#endif
