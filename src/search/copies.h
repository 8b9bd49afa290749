/* Exact copies: the same image twice, under one name or two. */
#ifndef MDUP_SEARCH_COPIES_H
#define MDUP_SEARCH_COPIES_H

#include "base/error.h"
#include "search/search.h"

typedef struct {
    size_t a, b; /* a < b; a is the first frame of these bytes, in its group */
} mdup_copy;

typedef struct {
    mdup_copy *items; /* sorted by b */
    size_t n;
} mdup_copies;

/** Finds the frames whose bytes equal those of an earlier one, among the pairs asked for.  The correlation cannot be left to do this: in a
 *  folder of nothing but copies the whole image is what all frames have in common, and is taken out as a detector's pattern would be.
 *  False with *err (NOMEM).  Free out->items with free(). */
bool mdup_find_copies(const mdup_search_frames *frames, mdup_copies *out,
                      mdup_error **err) MDUP_MUST_CHECK;

#endif
