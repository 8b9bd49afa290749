/* The only door to FFTW.  Two-dimensional real transforms of one size, planned once (FFTW_ESTIMATE:
 * the plan, and so the last bits of a result, must not depend on timing) and used by any number of
 * threads, each with buffers of its own from mdup_alloc_aligned. */
#ifndef MDUP_IMAGE_FFT_H
#define MDUP_IMAGE_FFT_H

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct mdup_fft mdup_fft;

/** A pair of plans for nx (fastest) by ny real samples, both at least 1.  Planning is serialised
 * inside; NULL with *err. */
mdup_fft *mdup_fft_new(int32_t nx, int32_t ny, mdup_error **err) MDUP_MUST_CHECK;
void mdup_fft_free(mdup_fft *fft);

/** Complex samples in a half spectrum: (nx / 2 + 1) * ny, x fastest. */
size_t mdup_fft_spectrum_size(const mdup_fft *fft);

/** real[y * nx + x] -> spectrum[ky * (nx / 2 + 1) + kx], not normalised, sign -1 in the exponent.
 * Destroys `real`. */
void mdup_fft_forward(const mdup_fft *fft, float *real, float complex *spectrum);

/** The inverse, not normalised: forward then inverse multiplies by nx * ny.  Destroys `spectrum`.
 */
void mdup_fft_inverse(const mdup_fft *fft, float complex *spectrum, float *real);

/** The smallest n >= wanted whose only prime factors are 2, 3, 5 and which is even: the sizes FFTW
 * is fast at. */
int32_t mdup_fft_good_size(int32_t wanted);

#endif
