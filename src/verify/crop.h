/* Parts of frames on their way to a transform: their edges tapered, their mean taken out. */
#ifndef MDUP_VERIFY_CROP_H
#define MDUP_VERIFY_CROP_H

#include <stdint.h>

/* Where in a frame it begins and how large it is, px. */
typedef struct {
    int32_t x, y, nx, ny;
} mdup_crop;

/* Px at each end of an axis where the taper is below 1. */
enum { MDUP_TAPER_px = 3 };

/** The taper along an axis of n px, 0 <= i < n; that of a crop is the product of two. */
float mdup_crop_taper_at(int32_t i, int32_t n);
void mdup_crop_taper(int32_t n, float *taper);

/** The mean of the crop, each px weighted by its taper; 0 when it is empty. */
float mdup_crop_mean(const float *frame, int32_t frame_nx, const mdup_crop *crop,
                     const float *taper_x, const float *taper_y);

/** Row y of the tapered crop, `mean` taken out, into out[crop->nx]. */
void mdup_crop_row(const float *frame, int32_t frame_nx, const mdup_crop *crop, int32_t y,
                   float mean, const float *taper_x, float taper_at_y, float *out);

/** Sigma of the smoothing of the power spectrum that whitening divides by, in samples of a plane of n px a side. */
double mdup_whitening_sigma_x(int32_t n);
double mdup_whitening_sigma_y(int32_t n);

/* Share of the mean power that is added before dividing, so that empty corners of the spectrum are not blown up. */
extern const float MDUP_WHITENING_FLOOR;

#endif
