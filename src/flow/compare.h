/* All pairs of the frames of one geometry: session statistics, search, verification, significance.
 */
#ifndef MDUP_FLOW_COMPARE_H
#define MDUP_FLOW_COMPARE_H

#include <microdup/callbacks.h>
#include <microdup/screen.h>

#include "base/error.h"
#include "image/condition.h"
#include "search/search.h"
#include "verify/pair.h"
#include "verify/significance.h"

/* The number of the method: raised with every change of conditioning, search or verification after which the same frames give other
 * candidates or other looks, so that a session does not go on with what an older method found.  tests/unit/test_method.c fails until that
 * is done. */
enum { MDUP_COMPARE_METHOD = 5 };

/* What verification makes of one place of one pair, as numbers. */
enum { MDUP_LOOK_SIGNS = 9 };

typedef enum {
    MDUP_LOOK_CANDIDATE, /* at the places the search found */
    MDUP_LOOK_SIBLING,   /* at the shift of another pair of the holes, which is among the signs */
    MDUP_LOOK_AT_ZERO,   /* at shift (0, 0) */
    MDUP_LOOK_OPPOSITE,  /* at the shift opposite to the best place the search found */
    MDUP_LOOK_REPEATS    /* at the place of the pair, for what repeats within its frames */
} mdup_look_kind;

typedef struct {
    size_t a, b; /* frames, a < b */
    mdup_look_kind kind;
    double signs[MDUP_LOOK_SIGNS];
} mdup_look;

/* What earlier comparisons found, so that nothing is done twice.  All functions are called on the thread that compares. */
typedef struct {
    void *context;
    /* The first call.  key stands for all that the statistics, the candidates and the looks of these frames depend on.  *search becomes the
     * tiles to search with, NULL for none.  *known: statistics, whose frame size, sum and number of frames are given, are filled in. */
    bool (*begin)(void *context, uint64_t key, mdup_statistics *statistics, bool *known,
                  const mdup_search_memory **search, mdup_error **err);
    bool (*keep_statistics)(void *context, const mdup_statistics *statistics, mdup_error **err);
    /* False when nothing is known of the pair. */
    bool (*recall_look)(void *context, mdup_look *look);
    bool (*keep_looks)(void *context, const mdup_look *looks, size_t n, mdup_error **err);
} mdup_compare_memory;

typedef struct {
    mdup_pair
        *items; /* a, b: indices into the frames; shift in px of the frame; sorted by (a, b) */
    size_t n;
    int64_t n_compared;
    double
        spot_share; /* of the frames' power in Bragg spots, median; 0 when nothing was compared */
    /* Of the statistics. */
    size_t n_sample;
    double noise_share;
    /* What E-values rest on; of no meaning when nothing was compared. */
    mdup_null null;
    mdup_overlap_weights weights;
    mdup_drawn *drawn; /* the pairs it was fitted to, those of the highest E-values first */
    size_t n_drawn;
} mdup_pair_list;

/** Of how many pairs E-values are to be the E-values, where at least `expect` micrographs are expected and n_frames have made n_compared pairs: of as
 *  many as that number of micrographs in a row would make by these options, in proportion. */
int64_t mdup_expected_pairs(const mdup_screen_options *options, size_t n_frames,
                            int64_t n_compared);

/** Finds every significant pair (E-value <= max_evalue), where E-values are those of a search of least_pairs pairs or more.  The frames are borrowed; frames->memory is not used, but what `memory` gives, which may be
 *  NULL.  The answer does not depend on it.  False with *err (NOMEM, ABORTED, and what the memory says).  Free with mdup_pair_list_clear. */
bool mdup_compare_frames(const mdup_search_frames *frames, const mdup_compare_memory *memory,
                         double max_evalue, int64_t least_pairs, int n_threads,
                         const mdup_callbacks *callbacks, mdup_pair_list *out,
                         mdup_error **err) MDUP_MUST_CHECK;
void mdup_pair_list_clear(mdup_pair_list *list);

/** How many of n drawn pairs, sorted as in mdup_pair_list, have an E-value above max_evalue: the first ones. */
size_t mdup_count_unreported(const mdup_drawn *drawn, size_t n, double max_evalue);

#endif
