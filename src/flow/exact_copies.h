/* Exact copies: micrographs that hold the same pixels, turned, mirrored or as they were. */
#ifndef MDUP_FLOW_EXACT_COPIES_H
#define MDUP_FLOW_EXACT_COPIES_H

#include <stddef.h>

#include <microdup/callbacks.h>
#include <microdup/screen.h>

#include "base/error.h"
#include "catalog/catalog.h"
#include "flow/reading.h"
#include "flow/recall.h"
#include "verify/pair.h"

/* A micrograph each. */
typedef struct {
    size_t
        first; /* the earliest micrograph of the same pixels; the micrograph itself when it is that or has no copy */
    mdup_orientation orientation; /* against `first` */
} mdup_exact_copy;

/** The pair of two that are equal: overlap and CCC 1, and a score and an E-value no other pair can reach. */
mdup_pair mdup_pair_of_equals(size_t a, size_t b);

/** Finds copies among the readings that have a frame, of whatever geometry: equal signatures name them, and their files, read once more
 *  and compared pixel by pixel with the first of their kind, prove them.  As many are read as there are copies and kinds of copies; two
 *  images are held at a time.  The options say which pairs are asked for.  A file that is gone or changed is no copy, with a warning.
 *  recall (may be NULL): the session in which these proofs are kept, so that each is made once.  copies: room for one a micrograph.  False with *err (NOMEM, ABORTED). */
bool mdup_exact_copies_find(const mdup_catalog *catalog, const mdup_reading *readings,
                            const mdup_screen_options *options, const mdup_recall *recall,
                            const mdup_callbacks *callbacks, mdup_exact_copy *copies,
                            mdup_error **err) MDUP_MUST_CHECK;

/** Names the copies among pairs, and adds those that are missing: every copy with the first of its kind.  The order of *pairs is then any.
 *  *pairs has room for *capacity (see mdup_grow).  False with *err (NOMEM). */
bool mdup_exact_copies_merge(const mdup_exact_copy *copies, size_t n_micrographs, mdup_pair **pairs,
                             size_t *n_pairs, size_t *capacity, mdup_error **err) MDUP_MUST_CHECK;

#endif
