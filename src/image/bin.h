/* Binning: the mean over squares of bin x bin pixels. */
#ifndef MDUP_IMAGE_BIN_H
#define MDUP_IMAGE_BIN_H

#include <stdint.h>

#include "base/error.h"

/** The largest bin factor that leaves a long side of at least 350 px: 350 to 400 px from any camera.
 *  Why 350: at bin 16 a K3 frame (5760 px, 0.83 A) keeps detail to 26 A, beyond the first CTF zero
 * of any useful defocus, so finer frames cost time and find nothing more (doc/methods.md). */
int32_t mdup_bin_auto(int32_t nx, int32_t ny);

/** rows: bin rows of nx px, x fastest; sums: 2 nx floats of scratch; out: nx / bin px.  A remainder on the right is left out. Sums run in
 *  single precision: bin is at most a few tens, so the error stays below 1e-5 of a pixel.  detail: nx / bin values, or NULL; what
 *  binning takes away: of each bin the means of its four quarters (of bin / 2 px a side), those on one diagonal less those on the
 *  other; untouched with bin 1. */
void mdup_bin_rows(const float *rows, int32_t nx, int32_t bin, float *sums, float *out,
                   float *detail);

/** Turns an image upside down in place; row: nx floats of scratch. */
void mdup_flip_rows(float *image, int32_t nx, int32_t ny, float *row);

#endif
