/* The correlation map of two conditioned spectra and its highest peaks. */
#ifndef MDUP_SEARCH_CORRELATE_H
#define MDUP_SEARCH_CORRELATE_H

#include "base/error.h"
#include "image/condition.h"

/* The right place of a faint overlap is not always the highest peak, so verification looks at the highest two: of 403 pairs found it was the
 * second in 5, the third or fourth in 4, and each place more costs as much as the first. */
enum { MDUP_PEAKS = 2 };

typedef struct {
    float z; /* height in units of the map's rms */
    float
        local_z; /* height in units of the rms around it, where that is higher than the map's: a peak on a ridge of parallel
                       filaments or on a broad hill of dirt is worth less */
    float shift_x,
        shift_y; /* px of the frame: a point at (x, y) in b is at (x + shift_x, y + shift_y) in a */
} mdup_peak;

/* A square of the map. */
typedef struct {
    float highest, energy; /* of this pair */
    int32_t searched;      /* samples that share enough to be looked at */
} mdup_square;

/* Buffers of one worker. */
typedef struct {
    float complex *product; /* spectrum of the map */
    float *map;             /* map_nx * map_ny */
    int32_t squares_nx, squares_ny;
    mdup_square *squares;
    float *column_energy, *column_highest; /* map_nx each */
    int64_t searched;                      /* samples in all squares */
} mdup_correlate_scratch;

bool mdup_correlate_scratch_init(const mdup_conditioner *conditioner,
                                 mdup_correlate_scratch *scratch, mdup_error **err) MDUP_MUST_CHECK;
void mdup_correlate_scratch_clear(mdup_correlate_scratch *scratch);

/** Correlates a with b (mdup_condition_size samples each, borrowed) at every shift that shares enough, normalised by the square root
 *  of what is shared, and finds the MDUP_PEAKS peaks of highest local_z, highest first.  A map without any signal gives zeros. */
void mdup_correlate(const mdup_conditioner *conditioner, const float complex *a,
                    const float complex *b, mdup_correlate_scratch *scratch,
                    mdup_peak peaks[MDUP_PEAKS]);

#endif
