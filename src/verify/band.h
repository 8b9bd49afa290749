/* The correlation of two crops, whitened, from the frequencies of the band alone and at the shifts that are looked at alone. */
#ifndef MDUP_VERIFY_BAND_H
#define MDUP_VERIFY_BAND_H

#include "base/error.h"
#include "image/condition.h"
#include "verify/crop.h"

/* Plans and buffers; one a worker. */
typedef struct mdup_band mdup_band;

/** For crops of frames of the conditioner, which is borrowed, and shifts of at most `reach_px` along each axis, 48 or less.  NULL with *err. */
mdup_band *mdup_band_new(const mdup_conditioner *conditioner, int32_t reach_px,
                         mdup_error **err) MDUP_MUST_CHECK;
void mdup_band_free(mdup_band *band);

typedef struct {
    const float
        *map; /* borrowed until the next correlation; shift (x, y) at (y mod ny) * nx + x mod nx */
    int32_t nx, ny;
    double energy; /* sum of the squares of the whole map, by Parseval */
} mdup_band_map;

/** Correlates crop_a of frame a with crop_b of frame b, each whitened by its own spectrum.  Of the map the rows first_y to last_y, -reach_px
 *  <= first_y <= last_y <= reach_px, are filled in, free of wrap-around up to reach_px each way.  False with *err (NOMEM). */
bool mdup_band_correlate(mdup_band *band, const float *a, const mdup_crop *crop_a, const float *b,
                         const mdup_crop *crop_b, int32_t first_y, int32_t last_y,
                         mdup_band_map *out, mdup_error **err) MDUP_MUST_CHECK;

/* The map at one place, which may lie between its samples. */
typedef struct {
    double value;
    double slope_x, slope_y;           /* per px */
    double curve_x, curve_y, curve_xy; /* second derivatives, per px^2 */
    double rough_x,
        rough_y; /* of the whole map: mean square of the slope / mean square, per px^2 */
} mdup_band_place;

/** Of the map made last at the shift (x, y), px: summed from its frequencies. */
mdup_band_place mdup_band_look(mdup_band *band, double x, double y);

#endif
