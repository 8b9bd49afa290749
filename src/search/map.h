/* The correlation map of two spectra, by a transform of our own: what a search does a hundred million times.  FFTW, which makes a map by
 * itself, out of and into memory, takes three times as long for the transform alone (doc/speed.md). */
#ifndef MDUP_SEARCH_MAP_H
#define MDUP_SEARCH_MAP_H

#include "base/error.h"
#include "image/condition.h"
#include "search/map_kernel.h"
#include "search/spectra.h"

/* Everything fixed for maps of one band in one session; read-only once made, shared by all threads. */
typedef struct {
    int32_t nx, ny;               /* samples of a map */
    int32_t padded_nx, padded_ny; /* px of the frame they stand for */
    /* Squares of 8 x 8 samples, the last ones smaller: square (x, y) is number x * squares_step + y. */
    int32_t squares_nx, squares_ny, squares_step;
    int32_t *searched; /* samples of each square that share enough to be looked at */
    int64_t n_searched;
    size_t words; /* of an expanded spectrum, mdup_alloc_aligned */
    mdup_map_tables tables;
    const mdup_map_kernel *kernel;
} mdup_map;

/** The versions of the transform that this processor can run, the fastest first; NULL beyond the last. */
const mdup_map_kernel *mdup_map_kernel_at(int i);

/** For frequencies up to `band` on a grid of samples that holds those up to `grid`: the map is as it is, at fewer places where grid is less than band.
 *  kept: how the spectra are kept.  kernel NULL: the fastest.  The conditioner has its statistics and its limit of the shifts; nothing is
 *  needed afterwards.  NULL with *err.  Free with mdup_map_free. */
mdup_map *mdup_map_new(const mdup_conditioner *conditioner, const mdup_spectra_layout *kept,
                       float band, float grid, const mdup_map_kernel *kernel,
                       mdup_error **err) MDUP_MUST_CHECK;
void mdup_map_free(mdup_map *map);

/** Buffers of one worker. */
bool mdup_map_buffers_init(const mdup_map *map, mdup_map_buffers *buffers,
                           mdup_error **err) MDUP_MUST_CHECK;
void mdup_map_buffers_clear(mdup_map_buffers *buffers);

#endif
