/* The pairs of two blocks of frames, compared: spectra made when they are first needed, a first look where the session is large, the second look
 * for those that deserve it. */
#ifndef MDUP_SEARCH_BLOCKS_H
#define MDUP_SEARCH_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "run/executor.h"
#include "search/search.h"

/* Frames in a block, at the most. */
enum { MDUP_BLOCK = 256 };

typedef struct mdup_blocks mdup_blocks;

/** The conditioner has its limit of the shifts and its statistics, of the first frames; it and the frames are borrowed.  Spectra are
 *  kept of as many frames as fit into spectra_bytes, and of two blocks in any case.  NULL with *err (NOMEM).  progress, NULL or as in mdup_batch, is called with the number of rows done of a comparison, 0 before.  Free with
 *  mdup_blocks_free. */
mdup_blocks *mdup_blocks_new(const mdup_search_frames *frames, const mdup_conditioner *conditioner,
                             double spectra_bytes, int n_threads, mdup_job_progress progress,
                             void *progress_context, mdup_error **err) MDUP_MUST_CHECK;
void mdup_blocks_free(mdup_blocks *blocks);

/** How many blocks can be kept, at least two. */
size_t mdup_blocks_count_kept(const mdup_blocks *blocks);

typedef enum {
    MDUP_PAIR_UNWANTED,
    MDUP_PAIR_WANTED,
    MDUP_PAIR_WANTED_IN_ANY_CASE /* a second look whatever the first one says */
} mdup_pair_interest;

/* Two blocks: rows and columns of the matrix of pairs. */
typedef struct {
    const size_t *rows, *columns; /* frames */
    size_t n_rows, n_columns;
    void *context;
    /* Of row i and column j; any thread, more than once. */
    mdup_pair_interest (*interest)(void *context, size_t i, size_t j);
    /* What the second look found, the frame of lower index as a; stands_out false: the pair got it in spite of the first one.  From any
     * worker, in any order. */
    bool (*found)(void *context, size_t i, size_t j, bool stands_out,
                  const mdup_peak peaks[MDUP_PEAKS], int worker, mdup_error **err);
} mdup_block_pairs;

/** Compares them; what is found does not depend on the number of threads, nor on which other pairs are compared.  False with *err (NOMEM, ABORTED). */
bool mdup_blocks_compare(mdup_blocks *blocks, const mdup_block_pairs *pairs,
                         mdup_error **err) MDUP_MUST_CHECK;

#endif
