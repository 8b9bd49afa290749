/* Which overlaps belong to the way a session was recorded, and which are places recorded again. */
#ifndef MDUP_DECIDE_DESIGN_H
#define MDUP_DECIDE_DESIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "verify/pair.h"

/* What is known of a micrograph. */
typedef struct {
    const char *hole;    /* NULL: not known.  Equal ones are shots of one hole in one visit */
    double long_side_px; /* of the micrograph, unbinned; 0 when it has no frame */
} mdup_shot_place;

/** Sets by_design[p] of each pair that neighbouring shots make by plan: the two are of one hole, or the shift is one that comes over and over.
 *  The rule is in doc/methods.md.  Duplicates (is_duplicate, a pair each) never are: what was recorded twice was recorded twice.
 *  pairs: n_pairs, a < b; places: a micrograph each.  by_design: room for n_pairs.  False with *err (NOMEM). */
bool mdup_find_overlaps_by_design(const mdup_pair *pairs, size_t n_pairs, const bool *is_duplicate,
                                  const mdup_shot_place *places, bool *by_design,
                                  mdup_error **err) MDUP_MUST_CHECK;

#endif
