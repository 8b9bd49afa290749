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

/* Transforms of a few lines of a plane at a time, for those who need only some of its rows and columns: lines of n samples, eight side by side. */
enum { MDUP_FFT_LINES = 8 };
typedef struct mdup_fft_lines mdup_fft_lines;

/** Plans for lines of n samples, n a multiple of 16, in planes of which one row begins `stride` complex samples, a multiple of 8 and at least
 *  n / 2 + 1, after the other.  NULL with *err. */
mdup_fft_lines *mdup_fft_lines_new(int32_t n, int32_t stride, mdup_error **err) MDUP_MUST_CHECK;
void mdup_fft_lines_free(mdup_fft_lines *lines);

/** Rows: rows[8 * n], one behind the other, -> the first n / 2 + 1 samples of eight rows of the plane, and back; not normalised; both destroy
 *  what they are given. */
void mdup_fft_rows_forward(const mdup_fft_lines *lines, float *rows, float complex *plane);
void mdup_fft_rows_inverse(const mdup_fft_lines *lines, float complex *plane, float *rows);

/** Eight columns of n samples, the first beginning at `columns`, 64 byte aligned, -> turned[8 * n], one behind the other, and back; both
 *  destroy what they are given.  Turned, because FFTW takes up to twice as long to put columns back as columns. */
void mdup_fft_columns_forward(const mdup_fft_lines *lines, float complex *columns,
                              float complex *turned);
void mdup_fft_columns_inverse(const mdup_fft_lines *lines, float complex *turned,
                              float complex *columns);

/** The smallest n >= wanted whose only prime factors are 2, 3, 5 and which is even: the sizes FFTW
 * is fast at. */
int32_t mdup_fft_good_size(int32_t wanted);

#endif
