/* The other shots of a hole: when one shot of a hole shows what the same shot of another hole showed, the others do so too, at the same shift,
 * for the stage moved and the pattern of shots did not. */
#ifndef MDUP_FLOW_SIBLINGS_H
#define MDUP_FLOW_SIBLINGS_H

#include "base/error.h"
#include "search/search.h"
#include "verify/pair.h"
#include "verify/significance.h"

/* A pair to be looked at because of another one, its leader. */
typedef struct {
    size_t leader; /* index of a pair */
    size_t a, b;   /* frames, a < b */
    double shift_x,
        shift_y;    /* the leader's, px of the frame; turned when a is of the leader's later hole */
    mdup_pair pair; /* filled in by the caller: as verified there, E-value not yet known */
} mdup_sibling;

typedef struct {
    mdup_sibling *items;
    size_t n;
} mdup_siblings;

/** Finds what is to be looked at: of every two holes the most significant pair of equal shots with an E-value of 1 or less is a leader (unless it lies
 *  near (0, 0), where the detector lines up all shots), and
 *  all other pairs of equal shots of the two holes that are asked for are its siblings.  None when the frames have no holes.  False with
 *  *err (NOMEM).  Free out->items with free(). */
bool mdup_siblings_find(const mdup_search_frames *frames, const mdup_pair *pairs, size_t n,
                        mdup_siblings *out, mdup_error **err) MDUP_MUST_CHECK;

/** Rates siblings and leaders; those of one leader stand together, as found.  null: of heights at one given shift.  A leader's E-value becomes the number of unrelated pairs of holes
 *  expected to agree so well in all their shots; a sibling's is that, but no less than the number of siblings of this session expected
 *  to reach its own height.  Both twice, since there are two ways to be found. */
void mdup_siblings_rate(mdup_siblings *siblings, mdup_pair *pairs, const mdup_null *null);

#endif
