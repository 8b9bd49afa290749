/* All pairs of the frames of one geometry: session statistics, search, verification, significance.
 */
#ifndef MDUP_FLOW_COMPARE_H
#define MDUP_FLOW_COMPARE_H

#include <microdup/callbacks.h>

#include "base/error.h"
#include "search/search.h"
#include "verify/pair.h"
#include "verify/significance.h"

typedef struct {
    mdup_pair
        *items; /* a, b: indices into the frames; shift in px of the frame; sorted by (a, b) */
    size_t n;
    int64_t n_compared;
    double
        spot_share; /* of the frames' power in Bragg spots, median; 0 when nothing was compared */
    mdup_null
        null; /* what E-values rest on, and the pairs it was fitted to; of no meaning when nothing was compared */
    mdup_overlap_weights weights;
    mdup_unrelated *unrelated;
    size_t n_unrelated;
} mdup_pair_list;

/** Finds every significant pair (E-value <= max_evalue).  The frames are borrowed.  False with *err
 * (NOMEM, ABORTED).  Free with mdup_pair_list_clear. */
bool mdup_compare_frames(const mdup_search_frames *frames, double max_evalue, int n_threads,
                         const mdup_callbacks *callbacks, mdup_pair_list *out,
                         mdup_error **err) MDUP_MUST_CHECK;
void mdup_pair_list_clear(mdup_pair_list *list);

#endif
