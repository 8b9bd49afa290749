/* The frame of a micrograph: binned, flattened, 8 bit; all that later steps need of it, in 0.1 MB.
 */
#ifndef MDUP_IMAGE_FRAME_H
#define MDUP_IMAGE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* One local standard deviation in units of the stored bytes: +-127 is then +-4.1, beyond the clip.
 */
enum { MDUP_FRAME_SD_units = 31 };

/** Floats of scratch that mdup_flatten needs. */
size_t mdup_flatten_scratch_size(int32_t nx, int32_t ny);

/** Flattens a binned image (nx * ny, finite) into out (the same size): what varies slowly (ice,
 * beam, carbon) goes, and every neighbourhood gets the same variance, so that no dark ice crystal
 * or carbon edge outshouts the rest.  The image is destroyed. Returns the share of the area that is
 * constant, and is 0 in out: 1 for a constant image. */
double mdup_flatten(float *image, int32_t nx, int32_t ny, float *scratch, int8_t *out);

#endif
