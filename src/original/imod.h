/* What the original's IMOD programs share: FFT sizes, the mean along an edge, the band-pass.  The procedures and their
 * constants are IMOD's (tiltxcorr, newstack, mtffilter of IMOD 4), so that a score means what it meant; the code is ours. */
#ifndef MDUP_ORIGINAL_IMOD_H
#define MDUP_ORIGINAL_IMOD_H

#include <stdint.h>

#include "base/error.h"

/** The smallest even size >= wanted (>= 1) without a prime factor above `largest_prime`. */
int32_t mdup_imod_pad_size(int32_t wanted, int32_t largest_prime);

/** The mean of the outermost pixels of a box of nx x ny pixels (both at least 2), rows `stride` floats apart. */
float mdup_imod_edge_mean(const float *box, int32_t stride, int32_t nx, int32_t ny);

/* A band-pass, in cycles/px: 1 - a Gaussian of `high_pass_sigma` at the low end, flat to `low_pass_radius`, a Gaussian
 * fall of `low_pass_sigma` beyond it. */
typedef struct {
    double high_pass_sigma;
    double low_pass_radius;
    double low_pass_sigma;
} mdup_imod_band;

typedef enum {
    MDUP_IMOD_NEAREST_STEP, /* tiltxcorr takes the nearest entry of IMOD's table of the filter */
    MDUP_IMOD_INTERPOLATED  /* mtffilter interpolates in it, to a table twice as fine */
} mdup_imod_lookup;

/** The weights of the half spectrum of an image of pad_nx x pad_ny pixels, as src/image/fft.h lays it out.  The steps of
 *  IMOD's table matter: with the exact curve one unrelated pair in six of the test data gets another shift than IMOD's.
 *  Free with free().  NULL with *err (NOMEM). */
float *mdup_imod_filter_new(int32_t pad_nx, int32_t pad_ny, const mdup_imod_band *band,
                            mdup_imod_lookup lookup, mdup_error **err) MDUP_MUST_CHECK;

#endif
