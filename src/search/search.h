/* Coarse, all against all: which pairs of frames may share a piece of specimen, and what unrelated
 * pairs score. */
#ifndef MDUP_SEARCH_SEARCH_H
#define MDUP_SEARCH_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include <microdup/callbacks.h>

#include "base/error.h"
#include "image/condition.h"
#include "search/tile.h"

/* The frames of one geometry, which of their pairs are asked for and how far apart. */
typedef struct {
    int32_t nx, ny;
    size_t n;
    /* The frame (nx * ny bytes, MDUP_FRAME_SD_units) with that index; any thread.  NULL with *err. */
    const int8_t *(*get)(void *context, size_t index, mdup_error **err);
    /* Called once for each of these calls, when the frame is not needed any more; NULL: frames stay until the search returns. */
    void (*release)(void *context, size_t index);
    void *context;
    const int32_t *hole,
        *shot; /* of each, whole numbers of any meaning, hole -1: not known; NULL: of none */
    const float *noise_share; /* of each, mdup_noise_share; NULL: 1 */
    const size_t
        *order; /* position of each in the session's order of acquisition, strictly rising */
    /* Pairs whose distance in `order` is images_per_move + k * images_per_hole, k >= 0, less than
     * images_per_move + scan_range; scan_range 0: no end. */
    int64_t images_per_move, images_per_hole, scan_range;
    const int64_t *group; /* of each frame: only pairs within a group are asked for; NULL: any */
    double max_shift_px;  /* of the frame: pairs with a longer shift are not asked for; 0: any */
    /* A number of each that depends on the frame alone, so that the same pairs are drawn when others come in between; NULL: its index. */
    const uint64_t *key;
    /* What earlier searches with the same statistics and limit of the shifts found, and where this one puts what it finds; NULL: none.  The answer
     * does not depend on it. */
    const mdup_search_memory *memory;
    double
        spectra_bytes; /* what kept spectra may take; those of two blocks are kept in any case.  0: as much as they want */
} mdup_search_frames;

/** What `get` and `release` do. */
const int8_t *mdup_search_get(const mdup_search_frames *frames, size_t index,
                              mdup_error **err) MDUP_MUST_CHECK;
void mdup_search_release(const mdup_search_frames *frames, size_t index);

/** Whether the pair a < b is asked for, as far as is known before it is looked at. */
bool mdup_search_wants(const mdup_search_frames *frames, size_t a, size_t b);

/** How many pairs mdup_search_wants.  By the sizes of the groups, without a look at each pair, when nothing else restricts them.
 *  False with *err (NOMEM). */
bool mdup_search_count_pairs(const mdup_search_frames *frames, int64_t *count,
                             mdup_error **err) MDUP_MUST_CHECK;

/* How the memory of a search is shared out. */
typedef struct {
    double frames_bytes, spectra_bytes;
} mdup_search_budget;

/** What is left for frames and spectra of a session of n micrographs when it may take that much memory. */
mdup_search_budget mdup_search_share(double memory_bytes, size_t n);

/** What frames and search of n frames of nx by ny take, in bytes: known before anything is read. */
double mdup_search_memory_bytes(int32_t nx, int32_t ny, size_t n, int n_threads,
                                const mdup_search_budget *budget);

typedef struct {
    mdup_candidate *items; /* sorted by (a, b) */
    size_t n;
    int64_t n_compared;
} mdup_shortlist;

/** Compares every pair asked for and keeps the best of them and a random sample.  The conditioner has its limit of the shifts and
 *  its statistics, made of the first mdup_statistics_sample_size(frames->n) frames.  The answer does not depend on n_threads.  False with *err (NOMEM, ABORTED).  Free
 *  out->items with free(). */
bool mdup_search(const mdup_search_frames *frames, const mdup_conditioner *conditioner,
                 int n_threads, const mdup_callbacks *callbacks, mdup_shortlist *out,
                 mdup_error **err) MDUP_MUST_CHECK;

#endif
