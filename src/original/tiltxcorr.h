/* The shift between two images as IMOD's `tiltxcorr -angles 0 -sigma1 0.03 -radius2 0.25 -sigma2 0.05` finds it: edges
 * tapered to their mean, padded, band-passed, the highest pixel of the circular cross-correlation, refined by a parabola an
 * axis.  There is no normalisation by overlap, so a shift beyond half the padded size comes back aliased. */
#ifndef MDUP_ORIGINAL_TILTXCORR_H
#define MDUP_ORIGINAL_TILTXCORR_H

#include <stddef.h>

#include "image/fft.h"

/* All tables for one image size.  Read only after init. */
typedef struct {
    mdup_fft *fft;
    float *filter;          /* weight of each spectrum sample */
    float *fade_x, *fade_y; /* taper along each axis; fade_y lies behind fade_x in one allocation */
    int32_t nx;             /* px, of the image as given */
    int32_t bin;            /* tiltxcorr's own reduction, 1 up to 1140 px a side */
    int32_t box_nx, box_ny; /* px, after it */
    int32_t pad_nx, pad_ny; /* px, transformed */
    int32_t pad_left, pad_bottom;
} mdup_tiltxcorr;

/** Sizes as IMOD chooses them for images of nx x ny pixels (both >= 25, which is tiltxcorr's own limit).  On failure
 *  nothing stays allocated. */
bool mdup_tiltxcorr_init(mdup_tiltxcorr *self, int32_t nx, int32_t ny,
                         mdup_error **err) MDUP_MUST_CHECK;
void mdup_tiltxcorr_clear(mdup_tiltxcorr *self);

/** Floats in the buffer `real` below, and complex samples in a spectrum. */
size_t mdup_tiltxcorr_real_size(const mdup_tiltxcorr *self);
size_t mdup_tiltxcorr_spectrum_size(const mdup_tiltxcorr *self);

/** Tapers, pads and transforms an image.  `real` is overwritten. */
void mdup_tiltxcorr_transform(const mdup_tiltxcorr *self, const float *image, float *real,
                              float complex *spectrum);

/** Multiplies a spectrum by the band-pass, which the product of two spectra must carry once: call it for the reference. */
void mdup_tiltxcorr_weight(const mdup_tiltxcorr *self, const float complex *spectrum,
                           float complex *weighted);

/** The shift, in px of the images given, that lays the target on the reference.  `real` and `product` (one spectrum) are
 *  overwritten. */
void mdup_tiltxcorr_find(const mdup_tiltxcorr *self, const float complex *weighted_reference,
                         const float complex *target, float *real, float complex *product,
                         double *shift_x_px, double *shift_y_px);

#endif
