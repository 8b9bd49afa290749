/* How much of a frame's finest detail is noise. */
#ifndef MDUP_IMAGE_NOISE_H
#define MDUP_IMAGE_NOISE_H

#include <stdint.h>

#include "base/error.h"

/** The share of noise in the power of a frame at its Nyquist frequency, from the power at twice that frequency, in (0, 1]: noise of
 *  electrons is white, structure is not, so what is there as strongly at twice the frequency is noise.  binned, detail: nx * ny values
 *  each, from mdup_bin_rows with this bin factor; scratch: nx * ny floats.  With bin 1 nothing is known beyond the Nyquist frequency, and
 *  all of it is taken for noise: 1; so with detail of nothing but zeros.  Medians of few whole numbers are coarse: white noise of less
 *  than two counts a pixel may come out at 0.4; many hot pixels (0.1 % at bin 8 and more) pull the share down too. */
double mdup_noise_share(const float *binned, const float *detail, int32_t nx, int32_t ny,
                        int32_t bin, float *scratch);

#endif
