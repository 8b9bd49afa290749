/* From a frame to the spectrum that is correlated: common part out, whitened in two dimensions, weighted by what the session's
 * own signal-to-noise says of each frequency, cut to the band.  doc/methods.md has the measurements. */
#ifndef MDUP_IMAGE_CONDITION_H
#define MDUP_IMAGE_CONDITION_H

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/fft.h"

enum {
    MDUP_RADIAL_BINS = 192
}; /* of 1/256 cycles/px: to 0.75, beyond the corner of the plane at 0.71 */

/* What a session has in common, from the first frames of it (mdup_statistics_sample_size).  Sums of whole numbers and a
 * reduction in index order make it the same for any number of threads. */
typedef struct {
    int32_t nx, ny;
    size_t n_frames;
    double spot_share;  /* of the power in Bragg spots: the median of mdup_condition_power */
    double noise_share; /* of the power at the Nyquist frequency: the median of mdup_noise_share */
    int32_t *sum;       /* of the frames, nx * ny */
    double
        power[MDUP_RADIAL_BINS]; /* mean |F|^2 of the windowed frames at radius (bin + 0.5) / 256 */
} mdup_statistics;

/* Everything fixed for frames of one size in one session; read-only once made, shared by all threads. */
typedef struct {
    int32_t nx, ny;               /* of a frame */
    int32_t padded_nx, padded_ny; /* >= 2 nx, 2 ny: every shift without wrap-around */
    int32_t map_nx,
        map_ny; /* of the correlation map: the padded plane at the coarser step the band allows */
    mdup_fft *padded_fft;
    float *window_x, *window_y; /* the window is their product: 0 at the trimmed edge, 1 inside */
    double *shared_x,
        *shared_y; /* of each sample of a side of the map, the window's length that is shared: px */
    double least_shared; /* shifts that share less of the window, px^2, are not searched, */
    double reach_px;     /* nor those longer than this */
    float weight[MDUP_RADIAL_BINS + 1]; /* g at radius bin / 256; 0 beyond MDUP_WIDE_BAND */
    const mdup_statistics *statistics;  /* borrowed */
} mdup_conditioner;

/** How many of n usable frames, from the first on, the statistics are made of: min(2^k, 512), k the largest that fits, so that
 *  a session that grows and one read at once end alike. */
size_t mdup_statistics_sample_size(size_t n);

/** The radial power of one windowed frame, into power[MDUP_RADIAL_BINS].  scratch as for mdup_condition. */
typedef struct mdup_condition_scratch mdup_condition_scratch;
mdup_condition_scratch *mdup_condition_scratch_new(const mdup_conditioner *conditioner,
                                                   mdup_error **err) MDUP_MUST_CHECK;
void mdup_condition_scratch_free(mdup_condition_scratch *scratch);

/** Makes windows, plans and tables for frames of nx by ny, at least 32 each; the weight is flat until
 *  mdup_conditioner_set_statistics.  NULL with *err.  Free with mdup_conditioner_free. */
mdup_conditioner *mdup_conditioner_new(int32_t nx, int32_t ny, mdup_error **err) MDUP_MUST_CHECK;
void mdup_conditioner_free(mdup_conditioner *conditioner);

/** The radial power spectrum of one frame (nx * ny bytes), windowed, into power[MDUP_RADIAL_BINS].  Returns the share of the power within
 *  the band that is in Bragg spots: a quarter and more for lattices, a few per cent for parallel filaments, else 0. */
double mdup_condition_power(const mdup_conditioner *conditioner, const int8_t *frame,
                            mdup_condition_scratch *scratch, double *power);

/** Takes the session's statistics into use: the weight sqrt(rho / (1 - rho^2)) of detection theory, with rho(k) =
 *  1 - noise / power(k), the noise being noise_share of the power just below the Nyquist frequency.  `statistics` is borrowed for the life of the conditioner. */
void mdup_conditioner_set_statistics(mdup_conditioner *conditioner,
                                     const mdup_statistics *statistics);

/** Leaves shifts longer than max_shift_px (of the frame, Euclidean) out of the search, in tables made afterwards (mdup_condition_shared).  Two px
 *  more are searched, so that the sample next to a shift of that length is, and never less than 18 px each way: the fewer samples the map
 *  has, the more a true peak is itself what it is compared with. */
void mdup_conditioner_limit_shifts(mdup_conditioner *conditioner, double max_shift_px);

/** Cycles/px of the frame.  The search uses nothing beyond the first, verification nothing beyond the second. */
extern const float MDUP_BAND, MDUP_WIDE_BAND;

/** Samples a side of a correlation map that holds frequencies up to `band`, both even: the padded plane at a coarser step. */
void mdup_condition_map_size(const mdup_conditioner *conditioner, float band, int32_t *map_nx,
                             int32_t *map_ny);

/** For each sample of a map of that size 1 / sqrt(shared window area), 0 where too little is shared or the shift is not searched, into
 *  table[map_nx * map_ny].  False with *err (NOMEM). */
bool mdup_condition_shared(const mdup_conditioner *conditioner, int32_t map_nx, int32_t map_ny,
                           float *table, mdup_error **err) MDUP_MUST_CHECK;

/** The shift in px of the frame that sample i of a side of a map stands for, when the padded plane has padded_n samples there. */
double mdup_condition_shift_at(int32_t i, int32_t padded_n, int32_t map_n);

/** The shift in px of the frame that a sample of the map stands for; false, outputs untouched, for one that is not searched. */
bool mdup_conditioner_shift_at(const mdup_conditioner *conditioner, int32_t x, int32_t y,
                               double *shift_x, double *shift_y);

/** Complex samples of a conditioned spectrum: (map_nx / 2 + 1) * map_ny, x fastest, as mdup_fft has it. */
size_t mdup_condition_size(const mdup_conditioner *conditioner);

/** Conditions one frame into spectrum[mdup_condition_size].  in_sample: the frame is one of those the
 *  statistics were made of, and is left out of the common part that is taken from it.  Its mean power per sample is weight^2 /
 *  (padded_nx * padded_ny)^2. */
void mdup_condition(const mdup_conditioner *conditioner, const int8_t *frame, bool in_sample,
                    mdup_condition_scratch *scratch, float complex *spectrum);

/** The frame less the common part and the lines of the detector, in sd units, into out[nx * ny]: what verification works on.  other: a second
 *  frame to leave out of the common part, one the statistics were made of; NULL for none.  With the partner of a pair left out too, what
 *  the detector leaves at shift (0, 0) is the same for pairs inside and outside the sample. */
void mdup_condition_clean(const mdup_conditioner *conditioner, const int8_t *frame, bool in_sample,
                          const int8_t *other, mdup_condition_scratch *scratch, float *out);

/** Smooths |spectrum|^2 of a half spectrum of nx by ny real samples over sigma_x, sigma_y samples into smooth (the same size);
 *  scratch: mdup_smooth_power_scratch_size floats. */
void mdup_smooth_power(const float complex *spectrum, int32_t nx, int32_t ny, double sigma_x,
                       double sigma_y, float *scratch, float *smooth);
size_t mdup_smooth_power_scratch_size(int32_t nx, int32_t ny);

/** The weight at a frequency in cycles/px of the frame, interpolated; and that of the search, 0 beyond MDUP_BAND. */
float mdup_condition_weight(const mdup_conditioner *conditioner, float frequency);
float mdup_condition_search_weight(const mdup_conditioner *conditioner, float frequency);

#endif
